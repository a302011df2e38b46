// Point 4 of first light: load on a server of its own, beside mosquitto in the same run.
//   SKEP_BIN=build/skep node tests/bench/run.mjs [--links N] [--peer N] [--pairs N] [--viewers N] [--seconds N]
// Prints "show 4 <name> <value> <unit>"; on stderr what is being done, with the load average. The
// server and the broker run on core 0, the generators (build/bench/load_*) on the last core.
// tests/bench/README.md says what each figure means.
import { spawn, spawnSync } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { OWNER, SKEP_BIN, setupOwner, startSkep, waitFor } from "../flow/lib/skep.mjs";
import { toolEnsure } from "./tools.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const tools = join(dirname(resolve(SKEP_BIN)), "bench");
const { values } = parseArgs({ options: Object.fromEntries(Object.entries({
    links: "10000", full: "2000", enrol: "500", peer: "2000", pairs: "5", viewers: "200", seconds: "8", idle: "60", kills: "3",
}).map(([name, standard]) => [name, { type: "string", default: standard }])) });
const N = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
N.full = Math.min(N.full, N.links);
N.enrol = Math.min(N.enrol, N.links);
N.peer = Math.min(N.peer, N.links);
N.sessions = Math.min(2500, N.links);

const cores = cpus().length;
const BROKER_URL = "https://localhost:18883"; // as in mosquitto.conf
const children = new Set();
process.on("exit", () => { for (const child of children) child.kill("SIGKILL"); });

function show(name, value, unit, digits = 3) {
    if (Number.isFinite(value)) console.log(`show 4 ${name} ${Number(value.toFixed(digits))} ${unit}`);
}

const stealTicks = async () => Number((await readFile("/proc/stat", "utf8")).split("\n")[0].split(/\s+/)[8]);
let stealBefore = await stealTicks();
async function say(what) {
    const steal = await stealTicks();
    console.error(`# ${what}; load ${loadavg()[0].toFixed(2)}, stolen ${steal - stealBefore} ticks since`);
    stealBefore = steal;
}

const median = (list) => list.slice().sort((a, b) => a - b)[Math.floor(list.length / 2)];

// ---- processes ----

async function cpuSeconds(pid) {
    const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100; // USER_HZ
}

async function rssBytes(pid) {
    return Number((await readFile(`/proc/${pid}/statm`, "utf8")).split(" ")[1]) * 4096;
}

/** All threads of a process on one core, also those that it will start. */
async function pin(pid, core) {
    if (cores < 2) return;
    for (const thread of await readdir(`/proc/${pid}/task`)) spawnSync("taskset", ["-pc", String(core), thread]);
}

function start(command, args, options = {}) {
    const pinned = cores < 2 ? [command, ...args] : ["taskset", "-c", String(options.core ?? cores - 1), command, ...args];
    const child = spawn(pinned[0], pinned.slice(1), { stdio: ["ignore", "pipe", options.quiet ? "ignore" : "inherit"], cwd: options.cwd });
    children.add(child);
    child.figures = new Map();
    child.ended = new Promise((done) => child.once("exit", (code) => { children.delete(child); done(code); }));
    createInterface({ input: child.stdout }).on("line", (line) => {
        const [name, value] = line.split(" ");
        child.figures.set(name, Number(value));
        options.onFigure?.(name, Number(value));
    });
    return child;
}

async function load(name, args) {
    const child = start(join(tools, name), args);
    const code = await child.ended;
    if (code !== 0) throw new Error(`${name} ended with ${code}`);
    return child.figures;
}

async function end(child) {
    child.kill("SIGTERM");
    await child.ended;
}

/** Device links that stay; resolves when all are up. */
async function linksStart(box, count, more = []) {
    const child = start(join(tools, "load_links"), ["--server", box.url, "--dir", box.cams, "--count", String(count), ...more]);
    await Promise.race([
        waitFor(() => child.figures.has("connect_s"), 600000, `${count} links`),
        child.ended.then((code) => { throw new Error(`load_links ended with ${code}`); }),
    ]);
    return child;
}

// ---- the parts ----

