// The headless viewer against simulated cameras: what it writes can be decoded.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { camerasOnline, OWNER, runSkep, setupOwner, SKEP_BIN, SLOW, startSkep, test, waitFor } from "../lib/skep.mjs";
import { clipCheck } from "./lib.mjs";

async function bed(t, fleet) {
    const skep = await startSkep({ t, fleet });
    const owner = await setupOwner(skep);
    const devices = await camerasOnline(owner, fleet);
    const file = (name, bytes) => { const path = join(skep.folder, name); writeFileSync(path, bytes, { mode: 0o600 }); return path; };
    const common = ["--server", skep.url, "--ca", file("ca.pem", skep.caPem), "--account", OWNER.name,
        "--password-file", file("password", OWNER.password), "--seed-file", file("seed", Buffer.from(skep.seed, "base64url"))];
    const args = (device, out, more = []) => ["view", device, ...common, "--out", join(skep.folder, out), ...more];
    return { skep, owner, devices, args, file };
}

test("two viewers of one camera, main and sub, each with a clip that decodes", async (t) => {
    const { skep, devices, args } = await bed(t, 2);
    const [a] = devices;
    const runs = await Promise.all([
        runSkep(args(a.id, "a.mp4", ["--seconds", "3"])),
        runSkep(args(a.id, "b.mp4", ["--seconds", "3"])),
        runSkep(args(a.id, "sub.mp4", ["--seconds", "3", "--stream", "sub"])),
    ]);
    for (const run of runs) assert.equal(run.code, 0, run.stderr);
    for (const [name, width, height, least] of [["a", 1280, 720, 50], ["b", 1280, 720, 50], ["sub", 640, 360, 30]]) {
        const clip = clipCheck(join(skep.folder, `${name}.mp4`));
        assert.deepEqual([clip.width, clip.height], [width, height]);
        assert.ok(clip.pictures >= least, `${name}: ${clip.pictures} pictures`);
    }
});

test("wrong label, unknown camera, wrong account: each says what it is and writes nothing", async (t) => {
    const { devices, args, file } = await bed(t, 1);
    const other = await runSkep(args(devices[0].id, "x.mp4").map((a) => (a.endsWith("/seed") ? file("wrong", Buffer.alloc(16, 9)) : a)));
    assert.equal(other.code, 1);
    assert.match(other.stderr, /password does not fit/);
    const unknown = await runSkep(args("a".repeat(26), "x.mp4"));
    assert.equal(unknown.code, 1);
    const stranger = await runSkep(args(devices[0].id, "x.mp4").map((a) => (a.endsWith("/password") ? file("no", "not the word at all") : a)));
    assert.equal(stranger.code, 1);
    assert.match(stranger.stderr, /logging in/);
});

test("a logout cuts a running view within a second; the bytes held stay young", async (t) => {
    const { skep, owner, devices, args } = await bed(t, 1);
    const proc = spawn(SKEP_BIN, args(devices[0].id, "cut.mp4", ["--seconds", "60"]), { stdio: ["ignore", "ignore", "pipe"] });
    t.after(() => proc.kill("SIGKILL"));
    let stderr = "";
    proc.stderr.on("data", (d) => { stderr += d; });
    const ended = new Promise((done) => proc.once("close", (code) => done({ code, at: Date.now() })));
    await waitFor(() => stderr.includes("avc1"), 15000, "the stream");
    let oldest = 0, polls = 0;
    for (const end = Date.now() + 5000; Date.now() < end; polls++) {
        const relay = (await owner.get("/api/v1/relay")).json;
        oldest = Math.max(oldest, relay.oldest_byte_ms);
        await sleep(50);
    }
    assert.ok(oldest > 0 && oldest < 4000, `the oldest byte held was ${oldest} ms old in ${polls} looks`);
    const { sessions } = (await owner.get("/api/v1/sessions")).json;
    const at = Date.now();
    for (const s of sessions.filter((one) => !one.current)) await owner.delete(`/api/v1/sessions/${s.id}`);
    const end = await ended;
    assert.equal(end.code, 1);
    assert.ok(end.at - at < 1000 * SLOW, `the view ended after ${end.at - at} ms`);
    await waitFor(async () => (await owner.get("/api/v1/relay")).json.viewers === 0, 3000, "no viewer left");
    assert.ok(clipCheck(join(skep.folder, "cut.mp4")).pictures > 20, "what came until then decodes");
});
