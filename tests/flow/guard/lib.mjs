// Strangers from many addresses: every loopback address is a source of its own.
import { request } from "node:https";
import { Agent } from "node:https";
import { connect } from "node:tls";

/** One request from `from` -> {status, json, headers} or {error}. `agent` keeps connections. */
export function ask(skep, from, path, { method = "GET", body, headers = {}, agent, timeout = 15000 } = {}) {
    return new Promise((resolve) => {
        const data = body === undefined ? undefined : JSON.stringify(body);
        const req = request({
            host: "127.0.0.1", port: skep.port, localAddress: from, servername: "localhost", ca: skep.caPem, path, method, agent, timeout,
            headers: { Host: `localhost:${skep.port}`, ...(data ? { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(data) } : {}), ...headers },
        }, (res) => {
            let text = "";
            res.on("data", (d) => { text += d; });
            res.on("end", () => {
                let json;
                try { json = JSON.parse(text); } catch { json = undefined; }
                resolve({ status: res.statusCode, headers: res.headers, json });
            });
            res.on("error", (error) => resolve({ error }));
        });
        req.on("error", (error) => resolve({ error }));
        req.on("timeout", () => req.destroy(new Error("late")));
        req.end(data);
    });
}

export const keeper = (from) => new Agent({ keepAlive: true, maxSockets: 4, localAddress: from });

/** A TLS connection from `from` -> socket, or null when it was refused. */
export function open(skep, from) {
    return new Promise((resolve) => {
        const socket = connect({ host: "127.0.0.1", port: skep.port, localAddress: from, servername: "localhost", ca: skep.caPem, ALPNProtocols: ["http/1.1"] });
        socket.on("error", () => resolve(null));
        socket.on("close", () => resolve(null));
        socket.once("secureConnect", () => resolve(socket));
    });
}

/** 1 when a connection from `from` is refused before TLS. */
export async function isRefused(skep, from) {
    const socket = await open(skep, from);
    socket?.destroy();
    return socket === null;
}
