// Recordings: through the relay between a hand-made camera and hand-made viewers, and from the simulated card to a clip
// whose pictures say of which moment they are.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { camerasOnline, OWNER, runSkep, setupOwner, SKEP_BIN, startSkep, test, waitFor } from "../lib/skep.mjs";
import { enrol } from "../lib/csr.mjs";
import { authorize, DeviceLink, FLAG, KIND, liveOpen, MESSAGE, relayFrame, Uplink } from "../lib/peers.mjs";
import { clipCheck } from "./lib.mjs";

const PLAY = 0x91a7, PLAYBACK = 6, WINDOW = 1 << 20;
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };

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
        ws.cuts = () => ws.frames(KIND.CUT).map((m) => m[20]);
        ws.subscribe = (stream = PLAY) => ws.send(relayFrame(KIND.SUBSCRIBE, "", { stream }));
        ws.credit = (bytes, stream = PLAY) => ws.send(relayFrame(KIND.CREDIT, u32(bytes), { stream }));
        t.after(() => ws.destroy());
        return ws;
    };
    const first = await viewer(["playback"]);
    const { ticket } = JSON.parse((await link.next(MESSAGE.MEDIA_OPEN)).body);
    const up = await Uplink.open(skep);
    const greet = () => up.greet(ticket);
    const play = (size, flags = 0, stream = PLAY) => up.send(PLAYBACK, randomBytes(size), { flags: flags | FLAG.NOCACHE, stream });
    const credits = () => up.frames().filter((f) => f.kind === KIND.CREDIT && f.stream === PLAY).map((f) => f.body.readUInt32BE(0));
    t.after(() => { up.close(); link.close(); });
    const refused = (reason) => skep.metric(`skep_refused_total{room="relay",reason="${reason}"}`);
    return { skep, owner, up, greet, first, viewer, play, credits, refused };
}

test("credit reaches the camera, every unit reaches its one viewer, in order and none is kept", async (t) => {
    const { owner, greet, first, viewer, play, credits, refused } = await bed(t);
    first.subscribe();
    first.credit(WINDOW); // before the camera's uplink is there: said again when it is
    await sleep(100);
    await greet();
    await waitFor(() => credits().length === 1);
    assert.deepEqual(credits(), [WINDOW]);
    await play(60, FLAG.INIT);
    await play(5000, FLAG.KEY);
    for (let i = 0; i < 40; i++) await play(1000 + i);
    await waitFor(() => first.frames(PLAYBACK).length === 42);
    assert.deepEqual(first.frames(PLAYBACK).map((m) => m.length - 20), [60, 5000, ...Array.from({ length: 40 }, (_, i) => 1000 + i)]);
    await play(70, FLAG.INIT | FLAG.DISC); // a seek: INIT comes through as a unit of its own
    await play(100, FLAG.KEY | FLAG.DISC);
    await waitFor(() => first.frames(PLAYBACK).length === 44);
    const other = await viewer(["playback"]); // knows the id from somewhere
    other.subscribe();
    await waitFor(() => other.cuts().length === 1);
    assert.deepEqual(other.cuts(), [5]);
    const plain = await viewer(["live-main"]);
    plain.subscribe();
    await waitFor(() => plain.cuts().length === 1);
    assert.deepEqual(plain.cuts(), [1]);
    await play(100);
    await waitFor(() => first.frames(PLAYBACK).length === 45);
    assert.equal(other.frames(PLAYBACK).length + plain.frames(PLAYBACK).length, 0);
    assert.equal(await refused("playback-taken"), 1);
    await waitFor(async () => (await owner.get("/api/v1/relay")).json.oldest_byte_ms === 0, 2000, "an empty arena");
});

test("more than there is credit for ends the playback, told to its viewer; small change is not taken", async (t) => {
    const { greet, first, play, credits, refused } = await bed(t);
    await greet();
    first.subscribe();
    first.credit(100);
    await waitFor(async () => await refused("credit-small") === 1);
    first.credit(5000);
    await waitFor(() => credits().length === 1);
    await play(100, FLAG.INIT);
    await play(1000, FLAG.KEY);
    await waitFor(() => first.frames(PLAYBACK).length === 2);
    first.credit(1100);
    await waitFor(() => credits().length === 2);
    first.credit(4 * WINDOW); // never more than the window
    await waitFor(() => credits().length === 3);
    assert.equal(credits()[2], WINDOW - (5000 - 120 - 1020 + 1100));
    for (let i = 0; i < 4; i++) await play(WINDOW / 4);
    await waitFor(() => first.cuts().length === 1);
    assert.deepEqual(first.cuts(), [5]);
    assert.equal(first.frames(PLAYBACK).length, 5);
    assert.equal(await refused("playback-credit"), 1);
    assert.ok(!first.isClosed());
    first.credit(2000, PLAY + 1);
    await waitFor(async () => await refused("credit-stream") === 1);
});