/** Enrol: `enrol` cameras with the clock on, then all, with one connection each for the tickets. */
async function prepare(box, owner) {
    const { json } = await owner.post("/api/v1/enrolment-tokens", { count: N.links, ttl_s: 7200, simulated: true });
    const token = join(box.folder, "token");
    await writeFile(token, json.token, { mode: 0o600 });
    const fleet = async (count) => {
        let enrolled = 0;
        const from = Date.now();
        const child = spawn(SKEP_BIN, ["fleet", "--server", box.url, "--ca", join(box.dataDir, "tls", "ca.crt"), "--token-file", token,
            "--dir", box.cams, "--count", String(count), "--prepare"], { stdio: ["ignore", "ignore", "pipe"] });
        children.add(child);
        child.stderr.on("data", (d) => { if (String(d).includes(`${count} of ${count}`)) enrolled ||= Date.now() - from; });
        const code = await new Promise((done) => child.once("exit", done));
        children.delete(child);
        if (code !== 0) throw new Error(`skep fleet --prepare ended with ${code}`);
        return { enrolled: enrolled / 1000, all: (Date.now() - from) / 1000 };
    };
    const some = await fleet(N.enrol);
    show("enrol_per_s", N.enrol / some.enrolled, "1/s", 1);
    const rest = N.links > N.enrol ? await fleet(N.links) : { all: 0 };
    show("prepare_s", some.all + rest.all, "s", 1);
}

async function fullHandshakes(box) {
    const rss = await rssBytes(box.pid), cpu = await cpuSeconds(box.pid);
    const links = await linksStart(box, N.full, ["--full", "--window", "64"]);
    await sleep(2000);
    show("idle_full_links", N.full, "links");
    show("idle_full_rss_per_link_bytes", (await rssBytes(box.pid) - rss) / N.full, "B", 0);
    show("full_handshakes_per_s", N.full / links.figures.get("connect_s"), "1/s", 1);
    show("full_handshake_cpu_ms", (await cpuSeconds(box.pid) - cpu) * 1000 / N.full, "ms");
    await end(links);
}

async function idle(box) {
    const rss = await rssBytes(box.pid), cpu = await cpuSeconds(box.pid);
    const links = await linksStart(box, N.links);
    show("idle_links", await box.metric("skep_devices_online"), "links");
    show("idle_resumed_links", links.figures.get("links_resumed"), "links");
    show("resumed_handshake_cpu_ms", (await cpuSeconds(box.pid) - cpu) * 1000 / N.links, "ms");
    await sleep(3000);
    show("idle_rss_per_link_bytes", (await rssBytes(box.pid) - rss) / N.links, "B", 0);
    const before = await cpuSeconds(box.pid), from = Date.now();
    await sleep(N.idle * 1000);
    show("idle_cpu_pct", (await cpuSeconds(box.pid) - before) / (Date.now() - from) * 100000, "%");
    return links;
}

/** kill -9, start as soon as the process is gone, wait until the server counts all online. */
async function reconnect(box) {
    const seconds = [], cpu = [];
    for (let i = 0; i < N.kills; i++) {
        const from = Date.now();
        await box.kill9();
        await box.start({ ready: false });
        await pin(box.pid, 0);
        await waitFor(async () => await box.metric("skep_devices_online") === N.links, 180000, "all links back");
        seconds.push((Date.now() - from) / 1000);
        cpu.push(await cpuSeconds(box.pid));
        console.error(`#   back after ${seconds.at(-1)} s, server CPU ${cpu.at(-1)} s`);
        await sleep(2000);
    }
    show("reconnect_s", median(seconds), "s", 2);
    show("reconnect_cpu_s", median(cpu), "s", 2);
}

async function brokerStart(box) {
    const folder = join(box.folder, "broker");
    await mkdir(folder);
    await copyFile(join(here, "mosquitto.conf"), join(folder, "mosquitto.conf"));
    for (const [from, to] of [["tls/server.crt", "server.crt"], ["tls/server.key", "server.key"], ["device-ca/ca.crt", "device-ca.crt"]])
        await copyFile(join(box.dataDir, from), join(folder, to));
    const broker = start("mosquitto", ["-c", "mosquitto.conf"], { cwd: folder, core: 0, quiet: true });
    await sleep(1000);
    return { broker, folder };
}

async function peerRun(box) {
    const { broker, folder } = await brokerStart(box);
    try {
        const pid = String(broker.pid); // taskset has become the broker
        return await load("load_mqtt", ["--server", BROKER_URL, "--dir", box.cams, "--count", String(N.peer), "--seconds", String(N.seconds), "--pid", pid]);
    } finally {
        await end(broker);
        await rm(folder, { recursive: true });
    }
}

