// A WebSocket client (RFC 6455) small enough to read, because node's own takes no private CA. It
// also shows what a browser hides: the refusal's status and the close code as they came.
import { createHash, randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { request } from "node:https";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const MESSAGE_MAX = 4 * 1024 * 1024;
const OP = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

function frame(opcode, payload) {
    const mask = randomBytes(4);
    const length = payload.length;
    const head = length < 126 ? Buffer.from([0x80 | opcode, 0x80 | length])
        : length < 65536 ? Buffer.from([0x80 | opcode, 0x80 | 126, length >> 8, length & 255])
        : Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | 127, 0, 0, 0, 0]), uint32(length)]);
    const masked = Buffer.from(payload);
    for (let i = 0; i < length; i++) masked[i] ^= mask[i & 3];
    return Buffer.concat([head, mask, masked]);
}

function uint32(n) {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(n);
    return out;
}

/** Read one server frame of `data`: null when it is not all there. Throws on what a server must not send. */
function frameRead(data) {
    if (data.length < 2) return null;
    if (data[0] & 0x70) throw new Error("reserved bit in a frame");
    if (data[1] & 0x80) throw new Error("masked server frame");
    let length = data[1] & 127;
    let at = 2;
    if (length === 126) {
        if (data.length < 4) return null;
        length = data.readUInt16BE(2);
        at = 4;
    } else if (length === 127) {
        if (data.length < 10) return null;
        length = Number(data.readBigUInt64BE(2));
        at = 10;
    }
    if (length > MESSAGE_MAX) throw new Error("frame of " + length + " bytes");
    if (data.length < at + length) return null;
    return { final: (data[0] & 0x80) !== 0, opcode: data[0] & 15, payload: data.subarray(at, at + length), size: at + length };
}

/** Events: "message" (string or Buffer), "close" ({code, reason, clean}). Messages also queue for next(). */
export class WebSocketClient extends EventEmitter {
    #socket; #rest; #parts = []; #partsOpcode = 0; #queue = []; #waiting = []; #closed = null;

    constructor(socket, head, protocol) {
        super();
        this.#socket = socket;
        this.#rest = head;
        this.protocol = protocol;
        socket.on("data", (data) => this.#take(data));
        socket.on("error", () => {});
        socket.on("close", () => this.#end({ code: 1006, reason: "", clean: false }));
    }

    start() {
        this.#take(Buffer.alloc(0));
        this.#socket.resume();
    }

    #take(data) {
        this.#rest = Buffer.concat([this.#rest, data]);
        try {
            for (let f; !this.#closed && (f = frameRead(this.#rest)) !== null;) {
                this.#rest = this.#rest.subarray(f.size);
                this.#frame(f);
            }
        } catch (error) {
            this.#end({ code: 1002, reason: error.message, clean: false });
            this.#socket.destroy();
        }
    }

    #frame(f) {
        if (f.opcode === OP.ping) return void this.#write(OP.pong, f.payload);
        if (f.opcode === OP.pong) return void this.emit("pong", Buffer.from(f.payload));
        if (f.opcode === OP.close) {
            const code = f.payload.length >= 2 ? f.payload.readUInt16BE(0) : 1005;
            this.#write(OP.close, f.payload.subarray(0, 2));
            this.#end({ code, reason: f.payload.subarray(2).toString(), clean: true });
            return void this.#socket.end();
        }
        if (f.opcode !== OP.continuation) {
            this.#parts = [];
            this.#partsOpcode = f.opcode;
        }
        this.#parts.push(Buffer.from(f.payload));
        if (!f.final) return;
        const whole = Buffer.concat(this.#parts);
        this.#message(this.#partsOpcode === OP.text ? whole.toString() : whole);
    }

    #message(message) {
        this.emit("message", message);
        const waiter = this.#waiting.shift();
        if (waiter) waiter.resolve(message);
        else this.#queue.push(message);
    }

