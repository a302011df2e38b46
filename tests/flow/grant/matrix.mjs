// Every route, socket and link against every kind of caller. What must come out is declared here a
// second time, by hand: the server's own table is not asked. Routes come from the box's description,
// sockets from the source, so a new one that is not declared fails.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { api, login, OWNER } from "../lib/skep.mjs";
import { DeviceLink, MESSAGE } from "../lib/peers.mjs";
import { appClient, appMake } from "../app/lib.mjs";
import { cameras, member, PASSWORD } from "./lib.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const ABSENT = "a".repeat(26);
const PEOPLE = ["member", "viewer", "admin", "owner", "stranger"]; // the stranger owns another organization
const STAFF = ["admin", "owner"]; // of the organization that runs the box
const TENANT = [...STAFF, "stranger"]; // with their own people and cameras
/** Apps: the owner's with every scope, the owner's with two, an admin's with every scope. */
const APPS = ["app", "app-narrow", "app-admin"];
const WIDE = ["app", "app-admin"];
const KNOWN = [...PEOPLE, ...APPS];
export const ROLES = ["nobody", "ended", ...PEOPLE, ...APPS, "device", "enrolment", "metrics"];

/** Permission -> who has it by itself; a grantable one may also come for one camera. */
const declared = {
    public: { who: ROLES },
    session: { who: PEOPLE }, "session.self": { who: PEOPLE },
    "people.view": { who: [...TENANT, ...WIDE] }, "people.manage": { who: TENANT },
    "grant.view": { who: [...TENANT, ...WIDE] }, "grant.manage": { who: TENANT },
    "organization.manage": { who: ["owner", "stranger"] },
    "organizations.view": { who: STAFF }, "organizations.operate": { who: STAFF }, "organizations.approve": { who: ["owner"] },
    "box.view": { who: [...STAFF, ...WIDE] }, "audit.read": { who: [...TENANT, ...WIDE] }, "audit.export": { who: STAFF },
    "monitor.view": { who: STAFF }, "monitor.manage": { who: STAFF },
    "alert.view": { who: STAFF }, "alert.operate": { who: STAFF },
    "guard.view": { who: STAFF }, "guard.manage": { who: STAFF },
    "device.manage": { who: ["owner", "stranger"] },
    "device.enrol": { who: TENANT }, "device.remove": { who: TENANT },
    "view.open": { who: KNOWN }, "app.view": { who: TENANT }, "app.manage": { who: TENANT },
    "metrics.read": { who: ["metrics"] },
    "device.list": { who: KNOWN }, // of nothing, without a grant
    "device.view": { who: [...STAFF, ...WIDE], byGrant: true },
    "device.config": { who: STAFF, byGrant: true },
};
/** What a code may be for: who has it on a camera that is granted to the viewer, and on another. */
const codes = {
    "live-main": { granted: ["viewer", "owner", "app", "app-narrow"], other: ["owner", "app", "app-narrow"] },
    config: { granted: STAFF, other: STAFF },
    manage: { granted: ["owner"], other: ["owner"] },
    ...Object.fromEntries(["live-sub", "listen", "talk", "ptz", "playback", "snapshot", "download"]
        .map((right) => [right, { granted: ["owner", "app"], other: ["owner", "app"] }])),
};
/** Routes that are open and look at another credential themselves. */
const special = {
    "POST /.well-known/est/simpleenroll": { who: ["enrolment"], refused: 401 },
    "POST /api/v1/hosts/enrol": { who: [], refused: 401 }, // a host token, which none of these is
};
const LAST = ["POST /api/v1/sessions/revoke-others", "POST /api/v1/logout"]; // they end what the others use

