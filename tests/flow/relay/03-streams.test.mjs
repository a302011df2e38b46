// Talk, sound and snapshots through the relay: between a hand-made camera and hand-made viewers, and
// with the simulated camera and `skep view`, which are real at both ends.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { camerasOnline, OWNER, runSkep, setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { enrol } from "../lib/csr.mjs";
import { authorize, DeviceLink, FLAG, KIND, liveOpen, MESSAGE, relayFrame, Uplink } from "../lib/peers.mjs";

const TALK = 0x7a1c, SNAP = 0x5a9, SNAPSHOT = 5;
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };

/** A camera whose uplink is open, and viewers with the actions that they ask for. */
async function bed(t) {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { token } = (await owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 600 })).json;
    const camera = await enrol(owner, token);
    const link = await (await DeviceLink.open(skep, camera.pem)).greet();
    const viewer = async (actions) => {
        const { ws, answer } = await liveOpen(owner, await authorize(owner, camera.id, randomBytes(16), actions));
        assert.equal(answer.ready?.device, camera.id);
        const got = [];
        ws.on("message", (m) => got.push(m));
        ws.frames = (kind) => got.filter((m) => Buffer.isBuffer(m) && m[1] === kind);
        ws.subscribe = (stream) => ws.send(relayFrame(KIND.SUBSCRIBE, "", { stream }));
        ws.say = (stream, size = 120) => ws.send(relayFrame(KIND.TALK, randomBytes(size), { flags: FLAG.KEY, stream }));
        t.after(() => ws.destroy());
        return ws;
    };
    const first = await viewer(["live-main", "talk", "listen", "snapshot"]);
    const { ticket } = JSON.parse((await link.next(MESSAGE.MEDIA_OPEN)).body);
    const up = await (await Uplink.open(skep)).greet(ticket);
    t.after(() => { up.close(); link.close(); });
    const heard = () => up.frames().filter((f) => f.kind === KIND.TALK);
    const refused = (reason) => skep.metric(`skep_refused_total{room="relay",reason="${reason}"}`);
    return { skep, owner, link, up, first, viewer, heard, refused };
}

test("talk goes to the camera that gave credit for it, and nowhere else", async (t) => {
    const { up, first, viewer, heard, refused } = await bed(t);
    first.say(TALK);
    await waitFor(async () => await refused("talk-stream") === 1);
    await up.send(KIND.CREDIT, u32(65536), { stream: TALK });
    await waitFor(async () => { first.say(TALK); return heard().length > 0; });
    const before = heard().length;
    const sent = relayFrame(KIND.TALK, randomBytes(99), { flags: FLAG.KEY, stream: TALK, pts: 12345n });
    first.send(sent);
    await waitFor(() => heard().length > before);
    assert.ok(heard().at(-1).body.equals(sent.subarray(20)), "not a bit is changed");
    const plain = await viewer(["live-main"]);
    plain.say(TALK); // without the right: dropped and counted, the socket goes on
    await waitFor(async () => await refused("talk-right") === 1);
    first.say(TALK + 1); // another stream's id
    first.say(TALK, 16385);
    await waitFor(async () => await refused("talk-size") === 1 && await refused("talk-stream") >= 2);
    const count = heard().length;
    await up.send(KIND.CREDIT, u32(0), { stream: TALK }); // the talk is over
    await waitFor(async () => { first.say(TALK); const n = await refused("talk-stream"); await sleep(20); return n > 3; });
    assert.ok(heard().length <= count + 2);
    assert.ok(!first.isClosed() && !plain.isClosed());
});

test("no more talk is passed on than there is credit for", async (t) => {
    const { up, first, heard, refused } = await bed(t);
    await up.send(KIND.CREDIT, u32(5000), { stream: TALK });
    await waitFor(async () => { first.say(TALK, 18); await sleep(10); return heard().length > 0; });
    for (let i = 0; i < 50; i++) first.say(TALK, 480);
    await waitFor(async () => await refused("talk-credit") > 30);
    const bytes = heard().reduce((sum, f) => sum + 20 + f.body.length, 0);
    assert.ok(bytes <= 5000 && bytes > 3000, `${bytes} bytes`);
});

