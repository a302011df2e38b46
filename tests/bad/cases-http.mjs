// Bad HTTP, bad WebSockets, bad TLS records, bad enrolments.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer, connect as tcpConnect } from "node:net";
import { rawTls } from "../flow/lib/skep.mjs";
import { csrMake, enrol } from "../flow/lib/csr.mjs";
import { Accepted, closedWith, rawHttp, refusedStatus, refusedUpgrade } from "./bench.mjs";

const CRLF = "\r\n";
const http = (name, text, counted = /^(edge|http)\//) => ({ layer: "http", name, counted, run: (bed) => rawHttp(bed, text) });
const request = (lines, body = "") => lines.join(CRLF) + CRLF + CRLF + body;
const post = (...fields) => ["POST /api/v1/login HTTP/1.1", "Host: localhost", "Content-Type: application/json", ...fields];
const HIDDEN = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** Requests that two readers could take for different ones. */
export const smuggling = [
    http("length and chunked", request(post("Content-Length: 4", "Transfer-Encoding: chunked"), "0\r\n\r\n" + HIDDEN)),
    http("chunked and length", request(post("Transfer-Encoding: chunked", "Content-Length: 4"), "0\r\n\r\n" + HIDDEN)),
    http("two lengths", request(post("Content-Length: 2", "Content-Length: 40"), "{}" + HIDDEN)),
    http("two equal lengths", request(post("Content-Length: 2", "Content-Length: 2"), "{}" + HIDDEN)),
    http("length list", request(post("Content-Length: 2, 2"), "{}" + HIDDEN)),
    http("length with plus", request(post("Content-Length: +2"), "{}" + HIDDEN)),
    http("length with minus", request(post("Content-Length: -1"), "{}" + HIDDEN)),
    http("hex length", request(post("Content-Length: 0x2"), "{}" + HIDDEN)),
    http("length with blank inside", request(post("Content-Length: 2 0"), "{}" + HIDDEN)),
    http("length overflow", request(post("Content-Length: 18446744073709551618"), "{}" + HIDDEN)),
    http("empty length", request(post("Content-Length: "), "{}" + HIDDEN)),
    ...["xchunked", "chunked, identity", "identity, chunked", "gzip, chunked", "chunked, chunked", "\"chunked\"", "chunked;q=1", "", "\x0bchunked"]
        .map((coding) => http(`transfer coding ${JSON.stringify(coding)}`, request(post(`Transfer-Encoding: ${coding}`), "0\r\n\r\n" + HIDDEN))),
    http("two transfer encodings", request(post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), "0\r\n\r\n" + HIDDEN)),
    http("chunked in HTTP/1.0", request(["POST /api/v1/login HTTP/1.0", "Host: localhost", "Transfer-Encoding: chunked"], "0\r\n\r\n" + HIDDEN)),
    http("blank before the colon", request(post("Transfer-Encoding : chunked"), "0\r\n\r\n" + HIDDEN)),
    http("tab before the colon", request(post("Content-Length\t: 2"), "{}" + HIDDEN)),
    http("folded field", request(["GET /healthz HTTP/1.1", "Host: localhost", "X: a", " b"])),
    http("folded transfer encoding", request(post("Transfer-Encoding:", " chunked"), "0\r\n\r\n" + HIDDEN)),
    http("bare LF in head", "GET /healthz HTTP/1.1\nHost: localhost\n\n"),
    http("bare LF in a field", "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nX: a\nContent-Length: 2\r\n\r\n{}"),
    http("bare CR in a field", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n"),
    http("NUL in a field", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n"),
    http("blank first line", "\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    http("field without name", request(["GET /healthz HTTP/1.1", "Host: localhost", ": x"])),
    http("field without colon", request(["GET /healthz HTTP/1.1", "Host: localhost", "nonsense"])),
    http("name with a control byte", request(["GET /healthz HTTP/1.1", "Host: localhost", "X\x01: a"])),
    http("no Host", request(["GET /healthz HTTP/1.1"])),
    http("two Hosts", request(["GET /healthz HTTP/1.1", "Host: localhost", "Host: evil.example"])),
    http("absolute target", request(["GET https://evil.example/healthz HTTP/1.1", "Host: localhost"])),
    http("authority target", request(["CONNECT evil.example:443 HTTP/1.1", "Host: evil.example"])),
    http("asterisk target", request(["OPTIONS * HTTP/1.1", "Host: localhost"])),
    http("fragment in the target", request(["GET /healthz#x HTTP/1.1", "Host: localhost"])),
    http("blanks in the target", request(["GET /health z HTTP/1.1", "Host: localhost"])),
    http("tab between", "GET\t/healthz\tHTTP/1.1\r\nHost: localhost\r\n\r\n"),
    http("HTTP/2.0 in words", request(["GET /healthz HTTP/2.0", "Host: localhost"])),
    http("HTTP/0.9", "GET /healthz\r\n\r\n"),
    http("HTTP/1.1 in small letters", request(["GET /healthz http/1.1", "Host: localhost"])),
    http("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    http("unknown method", request(["BREW /healthz HTTP/1.1", "Host: localhost"])),
    http("TRACE", request(["TRACE /healthz HTTP/1.1", "Host: localhost"])),
    http("two cookies fields", request(["GET /api/v1/me HTTP/1.1", "Host: localhost", "Cookie: a=b", "Cookie: c=d"])),
    http("two authorizations", request(["GET /api/v1/me HTTP/1.1", "Host: localhost", "Authorization: Bearer a", "Authorization: Bearer b"])),
    ...["zz", "-1", "1;x=y", "ffffffffffffffff1", " 1", "0x1", ""].map((size) =>
        http(`chunk size ${JSON.stringify(size)}`, request(post("Transfer-Encoding: chunked"), `${size}\r\n{\r\n0\r\n\r\n`))),
    http("chunk without its end", request(post("Transfer-Encoding: chunked"), "2\r\n{}XX0\r\n\r\n" + HIDDEN)),
    http("chunk with bare LF", request(post("Transfer-Encoding: chunked"), "2\n{}\n0\n\n" + HIDDEN)),
    http("trailer", request(post("Transfer-Encoding: chunked"), "2\r\n{}\r\n0\r\nHost: evil.example\r\n\r\n")),
    http("smuggled Skep-Request", request(["GET /api/v1/me HTTP/1.1", "Host: localhost", "Skep-Request: " + "A".repeat(43) + ".0"])),
    http("upgrade to h2c", request(["GET /api/v1/me HTTP/1.1", "Host: localhost", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"])),
];

/** Paths that climb, hide or are too long; heads and bodies that are too big. */
export const requests = [
    ..."/../etc/passwd /a/../../etc/passwd /%2e%2e/etc/passwd /..%2fetc%2fpasswd /%2e%2e%2fetc/passwd /.%00./x /a%00b /a%5cb /a\\b //etc/passwd /%c0%ae%c0%ae/x /%ff /%zz /%2 /a%0d%0ab"
        .split(" ").map((path) => http(`path ${path}`, request([`GET ${path} HTTP/1.1`, "Host: localhost"]))),
    http("path too long", request([`GET /${"a".repeat(2000)} HTTP/1.1`, "Host: localhost"])),
    http("query too long", request([`GET /healthz?${"a".repeat(4000)} HTTP/1.1`, "Host: localhost"])),
    http("head too long", request(["GET /healthz HTTP/1.1", "Host: localhost", `X: ${"a".repeat(20000)}`])),
    http("too many fields", request(["GET /healthz HTTP/1.1", "Host: localhost", ...Array.from({ length: 100 }, (_, i) => `X-${i}: y`)])),
    http("cookie too long", request(["GET /api/v1/me HTTP/1.1", "Host: localhost", `Cookie: ${"a".repeat(6000)}`])),
    http("authorization too long", request(["GET /api/v1/me HTTP/1.1", "Host: localhost", `Authorization: Bearer ${"a".repeat(600)}`])),
    http("body too large", request(post("Content-Length: 100000000"))),
    http("chunked body too large", request(post("Transfer-Encoding: chunked"), "5f5e100\r\n")),
    http("Expect of something else", request(post("Content-Length: 2", "Expect: 200-ok"), "{}")),
    { layer: "http", name: "plain HTTP with a body", counted: /^edge\//, run: async (bed) => plain(bed, "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}") },
    { layer: "http", name: "garbage without TLS", counted: /^edge\//, run: async (bed) => plain(bed, randomBytes(64)) },
];

/** Bytes to the port without TLS: nothing but a closing may come back. */
function plain(bed, bytes) {
    return new Promise((resolve, reject) => {
        const got = [];
        const socket = tcpConnect(bed.skep.port, "localhost", () => socket.write(bytes));
        const timer = setTimeout(() => { socket.destroy(); reject(new Accepted("still open")); }, 12000);
        socket.on("data", (d) => got.push(d));
        socket.on("error", () => {});
        socket.on("close", () => {
            clearTimeout(timer);
            const text = Buffer.concat(got).toString("latin1");
            if (/^HTTP\/1\.1 [23]/.test(text)) reject(new Accepted(text.slice(0, 40)));
            else resolve("cut");
        });
    });
}

const json = (name, run, counted = /^(http|edge|account|device|enrolment)\//) => ({ layer: "api", name, counted, run: (bed) => refusedStatus(run(bed)) });
export const apiCalls = [
    json("no session", (b) => b.stranger.get("/api/v1/devices")),
    json("made-up cookie", (b) => b.stranger.get("/api/v1/me", { headers: { Cookie: `__Host-skep=${"A".repeat(43)}` } })),
    json("made-up bearer", (b) => b.stranger.get("/api/v1/me", { headers: { Authorization: `Bearer ${"A".repeat(43)}` } })),
    json("cookie without CSRF token", (b) => b.owner.put("/api/v1/me/prefs", { lang: "en", theme: "auto" }, { headers: { "Skep-Csrf": null } })),
    json("wrong CSRF token", (b) => b.owner.put("/api/v1/me/prefs", { lang: "en", theme: "auto" }, { headers: { "Skep-Csrf": "x".repeat(43) } })),
    json("foreign Origin", (b) => b.owner.put("/api/v1/me/prefs", { lang: "en", theme: "auto" }, { headers: { Origin: "https://evil.example" } })),
    json("Origin null", (b) => b.owner.put("/api/v1/me/prefs", { lang: "en", theme: "auto" }, { headers: { Origin: "null" } })),
    json("metrics without token", (b) => b.owner.get("/metrics", { headers: { Authorization: "Bearer nonsense" } })),
    json("unknown member", (b) => b.owner.put("/api/v1/me/prefs", { lang: "en", theme: "auto", admin: true })),
    json("unknown value", (b) => b.owner.put("/api/v1/me/prefs", { lang: "en", theme: "pink" })),
    json("broken JSON", (b) => b.owner.put("/api/v1/me/prefs", "{\"lang\":")),
    json("two equal members", (b) => b.owner.put("/api/v1/me/prefs", "{\"lang\":\"en\",\"lang\":\"en\",\"theme\":\"auto\"}")),
    json("deep JSON", (b) => b.owner.put("/api/v1/me/prefs", "[".repeat(400) + "]".repeat(400))),
    json("JSON with NUL", (b) => b.owner.put("/api/v1/me/prefs", "{\"lang\":\"en\\u0000\",\"theme\":\"auto\"}")),
    json("bytes that are no UTF-8", (b) => b.owner.put("/api/v1/me/prefs", Buffer.from("{\"lang\":\"\xff\xfe\",\"theme\":\"auto\"}", "latin1"))),
    json("wrong media type", (b) => b.owner.put("/api/v1/me/prefs", "{}", { headers: { "Content-Type": "text/plain" } })),
    json("name of 65 signs", (b) => b.owner.patch(`/api/v1/devices/${b.camera.id}`, { name: "x".repeat(65) })),
    json("name with a control sign", (b) => b.owner.patch(`/api/v1/devices/${b.camera.id}`, { name: "a\u0007b" })),
    json("unknown device", (b) => b.owner.get(`/api/v1/devices/${"a".repeat(26)}`)),
    json("removed device", (b) => b.owner.get(`/api/v1/devices/${b.revoked.id}`)),
    json("no device id", (b) => b.owner.get("/api/v1/devices/..;x")),
    json("bad cursor", (b) => b.owner.get("/api/v1/devices?cursor=%00%ff")),
    json("limit out of range", (b) => b.owner.get("/api/v1/devices?limit=100000")),
    json("token for too many", (b) => b.owner.post("/api/v1/enrolment-tokens", { count: 10001, ttl_s: 600 })),
    json("token for too long", (b) => b.owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 86401 })),
    json("token for none", (b) => b.owner.post("/api/v1/enrolment-tokens", { count: 0, ttl_s: 600 })),
    json("count in words", (b) => b.owner.post("/api/v1/enrolment-tokens", { count: "1", ttl_s: 600 })),
    json("code for an unknown device", (b) => b.owner.post("/api/v1/authorizations", { device: "a".repeat(26), actions: ["live-main"], session: "A".repeat(22) })),
    json("code for a removed device", (b) => b.owner.post("/api/v1/authorizations", { device: b.revoked.id, actions: ["live-main"], session: "A".repeat(22) })),
    json("code for an unknown action", (b) => b.owner.post("/api/v1/authorizations", { device: b.camera.id, actions: ["root"], session: "A".repeat(22) })),
    json("code for no action", (b) => b.owner.post("/api/v1/authorizations", { device: b.camera.id, actions: [], session: "A".repeat(22) })),
    json("code with a short session", (b) => b.owner.post("/api/v1/authorizations", { device: b.camera.id, actions: ["live-main"], session: "AAAA" })),
    json("setup a second time", (b) => b.stranger.post("/api/v1/setup", { token: b.skep.setupToken, name: "thief", password: "another good long phrase" })),
    json("setup with a made-up token", (b) => b.stranger.post("/api/v1/setup", { token: "A".repeat(43), name: "thief", password: "another good long phrase" })),
    json("wrong password", (b) => b.stranger.post("/api/v1/login", { name: "owner", password: "wrong wrong wrong" })),
    json("unknown name", (b) => b.stranger.post("/api/v1/login", { name: "nobody", password: "wrong wrong wrong" })),
];

/** Enrolments that must fail; `slow` waits for a token to expire. */
const enrolment = (name, run) => ({ layer: "enrolment", name, counted: /^(enrolment|http|edge)\//, run: async (bed) => {
    const got = await run(bed);
    if (got.status === 200) throw new Accepted(`a certificate for ${got.id}`);
    return String(got.status ?? got);
} });
const raw = (bed, token, body, type = "application/pkcs10") => bed.stranger.request("POST", "/.well-known/est/simpleenroll",
    { body, headers: { "Content-Type": type, Authorization: `Bearer ${token}` } });
const withCsr = (name, make) => enrolment(name, async (bed) => raw(bed, (await bed.token()).token, make(csrMake())));
const pad = (der) => der.toString("base64");

export const enrolments = [
    enrolment("no token", (b) => b.stranger.request("POST", "/.well-known/est/simpleenroll", { body: csrMake().base64, headers: { "Content-Type": "application/pkcs10" } })),
    enrolment("made-up token", (b) => enrol(b.stranger, randomBytes(32).toString("base64url"))),
    enrolment("token of another box", (b) => enrol(b.stranger, b.foreign.token)),
    enrolment("a session's bearer for a token", (b) => enrol(b.stranger, b.other.bearer)),
    enrolment("used token", async (b) => {
        const { token } = await b.token(1);
        const first = await enrol(b.stranger, token);
        if (first.status !== 200) throw new Error(`the honest one got ${first.status}`);
        return enrol(b.stranger, token);
    }),
    enrolment("token of two, used three times at once", async (b) => {
        const { token } = await b.token(2);
        const all = await Promise.all([1, 2, 3].map(() => enrol(b.stranger, token)));
        return all.filter((one) => one.status === 200).length === 2 ? all.find((one) => one.status !== 200) : { status: 200, id: "three of two" };
    }),
    enrolment("withdrawn token", async (b) => {
        const { id, token } = await b.token(1);
        await b.owner.delete(`/api/v1/enrolment-tokens/${id}`);
        return enrol(b.stranger, token);
    }),
    withCsr("empty", () => ""),
    withCsr("not base64", () => "§§§§"),
    withCsr("text", () => pad(Buffer.from("hello"))),
    withCsr("too large", () => pad(randomBytes(60000))),
    ...[10, 40, 100, 200].map((n) => withCsr(`cut after ${n} bytes`, ({ der }) => pad(der.subarray(0, n)))),
    withCsr("bytes after the end", ({ der }) => pad(Buffer.concat([der, Buffer.from([0, 0])]))),
    ...Array.from({ length: 24 }, (_, i) => withCsr(`bit flipped, ${i}`, ({ der }) => {
        const bad = Buffer.from(der);
        bad[4 + Math.floor(((der.length - 4) * i) / 24)] ^= 1 << i % 8;
        return pad(bad);
    })),
    enrolment("signed by another key", async (b) => enrol(b.stranger, (await b.token()).token, { csr: csrMake({ signWith: generateKeyPairSync("ec", { namedCurve: "P-256" }) }) })),
    enrolment("P-384 key", async (b) => enrol(b.stranger, (await b.token()).token, { csr: csrMake({ curve: "P-384" }) })),
    enrolment("secp256k1 key", async (b) => enrol(b.stranger, (await b.token()).token, { csr: csrMake({ curve: "secp256k1" }) })),
    enrolment("wrong media type", async (b) => raw(b, (await b.token()).token, csrMake().base64, "application/json")),
];

export const enrolmentsSlow = [
    enrolment("expired token", async (b) => enrol(b.stranger, await b.expiring)),
];

// ---- WebSockets ----

const upgrade = (name, run) => ({ layer: "websocket", name, counted: /^(edge|http)\//, run: (bed) => refusedUpgrade(run(bed)) });
const broken = (name, send, ...codes) => ({ layer: "websocket", name, counted: /^(edge|signal)\//, run: async (bed) => {
    const ws = await bed.owner.socket("/ws/signal", "skep.signal.1");
    send(ws);
    return closedWith(ws, ...codes);
} });
const frame = (first, payload, { mask = true, length } = {}) => {
    const n = length ?? payload.length;
    const head = n < 126 ? [first, n | (mask ? 128 : 0)] : [first, 126 | (mask ? 128 : 0), n >> 8, n & 255];
    return Buffer.concat([Buffer.from(head), mask ? Buffer.alloc(4) : Buffer.alloc(0), Buffer.from(payload)]);
};
const handFields = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: skep.signal.1"];
const byHand = (name, change) => ({ layer: "websocket", name, counted: /^(edge|http)\//, run: (bed) => rawHttp(bed, request(["GET /ws/signal HTTP/1.1", "Host: localhost",
    `Authorization: Bearer ${bed.other.bearer}`, ...change(handFields)])) });

export const webSockets = [
    upgrade("no session", (b) => b.stranger.socket("/ws/signal", "skep.signal.1")),
    upgrade("foreign Origin, signal", (b) => b.owner.socket("/ws/signal", "skep.signal.1", { headers: { Origin: "https://evil.example" } })),
    upgrade("foreign Origin, live", (b) => b.owner.socket("/ws/live", "skep.live.1", { headers: { Origin: "https://evil.example" } })),
    upgrade("foreign Origin, events", (b) => b.owner.socket("/api/v1/events", "skep.events.1", { headers: { Origin: "https://evil.example" } })),
    upgrade("Origin null", (b) => b.owner.socket("/ws/signal", "skep.signal.1", { headers: { Origin: "null" } })),
    upgrade("Origin over plain http", (b) => b.owner.socket("/ws/signal", "skep.signal.1", { headers: { Origin: b.skep.url.replace("https", "http") } })),
    upgrade("cookie without Origin", (b) => b.owner.socket("/ws/signal", "skep.signal.1", { headers: { Origin: null } }).catch((e) => { throw e; })),
    upgrade("wrong subprotocol", (b) => b.owner.socket("/ws/signal", "skep.live.1")),
    upgrade("no subprotocol", (b) => b.owner.socket("/ws/signal")),
    upgrade("made-up session", (b) => b.stranger.socket("/ws/live", "skep.live.1", { headers: { Authorization: `Bearer ${"A".repeat(43)}` } })),
    byHand("no key", (f) => f.filter((l) => !l.includes("-Key"))),
    byHand("short key", (f) => f.map((l) => (l.includes("-Key") ? "Sec-WebSocket-Key: AAAA" : l))),
    byHand("version 8", (f) => f.map((l) => (l.includes("-Version") ? "Sec-WebSocket-Version: 8" : l))),
    broken("unmasked", (ws) => ws.sendRaw(frame(0x81, "{\"ping\":1}", { mask: false })), 1002),
    broken("reserved bit", (ws) => ws.sendRaw(frame(0xc1, "{\"ping\":1}")), 1002),
    broken("unknown opcode", (ws) => ws.sendRaw(frame(0x83, "x")), 1002),
    broken("unknown control opcode", (ws) => ws.sendRaw(frame(0x8b, "x")), 1002),
    broken("continuation of nothing", (ws) => ws.sendRaw(frame(0x80, "x")), 1002),
    broken("message within a message", (ws) => ws.sendRaw(Buffer.concat([frame(0x01, "a"), frame(0x81, "b")])), 1002),
    broken("ping in fragments", (ws) => ws.sendRaw(frame(0x09, "x")), 1002),
    broken("long ping", (ws) => ws.sendRaw(frame(0x89, "x".repeat(126))), 1002),
    broken("long form of a short length", (ws) => ws.sendRaw(Buffer.from([0x81, 0xfe, 0, 1, 0, 0, 0, 0, 0x7b])), 1002),
    broken("64-bit length", (ws) => ws.sendRaw(Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])), 1002, 1009),
    broken("too big", (ws) => ws.sendRaw(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0x55])), 1009, 1002),
    broken("text that is no UTF-8", (ws) => ws.sendRaw(frame(0x81, Buffer.from([0xff, 0xfe, 0x80]))), 1007, 1002),
    broken("close code 1005", (ws) => ws.sendRaw(frame(0x88, Buffer.from([0x03, 0xed]))), 1002),
    broken("a thousand fragments", (ws) => { for (let i = 0; i < 1000; i++) ws.sendRaw(frame(i ? 0x00 : 0x01, "")); }),
];

// ---- TLS ----

/** A TCP proxy that hands each record of the client to `change(record, n)` -> records to send on. */
async function tampered(bed, change, use) {
    const server = createServer((near) => {
        const far = tcpConnect(bed.skep.port, "localhost");
        let rest = Buffer.alloc(0), n = 0;
        near.on("data", (d) => {
            rest = Buffer.concat([rest, d]);
            while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
                const record = Buffer.from(rest.subarray(0, 5 + rest.readUInt16BE(3)));
                rest = rest.subarray(record.length);
                for (const out of change(record, n++, far)) far.write(out);
            }
        });
        far.on("data", (d) => near.write(d));
        for (const [a, b] of [[near, far], [far, near]]) {
            a.on("error", () => {});
            a.on("close", () => b.destroy());
        }
    });
    await new Promise((done) => server.listen(0, "localhost", done));
    try {
        return await use(server.address().port);
    } finally {
        server.close();
    }
}