/** Signaling with all links online, and the broker beside it, by turns: ABAB. */
async function signaling(box) {
    const ours = [], theirs = [];
    for (let i = 0; i < N.pairs; i++) {
        ours.push(await load("load_signal", ["--server", box.url, "--dir", box.cams, "--account", OWNER.name, "--password-file", box.password,
            "--sessions", String(N.sessions), "--seconds", String(N.seconds), "--pid", String(box.pid)]));
        if (N.peer) theirs.push(await peerRun(box));
        await say(`pair ${i + 1} of ${N.pairs}`);
    }
    const of = (runs, name) => median(runs.map((r) => r.get(name)));
    show("signal_online", await box.metric("skep_devices_online"), "links");
    show("signal_sessions", N.sessions, "sessions");
    show("signal_rt_per_s", of(ours, "saturated_rt_per_s"), "1/s", 0);
    show("signal_rt_per_cpu_s", of(ours, "saturated_rt_per_cpu_s"), "1/s", 0);
    show("signal_p50_ms", of(ours, "moderate_p50_ms"), "ms");
    show("signal_p99_ms", of(ours, "moderate_p99_ms"), "ms");
    if (theirs.length === 0) return;
    show("peer_pairs", N.pairs, "pairs");
    show("peer_mosquitto_links", of(theirs, "peer_links"), "links");
    show("peer_mosquitto_connects_per_s", of(theirs, "peer_connects_per_s"), "1/s", 1);
    show("peer_mosquitto_connect_cpu_ms", of(theirs, "peer_connect_cpu_ms"), "ms");
    show("peer_mosquitto_rss_per_link_bytes", of(theirs, "peer_rss_per_link_bytes"), "B", 0);
    show("peer_mosquitto_rt_per_s", of(theirs, "peer_saturated_rt_per_s"), "1/s", 0);
    show("peer_mosquitto_rt_per_cpu_s", of(theirs, "peer_saturated_rt_per_cpu_s"), "1/s", 0);
    show("peer_mosquitto_p99_ms", of(theirs, "peer_moderate_p99_ms"), "ms");
    const ratio = (a, b) => median(ours.map((r, i) => r.get(a) / theirs[i].get(b)));
    show("ratio_rt_per_s", ratio("saturated_rt_per_s", "peer_saturated_rt_per_s"), "x");
    show("ratio_rt_per_cpu_s", ratio("saturated_rt_per_cpu_s", "peer_saturated_rt_per_cpu_s"), "x");
}

async function fanout(box) {
    const f = await load("load_fanout", ["--server", box.url, "--dir", box.cams, "--account", OWNER.name, "--password-file", box.password,
        "--viewers", String(N.viewers), "--seconds", String(N.seconds), "--pairs", String(N.pairs), "--pid", String(box.pid)]);
    show("fanout_viewers", f.get("fanout_viewers"), "viewers");
    show("fanout_mbit_s", f.get("fanout_mbit_s"), "Mbit/s", 1);
    for (const [name, unit] of [["fanout_cpu_s_per_gb", "s"], ["fanout_added_p99_ms", "ms"], ["fanout_lost_frames", "frames"], ["stalled_shift_pct", "%"]])
        show(name, f.get(name), unit);
    show("stalled_pairs", f.get("stalled_pairs"), "pairs");
}

// ---- the run ----

function brokerEnsure() {
    if (!N.peer || spawnSync("sh", ["-c", "command -v mosquitto"]).status === 0) return;
    if (toolEnsure("mosquitto")) {
        spawnSync("service", ["mosquitto", "stop"]); // only the program is wanted
    } else {
        console.error("# mosquitto is missing and cannot be installed: no peer figures");
        N.peer = 0;
    }
}

// Defaults are for cameras in many homes; here all come from one address and one account.
const LIMITS = ["--edge-per-source-max", "100000", "--edge-http-per-source-max", "4000", "--edge-sockets-per-account", "4000"];

async function measure(box) {
    box.cams = join(box.folder, "cams");
    box.password = join(box.folder, "password");
    await writeFile(box.password, OWNER.password, { mode: 0o600 });
    const owner = await setupOwner(box);
    await say("enrolling");
    await prepare(box, owner);
    owner.close();
    await box.restart(); // memory that enrolment has left free would hide the links'
    await pin(box.pid, 0);
    await say("full handshakes");
    await fullHandshakes(box);
    await box.restart();
    await pin(box.pid, 0);
    await say("idle links, by tickets");
    const links = await idle(box);
    await say("kill -9 and back");
    await reconnect(box);
    await say("signaling");
    await signaling(box);
    await end(links);
    await say("fan-out");
    await fanout(box);
    await say("done");
}

brokerEnsure();
const box = await startSkep({ args: LIMITS });
try {
    await measure(box);
} finally {
    for (const child of children) child.kill("SIGKILL");
    await box.stop();
}