test("a viewer whose socket broke goes on with a new one, and nobody is served in between", async (t) => {
    const { owner, greet, first, viewer, play, credits } = await bed(t);
    await greet();
    first.subscribe();
    first.credit(WINDOW);
    await waitFor(() => credits().length === 1);
    await play(60, FLAG.INIT);
    await play(500, FLAG.KEY);
    await waitFor(() => first.frames(PLAYBACK).length === 2);
    first.destroy();
    const again = await viewer(["playback"]);
    await waitFor(async () => (await owner.get("/api/v1/relay")).json.viewers === 0, 5000, "the old socket is gone");
    again.subscribe();
    await waitFor(async () => (await owner.get("/api/v1/relay")).json.viewers === 1, 5000, "the new one is there");
    await play(700); // sent under the credit of the old socket
    await waitFor(() => again.frames(PLAYBACK).length === 1);
    again.credit(WINDOW);
    await waitFor(() => credits().length === 2);
    assert.equal(credits()[1], WINDOW);
    await play(61, FLAG.INIT | FLAG.DISC); // the seek with which it begins
    await play(501, FLAG.KEY | FLAG.DISC);
    await waitFor(() => again.frames(PLAYBACK).length === 3);
    assert.deepEqual(again.cuts(), []);
});

test("a recording without NOCACHE is a breach", async (t) => {
    const { greet, up, refused } = await bed(t);
    await greet();
    await up.send(PLAYBACK, randomBytes(50), { flags: FLAG.INIT, stream: PLAY });
    await waitFor(async () => await refused("media-kind") === 1);
});

/** A fleet of one whose pictures carry clock cells. */
async function cardBed(t) {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { token } = (await owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 600, simulated: true })).json;
    const file = (name) => join(skep.folder, name);
    await writeFile(file("ca.pem"), skep.caPem);
    await writeFile(file("password"), OWNER.password, { mode: 0o600 });
    const fleet = spawn(SKEP_BIN, ["fleet", "--count", "1", "--clock-cells", "--quiet", "--dir", skep.fleetDir, "--server", skep.url,
        "--ca", file("ca.pem"), "--token-file", "-"], { stdio: ["pipe", "inherit", "inherit"] });
    t.after(() => fleet.kill("SIGTERM"));
    fleet.stdin.end(token);
    const [camera] = await camerasOnline(owner, 1);
    const view = (...more) => runSkep(["view", camera.id, "--server", skep.url, "--ca", file("ca.pem"), "--account", OWNER.name,
        "--password-file", file("password"), "--seed-file", join(skep.fleetDir, "seed"), ...more], { timeout: 60000 });
    return { skep, owner, camera, file, view };
}

const low40 = (ms) => Number(BigInt.asUintN(40, BigInt(ms)));
const text = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

test("the card is listed, and five seconds of the past become a clip that says so", { timeout: 120000 }, async (t) => {
    const { camera, file, view } = await cardBed(t);
    assert.ok(camera.caps.includes("playback"));
    let run = await view("--recordings");
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /source: simulated/);
    const ranges = run.stdout.split("\n").map((line) => /^(\S+Z) {2}(\S+Z) {2}(\d+) s$/.exec(line)).filter(Boolean)
        .map(([, from, to]) => ({ from: Date.parse(from), to: Date.parse(to) }));
    assert.ok(ranges.length > 40 && /^ {2}\S+Z {2}motion$/m.test(run.stdout), run.stdout.slice(0, 300));
    for (let i = 1; i < ranges.length; i++) assert.ok(ranges[i].from > ranges[i - 1].to, "a gap between them");

    const at = ranges[20].from + 10000; // hours ago
    const started = Date.now();
    run = await view("--playback", "--from", text(at), "--seconds", "5", "--out", file("past.mp4"));
    assert.equal(run.code, 0, run.stderr);
    t.diagnostic(`five seconds played in ${Date.now() - started} ms: ${run.stderr.trim().split("\n").at(-1).trim()}`);
    const clip = clipCheck(file("past.mp4"));
    assert.deepEqual([clip.pictures, clip.width, clip.height], [125, 1280, 720]);
    assert.deepEqual([clip.first, clip.last], [low40(at), low40(at + 4960)], "the burnt-in clock");
    assert.ok(Date.now() - at > 3600000);

    // Across a gap: what lies before and behind it, without a hole in the file.
    run = await view("--playback", "--from", text(ranges[21].to - 2000), "--to", text(ranges[22].from + 2000), "--stream", "sub", "--out", file("gap.mp4"));
    assert.equal(run.code, 0, run.stderr);
    assert.ok(run.stderr.includes(`nothing is recorded from ${text(ranges[21].to)} to ${text(ranges[22].from)}`), run.stderr);
    const gap = clipCheck(file("gap.mp4"));
    assert.equal(gap.pictures, 60);
    assert.equal(gap.first, low40(ranges[21].to - 2000));
    assert.ok(gap.last > low40(ranges[22].from) && gap.last < low40(ranges[22].from + 2000));
    assert.ok(gap.ms < 4100, `${gap.ms} ms`);

    // Fast: key pictures only.
    run = await view("--playback", "--from", text(at), "--seconds", "20", "--speed", "16", "--out", file("fast.mp4"));
    assert.equal(run.code, 0, run.stderr);
    assert.equal(clipCheck(file("fast.mp4")).pictures, 10);

    run = await view("--playback", "--from", text(Date.now() + 3600000), "--seconds", "5", "--out", file("none.mp4"));
    assert.equal(run.code, 1);
    assert.match(run.stderr, /refuses: not-found/);
    run = await view("--playback", "--from", "yesterday", "--out", file("none.mp4"));
    assert.equal(run.code, 2);
});
