// Agents for tests: the real program, and frames by hand.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { csrMake } from "../lib/csr.mjs";
import { rawTls, SKEP_BIN } from "../lib/skep.mjs";

export const FRAME = { HELLO: 1, WELCOME: 2, SAMPLES: 3, ACK: 4, CLOCK_ASK: 5, CLOCK_ANSWER: 6, FACTS: 7 };
export const SLOT_MS = 10000;

export async function hostToken(owner, body = {}) {
    const answer = await owner.post("/api/v1/host-tokens", { name: "db-1", region: "DE", ttl_s: 600, ...body });
    return { ...answer.json, pin: /--pin ([0-9a-f]{64})/.exec(answer.json.command)[1] };
}

/** Run `skep agent` or `skep hosts` until the test ends; `args` behind the usual ones. */
export async function agentStart(t, skep, verb, token, args = [], scenario) {
    const dir = await mkdtemp(join(tmpdir(), "skep-agent-"));
    await writeFile(join(dir, "token"), token.token + "\n", { mode: 0o600 });
    if (scenario) {
        await writeFile(join(dir, "scenario"), scenario);
        args = [...args, "--scenario", join(dir, "scenario")];
    }
    const proc = spawn(SKEP_BIN, [verb, "--hub", skep.url, "--pin", token.pin, "--enrol-file", join(dir, "token"), "--dir", join(dir, "keys"), ...args],
        { stdio: ["ignore", "pipe", "pipe"] });
    const agent = { dir, proc, log: "" };
    for (const out of [proc.stdout, proc.stderr]) out.on("data", (d) => { agent.log += d; });
    const ended = new Promise((resolve) => proc.once("exit", resolve));
    agent.stop = async () => { proc.kill("SIGTERM"); await ended; };
    t.after(async () => { await agent.stop(); await rm(dir, { recursive: true, force: true }); });
    return agent;
}

/** A certificate of the agents' authority, by hand. */
export async function agentEnrol(api, token) {
    const csr = csrMake({ name: "agent" });
    const answer = await api.request("POST", "/api/v1/hosts/enrol", { body: csr.base64,
        headers: { "Content-Type": "application/pkcs10", Authorization: `Bearer ${token.token}` } });
    if (answer.status !== 201) return { status: answer.status };
    return { status: 201, id: answer.json.host, pem: { cert: answer.json.certificate, key: csr.key.privateKey.export({ type: "pkcs8", format: "pem" }) } };
}

export function frame(type, body = "") {
    const data = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
    const head = Buffer.alloc(5);
    head.writeUInt32BE(data.length);
    head[4] = type;
    return Buffer.concat([head, data]);
}

function varint(v) {
    let u = BigInt.asUintN(64, (BigInt(v) << 1n) ^ (BigInt(v) >> 63n));
    const out = [];
    for (; u >= 0x80n; u >>= 7n) out.push(Number(u & 0x7fn) | 0x80);
    return Buffer.from([...out, Number(u)]);
}

/** values: {number of the metric: value}. */
export function sample(slot, values = {}) {
    const head = Buffer.alloc(16), numbers = Object.keys(values).map(Number).sort((a, b) => a - b);
    head.writeBigUInt64BE(BigInt(slot));
    head.writeBigUInt64BE(numbers.reduce((mask, n) => mask | (1n << BigInt(n)), 0n), 8);
    return Buffer.concat([head, ...numbers.map((n) => varint(values[n]))]);
}

/** A link by hand: send(type, body), next(type) -> payload, closed() when the box ends it. */
export async function agentLink(skep, identity, alpn = "skep-agent/1") {
    const tls = await rawTls(skep, { alpn: [alpn], ...identity.pem });
    const frames = (data) => {
        const list = [];
        for (let at = 0; at + 5 <= data.length && at + 5 + data.readUInt32BE(at) <= data.length; at += 5 + data.readUInt32BE(at))
            list.push({ type: data[at + 4], body: data.subarray(at + 5, at + 5 + data.readUInt32BE(at)) });
        return list;
    };
    const seen = {};
    const link = {
        send: (type, body) => tls.send(frame(type, body)),
        raw: (data) => tls.send(data),
        closed: () => tls.untilClose(),
        async next(type) {
            const n = (seen[type] ?? 0) + 1;
            await tls.until((data) => frames(data).filter((f) => f.type === type).length >= n);
            seen[type] = n;
            return frames(tls.bytes()).filter((f) => f.type === type)[n - 1].body;
        },
        async hello() {
            await link.send(FRAME.HELLO, { version: "test", kernel: "Linux", cores: 2, memory_mb: 2048 });
            return Number((await link.next(FRAME.WELCOME)).readBigUInt64BE());
        },
    };
    return link;
}
