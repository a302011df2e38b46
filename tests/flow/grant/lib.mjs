// People for the tests of the front door, and a bed in which a right is taken while it is in use.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { api, login, setupOwner, startSkep, waitFor } from "../lib/skep.mjs";
import { enrol } from "../lib/csr.mjs";
import { authorize, DeviceLink, FLAG, KIND, liveOpen, MESSAGE, relayFrame, signalOpen, Uplink } from "../lib/peers.mjs";

export const PASSWORD = "seven blue kettles on a roof";
const STREAM = 0x77;

/** Invite and join -> an Api that is logged in, with `account` and `name`. */
export async function member(skep, owner, { role = "member", name = `p-${randomBytes(4).toString("hex")}`, grants = [], bearer = false } = {}) {
    const made = await owner.post("/api/v1/invitations", { role, ...(grants.length ? { grants } : {}) });
    assert.equal(made.status, 201, made.text);
    const client = api(skep);
    const answer = await client.post("/api/v1/join", { token: made.json.token, name, password: PASSWORD, ...(bearer ? { bearer } : {}) }, { timeout: 60000 });
    assert.equal(answer.status, 201, answer.text);
    client.sessionTake(answer);
    client.account = answer.json.account.id;
    client.name = name;
    return client;
}

export async function grant(owner, terms) {
    const answer = await owner.post("/api/v1/grants", terms);
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

/** `count` hand-made cameras, enrolled and not linked. */
export async function cameras(owner, count) {
    const { token } = (await owner.post("/api/v1/enrolment-tokens", { count, ttl_s: 600 })).json;
    const list = [];
    for (let i = 0; i < count; i++) list.push(await enrol(owner, token, { name: `cam ${i}` }));
    return list;
}

/** A box with one linked camera that sends without pause to the owner's viewer. */
export async function cutBed(t) {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [camera] = await cameras(owner, 1);
    const link = await (await DeviceLink.open(skep, camera.pem)).greet();
    const first = await liveOpen(owner, await authorize(owner, camera.id, randomBytes(16)));
    assert.ok(first.answer.ready);
    first.ws.send(relayFrame(KIND.SUBSCRIBE, "", { stream: STREAM }));
    const { ticket } = JSON.parse((await link.next(MESSAGE.MEDIA_OPEN)).body);
    const up = await (await Uplink.open(skep)).greet(ticket);
    let sending = true, pts = 0;
    const send = (flags) => up.send(KIND.VIDEO, randomBytes(1000), { flags, stream: STREAM, pts: (pts += 3600) });
    await send(FLAG.INIT);
    const stream = (async () => { for (let i = 0; sending; i++, await sleep(5)) await send(i % 20 ? 0 : FLAG.KEY); })().catch(() => {}); // the box may stop first
    t.after(async () => { sending = false; await stream; up.close(); link.close(); first.ws.destroy(); });
    const notices = (account) => link.messages().filter((m) => m.id === MESSAGE.NOTICE)
        .map((m) => JSON.parse(m.body)).filter((n) => n.kind === "revoke" && n.account === account).length;
    const frames = { count: 0 };
    first.ws.on("message", (m) => { if (Buffer.isBuffer(m) && m[1] === KIND.VIDEO) frames.count++; });
    return { skep, owner, camera, link, notices, frames };
}

/** `who` watches: one signaling session and one stream, both running. */
export async function watch(bed, who) {
    const session = randomBytes(16);
    const code = await authorize(who, bed.camera.id, session, ["live-main"]);
    const { ws: signal, answer } = await signalOpen(who, bed.camera.id, session, code);
    assert.ok(answer.opened, JSON.stringify(answer));
    const { ws: live, answer: ready } = await liveOpen(who, code);
    assert.ok(ready.ready, JSON.stringify(ready));
    const seen = { units: 0, lastUnit: 0, cut: 0, cutReason: 0, ended: 0, endReason: 0, liveClosed: 0, signalClosed: 0 };
    live.on("message", (m) => {
        if (!Buffer.isBuffer(m)) return;
        if (m[1] === KIND.VIDEO) { seen.units++; seen.lastUnit = Date.now(); }
        if (m[1] === KIND.CUT) { seen.cut ||= Date.now(); seen.cutReason ||= m.at(-1); }
    });
    live.on("close", () => { seen.liveClosed ||= Date.now(); });
    signal.on("message", (m) => {
        if (Buffer.isBuffer(m) && m[1] === 2) { seen.ended ||= Date.now(); seen.endReason ||= m.at(-1); }
    });
    signal.on("close", () => { seen.signalClosed ||= Date.now(); });
    live.send(relayFrame(KIND.SUBSCRIBE, "", { stream: STREAM }));
    await waitFor(() => seen.units > 2, 5000, "the stream");
    return { seen, code, close: () => { live.destroy(); signal.destroy(); } };
}

/** How a right can go: each gives `who` the right, and a function that takes it and says when that was. */
export const ways = {
    async grant({ owner, camera }, who) {
        const { id } = await grant(owner, { subject: { account: who.account }, object: { device: camera.id }, actions: ["live-main"] });
        return async () => { const at = Date.now(); assert.equal((await owner.delete(`/api/v1/grants/${id}`)).status, 204); return at; };
    },
    async expiry({ owner, camera }, who) {
        const not_after = Date.now() + 1500;
        const { id } = await grant(owner, { subject: { account: who.account }, object: { device: camera.id }, actions: ["live-main"], not_after });
        return async () => {
            await sleep(Math.max(0, not_after - Date.now()));
            who.cleanup = id;
            return not_after;
        };
    },
    async tag({ owner, camera }, who) {
        assert.equal((await owner.patch(`/api/v1/devices/${camera.id}`, { tags: ["garden"] })).status, 200);
        who.cleanup = (await grant(owner, { subject: { account: who.account }, object: { tag: "garden" }, actions: ["live-main"] })).id;
        return async () => { const at = Date.now(); assert.equal((await owner.patch(`/api/v1/devices/${camera.id}`, { tags: [] })).status, 200); return at; };
    },
    async role({ owner, camera }, who) {
        who.cleanup = (await grant(owner, { subject: { role: "member" }, object: { device: camera.id }, actions: ["live-main"] })).id;
        return async () => {
            const at = Date.now();
            assert.equal((await owner.patch(`/api/v1/accounts/${who.account}`, { role: "admin" })).status, 200);
            who.again = () => owner.patch(`/api/v1/accounts/${who.account}`, { role: "member" });
            return at;
        };
    },
    async disable({ skep, owner, camera }, who) {
        who.cleanup = (await grant(owner, { subject: { account: who.account }, object: { device: camera.id }, actions: ["live-main"] })).id;
        return async () => {
            const at = Date.now();
            assert.equal((await owner.patch(`/api/v1/accounts/${who.account}`, { state: "disabled" })).status, 200);
            who.again = async () => {
                assert.equal((await owner.patch(`/api/v1/accounts/${who.account}`, { state: "active" })).status, 200);
                await comeBack(skep, who);
            };
            return at;
        };
    },
    /** The session ends, the right does not: the streams go, the camera has no key to change. */
    async logout({ skep, owner, camera }, who) {
        who.cleanup = (await grant(owner, { subject: { account: who.account }, object: { device: camera.id }, actions: ["live-main"] })).id;
        return async () => { const at = Date.now(); assert.equal((await who.post("/api/v1/logout")).status, 204); who.again = () => comeBack(skep, who); return at; };
    },
    async elsewhere({ skep, owner, camera }, who) {
        who.cleanup = (await grant(owner, { subject: { account: who.account }, object: { device: camera.id }, actions: ["live-main"] })).id;
        const other = await login(skep, { name: who.name, password: PASSWORD, bearer: true });
        return async () => { const at = Date.now(); assert.equal((await other.post("/api/v1/sessions/revoke-others")).status, 200); who.again = () => comeBack(skep, who); return at; };
    },
};
const QUIET = new Set(["logout", "elsewhere"]); // no notice to the camera: nobody lost a right

async function comeBack(skep, who) {
    who.bearer = (await login(skep, { name: who.name, password: PASSWORD, bearer: true })).bearer;
}

/**
 * One try: `who` watches by a right that goes in this way. -> ms until the last of: the stream is cut, signaling is
 * ended, the camera is told. Afterwards `who` is as before, without the right.
 */
export async function cutOnce(bed, who, way) {
    const before = bed.notices(who.account);
    const take = await ways[way](bed, who);
    const view = await watch(bed, who);
    const at = await take();
    const gone = (s) => (s.cut || s.liveClosed) && (s.ended || s.signalClosed);
    await waitFor(() => gone(view.seen) && (QUIET.has(way) || bed.notices(who.account) > before), 5000, `the cut by ${way}`);
    const told = Date.now();
    const { seen } = view;
    const ms = { stream: (seen.cut || seen.liveClosed) - at, signaling: (seen.ended || seen.signalClosed) - at, camera: told - at };
    await sleep(30);
    assert.ok(seen.lastUnit <= told, "no unit comes after the cut");
    if (seen.cut && !QUIET.has(way)) assert.equal(seen.cutReason, 1, "CUT revoked");
    if (seen.ended && !QUIET.has(way)) assert.equal(seen.endReason, 4, "UNDELIVERABLE revoked");
    view.close();
    await who.again?.();
    if (who.cleanup) await bed.owner.delete(`/api/v1/grants/${who.cleanup}`);
    delete who.again;
    delete who.cleanup;
    return { way, ...ms, all: Math.max(...Object.values(ms)) };
}

export const p99 = (list) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.ceil(list.length * 0.99) - 1)];

/** `tries` cuts, the ways in turn -> a list of what cutOnce gives. */
export async function cutTries(t, tries) {
    const bed = await cutBed(t);
    const who = await member(bed.skep, bed.owner, { bearer: true });
    const results = [];
    for (let i = 0; i < tries; i++) results.push(await cutOnce(bed, who, Object.keys(ways)[i % Object.keys(ways).length]));
    const before = bed.frames.count;
    await waitFor(() => bed.frames.count > before + 5, 2000, "the owner's stream goes on");
    return results;
}
