// Starts a real `skep serve` for a test, in a folder of its own and on a port of its own, and ends
// exactly that process.  SKEP_BIN names the program (default build/skep).
//
//   test("cameras come online", async (t) => {
//       const skep = await startSkep({ t, fleet: 4 });      // stopped and removed when the test ends
//       const owner = await setupOwner(skep);                // an Api that is logged in
//       const answer = await owner.get("/api/v1/devices");   // held against the box's own OpenAPI
//   });
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test as nodeTest } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as tlsConnect } from "node:tls";
import { fileURLToPath } from "node:url";
import { Api } from "./api.mjs";

export { Api } from "./api.mjs";
export { WebSocketClient, webSocketOpen } from "./ws.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
export const SKEP_BIN = process.env.SKEP_BIN ?? join(root, "build", "skep");
/** Sanitizers and loaded machines: SKEP_SLOW=5 makes every deadline of the harness five times as long. */
export const SLOW = Math.max(1, Number(process.env.SKEP_SLOW ?? 1));
export const OWNER = { name: "owner", password: "twelve baskets of heather" };
const LOG_MAX = 400000;
const running = new Set();

process.on("exit", () => {
    for (const proc of running) signalSend(proc, "SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

/** Poll `fn` until it gives something truthy; that is returned. `ms` is the deadline, `what` names it. */
export async function waitFor(fn, ms = 10000, what = "what the test waits for") {
    const end = Date.now() + ms * SLOW;
    let last;
    for (let step = 5; ; step = Math.min(100, step * 2)) {
        try {
            const value = await fn();
            if (value) return value;
            last = undefined;
        } catch (error) {
            last = error;
        }
        if (Date.now() > end) throw new Error(`${what}: not within ${ms * SLOW} ms${last ? ` (${last.message})` : ""}`, { cause: last });
        await sleep(step);
    }
}

// The server and the fleet are one process group, so that the fleet ends with it even after kill -9.
function signalSend(proc, signal) {
    try {
        process.kill(-proc.pid, signal);
    } catch (error) {
        if (error.code !== "ESRCH") throw error;
    }
}

function exitOf(proc) {
    return proc.exitCode !== null || proc.signalCode !== null
        ? Promise.resolve({ code: proc.exitCode, signal: proc.signalCode })
        : new Promise((resolve) => proc.once("exit", (code, signal) => resolve({ code, signal })));
}

/** Run a verb to its end -> {code, stdout, stderr}. `input` goes to its standard input. */
export async function runSkep(args, { input = "", env = {}, timeout = 60000, cwd } = {}) {
    const proc = spawn(SKEP_BIN, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"], detached: true });
    running.add(proc);
    let stdout = "", stderr = "", late = false;
    proc.stdout.on("data", (d) => { stdout += d; });
    proc.stderr.on("data", (d) => { stderr += d; });
    proc.stdin.on("error", () => {});
    proc.stdin.end(input);
    const timer = setTimeout(() => { late = true; signalSend(proc, "SIGKILL"); }, timeout * SLOW);
    const code = await new Promise((resolve, reject) => { proc.once("error", reject); proc.once("close", (c) => resolve(c)); });
    clearTimeout(timer);
    running.delete(proc);
    if (late) throw new Error(`skep ${args.join(" ")}: still running after ${timeout * SLOW} ms\n${stdout}${stderr}`);
    return { code, stdout, stderr };
}

export class Skep {
    constructor(folder, options) {
        this.options = options;
        this.folder = folder;
        this.dataDir = join(folder, "data");
        this.fleetDir = join(folder, "fleet");
        this.logs = "";
        this.proc = null;
        this.port = 0;
        this.wantedPort = 0;
        this.setupToken = null;
        this.seed = null;
    }

    get url() { return `https://localhost:${this.port}`; }
    get pid() { return this.proc?.pid ?? 0; }

    #args() {
        const { fleet = 0, args = [], config } = this.options;
        return ["serve", ...(config ? ["--config", join(this.folder, "skep.ini")] : []), "--core-data-dir", this.dataDir,
            "--edge-port", String(this.wantedPort), ...(fleet ? ["--fleet", String(fleet), "--fleet-dir", this.fleetDir] : []), ...args];
    }

    #spawn() {
        const env = { ...process.env, ...this.options.env };
        const proc = spawn(SKEP_BIN, this.#args(), { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
        running.add(proc);
        const take = (data) => {
            this.logs += data;
            this.startLog += data;
            if (this.logs.length > LOG_MAX) this.logs = "...\n" + this.logs.slice(-LOG_MAX / 2);
        };
        proc.stdout.on("data", take);
        proc.stderr.on("data", take);
        proc.once("exit", () => {
            if (this.proc === proc && !this.options.fleet) running.delete(proc);
        });
        return proc;
    }

    /** Start it (again) and wait for the link that it prints and for /readyz. */
    async start({ ready = true } = {}) {
        this.startLog = "";
        this.proc = this.#spawn();
        let spawnError = null;
        this.proc.once("error", (error) => { spawnError = error; });
        const link = await waitFor(() => {
            if (spawnError) throw spawnError;
            const found = /https:\/\/[^\s/]+:(\d+)\/(\S*)\n/.exec(this.startLog);
            if (!found && this.proc.exitCode !== null) return { died: true };
            return found;
        }, 30000, "the link of skep serve");
        if (link.died) throw new Error(`skep serve ended with ${this.proc.exitCode}:\n${this.startLog}`);
        this.port = this.wantedPort = Number(link[1]);
        const fragment = new URLSearchParams(link[2].split("#")[1] ?? "");
        this.setupToken = fragment.get("t") ?? null;
        this.seed = fragment.get("s") ?? this.seed;
        this.caPem = await readFile(join(this.dataDir, "tls", "ca.crt"), "utf8");
        if (ready) await this.ready();
        return this;
    }

    async ready() {
        const api = new Api(this, { validate: false });
        try {
            await waitFor(async () => (await api.get("/readyz")).status === 200, 15000, "/readyz");
        } finally {
            api.close();
        }
    }

    /** SIGTERM and the drain; kills what has not ended after 15 s and says so. Removes the folder unless `keep`. */
    async stop({ keep = false } = {}) {
        if (this.proc) {
            const proc = this.proc;
            const ended = exitOf(proc);
            try { process.kill(proc.pid, "SIGTERM"); } catch (error) { if (error.code !== "ESRCH") throw error; }
            const how = await Promise.race([ended, sleep(15000 * SLOW, null, { ref: false })]);
            signalSend(proc, "SIGKILL");
            running.delete(proc);
            await ended;
            this.proc = null;
            this.exit = how;
            if (how === null) throw new Error(`skep serve did not drain within ${15 * SLOW} s\n${this.logTail()}`);
        }
        if (!keep) await rm(this.folder, { recursive: true, force: true });
        return this.exit;
    }

    /** kill -9 of the server; by default also of the fleet that it started. */
    async kill9({ fleet = true, signal = "SIGKILL" } = {}) {
        const proc = this.proc;
        const ended = exitOf(proc);
        if (fleet) signalSend(proc, signal);
        else process.kill(proc.pid, signal);
        await ended;
        running.delete(proc);
        this.proc = null;
    }

    /** Stop (or kill -9) and start again on the same folder and port. */
    async restart({ kill = false, ready = true } = {}) {
        if (this.proc) await (kill ? this.kill9() : this.stop({ keep: true }));
        return this.start({ ready });
    }

    logTail(lines = 60) {
        return this.logs.split("\n").slice(-lines).join("\n");
    }

    /** Prometheus text of /metrics. */
    async metrics() {
        const token = (await readFile(join(this.dataDir, "metrics.token"), "utf8")).trim();
        const api = new Api(this, { validate: false });
        try {
            const answer = await api.get("/metrics", { headers: { Authorization: `Bearer ${token}` } });
            if (answer.status !== 200) throw new Error(`/metrics: ${answer.status} ${answer.text}`);
            return answer.text;
        } finally {
            api.close();
        }
    }

    /** One sample by its full name with labels, as `skep_x{a="b"}`; NaN when it is not there. */
    async metric(name) {
        const line = (await this.metrics()).split("\n").find((l) => l.startsWith(name + " "));
        return line ? Number(line.slice(name.length + 1)) : NaN;
    }
}

/**
 * Start the box. Options: `t` (a node:test context: stops it at the end, prints its log if the test failed),
 * fleet (count), env, args (further flags), config (text of an ini file), ready (wait for /readyz; true).
 */
export async function startSkep({ t, ready = true, ...options } = {}) {
    const folder = await mkdtemp(join(tmpdir(), "skep-test-"));
    await mkdir(join(folder, "fleet"), { mode: 0o700 });
    if (options.config) await writeFile(join(folder, "skep.ini"), options.config, { mode: 0o600 });
    const skep = new Skep(folder, options);
    skep.test = t;
    if (t) boxesOf(t).push(skep);
    t?.after(() => skep.stop());
    try {
        return await skep.start({ ready });
    } catch (error) {
        if (!t) {
            process.stderr.write(skep.logTail() + "\n");
            if (skep.proc) await skep.kill9().catch(() => {});
            await rm(folder, { recursive: true, force: true });
        }
        throw error;
    }
}

const boxes = new WeakMap();
function boxesOf(t) {
    if (!boxes.has(t)) boxes.set(t, []);
    return boxes.get(t);
}

/**
 * node:test's test() with a deadline (60 s unless `options.timeout` says otherwise) that prints the log of
 * every box started with its `t` when it fails: test(name, [options,] async (t) => { ... }).
 */
export function test(name, options, fn) {
    if (typeof options === "function") [options, fn] = [{}, options];
    const timeout = (options.timeout ?? 60000) * SLOW;
    return nodeTest(name, { ...options, timeout }, async (t) => {
        try {
            return await fn(t);
        } catch (error) {
            for (const skep of boxesOf(t)) process.stderr.write(`---- log of skep in "${name}" ----\n${skep.logTail()}\n----\n`);
            throw error;
        }
    });
}

/** A client that nobody knows; closed with the test when `t` is given. */
export function api(skep, options) {
    const client = new Api(skep, options);
    skep.test?.after(() => client.close());
    return client;
}

/** Use up the setup link; the Api that comes back is logged in as the owner. */
export async function setupOwner(skep, { name = OWNER.name, password = OWNER.password } = {}) {
    const client = api(skep);
    const answer = await client.post("/api/v1/setup", { token: skep.setupToken, name, password }, { timeout: 60000 });
    if (answer.status !== 201) throw new Error(`setup: ${answer.status} ${answer.text}`);
    client.sessionTake(answer);
    return client;
}

/** Log in; `bearer` asks for a token in place of the cookie. Throws unless it is let in. */
export async function login(skep, { name = OWNER.name, password = OWNER.password, bearer = false } = {}) {
    const client = api(skep);
    const answer = await client.post("/api/v1/login", bearer ? { name, password, bearer } : { name, password }, { timeout: 60000 });
    if (answer.status !== 200) throw new Error(`login: ${answer.status} ${answer.text}`);
    client.sessionTake(answer);
    return client;
}

/** Wait until `count` cameras are online; the devices are returned. */
export async function camerasOnline(client, count, ms = 60000) {
    return waitFor(async () => {
        const { json } = await client.get("/api/v1/devices?state=online&limit=200");
        return json.online >= count && json.devices;
    }, ms, `${count} cameras online`);
}

/**
 * A raw TLS connection: `await rawTls(skep, {alpn})` -> {socket, send(bytes), text(), untilClose(ms), until(fn, ms)}.
 * `alpn` is a list (default ["http/1.1"]; [] sends none); cert, key, session and others go to tls.connect.
 */
export async function rawTls(skep, { alpn = ["http/1.1"], timeout = 10000, ...more } = {}) {
    const socket = tlsConnect({ host: "localhost", port: skep.port, servername: "localhost", ca: skep.caPem,
        ...(alpn.length > 0 ? { ALPNProtocols: alpn } : {}), ...more });
    const got = [];
    let end = null;
    const closed = new Promise((resolve) => {
        socket.on("data", (d) => got.push(d));
        socket.on("error", (error) => { end = error; });
        socket.on("close", () => { end ??= "closed"; resolve(end); });
    });
    await new Promise((resolve, reject) => {
        const timer = setTimeout(() => { socket.destroy(); reject(new Error("no TLS within the deadline")); }, timeout * SLOW);
        socket.once("secureConnect", () => { clearTimeout(timer); resolve(); });
        socket.once("error", (error) => { clearTimeout(timer); reject(error); });
    });
    const bytes = () => Buffer.concat(got);
    return {
        socket, bytes,
        text: () => bytes().toString("latin1"),
        send: (data) => new Promise((resolve, reject) => socket.write(data, (error) => (error ? reject(error) : resolve()))),
        /** Everything until the other side closes; rejects when it does not. */
        async untilClose(ms = 10000) {
            const how = await Promise.race([closed, sleep(ms * SLOW, "open", { ref: false })]);
            if (how === "open") throw new Error(`still open after ${ms * SLOW} ms; got ${JSON.stringify(bytes().toString("latin1").slice(0, 300))}`);
            return bytes();
        },
        until: (fn, ms = 10000) => waitFor(() => (fn(bytes()) ? bytes() : null), ms, "the answer on a raw connection"),
        isOpen: () => end === null,
        destroy: () => socket.destroy(),
    };
}
