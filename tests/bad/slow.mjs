// Slow and greedy clients, from another source address than the honest one.
import { spawn, spawnSync } from "node:child_process";
import { connect as tcpConnect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as tlsConnect } from "node:tls";
import { SLOW } from "../flow/lib/skep.mjs";
import { enrol } from "../flow/lib/csr.mjs";
import { authorize, signalOpen } from "../flow/lib/peers.mjs";
import { Accepted, newSession } from "./bench.mjs";

const FROM = "127.0.0.2";

function open(bed, { alpn = "http/1.1", plain = false, pem, from = FROM } = {}) {
    const to = { host: "127.0.0.1", port: bed.skep.port, localAddress: from };
    const socket = plain ? tcpConnect(to) : tlsConnect({ ...to, servername: "localhost", ca: bed.skep.caPem, ALPNProtocols: [alpn], ...(pem ?? {}) });
    socket.on("error", () => {});
    return socket;
}

/** `count` connections; each must be closed by the box within `within_s`, whatever dribbles. */
async function mob(bed, count, options, first, drip, within_s) {
    const sockets = Array.from({ length: count }, () => open(bed, options));
    const closed = sockets.map((s) => new Promise((done) => s.once("close", done)));
    const begun = new Set();
    for (const s of sockets) s.once(options?.plain ? "connect" : "secureConnect", () => { begun.add(s); if (first) s.write(first); });
    if (!options?.pause) for (const s of sockets) s.resume();
    const timer = setInterval(() => { for (const s of begun) if (drip && s.writable) s.write(drip); }, 1000);
    const all = Promise.all(closed).then(() => "all closed");
    const how = await Promise.race([all, sleep(within_s * 1000 * SLOW, "open", { ref: false })]);
    clearInterval(timer);
    const left = sockets.filter((s) => !s.closed).length;
    for (const s of sockets) s.destroy();
    if (how === "open") throw new Accepted(`${left} of ${count} are still open after ${within_s} s`);
    return how;
}

const slow = (name, counted, run) => ({ layer: "slow", name, counted, run });
const POST = "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";

/** These take their deadlines; run them side by side. */
export const slowClients = [
    slow("100 heads, a byte a second", /^edge\/slow-head/, (b) => mob(b, 100, { from: "127.0.0.5" }, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ", "a", 20)),
    slow("20 bodies, a byte a second", /^edge\/slow-body/, (b) => mob(b, 20, {}, POST, "a", 45)),
    slow("200 that begin no handshake", /^edge\/(slow-handshake|plain|slow-head)/, (b) => mob(b, 200, { plain: true }, null, null, 25)),
    slow("100 with half a ClientHello", /^edge\/slow-handshake/, (b) => mob(b, 100, { plain: true }, Buffer.from("1603010200010001fc0303", "hex"), null, 25)),
    slow("50 dribbling a ClientHello", /^edge\/(slow-handshake|handshake)/, (b) => mob(b, 50, { plain: true }, Buffer.from("16030102000100", "hex"), "\x01", 25)),
    slow("20 uplinks that say nothing", /^relay\/slow-hello/, (b) => mob(b, 20, { alpn: "skep-media/1" }, null, null, 20)),
    slow("10 device links that say nothing", /^device\/slow-hello/, (b) => mob(b, 10, { alpn: "skep-device/1", pem: b.spare.pem }, null, null, 20)),
    slow("300 connections of one source", /^edge\/source-connections/, async (b) => {
        const sockets = Array.from({ length: 300 }, () => open(b, { from: "127.0.0.4" }));
        const settled = (s) => new Promise((done) => { s.once("secureConnect", done); s.once("close", done); });
        await Promise.race([Promise.all(sockets.map(settled)), sleep(9000 * SLOW)]);
        await sleep(300);
        const left = sockets.filter((s) => !s.closed).length;
        for (const s of sockets) s.destroy();
        if (left > 140) throw new Accepted(`${left} of 300 may stay`);
        return `${300 - left} cut`;
    }),
    slow("expired enrolment token", /^enrolment\//, async (b) => {
        const { token } = (await b.owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 60 })).json;
        await sleep(61000);
        const got = await enrol(b.stranger, token);
        if (got.status === 200) throw new Accepted("a certificate");
        return String(got.status);
    }),
    slow("expired code", /^signal\/code/, async (b) => {
        const session = newSession();
        const code = await authorize(b.owner, b.camera.id, session);
        await sleep(61000);
        const { ws, answer } = await signalOpen(b.owner, b.camera.id, session, code);
        ws.destroy();
        if (!answer.refused) throw new Accepted(JSON.stringify(answer));
        return answer.refused.reason;
    }),
];

/** Debian's slowhttptest, where it is installed: [] otherwise. */
export function slowHttpTests() {
    if (spawnSync("slowhttptest", ["-h"]).error) {
        console.error("slowhttptest is not installed: left out");
        return [];
    }
    const attack = (name, counted, args) => slow(`slowhttptest ${name}`, counted, async (b) => {
        const proc = spawn("slowhttptest", [...args, "-c", "400", "-r", "100", "-l", "25", "-u", `https://127.0.0.1:${b.skep.port}/healthz`], { stdio: "ignore" });
        await new Promise((done) => proc.once("close", done));
        return "over";
    });
    return [
        attack("-H (heads)", /^edge\/(slow-head|source-connections)/, ["-H", "-i", "5"]),
        attack("-B (bodies)", /^edge\//, ["-B", "-i", "5", "-s", "8192"]),
        attack("-X (readers)", /^edge\//, ["-X", "-w", "10", "-y", "20", "-n", "5", "-k", "3"]),
    ];
}