function socketsDeclared() {
    const found = [];
    const walk = (dir) => {
        for (const entry of readdirSync(dir, { withFileTypes: true })) {
            const path = join(dir, entry.name);
            if (entry.isDirectory()) walk(path);
            else if (path.endsWith(".c"))
                for (const m of readFileSync(path, "utf8").matchAll(/edge_ws_endpoint \w+ = \{([^}]*)\}/g))
                    found.push(Object.fromEntries([...m[1].matchAll(/\.(path|subprotocol|permission) = "([^"]*)"/g)].map((f) => [f[1], f[2]])));
        }
    };
    walk(join(root, "src"));
    return found;
}

/** "GET /path" -> permission, as docs/ref/api.md has it. */
function routesDocumented() {
    const text = readFileSync(join(root, "docs", "ref", "api.md"), "utf8");
    return new Map([...text.matchAll(/^\| ([A-Z]+) \| `([^`]+)` \| ([^ ]+) \|/gm)].map((m) => [`${m[1]} ${m[2]}`, m[3]]));
}

/** The owner of another organization on the same box. */
async function strangerMake(skep, owner) {
    const { token } = (await owner.post("/api/v1/organizations", { name: "Next door" })).json;
    const client = api(skep);
    await client.post("/api/v1/join", { token, name: "a stranger", password: PASSWORD }, { timeout: 60000 });
    return login(skep, { name: "a stranger", password: PASSWORD, bearer: true });
}

async function callersMake(skep, owner) {
    const [granted, other] = await cameras(owner, 2);
    const grants = [{ object: { device: granted.id }, actions: ["live-main"] }];
    const of = async (name, role, more = []) => {
        const who = await member(skep, owner, { role, grants: more, name });
        return login(skep, { name: who.name, password: PASSWORD, bearer: true });
    };
    const withBearer = (token) => Object.assign(api(skep), { bearer: token });
    const enrolment = (await owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 3600 })).json.token;
    const ended = await login(skep, { ...OWNER, bearer: true });
    await ended.post("/api/v1/logout");
    const callers = {
        nobody: api(skep), ended,
        member: await of("a member", "member"), viewer: await of("a viewer", "member", grants),
        stranger: await strangerMake(skep, owner),
        admin: await of("an admin", "admin"), owner: await login(skep, { ...OWNER, bearer: true }),
        device: api(skep), // its certificate opens the device link; here nobody asks for one
        enrolment: withBearer(enrolment),
        metrics: withBearer(readFileSync(join(skep.dataDir, "metrics.token"), "utf8").trim()),
    };
    const { scopes } = (await owner.get("/api/v1/apps")).json;
    const appOf = async (whose, wanted) => appClient(skep, await appMake(whose, { scopes: wanted, rate: 1000, burst: 1000 }));
    callers.app = await appOf(callers.owner, scopes);
    callers["app-narrow"] = await appOf(callers.owner, ["device.list", "device.live-main"]);
    callers["app-admin"] = await appOf(callers.admin, scopes);
    for (const c of Object.values(callers)) c.validate = false;
    return { callers, granted, other };
}

/** What came back, in one word. 404 means "hidden" only where a camera is asked for. */
function outcome(status) {
    return { 401: "log in", 403: "denied" }[status] ?? "let through";
}

function expected(who, rule) {
    if (rule.who.includes(who)) return "let through";
    if (rule.refused) return outcome(rule.refused);
    return KNOWN.includes(who) ? "denied" : "log in";
}

async function requestAs(client, method, path, operation) {
    const options = operation["x-body-max-bytes"] ? { body: "{\"matrix\":1}" } : {};
    const type = Object.keys(operation.requestBody?.content ?? {})[0];
    if (options.body && type !== undefined) options.headers = { "Content-Type": type };
    return client.request(method, path, options);
}

/** -> {cells, wrong: [text]} */
export async function matrix(skep, owner) {
    const { callers, granted, other } = await callersMake(skep, owner);
    const doc = await callers.nobody.description();
    const documented = routesDocumented();
    const result = { cells: 0, wrong: [] };
    const cell = (what, who, want, got) => {
        result.cells++;
        if (want !== got) result.wrong.push(`${what} as ${who}: ${got}, declared: ${want}`);
    };
    const routes = Object.entries(doc.paths).flatMap(([path, item]) => Object.entries(item)
        .map(([method, operation]) => ({ key: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), path, operation })));
    for (const { key, operation } of routes) // both ways: nothing undocumented, nothing that is no more
        if (documented.get(key) !== operation["x-permission"]) result.wrong.push(`${key}: ${operation["x-permission"]}, documented: ${documented.get(key)}`);
    for (const key of documented.keys()) if (!routes.some((r) => r.key === key)) result.wrong.push(`${key}: documented, not served`);

    routes.sort((a, b) => LAST.indexOf(a.key) - LAST.indexOf(b.key));
    for (const route of routes) {
        const rule = special[route.key] ?? declared[route.operation["x-permission"]];
        if (!rule) {
            result.wrong.push(`${route.key}: nobody has declared who has ${route.operation["x-permission"]}`);
            continue;
        }
        if (rule.byGrant && route.path.includes("/devices/{id}")) {
            await camerasTry(cell, callers, route, rule, granted.id, other.id);
            continue;
        }
        const path = route.path.replace(/\{\w+\}/g, ABSENT);
        for (const who of ROLES) {
            const { status } = await requestAs(callers[who], route.method, path, route.operation);
            cell(route.key, who, expected(who, rule), outcome(status));
        }
        if (route.key === "POST /api/v1/logout") break; // it is the last one
    }
    return result;
}

/** One camera's routes: the granted one, another, and none. */
async function camerasTry(cell, callers, route, rule, granted, other) {
    const right = route.operation["x-permission"].slice("device.".length);
    for (const who of ROLES)
        for (const [which, id] of Object.entries({ granted, other, absent: ABSENT })) {
            const { status } = await requestAs(callers[who], route.method, route.path.replace("{id}", id), route.operation);
            const everywhere = rule.who.includes(who); // to them an absent one is no secret: 404 is an answer
            const may = everywhere || (which === "granted" && who === "viewer" && right === "view");
            const left = APPS.includes(who) ? "denied" : "hidden"; // what no scope names is no secret
            const want = !KNOWN.includes(who) ? "log in" : may ? "let through" : left;
            cell(`${route.key} (${which})`, who, want, status === 404 && !everywhere ? "hidden" : outcome(status));
        }
}

/** Codes, sockets and links. -> as matrix() */
export async function matrixMore(skep, owner) {
    const { callers, granted, other } = await callersMake(skep, owner);
    const result = { cells: 0, wrong: [] };
    const cell = (what, who, want, got) => {
        result.cells++;
        if (want !== got) result.wrong.push(`${what} as ${who}: ${got}, declared: ${want}`);
    };
    for (const [right, rule] of Object.entries(codes))
        for (const who of ROLES)
            for (const [which, camera] of Object.entries({ granted, other })) {
                const body = { device: camera.id, actions: [right], session: randomBytes(16).toString("base64url") };
                const { status } = await callers[who].post("/api/v1/authorizations", body);
                const want = rule[which].includes(who) ? 201 : KNOWN.includes(who) ? 404 : 401;
                cell(`code for ${right} (${which})`, who, want, status);
            }
    const sockets = socketsDeclared();
    if (sockets.length < 3) result.wrong.push(`only ${sockets.length} sockets found in the source`);
    for (const { path, subprotocol, permission } of sockets) {
        const rule = declared[permission];
        if (!rule) result.wrong.push(`${path}: nobody has declared who has ${permission}`);
        for (const who of rule ? ROLES : []) {
            let got = "let through";
            try {
                (await callers[who].socket(path, subprotocol)).destroy();
            } catch (error) {
                got = outcome(error.status);
            }
            cell(`socket ${path}`, who, expected(who, rule), got);
        }
    }
    for (const [who, pem] of [["device", granted.pem], ["nobody", null]]) {
        let got = "let through";
        try {
            const link = await DeviceLink.open(skep, pem);
            await link.send(MESSAGE.HELLO, { v: 1, model: "m", hw: "h", fw: "1", fw_counter: 1, boot: Buffer.alloc(8, 7).toString("base64url"), caps: [],
                seal: Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 9)]).toString("base64url") });
            await link.next(MESSAGE.HELLO_OK, 2000);
            link.close();
        } catch {
            got = "refused";
        }
        cell("link skep-device/1", who, who === "device" ? "let through" : "refused", got);
    }
    return result;
}
