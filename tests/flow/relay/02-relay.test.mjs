// The relay between a hand-made camera and hand-made viewers: nobody waits for anybody else.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { login, setupOwner, SLOW, startSkep, test, waitFor } from "../lib/skep.mjs";
import { enrol } from "../lib/csr.mjs";
import { authorize, DeviceLink, FLAG, KIND, liveOpen, MESSAGE, relayFrame, Uplink } from "../lib/peers.mjs";

const STREAM = 0x1234;
const flagsOf = (m) => m.readUInt16BE(2);
const isMedia = (m) => Buffer.isBuffer(m) && m[1] === KIND.VIDEO;

/** A camera whose uplink is open because somebody shows a code. */
async function bed(t) {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { token } = (await owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 600 })).json;
    const camera = await enrol(owner, token);
    const link = await (await DeviceLink.open(skep, camera.pem)).greet();
    const viewer = async (client = owner) => {
        const { ws, answer } = await liveOpen(client, await authorize(client, camera.id, randomBytes(16)));
        assert.equal(answer.ready?.device, camera.id);
        const got = [];
        ws.on("message", (m) => got.push({ m, at: Date.now() }));
        ws.media = () => got.filter(({ m }) => isMedia(m));
        ws.control = (kind) => got.filter(({ m }) => Buffer.isBuffer(m) && m[1] === kind);
        ws.subscribe = () => ws.send(relayFrame(KIND.SUBSCRIBE, "", { stream: STREAM }));
        t.after(() => ws.destroy());
        return ws;
    };
    const first = await viewer();
    first.subscribe();
    const { ticket } = JSON.parse((await link.next(MESSAGE.MEDIA_OPEN)).body);
    const up = await (await Uplink.open(skep)).greet(ticket);
    t.after(() => { up.close(); link.close(); });
    let pts = 0;
    const send = (flags, size = 2000) => up.send(KIND.VIDEO, randomBytes(size), { flags, stream: STREAM, pts: (pts += 3600) });
    return { skep, owner, camera, link, up, first, viewer, send };
}

test("a second viewer has its first picture from the cache at once", async (t) => {
    const { first, viewer, send } = await bed(t);
    await send(FLAG.INIT);
    await send(FLAG.KEY, 30000);
    for (let i = 0; i < 10; i++) await send(0);
    await waitFor(() => first.media().length === 12);
    const second = await viewer();
    const at = Date.now();
    second.subscribe();
    await waitFor(() => second.media().length === 12, 2000, "the cached group");
    assert.ok(Date.now() - at < 300 * SLOW, `${Date.now() - at} ms`);
    assert.deepEqual(second.media().slice(0, 2).map(({ m }) => flagsOf(m)), [FLAG.INIT, FLAG.KEY]);
    for (const [i, { m }] of second.media().entries()) assert.ok(m.equals(first.media()[i].m), "not a bit is changed");
    await send(0);
    await waitFor(() => second.media().length === 13 && first.media().length === 13);
});

test("what is held is dropped before it is 4 s old, also with nobody sending", async (t) => {
    const { owner, viewer, first, send } = await bed(t);
    await send(FLAG.INIT);
    await send(FLAG.KEY);
    await waitFor(() => first.media().length === 2);
    let oldest = 0;
    for (const end = Date.now() + 5000; Date.now() < end; await sleep(20))
        oldest = Math.max(oldest, (await owner.get("/api/v1/relay")).json.oldest_byte_ms);
    assert.ok(oldest > 2000 && oldest < 4000, `${oldest} ms`);
    const late = await viewer();
    late.subscribe();
    await sleep(300);
    assert.ok(!late.media().some(({ m }) => flagsOf(m) & FLAG.KEY), "an old keyframe is not shown as live");
});