    #end(how) {
        if (this.#closed) return;
        this.#closed = how;
        for (const waiter of this.#waiting.splice(0))
            waiter.reject(new Error(`socket closed with ${how.code} ${how.reason}`));
        this.emit("close", how);
    }

    #write(opcode, payload) {
        if (this.#socket.writable) this.#socket.write(frame(opcode, payload));
    }

    /** Send a text (string) or a binary message (Buffer or Uint8Array). */
    send(message) {
        this.#write(typeof message === "string" ? OP.text : OP.binary, Buffer.from(message));
    }

    sendJson(value) {
        this.send(JSON.stringify(value));
    }

    ping(payload = Buffer.alloc(0)) {
        this.#write(OP.ping, Buffer.from(payload));
    }

    /** Bytes straight onto the connection: for tests of bad frames. */
    sendRaw(bytes) {
        this.#socket.write(bytes);
    }

    /** The next message in order; rejects when the socket closes or `ms` have passed. */
    next(ms = 10000) {
        if (this.#queue.length > 0) return Promise.resolve(this.#queue.shift());
        if (this.#closed) return Promise.reject(new Error(`socket closed with ${this.#closed.code}`));
        return new Promise((resolve, reject) => {
            const waiter = { resolve: (m) => { clearTimeout(timer); resolve(m); }, reject: (e) => { clearTimeout(timer); reject(e); } };
            const timer = setTimeout(() => {
                this.#waiting = this.#waiting.filter((w) => w !== waiter);
                reject(new Error(`no message within ${ms} ms`));
            }, ms);
            this.#waiting.push(waiter);
        });
    }

    /** The next text message that `wanted` accepts, parsed as JSON; others are passed over. */
    async nextJson(wanted = () => true, ms = 10000) {
        const end = Date.now() + ms;
        for (;;) {
            const message = await this.next(Math.max(1, end - Date.now()));
            if (typeof message !== "string") continue;
            const value = JSON.parse(message);
            if (wanted(value)) return value;
        }
    }

    /** How the socket was closed; waits for it. */
    closed(ms = 10000) {
        if (this.#closed) return Promise.resolve(this.#closed);
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`not closed within ${ms} ms`)), ms);
            this.once("close", (how) => { clearTimeout(timer); resolve(how); });
        });
    }

    close(code = 1000) {
        this.#write(OP.close, Buffer.from([code >> 8, code & 255]));
        this.#socket.end();
    }

    destroy() {
        this.#socket.destroy();
    }

    /** A peer that takes nothing more, until resumeReading(). */
    pauseReading() {
        this.#socket.pause();
    }

    resumeReading() {
        this.#socket.resume();
    }

    isClosed() {
        return this.#closed !== null;
    }
}

/** Open `path`. Rejects with an error that carries `status` and `body` when the box refuses the upgrade. */
export function webSocketOpen({ port, ca, path, protocol, headers = {}, host = "localhost", timeout = 10000 }) {
    const key = randomBytes(16).toString("base64");
    const options = {
        host, port, ca, path, agent: false, timeout, ALPNProtocols: ["http/1.1"],
        headers: {
            Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
            ...(protocol ? { "Sec-WebSocket-Protocol": protocol } : {}), ...headers,
        },
    };
    return new Promise((resolve, reject) => {
        const req = request(options);
        req.on("upgrade", (res, socket, head) => {
            const accept = createHash("sha1").update(key + GUID).digest("base64");
            if (res.headers["sec-websocket-accept"] !== accept) {
                socket.destroy();
                return reject(new Error("wrong Sec-WebSocket-Accept"));
            }
            socket.setTimeout(0);
            const client = new WebSocketClient(socket, head, res.headers["sec-websocket-protocol"]);
            resolve(client);
            setImmediate(() => client.start());
        });
        req.on("response", (res) => {
            const parts = [];
            res.on("data", (d) => parts.push(d));
            res.on("end", () => {
                const error = new Error(`${path}: not upgraded, status ${res.statusCode}`);
                reject(Object.assign(error, { status: res.statusCode, body: Buffer.concat(parts).toString() }));
            });
        });
        req.on("timeout", () => req.destroy(new Error(`${path}: no answer within ${timeout} ms`)));
        req.on("error", reject);
        req.end();
    });
}