/** One request goes through, then records are changed: no changed one may be answered. */
const record = (name, change, counted = /^edge\/tls-record/) => ({ layer: "tls", name, counted, run: (bed) => {
    let armed = 0;
    return tampered(bed, (r, n, far) => (armed ? change(r, armed++, far) : [r]), async (port) => {
        const tls = await rawTls({ ...bed.skep, port, caPem: bed.skep.caPem });
        await tls.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await tls.until((b) => /HTTP\/1\.1 200/.test(b.toString("latin1")));
        armed = 1;
        for (let i = 0; i < 3; i++) await tls.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").catch(() => {});
        try {
            await tls.untilClose(15000);
        } catch {
            throw new Accepted("the connection goes on");
        } finally {
            tls.destroy();
        }
        if ([...tls.text().matchAll(/HTTP\/1\.1 200/g)].length > (/replayed/.test(name) ? 2 : 1)) throw new Accepted("answered");
        return "cut";
    });
} });
const flip = (buffer, at, bit = 1) => { buffer[at] ^= bit; return buffer; };

/** A handshake of which one record is changed. */
const handshake = (name, change) => ({ layer: "tls", name, counted: /^edge\//, run: (bed) => tampered(bed, change, async (port) => {
    let tls;
    try {
        tls = await rawTls({ ...bed.skep, port, caPem: bed.skep.caPem }, { timeout: 15000 });
    } catch {
        return "handshake";
    }
    // In TLS 1.3 the client is done before the server has judged: it must not get an answer.
    await tls.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").catch(() => {});
    await tls.untilClose(15000);
    const text = tls.text();
    tls.destroy();
    if (/HTTP\/1\.1 200/.test(text)) throw new Accepted("answered");
    return "cut";
}) });

