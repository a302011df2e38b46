// Development only: serves a build of the console with canned answers in the form of docs/design/api.md.
// node dev/mock-server.mjs --dir DIR [--port 8780] [--scenes DIR]; switch what is told with GET /dev/scenario?name=
// Scenarios: wall, states, empty, big, setup, used, login, error, denied, stale.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, resolve } from "node:path";

const args = process.argv.slice(2);
const flag = (name, fallback) => (args.includes(name) ? args[args.indexOf(name) + 1] : fallback);
const dir = resolve(flag("--dir", "../build/web"));
const scenes = flag("--scenes", "");
const port = Number(flag("--port", "8780"));

const CSP =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; " +
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types skep";
const TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
};
const MIN = 60_000;
const start = Date.now() - 190 * MIN;

const WALL = [
    ["North gate", "playing", 284, "gate-north"],
    ["Loading dock", "playing", 301, "loading-dock"],
    ["Corridor, floor 2", "playing", 342, "corridor-2"],
    ["Reception", "playing", 268, "reception"],
    ["Car park", "playing", 418, "car-park"],
    ["Orchard", "playing", 297, "orchard"],
    ["Workshop", "directory-offline", 0, ""],
    ["Aisle B", "playing", 310, "aisle-b"],
    ["Rooftop", "playing", 365, "rooftop"],
    ["Stairwell", "stalled", 0, "stairwell"],
    ["Server room", "locked", 0, ""],
    ["River bank", "wrong-password", 0, ""],
];
const STATES = [
    "playing",
    "behind",
    "delayed",
    "stalled",
    "not-live",
    "opening",
    "needs-password",
    "wrong-password",
    "bad-credential",
    "locked",
    "offline",
    "no-permission",
    "refused-parameters",
    "cut",
    "key-changed",
    "codec",
    "retrying",
].map((phase, i) => [
    `A camera whose name is rather long: ${phase}`,
    phase,
    300 + i * 40 + (phase === "behind" ? 570 : 0),
    i < 5 ? "gate-north" : "",
]);

const idOf = (name) => {
    const abc = "abcdefghijklmnopqrstuvwxyz234567";
    return Array.from(
        createHash("sha256").update(name).digest().subarray(0, 26),
        (b) => abc[b & 31],
    ).join("");
};
const deviceOf = ([name, phase], i) => ({
    id: idOf(name),
    name,
    model: "skep-sim-1",
    hw: "rev B",
    fw: i === 3 ? "0.9.2" : "1.0.0",
    serial: `SIM-${String(i + 1).padStart(4, "0")}`,
    state: phase === "directory-offline" ? "offline" : "online",
    since: Date.now() - (phase === "directory-offline" ? 70 : 190) * MIN,
    last_seen: Date.now() - (phase === "directory-offline" ? 70 * MIN : 4000),
    clock_offset_ms: [12, -4, 310, 6200, 3][i % 5],
    clock_rtt_ms: 4 + i,
    seal: createHash("sha512").update(name).digest().subarray(0, 65).toString("base64url"),
    simulated: true,
    enrolled: start,
    caps: i === 1 ? ["live-main", "live-sub"] : ["live-main", "live-sub", "listen", "talk", "ptz", "snapshot"],
    source: "127.0.0.1",
});
const list = (rows) => rows.map(deviceOf);
let scenario = "wall";
let rows = WALL;
let devices = list(WALL);
let tokenMade = 0;

function choose(name) {
    scenario = name;
    rows =
        name === "states"
            ? STATES
            : name === "empty"
              ? []
              : name === "big"
                ? Array.from({ length: 10_213 }, (_, i) => [`Camera ${i + 1}`, "playing", 300, ""])
                : WALL;
    devices = list(rows);
    for (const s of [...sockets]) {
        s.destroy();
        sockets.delete(s);
    }
}

const session = {
    account: { id: "acct-0001", name: "Lin Wei", role: "owner" },
    session: { id: "s1", created: start, expires: start + 12 * 60 * MIN },
    csrf: "dev",
    prefs: {},
};
const relay = () => ({ oldest_byte_ms: 1400, limit_ms: 4000, streams: 8, viewers: 8 });
const problem = (status, code, extra = {}) => [
    status,
    { status, code, title: "not for people", request: "r-4f1c9a", ...extra },
];

