// Peers that speak the device link, the media uplink and envelopes by hand, so that tests can also
// say what no honest peer would. Layouts: wire.md, sealed.md 6.
import { rawTls } from "./skep.mjs";

export const MESSAGE = { HELLO: 0x7001, HELLO_OK: 0x7002, KEEPALIVE: 0x7003, KEEPALIVE_OK: 0x7004, SIGNAL: 0x7010, MEDIA_OPEN: 0x7020,
    MEDIA_CLOSE: 0x7021, NOTICE: 0x7030, EVENT: 0x7040, EVENT_OK: 0x7041, STATUS: 0x7050, ERROR: 0x70ff };
export const KIND = { VIDEO: 1, AUDIO: 2, TALK: 4, HELLO: 0x80, WELCOME: 0x81, SUBSCRIBE: 0x82, UNSUBSCRIBE: 0x83, KEYREQ: 0x84, CREDIT: 0x85,
    PING: 0x86, PONG: 0x87, CUT: 0x88, SKIPPED: 0x89 };
export const FLAG = { KEY: 1, INIT: 2, DISC: 4, END: 8, NOCACHE: 16 };

const bytesOf = (body) => (Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));

/** One NETIP message; any field may be given wrong. */
export function netip(id, body = "", { magic = 0xff, version = 1, reserved = 0, session = 0, seq = 0, tail = 0, length } = {}) {
    const data = bytesOf(body);
    const head = Buffer.alloc(20);
    head[0] = magic;
    head[1] = version;
    head.writeUInt16LE(reserved, 2);
    head.writeUInt32LE(session, 4);
    head.writeUInt32LE(seq >>> 0, 8);
    head.writeUInt16LE(tail, 12);
    head.writeUInt16LE(id, 14);
    head.writeUInt32LE(length ?? data.length, 16);
    return Buffer.concat([head, data]);
}

export function relayFrame(kind, payload = "", { version = 1, flags = 0, stream = 0, pts = 0n, length } = {}) {
    const data = bytesOf(payload);
    const head = Buffer.alloc(20);
    head[0] = version;
    head[1] = kind;
    head.writeUInt16BE(flags, 2);
    head.writeUInt32BE(stream, 4);
    head.writeBigUInt64BE(BigInt(pts), 8);
    head.writeUInt32BE(length ?? data.length, 16);
    return Buffer.concat([head, data]);
}

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
export function deviceRaw(id) {
    let bits = 0n;
    for (const c of id) bits = (bits << 5n) | BigInt(BASE32.indexOf(c));
    return Buffer.from((bits >> 2n).toString(16).padStart(32, "0"), "hex");
}

export function envelope({ session, device, body = Buffer.from("sealed"), version = 1, type = 1, ttl = 100, seq = 0, account = "" }) {
    const head = Buffer.alloc(40);
    head[0] = version;
    head[1] = type;
    head.writeUInt16BE(ttl, 2);
    head.writeUInt32BE(seq, 4);
    session.copy(head, 8);
    deviceRaw(device).copy(head, 24);
    return Buffer.concat([head, Buffer.from([account.length]), Buffer.from(account), bytesOf(body)]);
}

export const hello = (more = {}) => ({ v: 1, model: "Test", hw: "t", fw: "1", fw_counter: 1, boot: Buffer.alloc(8, 7).toString("base64url"), caps: ["live-main"],
    seal: Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 9)]).toString("base64url"), ...more });

function framesOf(data, headLength, lengthAt) {
    const frames = [];
    for (let at = 0; data.length - at >= headLength;) {
        const length = lengthAt(data, at);
        if (data.length - at - headLength < length) break;
        frames.push({ head: data.subarray(at, at + headLength), body: data.subarray(at + headLength, at + headLength + length) });
        at += headLength + length;
    }
    return frames;
}

/** The device link of a hand-made camera: `pem` as enrol() gives it. */
export class DeviceLink {
    static async open(skep, pem, { alpn = ["skep-device/1"], ...more } = {}) {
        const link = new DeviceLink();
        link.tls = await rawTls(skep, { alpn, ...(pem ? { cert: pem.cert, key: pem.key } : {}), ...more });
        link.seq = 0;
        link.session = 0;
        return link;
    }

    messages() {
        return framesOf(this.tls.bytes(), 20, (d, at) => d.readUInt32LE(at + 16))
            .map(({ head, body }) => ({ id: head.readUInt16LE(14), session: head.readUInt32LE(4), seq: head.readUInt32LE(8), body }));
    }

    /** The first message of this id, within `ms`. */
    async next(id, ms = 5000) {
        await this.tls.until(() => this.messages().some((m) => m.id === id), ms);
        return this.messages().find((m) => m.id === id);
    }

    async send(id, body, fields = {}) {
        const data = netip(id, body, { session: this.session, seq: this.seq, ...fields });
        this.seq++;
        await this.tls.send(data);
    }

    async greet(more) {
        await this.send(MESSAGE.HELLO, hello(more));
        const ok = await this.next(MESSAGE.HELLO_OK);
        this.session = JSON.parse(ok.body.toString()).link;
        return this;
    }

    close() { this.tls.destroy(); }
}

/** The media uplink of a hand-made camera. */
export class Uplink {
    static async open(skep) {
        const up = new Uplink();
        up.tls = await rawTls(skep, { alpn: ["skep-media/1"] });
        return up;
    }

    frames() {
        return framesOf(this.tls.bytes(), 20, (d, at) => d.readUInt32BE(at + 16))
            .map(({ head, body }) => ({ kind: head[1], flags: head.readUInt16BE(2), stream: head.readUInt32BE(4), body }));
    }

    async next(kind, ms = 5000) {
        await this.tls.until(() => this.frames().some((f) => f.kind === kind), ms);
        return this.frames().find((f) => f.kind === kind);
    }

    send(kind, payload, fields) { return this.tls.send(relayFrame(kind, payload, fields)); }

    async greet(ticket) {
        await this.send(KIND.HELLO, { ticket });
        await this.next(KIND.WELCOME);
        return this;
    }

    close() { this.tls.destroy(); }
}

/** A code for one device and session. */
export async function authorize(api, device, session, actions = ["live-main", "live-sub"]) {
    const answer = await api.post("/api/v1/authorizations", { device, actions, session: session.toString("base64url") });
    if (answer.status !== 201) throw new Error(`authorizations: ${answer.status} ${answer.text}`);
    return answer.json.code;
}

/** /ws/signal with one session opened -> {ws, opened}. */
export async function signalOpen(api, device, session, code) {
    const ws = await api.socket("/ws/signal", "skep.signal.1");
    ws.sendJson({ open: { session: session.toString("base64url"), device, code } });
    const answer = await ws.nextJson();
    return { ws, answer };
}

/** /ws/live with one code shown. */
export async function liveOpen(api, code) {
    const ws = await api.socket("/ws/live", "skep.live.1");
    ws.sendJson({ code });
    const answer = await ws.nextJson();
    return { ws, answer };
}