let kept;
export const tlsRecords = [
    record("bit flipped in the tag", (r) => [flip(r, r.length - 1)]),
    record("bit flipped in the ciphertext", (r) => [flip(r, 14)]),
    record("record type changed", (r) => [flip(r, 0)]),
    record("record version changed", (r) => [flip(r, 1, 4)]),
    record("length too great", (r) => { r.writeUInt16BE(0x5000, 3); return [r, Buffer.alloc(0x5000)]; }),
    record("truncated", (r, n, far) => { far.end(r.subarray(0, r.length - 3)); return []; }, null), // a line that breaks is nobody's fault
    record("replayed", (r) => [r, r]),
    record("reordered", (r, n) => { if (n === 1) { kept = r; return []; } return n === 2 ? [r, kept] : [r]; }),
    record("one left out, later ones sent", (r, n) => (n === 1 ? [] : [r])),
    handshake("ClientHello with a bad length", (r, n) => (n === 0 ? [flip(r, 8)] : [r])),
    handshake("ClientHello of version 0.3", (r, n) => (n === 0 ? [flip(r, 9, 3)] : [r])),
    handshake("random bytes as ClientHello", (r, n) => (n === 0 ? [Buffer.concat([r.subarray(0, 9), randomBytes(r.length - 9)])] : [r])),
    handshake("Finished flipped", (r, n) => (n === 0 || r[0] === 20 ? [r] : [flip(r, r.length - 1)])),
    handshake("ClientHello twice", (r, n) => (n === 0 ? [r, r] : [r])),
    { layer: "tls", name: "TLS 1.1", counted: /^edge\//, run: (bed) => rawTls(bed.skep, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }).then((t) => { t.destroy(); throw new Accepted("TLS 1.1"); }, () => "handshake") },
    { layer: "tls", name: "unknown ALPN", counted: /^edge\//, run: (bed) => rawTls(bed.skep, { alpn: ["h2", "spdy/3"] }).then(async (t) => { await t.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").catch(() => {}); await t.untilClose(12000); t.destroy(); return "cut"; }, () => "handshake") },
];
