// The blindness test: markers are planted in everything that only camera and viewer may know, and
// are looked for in the server's memory, its files, what crosses the network, and inside TLS.
//
// Server, fleet and viewers are processes of their own under users of their own. Camera and viewer
// are a test build that prints its keys and writes down what it says inside TLS (the peers' view of
// the mutual TLS: a proxy in between would have to hold the cameras' keys; Chromium's side is taken
// from its WebSockets and requests). The server is the release. In the same run a camera without
// encryption (SEAL_NULL) and a clear display name must be found, or the search proves nothing.
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { randomBytes } from "node:crypto";
import { appendFileSync, chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { camerasOnline, login, OWNER, setupOwner, SKEP_BIN, Skep, SLOW, waitFor } from "../flow/lib/skep.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const USERS = { fleet: 64102, viewer: 64103 };
export const isAble = process.getuid() === 0; // reading another's memory and the network

/** Build the test programs beside SKEP_BIN. */
export function programsBuild() {
    const build = dirname(resolve(SKEP_BIN));
    const mode = ["asan", "tsan"].includes(basename(build)) ? basename(build) : "release";
    const { MAKEFLAGS, MAKELEVEL, MFLAGS, ...env } = process.env;
    const made = spawnSync("make", ["-s", "-f", "Makefile", "-f", "tests/canary/canary.mk", `BUILD=${build}`, `MODE=${mode}`,
        "-j2", "canary-programs"], { cwd: root, env, encoding: "utf8" });
    if (made.status !== 0) throw new Error(`building the canary's programs:\n${made.stdout}${made.stderr}`);
    const at = (name) => join(build, "canary", name);
    return { search: at("search"), secrets: at("skep-secrets"), none: at("skep-null") };
}

/** The peers run as other users, who may not be able to reach the build folder. */
function programsCopy(built, folder) {
    const copies = Object.entries(built).map(([name, path]) => {
        const copy = join(folder, `program-${name}`);
        copyFileSync(path, copy);
        chmodSync(copy, 0o755);
        return [name, copy];
    });
    return Object.fromEntries(copies);
}

/** The names of the test builds must be in the test builds and nowhere else. */
export function releaseIsClean(programs) {
    const symbols = (path) => spawnSync("sh", ["-c", `nm "$1"; strings -a "$1"`, "-", path], { encoding: "utf8", maxBuffer: 1 << 28 }).stdout;
    const holds = (path, word) => new RegExp(`\\b${word}\\b`).test(symbols(path));
    if (!holds(programs.secrets, "SKEP_TEST_SECRETS") || !holds(programs.none, "SEAL_NULL"))
        throw new Error("the test builds lack their marks");
    for (const word of ["SEAL_NULL", "SKEP_TEST_SECRETS", "SKEP_CANARY_TAP", "encryption is off"])
        if (holds(SKEP_BIN, word)) throw new Error(`${word} is in the release binary`);
}

/** 32 random bytes without zeros: H.264 escapes runs of those. */
const marker = () => Buffer.from(randomBytes(32).map((b) => b || 0x5a));

/** A speed between 0.1 and 1 that only the camera may read, and the digits of it that every printer of numbers keeps. */
function speedMarker() {
    const digits = [...randomBytes(15)].map((b) => (b % 9) + 1).join("");
    return { speed: Number(`0.${digits}`), text: Buffer.from(`0.${digits.slice(0, 13)}`) };
}

/** The most varied 32 bytes of a picture's middle: nothing that another picture would hold too. */
function pictureMarker(jpeg) {
    let best = null, bestCount = 0;
    for (let at = jpeg.length >> 1; at + 32 < jpeg.length && at < (jpeg.length >> 1) + 512; at++) {
        const piece = jpeg.subarray(at, at + 32), count = new Set(piece).size;
        if (count > bestCount) [best, bestCount] = [piece, count];
    }
    if (bestCount < 24) throw new Error("the snapshot has no varied bytes");
    return best;
}

class Canary {
    constructor(folder, programs, options) {
        Object.assign(this, { folder, programs, options });
        this.procs = new Set();
        this.hits = { memory: {}, files: {}, capture: {}, tls: {} };
        this.seen = { looks: 0, bytes: 0, needles: 0 };
        this.sessions = 0;
        this.failures = [];
        for (const name of ["fleet", "null", "viewer", "tap", "logs"]) this.#folder(name);
        this.needles = join(folder, "needles");
        writeFileSync(this.needles, "");
        chmodSync(this.needles, 0o666);
    }

    #folder(name) {
        const path = join(this.folder, name);
        mkdirSync(path, { mode: 0o700 });
        const uid = name === "viewer" ? USERS.viewer : USERS.fleet;
        if (name === "tap") chmodSync(path, 0o1777);
        else chownSync(path, uid, uid);
    }

    needle(name, bytes) {
        appendFileSync(this.needles, `${name} ${bytes.toString("hex")}\n`);
    }

    /** A file that `user` alone may read. */
    secretFile(user, name, bytes) {
        const path = join(this.folder, user === "viewer" ? "viewer" : "fleet", name);
        writeFileSync(path, bytes, { mode: 0o600 });
        chownSync(path, USERS[user], USERS[user]);
        return path;
    }

    spawn(program, args, { user, input = "", onLine } = {}) {
        const env = { PATH: process.env.PATH, HOME: join(this.folder, "viewer"), SKEP_CANARY_TAP: join(this.folder, "tap") };
        env.SKEP_CANARY_TALK = program === this.programs.none ? this.plainTalk : this.talk;
        if (program !== this.programs.none) env.SKEP_CANARY_SECRETS = this.needles; // the control's keys are no secrets
        for (const name of ["ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"])
            if (process.env[name]) env[name] = process.env[name];
        const who = user ? { uid: USERS[user], gid: USERS[user] } : {};
        const proc = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"], ...who });
        this.procs.add(proc);
        proc.text = "";
        proc.stdin.on("error", () => {});
        proc.stdin.end(input);
        let rest = "";
        proc.stdout.on("data", (d) => {
            const lines = (rest + d).split("\n");
            rest = lines.pop();
            for (const line of lines) onLine?.(line);
            proc.text += d;
        });
        proc.stderr.on("data", (d) => { proc.text += d; });
        proc.done = new Promise((done) => proc.once("close", (code) => { this.procs.delete(proc); done(code); }));
        return proc;
    }

    // ---- the server and who looks at it ----

    async serverStart() {
        this.skep.folder = this.folder;
        await this.skep.start();
        this.watcher = this.spawn(this.programs.search, ["watch", this.needles, String(this.skep.pid), String(this.options.every_ms)],
            { onLine: (line) => this.#look("memory", line) });
    }

    #look(place, line) {
        const look = JSON.parse(line);
        this.seen.looks++;
        this.seen.bytes += look.bytes;
        this.seen.needles = Math.max(this.seen.needles, look.needles);
        for (const [name, hit] of Object.entries(look.hits)) this.hits[place][name] ??= hit;
    }

    /** One last look at memory, then at all files; the server has not ended yet. */
    async lookLast() {
        this.watcher.kill("SIGTERM");
        if (this.watcher.exitCode !== null) throw new Error("the search ended before the server");
        if ((await this.watcher.done) !== 0) throw new Error(`the search failed: ${this.watcher.text}`);
        writeFileSync(join(this.folder, "logs", "server.log"), this.skep.logs);
        await this.lookFiles("files", [this.skep.dataDir, join(this.folder, "logs")]);
    }

    async lookFiles(place, paths) {
        const proc = this.spawn(this.programs.search, ["files", this.needles, ...paths], { onLine: (line) => this.#look(place, line) });
        if ((await proc.done) !== 0) throw new Error(`the search failed: ${proc.text}`);
    }

    // ---- cameras ----

    async camerasStart(owner, count) {
        const token = (await owner.post("/api/v1/enrolment-tokens", { count: count + 1, ttl_s: 3600, simulated: true })).json.token;
        writeFileSync(join(this.folder, "ca.pem"), this.skep.caPem);
        const frames = marker(), note = marker().toString("hex"), plain = marker(), plainNote = marker().toString("hex");
        this.clearName = marker().toString("hex").slice(0, 60);
        const said = marker(), plainSaid = marker(), ptz = speedMarker(), plainPtz = speedMarker();
        const argument = marker().toString("hex"), plainArgument = marker().toString("hex");
        this.needle("secret.marker-frame", frames);
        this.needle("secret.marker-reply", Buffer.from(note));
        this.needle("secret.marker-argument", Buffer.from(argument));
        this.needle("secret.marker-talk", said);
        this.needle("secret.marker-ptz", ptz.text);
        this.needle("control.null-talk", plainSaid);
        this.needle("control.null-ptz", plainPtz.text);
        this.needle("control.null-frame", plain);
        this.needle("control.null-reply", Buffer.from(plainNote));
        this.needle("control.null-argument", Buffer.from(plainArgument));
        this.needle("control.name", Buffer.from(this.clearName));
        const common = ["--server", this.skep.url, "--ca", join(this.folder, "ca.pem"), "--token-file", "-"];
        this.fleetArgs = ["fleet", "--count", String(count), "--dir", join(this.folder, "fleet"), "--print-labels", ...common,
            "--marker-file", this.secretFile("fleet", "marker", frames), "--note-file", this.secretFile("fleet", "note", note)];
        this.nullArgs = ["camera", "--name", this.clearName, "--dir", join(this.folder, "null"), "--print-label", ...common,
            "--marker-file", this.secretFile("fleet", "marker-null", plain), "--note-file", this.secretFile("fleet", "note-null", plainNote)];
        this.fleet = this.spawn(this.programs.secrets, this.fleetArgs, { user: "fleet", input: token });
        this.null = this.spawn(this.programs.none, this.nullArgs, { user: "fleet", input: token });
        await camerasOnline(owner, count + 1);
        const labels = (text) => [...text.matchAll(/^([a-z2-7]{26}) ([0-9A-Z]{24}) /gm)].map((m) => ({ device: m[1], label: m[2] }));
        this.cameras = await waitFor(() => labels(this.fleet.text).length === count && labels(this.fleet.text));
        [this.nullCamera] = await waitFor(() => labels(this.null.text).length === 1 && labels(this.null.text));
        for (const c of this.cameras) this.needle("secret.password", Buffer.from(c.label));
        this.seed = readFileSync(join(this.folder, "fleet", "seed"));
        this.needle("secret.seed", this.seed);
        const commands = (name, text, { speed }) => this.secretFile("viewer", name, JSON.stringify({ commands: [
            { do: "info" }, { do: "info", arg: { note: text } }, { do: "ptz.move", arg: { pan: speed, tilt: 0, zoom: 0 } }] }));
        this.commands = commands("commands", argument, ptz);
        this.plainCommands = commands("commands-null", plainArgument, plainPtz);
        this.talk = this.secretFile("viewer", "talk", said);
        this.plainTalk = this.secretFile("viewer", "talk-null", plainSaid);
        this.password = this.secretFile("viewer", "password", OWNER.password);
    }

    // ---- viewers ----

    /** One run of `skep view`; `more`: further flags. */
    view(camera, { seconds = 1, stream = "main", label = camera.label, program = this.programs.secrets, snapshot = false, more = [] } = {}) {
        const n = (this.views = (this.views ?? 0) + 1);
        const file = (name) => join(this.folder, "viewer", name);
        const clip = file(`clip-${n}.mp4`), picture = snapshot ? file(`snap-${n}.jpg`) : null;
        const proc = this.spawn(program, ["view", camera.device, "--server", this.skep.url, "--ca", join(this.folder, "ca.pem"),
            "--account", OWNER.name, "--password-file", this.password, "--label-file", this.secretFile("viewer", `label-${n}`, label),
            ...(camera.isChosen ? ["--chosen"] : []), ...(snapshot ? ["--snapshot", picture] : []), ...more,
            ...(more.includes("--new-password-file") ? [] : ["--command-file", program === this.programs.none ? this.plainCommands : this.commands,
                "--stream", stream, "--seconds", String(seconds), "--out", clip])], { user: "viewer" });
        return Object.assign(proc, { clip, picture });
    }

    /** To the end, which must be good; with what was received looked for as well. */
    async viewGood(camera, options) {
        const proc = this.view(camera, options);
        const code = await proc.done;
        const isRight = code === 0 && existsSync(proc.clip) && (!proc.picture || existsSync(proc.picture));
        if (isRight) this.sessions++;
        else this.failures.push(`view ${camera.device}: code ${code}: ${proc.text.trim()}`);
        if (isRight && proc.picture)
            this.needle(`${options.program === this.programs.none ? "control.null" : "secret.marker"}-snapshot`, pictureMarker(readFileSync(proc.picture)));
        for (const path of [proc.clip, proc.picture].filter(Boolean)) await rm(path, { force: true });
        return proc;
    }

    /** The owner of a camera, by a key of his own, chooses its password; from now on that one opens it. */
    async chooseFor(camera) {
        const chosen = marker().toString("hex"), key = join(this.folder, "viewer", "owner");
        this.needle("secret.chosen-password", Buffer.from(chosen));
        const proc = this.view(camera, { more: ["--owner-file", key, "--new-password-file", this.secretFile("viewer", "chosen", chosen)] });
        if ((await proc.done) !== 0) throw new Error(`setting a password: ${proc.text}`);
        this.needle("secret.owner-key", Buffer.from(readFileSync(key, "utf8"), "hex"));
        Object.assign(camera, { label: chosen, isChosen: true });
    }

    /** Join, then the session is ended by its owner from elsewhere. */
    async viewRevoked(owner, camera) {
        const proc = this.view(camera, { seconds: 20 });
        await waitFor(() => /avc1/.test(proc.text) || proc.exitCode !== null, 15000, "the stream that is to be cut");
        await sleep(500);
        const { sessions } = (await owner.get("/api/v1/sessions")).json;
        for (const s of sessions.filter((one) => !one.current)) await owner.delete(`/api/v1/sessions/${s.id}`);
        const code = await Promise.race([proc.done, sleep(3000 * SLOW, "runs on", { ref: false })]);
        if (code === 1 && existsSync(proc.clip)) this.sessions++;
        else this.failures.push(`a revoked session: ${code}: ${proc.text.trim()}`);
        proc.kill("SIGKILL");
        await rm(proc.clip, { force: true });
    }

    async viewWrong(camera) {
        const other = this.cameras.find((c) => c.device !== camera.device);
        const code = await this.view(camera, { label: other.label }).done;
        if (code === 0) this.failures.push("a wrong password was let in");
    }
}

/** What the network's tap saw of a marker that the test sends itself proves that the tap works. */
async function captureProve(canary) {
    const bytes = marker();
    canary.needle("control.capture", bytes);
    const socket = createSocket("udp4");
    for (let i = 0; i < 3; i++) await new Promise((done) => socket.send(bytes, 9, "127.0.0.1", done));
    socket.close();
}

async function batch(canary, owner, count, width = 2) {
    const { cameras } = canary;
    for (let i = 0; i < count; i += width)
        await Promise.all(Array.from({ length: Math.min(width, count - i) }, (_, k) => // one of the two speaks: a camera hears one at a time
            canary.viewGood(cameras[(i + (k & ~1)) % cameras.length],
                { stream: (i + k) % 3 === 2 ? "sub" : "main", snapshot: k === 1, more: k === 0 ? ["--talk"] : [] })));
}

/**
 * The end of the server by SIGABRT: what does it leave? Another process of the fleet's user must leave a core file.
 * -> {isDumpable, isLifted: the server's own limit of 0 could be taken from it first, left: its core files, control: 1 when
 * the other left one}.
 */
async function coreDrill(canary) {
    const { pid } = canary.skep;
    const place = join(canary.folder, "core");
    mkdirSync(place);
    chmodSync(place, 0o777);
    const other = spawn("sh", ["-c", "ulimit -c unlimited && kill -ABRT $$"], { cwd: place, uid: USERS.fleet, gid: USERS.fleet, stdio: "ignore" });
    await new Promise((done) => other.once("exit", done));
    const control = readdirSync(place).length;
    const isLifted = spawnSync("prlimit", ["--pid", String(pid), "--core=unlimited:unlimited"]).status === 0;
    const folders = [readlinkSync(`/proc/${pid}/cwd`), canary.skep.dataDir];
    const before = folders.map((folder) => new Set(readdirSync(folder)));
    // What belongs to root although the process does not: the kernel writes no core of it (proc(5)).
    const isDumpable = statSync(`/proc/${pid}/environ`).uid !== 0;
    await canary.skep.kill9({ signal: "SIGABRT" });
    const left = folders.flatMap((folder, i) => readdirSync(folder).filter((name) => /^core/.test(name) && !before[i].has(name)));
    return { isDumpable, isLifted, left, control };
}

function sum(hits, prefix) {
    return Object.keys(hits).filter((name) => name.startsWith(prefix)).length;
}

/**
 * Run it -> {hits, controls, sessions, ...}. Options: sessions, cameras, kills, revocations, every_ms,
 * browse(canary, count): runs `count` sessions in a browser, and browserSessions.
 */
export async function runCanary(options) {
    const built = programsBuild();
    releaseIsClean(built);
    const folder = await mkdtemp(join(tmpdir(), "skep-canary-"));
    chmodSync(folder, 0o711);
    const programs = programsCopy(built, folder);
    const canary = new Canary(folder, programs, options);
    canary.skep = new Skep(folder, { args: ["--core-user", "nobody"] });
    mkdirSync(canary.skep.dataDir, { mode: 0o700 });
    try {
        const tap = canary.spawn(programs.search, ["capture", join(folder, "capture")]);
        await waitFor(() => tap.text.includes("capture"), 5000, "the capture");
        await canary.serverStart();
        let owner = await setupOwner(canary.skep);
        await canary.camerasStart(owner, options.cameras);
        await captureProve(canary);

        const rounds = options.kills + 1;
        const natives = options.sessions - (options.browserSessions ?? 0) - options.revocations * rounds;
        for (let round = 0; round < rounds; round++) {
            const count = Math.floor((natives * (round + 1)) / rounds) - Math.floor((natives * round) / rounds);
            await batch(canary, owner, count);
            await canary.viewGood(canary.cameras[round % canary.cameras.length], // its pictures carry the frames' marker
                { seconds: 2, more: ["--playback", "--from", "30m"] });
            for (let i = 0; i < options.revocations; i++) await canary.viewRevoked(owner, canary.cameras[i % canary.cameras.length]);
            await canary.viewWrong(canary.cameras[round % canary.cameras.length]);
            if (round === 0 && options.browse) canary.sessions += await options.browse(canary, options.browserSessions);
            if (round === 0) await canary.chooseFor(canary.cameras[0]);
            if (round < options.kills) {
                const cut = canary.view(canary.cameras[0], { seconds: 20 }); // somebody watches while the server dies
                await waitFor(() => /avc1/.test(cut.text) || cut.exitCode !== null, 15000, "the view that is to die");
                await canary.lookLast();
                await canary.skep.kill9();
                await cut.done;
                await canary.serverStart();
                owner = await login(canary.skep);
                await camerasOnline(owner, options.cameras + 1, 90000);
            }
        }
        // The control: the same looks at a camera whose words are clear.
        const failed = canary.failures.length;
        await canary.viewGood(canary.nullCamera, { seconds: Math.ceil((options.every_ms * 2.5) / 1000) + 1, program: programs.none, snapshot: true, more: ["--talk"] });
        if (canary.failures.length > failed) throw new Error("the control's view failed");
        canary.sessions--; // no session of the blind kind
        await canary.lookLast();
        canary.core = process.env.SKEP_CORE_SANDBOX === "false" ? null : await coreDrill(canary);
        if (canary.skep.proc) await canary.skep.stop({ keep: true });
        await canary.lookFiles("files", [canary.skep.dataDir]);
        tap.kill("SIGTERM");
        await tap.done;
        canary.lost = Number(/"lost":(\d+)/.exec(tap.text)[1]);
        await canary.lookFiles("capture", [join(folder, "capture")]);
        for (const proc of [canary.fleet, canary.null]) proc.kill("SIGTERM");
        await Promise.all([canary.fleet.done, canary.null.done]);
        await canary.lookFiles("tls", [join(folder, "tap")]);
        return result(canary);
    } catch (error) {
        process.stderr.write(canary.skep.logTail(30) + "\n" + (canary.fleet?.text ?? "") + "\n" + canary.failures.join("\n") + "\n");
        throw error;
    } finally {
        for (const proc of canary.procs) proc.kill("SIGKILL");
        if (canary.skep.proc) await canary.skep.kill9();
        if (!process.env.SKEP_CANARY_KEEP) await rm(folder, { recursive: true, force: true });
    }
}

const KINDS = ["marker-frame", "marker-reply", "marker-argument", "marker-talk", "marker-ptz", "marker-snapshot", "password", "chosen-password", "owner-key", "seed", "aes-key", "derived", "prk", "w"];

function result(canary) {
    const { hits } = canary;
    const text = readFileSync(canary.needles, "utf8");
    for (const kind of KINDS) if (!text.includes(`secret.${kind} `)) throw new Error(`no ${kind} was looked for`);
    const controls = {
        "memory: no encryption": sum(hits.memory, "control.null-"),
        ...Object.fromEntries(["frame", "reply", "argument", "talk", "ptz", "snapshot"].map((what) => [`inside TLS: no encryption, ${what}`, sum(hits.tls, `control.null-${what}`)])),
        "files: clear name": sum(hits.files, "control.name"),
        "capture: own datagram": sum(hits.capture, "control.capture"),
    };
    return {
        hits: Object.values(hits).reduce((n, place) => n + sum(place, "secret."), 0),
        where: Object.fromEntries(Object.entries(hits).map(([place, found]) => [place, Object.fromEntries(Object.entries(found).filter(([n]) => n.startsWith("secret.")))])),
        controls, missing: Object.keys(controls).filter((name) => controls[name] === 0),
        core: canary.core, sessions: canary.sessions, failures: canary.failures, lost: canary.lost, ...canary.seen,
    };
}