test("a kind needs its right: pictures come, sound is cut", async (t) => {
    const { up, first, viewer, refused } = await bed(t);
    const plain = await viewer(["live-main"]);
    for (const ws of [first, plain]) { ws.subscribe(7); ws.subscribe(8); }
    await waitFor(() => up.frames().filter((f) => f.kind === KIND.KEYREQ).length === 4, 10000, "both ids asked for by both");
    for (const [kind, stream] of [[KIND.VIDEO, 7], [KIND.AUDIO, 8]]) {
        await up.send(kind, randomBytes(60), { flags: FLAG.INIT, stream });
        await up.send(kind, randomBytes(60), { flags: FLAG.KEY, stream });
        await waitFor(() => first.frames(kind).length >= 2, 10000, "the first group");
        for (let i = 1; i < 4; i++) await up.send(kind, randomBytes(60), { flags: FLAG.KEY, stream, pts: 3600 * i });
        await waitFor(() => first.frames(kind).length === 5);
    }
    await waitFor(() => plain.frames(KIND.VIDEO).length === 5 && plain.frames(KIND.CUT).length === 1);
    assert.equal(plain.frames(KIND.AUDIO).length, 0);
    assert.equal(plain.frames(KIND.CUT)[0].readUInt32BE(4), 8);
    assert.equal(await refused("kind-right"), 1);
});

test("a snapshot is asked for when its viewer is there, reaches him once and is not kept", async (t) => {
    const { owner, up, first, viewer } = await bed(t);
    first.subscribe(SNAP); // before the camera has sent anything under that id
    await waitFor(() => up.frames().some((f) => f.kind === KIND.KEYREQ && f.stream === SNAP));
    await up.send(SNAPSHOT, randomBytes(50000), { flags: FLAG.KEY | FLAG.END | FLAG.NOCACHE, stream: SNAP });
    await waitFor(() => first.frames(SNAPSHOT).length === 1);
    const late = await viewer(["snapshot"]);
    late.subscribe(SNAP);
    await sleep(200);
    assert.equal(late.frames(SNAPSHOT).length, 0);
    await waitFor(async () => (await owner.get("/api/v1/relay")).json.oldest_byte_ms === 0, 1000, "an empty arena");
    assert.equal(first.frames(SNAPSHOT).length, 1);
});

test("the simulated camera is heard, photographed and spoken to", { timeout: 120000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 1 });
    const owner = await setupOwner(skep);
    const [camera] = await camerasOnline(owner, 1);
    assert.deepEqual([...camera.caps].sort(), ["listen", "live-main", "live-sub", "playback", "ptz", "snapshot", "talk"]);
    const file = (name) => join(skep.folder, name);
    await writeFile(file("password"), OWNER.password, { mode: 0o600 });
    await writeFile(file("seed"), Buffer.from(skep.seed, "base64url"), { mode: 0o600 });
    const view = (...more) => runSkep(["view", camera.id, "--server", skep.url, "--ca", join(skep.dataDir, "tls", "ca.crt"),
        "--account", OWNER.name, "--password-file", file("password"), "--seed-file", file("seed"), ...more], { timeout: 60000 });
    const started = Date.now();
    let run = await view("--snapshot", file("now.jpg"));
    assert.equal(run.code, 0, run.stderr);
    const jpeg = await readFile(file("now.jpg"));
    assert.deepEqual([...jpeg.subarray(0, 3), ...jpeg.subarray(-2)], [0xff, 0xd8, 0xff, 0xff, 0xd9]);
    t.diagnostic(`snapshot of ${jpeg.length} bytes, all in ${Date.now() - started} ms`);
    run = await view("--audio", file("sound.mp4"), "--out", file("clip.mp4"), "--seconds", "3");
    assert.equal(run.code, 0, run.stderr);
    const sound = await readFile(file("sound.mp4"));
    assert.equal(sound.subarray(4, 8).toString(), "ftyp");
    const units = []; // every fragment ends with its `free` box, and all are of one size
    for (let at = 0, from = 0; at < sound.length; at += sound.readUInt32BE(at)) {
        const type = sound.subarray(at + 4, at + 8).toString();
        if (type === "moof") from = at;
        if (type === "free") units.push(at + sound.readUInt32BE(at) - from);
    }
    assert.ok(units.length > 60 && new Set(units).size === 1, `${units.length} units, sizes ${[...new Set(units)]}`);
    assert.ok((await readFile(file("clip.mp4"))).length > 20000);
    run = await view("--talk", "--seconds", "2");
    assert.equal(run.code, 0, run.stderr);
    const heard = /heard (\d+) units, (\d+) bytes/.exec(run.stderr);
    assert.ok(heard && Number(heard[1]) > 60 && Number(heard[2]) === 3 * Number(heard[1]), run.stderr);
    await writeFile(file("turn"), JSON.stringify({ commands: [{ do: "ptz.move", arg: { pan: 0.5, tilt: 0, zoom: 1 } },
        { do: "ptz.preset", arg: { set: 3 } }, { do: "ptz.preset", arg: { go: 4 } }, { do: "ptz.stop" }] }));
    run = await view("--command-file", file("turn"), "--out", file("turn.mp4"), "--seconds", "1");
    assert.deepEqual(run.stdout.trim().split("\n"), ["{}", "{}", "not-found", "{}"], run.stderr);
});
