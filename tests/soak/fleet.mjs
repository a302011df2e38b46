// A long run: twelve cameras, three viewers that come and go, and the server's memory, descriptors
// and oldest byte watched the while.  node tests/soak/fleet.mjs [seconds]
// Prints "soak <name> <value> <unit>"; fails when memory or descriptors keep growing.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { camerasOnline, OWNER, runSkep, setupOwner, startSkep } from "../flow/lib/skep.mjs";

const seconds = Number(process.argv[2] ?? 600);
const CAMERAS = 12, VIEWERS = 3, VIEW_S = 15, SAMPLE_MS = 2000, GROWTH_MAX = 1.1, SLACK_BYTES = 4 << 20;

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

async function sample(skep) {
    const status = await readFile(`/proc/${skep.pid}/status`, "utf8");
    const fds = await readdir(`/proc/${skep.pid}/fd`);
    return { rss: Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]) * 1024, fds: fds.length };
}

/** One viewer: a camera after the other, a few seconds each, by the real `skep view`. */
async function watch(skep, nth, devices, until, tally) {
    for (let i = nth; Date.now() < until; i += VIEWERS) {
        const device = devices[i % devices.length];
        const clip = join(skep.folder, `clip-${nth}.mp4`);
        const { code, stderr } = await runSkep(["view", device.id, "--server", skep.url, "--ca", join(skep.dataDir, "tls", "ca.crt"),
            "--account", OWNER.name, "--password-file", join(skep.folder, "password"), "--seed-file", join(skep.folder, "seed"),
            "--seconds", String(VIEW_S), "--out", clip, "--quiet"], { timeout: 120000 });
        if (code === 0) tally.views++;
        else return void tally.failures.push(`${device.name}: ${stderr.trim()}`);
    }
}

const skep = await startSkep({ fleet: CAMERAS });
let failed = false;
try {
    const owner = await setupOwner(skep);
    const devices = await camerasOnline(owner, CAMERAS);
    await writeFile(join(skep.folder, "password"), OWNER.password, { mode: 0o600 });
    await writeFile(join(skep.folder, "seed"), Buffer.from(skep.seed, "base64url"), { mode: 0o600 });
    const until = Date.now() + seconds * 1000;
    const tally = { views: 0, failures: [] };
    const viewers = Array.from({ length: VIEWERS }, (_, n) => watch(skep, n, devices, until, tally));
    const samples = [];
    while (Date.now() < until) {
        samples.push(await sample(skep));
        await sleep(SAMPLE_MS);
    }
    await Promise.all(viewers);
    // The first fifth warms up; then the early part is held against the last.
    const part = Math.max(1, Math.floor(samples.length / 5));
    const early = samples.slice(part, 2 * part), late = samples.slice(-part);
    const rss = [early, late].map((list) => median(list.map((s) => s.rss)));
    const fds = [early, late].map((list) => median(list.map((s) => s.fds)));
    const last = (await owner.get("/api/v1/devices")).json;
    for (const [name, value, unit] of [["seconds", seconds, "s"], ["views", tally.views, "count"], ["views_failed", tally.failures.length, "count"],
        ["rss_early", rss[0], "bytes"], ["rss_late", rss[1], "bytes"], ["fds_early", fds[0], "count"], ["fds_late", fds[1], "count"]])
        console.log(`soak ${name} ${value} ${unit}`);
    for (const d of last.devices.filter((d) => d.state !== "online")) console.log(`# offline at the end: ${d.name}`);
    for (const line of tally.failures.slice(0, 10)) console.log(`# ${line}`);
    failed = last.online < CAMERAS || tally.views === 0 || tally.failures.length > 0 || rss[1] > rss[0] * GROWTH_MAX + SLACK_BYTES || fds[1] > fds[0] + 8;
    if (failed) console.log(skep.logTail(30));
} finally {
    await skep.stop();
}
console.log(failed ? "0 passed, 1 failed" : "1 passed, 0 failed");
process.exitCode = failed ? 1 : 0;