test("a viewer that stops reading skips to a keyframe; the other notices nothing", { timeout: 90000 }, async (t) => {
    const { first, viewer, send } = await bed(t);
    const slow = await viewer();
    slow.subscribe();
    await send(FLAG.INIT);
    await send(FLAG.KEY, 60000);
    await waitFor(() => first.media().length === 2 && slow.media().length === 2);
    slow.pauseReading();
    let sent = 2;
    const at = Date.now();
    for (let group = 0; group < 20; group++) {
        for (let i = 0; i < 12; i++, sent++) {
            await send(i === 0 ? FLAG.KEY : 0, i === 0 ? 300000 : 60000);
            await waitFor(() => first.media().length === sent + 1, 5000, "the quick viewer gets each unit");
        }
    }
    const took = Date.now() - at;
    assert.equal(first.control(KIND.SKIPPED).length, 0);
    slow.resumeReading();
    await waitFor(async () => { // the first keyframe may come before its queue is empty
        await send(FLAG.KEY);
        sent++;
        await waitFor(() => first.media().length === sent);
        return slow.control(KIND.SKIPPED).length > 0 || slow.isClosed();
    }, 10000, "the slow one is told");
    if (!slow.isClosed()) {
        await waitFor(() => slow.media().at(-1).m.equals(first.media().at(-1).m), 5000, "it goes on with the newest");
        assert.ok(slow.media().length < sent, "and did not get everything");
        const skipped = slow.control(KIND.SKIPPED).reduce((n, { m }) => n + m.readUInt32BE(20), 0);
        assert.equal(slow.media().length + skipped, sent, "what it lost is counted");
    }
    assert.ok(took < 20000 * SLOW, `${took} ms`);
});

test("a logout cuts streams within a second; a camera that goes says so", async (t) => {
    const { skep, owner, up, first, viewer, send } = await bed(t);
    const other = await login(skep, { bearer: true });
    const theirs = await viewer(other);
    theirs.subscribe();
    await send(FLAG.INIT);
    await send(FLAG.KEY);
    await waitFor(() => theirs.media().length === 2 && first.media().length === 2);
    let sending = true;
    const stream = (async () => { while (sending) { await send(0); await sleep(20); } })();
    const at = Date.now();
    await other.post("/api/v1/logout");
    await theirs.closed(3000);
    assert.ok(Date.now() - at < 1000 * SLOW, `${Date.now() - at} ms`);
    const last = theirs.media().at(-1).at;
    assert.ok(last - at < 1000 * SLOW, "and no unit came later");
    const before = first.media().length;
    await waitFor(() => first.media().length > before + 5, 2000, "the owner goes on");
    sending = false;
    await stream;
    const ledger = (await owner.get("/api/v1/relay")).json.ledger;
    assert.ok(ledger[0].in_bytes > 0 && ledger[0].out_bytes >= ledger[0].in_bytes);
    up.close();
    await waitFor(() => first.control(KIND.CUT).length > 0, 2000, "CUT");
    assert.equal(first.control(KIND.CUT)[0].m.at(-1), 3);
});

test("a removed camera's stream is cut within a second", async (t) => {
    const { owner, camera, first, send, up } = await bed(t);
    await send(FLAG.INIT);
    await send(FLAG.KEY);
    await waitFor(() => first.media().length === 2);
    const at = Date.now();
    await owner.delete(`/api/v1/devices/${camera.id}`);
    await waitFor(() => first.control(KIND.CUT).length > 0, 2000, "CUT");
    assert.ok(Date.now() - at < 1000 * SLOW, `${Date.now() - at} ms`);
    await up.tls.untilClose(2000);
});

test("a camera that comes back over a new link does not wait for its dead uplink", async (t) => {
    const { skep, camera, up, first, send } = await bed(t);
    await send(FLAG.INIT);
    await send(FLAG.KEY);
    await waitFor(() => first.media().length === 2);
    // Its old connections are still open as far as the box can tell; nobody asks for anything.
    const link = await (await DeviceLink.open(skep, camera.pem)).greet();
    const { ticket } = JSON.parse((await link.next(MESSAGE.MEDIA_OPEN, 2000 * SLOW)).body);
    const next = await (await Uplink.open(skep)).greet(ticket);
    t.after(() => { next.close(); link.close(); });
    await waitFor(() => up.frames().some((f) => f.kind === KIND.CUT && f.body[0] === 4), 2000, "CUT: replaced");
    await next.send(KIND.VIDEO, randomBytes(500), { flags: FLAG.INIT, stream: STREAM, pts: 900000 });
    await next.send(KIND.VIDEO, randomBytes(500), { flags: FLAG.KEY, stream: STREAM, pts: 900000 });
    await waitFor(() => first.media().length === 4, 2000, "pictures over the new uplink");
});