function devicesPage(query) {
    const q = (query.get("q") ?? "").toLowerCase();
    const state = query.get("state");
    const limit = Number(query.get("limit") ?? 50);
    const at = Number(query.get("cursor") ?? 0);
    const fit = devices.filter(
        (d) =>
            (!q || d.name.toLowerCase().includes(q) || d.id.includes(q)) &&
            (!state || d.state === state),
    );
    return {
        devices: fit.slice(at, at + limit),
        total: fit.length,
        online: fit.filter((d) => d.state === "online").length,
        simulated: fit.length,
        ...(at + limit < fit.length ? { next: String(at + limit) } : {}),
    };
}

function history(id) {
    const now = Date.now();
    const events = [
        { at: now - 17.8 * 60 * MIN, kind: "offline", cause: "link-lost" },
        { at: now - 17.7 * 60 * MIN, kind: "online" },
        { at: now - 8.5 * 60 * MIN, kind: "offline", cause: "link-lost" },
        { at: now - 8.25 * 60 * MIN, kind: "online" },
    ];
    const d = devices.find((x) => x.id === id);
    if (d?.state === "offline") events.push({ at: d.since, kind: "offline", cause: "keepalive" });
    return { events: events.reverse() };
}

function answer(method, path, query, body) {
    const signedOut = ["setup", "used", "login"].includes(scenario);
    if (path === "/setup" && method === "GET")
        return [
            200,
            {
                needed: scenario === "setup",
                fingerprint: "4D91 0A7C 66E2 F3B8",
                fingerprint_raw: createHash("sha256").update("cert").digest("base64url"),
                host: "hive.local",
            },
        ];
    if (path === "/setup/strength") {
        if (scenario === "used") return problem(410, "gone");
        const n = (body.password ?? "").length;
        return [
            200,
            {
                score: Math.min(4, Math.floor(n / 4)),
                guesses_log10: n * 0.75,
                min: 15,
                reasons: n < 15 ? ["short"] : [],
            },
        ];
    }
    if (path === "/setup" || path === "/login") {
        if (body.password === "wrong") return problem(401, "auth-failed");
        if (body.password === "often") return problem(429, "throttled", { retry_ms: 20_000 });
        scenario = "wall";
        return [path === "/setup" ? 201 : 200, session];
    }
    if (signedOut) return problem(401, "auth-required");
    if (path === "/me") return [200, session];
    if (path === "/me/prefs") return [204];
    if (path === "/logout") {
        scenario = "login";
        return [204];
    }
    if (scenario === "error" && path !== "/me") return problem(500, "internal");
    if (scenario === "denied" && path !== "/me") return problem(403, "forbidden");
    if (path === "/me/access")
        return [
            200,
            {
                role: "owner",
                permissions: ["people.view", "people.manage", "grant.view", "grant.manage", "device.enrol", "audit.read", "box.view"],
                grants: [],
            },
        ];
    if (path === "/shares") return [200, { given: [], received: [] }];
    if (path === "/sessions") {
        return [
            200,
            {
                sessions: [
                    {
                        id: "s1",
                        created: start,
                        last_seen: Date.now(),
                        expires: start + 1e8,
                        source: "127.0.0.1",
                        client: "Chromium on Linux",
                        current: true,
                    },
                    {
                        id: "s2",
                        created: start - 4e8,
                        last_seen: Date.now() - 5 * MIN,
                        expires: start + 1e8,
                        source: "192.0.2.41",
                        client: "Firefox on Android",
                        current: false,
                    },
                    {
                        id: "s3",
                        created: start - 9e8,
                        last_seen: Date.now() - 900 * MIN,
                        expires: start + 1e8,
                        source: "2001:db8::17",
                        client: "skep view",
                        current: false,
                    },
                ],
            },
        ];
    }
    if (path === "/sessions/revoke-others") return [200, { revoked: 2 }];
    if (path.startsWith("/sessions/")) return [204];
    if (path === "/devices") return [200, devicesPage(query)];
    const dev = /^\/devices\/([^/]+)(\/history)?$/.exec(path);
    if (dev) {
        const d = devices.find((x) => x.id === dev[1]);
        if (!d) return problem(404, "not-found");
        if (dev[2]) return [200, history(d.id)];
        if (method === "PATCH") {
            d.name = body.name;
            tell({ ev: "device", device: d });
            return [200, d];
        }
        if (method === "DELETE") {
            devices = devices.filter((x) => x !== d);
            tell({ ev: "device.removed", id: d.id });
            return [204];
        }
        return [200, d];
    }
    if (path === "/enrolment-tokens") {
        tokenMade = Date.now();
        const token = "sk1-7hq2n4w0d8c3m5x9e1rj6vtkab";
        return [
            201,
            {
                id: "t1",
                token,
                expires: Date.now() + 60 * MIN,
                count: 1,
                command: `skep camera --server https://localhost:8443 --token-file - <<<${token}`,
            },
        ];
    }
    if (path.startsWith("/enrolment-tokens/"))
        return method === "DELETE"
            ? [204]
            : [
                  200,
                  {
                      id: "t1",
                      expires: Date.now() + 60 * MIN,
                      count: 1,
                      used: 0,
                      devices: Date.now() - tokenMade > 6000 ? [devices[0]?.id] : [],
                  },
              ];
    if (path === "/relay") return [200, { ...relay(), ledger: [] }];
    if (path === "/about") {
        return [
            200,
            {
                version: "0.1.0",
                build: "9c41e0d75b2a4f10",
                fingerprint: "4D91 0A7C 66E2 F3B8",
                assets: createHash("sha256").update("assets").digest("hex"),
                started: start,
                wall: Date.now(),
                simulated: { cameras: 12 },
                libraries: [
                    { name: "mbedTLS", version: "2.28.3" },
                    { name: "SQLite", version: "3.40.1" },
                    { name: "libuv", version: "1.44.2" },
                    { name: "CivetWeb", version: "1.15" },
                    { name: "wslay", version: "1.1.1" },
                ],
                sandbox: { landlock: "on, ABI 4", seccomp: "on", memlock: "locked" },
            },
        ];
    }
    return problem(404, "not-found");
}

function serveFile(res, path) {
    let file = normalize(join(dir, path));
    if (!file.startsWith(dir) || !existsSync(file) || statSync(file).isDirectory())
        file = join(dir, "index.html");
    res.writeHead(200, {
        "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
        "Content-Security-Policy": CSP,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    });
    createReadStream(file).pipe(res);
}

const server = createServer((req, res) => {
    const url = new URL(req.url, "http://localhost");
    const json = (status, value) => {
        res.writeHead(status, {
            "Content-Type": status < 400 ? "application/json" : "application/problem+json",
        });
        res.end(value === undefined ? undefined : JSON.stringify(value));
    };
    if (url.pathname === "/dev/scenario") {
        choose(url.searchParams.get("name") ?? "wall");
        return json(200, { scenario });
    }
    if (url.pathname === "/dev/states.json")
        return json(
            200,
            Object.fromEntries(
                rows.map(([name, phase, delay, scene]) => [
                    idOf(name),
                    {
                        name,
                        phase,
                        delay,
                        ...(scenes && scene ? { scene } : {}),
                        seal: deviceOf([name, phase], 0).seal,
                    },
                ]),
            ),
        );
    if (url.pathname.startsWith("/dev/scenes/") && scenes) {
        res.writeHead(200, { "Content-Type": "image/svg+xml" });
        return res.end(readFileSync(join(scenes, url.pathname.split("/").pop())));
    }
    if (!url.pathname.startsWith("/api/v1/")) return serveFile(res, url.pathname);
    let text = "";
    req.on("data", (c) => {
        text += c;
    });
    req.on("end", () =>
        json(
            ...answer(
                req.method,
                url.pathname.slice(7),
                url.searchParams,
                text ? JSON.parse(text) : {},
            ),
        ),
    );
});

// The events socket: handshake and text frames of the server, all that the console needs.
const sockets = new Set();
function frame(value) {
    const body = Buffer.from(JSON.stringify(value));
    const head =
        body.length < 126
            ? Buffer.from([0x81, body.length])
            : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]);
    return Buffer.concat([head, body]);
}
const tell = (news) => {
    for (const s of sockets) s.write(frame(news));
};
server.on("upgrade", (req, socket) => {
    if (scenario === "stale" || !req.url.startsWith("/api/v1/events")) return socket.destroy();
    const accept = createHash("sha1")
        .update(`${req.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest("base64");
    socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: skep.events.1\r\n\r\n`,
    );
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.resume();
    socket.write(frame({ ev: "hello", wall: Date.now() }));
    socket.write(frame({ ev: "relay", ...relay() }));
});
setInterval(() => tell({ ev: "relay", ...relay() }), 2000);
server.listen(port, "127.0.0.1", () =>
    console.log(`console with canned answers on http://127.0.0.1:${port}`),
);
