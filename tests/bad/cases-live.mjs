// Bad device links, bad envelopes and codes, bad relay frames.
import { setTimeout as sleep } from "node:timers/promises";
import { connect as tlsConnect } from "node:tls";
import { rawTls } from "../flow/lib/skep.mjs";
import { authorize, DeviceLink, envelope, FLAG, hello, KIND, liveOpen, MESSAGE, netip, relayFrame, signalOpen, Uplink } from "../flow/lib/peers.mjs";
import { Accepted, closedWith, liveReady, newSession, rawHttp, refusedLink, refusedMessage, sessionOpen, ticketNew } from "./bench.mjs";

const HELLO = netip(MESSAGE.HELLO, hello());

// ---- who may link ----

/** A TLS session of one protocol offered on another. TLS 1.2 and 1.3. */
async function ticketOf(bed, version, alpn, pem) {
    const socket = tlsConnect({ host: "localhost", port: bed.skep.port, ca: bed.skep.caPem, servername: "localhost", ALPNProtocols: [alpn],
        minVersion: version, maxVersion: version, ...(pem ? { cert: pem.cert, key: pem.key } : {}) });
    const session = await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("no ticket")), 5000);
        socket.once("session", (s) => { clearTimeout(timer); resolve(s); });
        socket.once("error", reject);
        socket.on("data", () => {});
        socket.once("secureConnect", () => socket.write(pem ? HELLO : "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    });
    socket.destroy();
    return session;
}
const link = (name, run, counted = /^(edge|device)\//) => ({ layer: "device link", name, counted, run });

const isSpoken = (bed, version) => rawTls(bed.skep, { minVersion: version, maxVersion: version }).then((t) => { t.destroy(); return true; }, () => false);
/** What tickets of one protocol do on another; for each version of TLS that this build speaks. */
export const ticketsOf = (version) => [
    link(`a browser's ticket on the device protocol, ${version}`, async (b) => refusedLink(b, null, HELLO, { session: await ticketOf(b, version, "http/1.1"), minVersion: version, maxVersion: version })),
    link(`a removed device's ticket, ${version}`, async (b) => {
        const camera = await b.enrolNew();
        const session = await ticketOf(b, version, "skep-device/1", camera.pem);
        await b.owner.delete(`/api/v1/devices/${camera.id}`);
        return refusedLink(b, null, HELLO, { session, minVersion: version, maxVersion: version });
    }),
    link(`a device's ticket opens no session of HTTP, ${version}`, async (b) => {
        const session = await ticketOf(b, version, "skep-device/1", b.spare.pem);
        const tls = await rawTls(b.skep, { session, minVersion: version, maxVersion: version });
        await tls.send("GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        const text = (await tls.untilClose()).toString();
        tls.destroy();
        if (!/^HTTP\/1\.1 401/.test(text)) throw new Accepted(text.slice(0, 60));
        return "401";
    }, /^(http|edge)\//),
];

/** The versions of TLS that the box speaks (mbedTLS 2.28: 1.2 only). */
export async function versionsOf(bed) {
    const spoken = [];
    for (const version of ["TLSv1.2", "TLSv1.3"]) if (await isSpoken(bed, version)) spoken.push(version);
    return spoken;
}

export const identities = [
    link("no certificate", (b) => refusedLink(b, null, HELLO)),
    link("certificate of another box's authority", (b) => refusedLink(b, b.foreign.pem, HELLO)),
    link("certificate of a removed device", (b) => refusedLink(b, b.revoked.pem, HELLO)),
    link("HTTP on the device protocol", (b) => refusedLink(b, b.spare.pem, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")),
    { layer: "device link", name: "the device protocol on HTTP", counted: /^edge\//, run: (b) => rawHttp(b, HELLO) },
];

// ---- frames ----

const first = (name, bytes) => link(`first message: ${name}`, (b) => refusedLink(b, b.spare.pem, bytes));
const later = (name, send) => link(name, (b) => refusedMessage(b, send));
const STATUS = { uptime_s: 1, streams: [] };

export const netipFrames = [
    first("KEEPALIVE", netip(MESSAGE.KEEPALIVE, { t0: 1 })),
    first("SIGNAL", netip(MESSAGE.SIGNAL, Buffer.alloc(60))),
    first("HELLO_OK", netip(MESSAGE.HELLO_OK, { link: 1 })),
    first("sequence 1", netip(MESSAGE.HELLO, hello(), { seq: 1 })),
    first("a session before HELLO_OK", netip(MESSAGE.HELLO, hello(), { session: 7 })),
    first("version 9", netip(MESSAGE.HELLO, hello(), { version: 9 })),
    first("wrong magic", netip(MESSAGE.HELLO, hello(), { magic: 0xfe })),
    first("reserved bytes", netip(MESSAGE.HELLO, hello(), { reserved: 1 })),
    first("packet count", netip(MESSAGE.HELLO, hello(), { tail: 0x0101 })),
    first("over 64 KiB", netip(MESSAGE.HELLO, "", { length: 65537 })),
    first("length of 4 GiB", netip(MESSAGE.HELLO, "", { length: 0xffffffff })),
    first("HELLO without seal", netip(MESSAGE.HELLO, hello({ seal: undefined }))),
    first("HELLO version 2", netip(MESSAGE.HELLO, hello({ v: 2 }))),
    first("HELLO with a device id", netip(MESSAGE.HELLO, hello({ device: "a".repeat(26) }))),
    first("seal key of 64 bytes", netip(MESSAGE.HELLO, hello({ seal: "BAAA" }))),
    first("HELLO cut in two", netip(MESSAGE.HELLO, JSON.stringify(hello()).slice(0, 40))),
    first("HELLO with a zero at its end", netip(MESSAGE.HELLO, JSON.stringify(hello()) + "\0")),
    first("two equal members", netip(MESSAGE.HELLO, JSON.stringify(hello()).replace("{", "{\"v\":1,"))),
    first("depth of 9", netip(MESSAGE.HELLO, hello({ caps: [[[[[[[[["x"]]]]]]]]] }))),
    first("array for an object", netip(MESSAGE.HELLO, "[]")),
    ...Array.from({ length: 160 }, (_, bit) => bit).filter((bit) => bit % 3 === 0).map((bit) => {
        const bytes = Buffer.from(HELLO);
        bytes[bit >> 3] ^= 1 << (bit & 7);
        // A length that grew is filled up, so that the message is judged and not waited for.
        return first(`bit ${bit} flipped`, Buffer.concat([bytes, Buffer.alloc(66000, 0x41)]));
    }),
    later("sequence repeated", (l) => l.send(MESSAGE.STATUS, STATUS, { seq: 0 })),
    later("sequence with a gap", (l) => l.send(MESSAGE.STATUS, STATUS, { seq: 2 })),
    later("sequence far ahead", (l) => l.send(MESSAGE.STATUS, STATUS, { seq: 0x80000001 })),
    later("another link's session", (l) => l.send(MESSAGE.KEEPALIVE, { t0: 1 }, { session: (l.session ^ 1) >>> 0 })),
    later("two messages swapped", async (l) => {
        const at = (seq) => netip(MESSAGE.KEEPALIVE, { t0: 1 }, { session: l.session, seq });
        await l.tls.send(Buffer.concat([at(2), at(1)]));
    }),
    later("a message replayed", async (l) => {
        const one = netip(MESSAGE.KEEPALIVE, { t0: 1 }, { session: l.session, seq: 1 });
        await l.tls.send(Buffer.concat([one, one]));
    }),
    later("HELLO again", (l) => l.send(MESSAGE.HELLO, hello())),
    ...["HELLO_OK", "KEEPALIVE_OK", "MEDIA_OPEN", "MEDIA_CLOSE", "NOTICE", "EVENT_OK"].map((name) => later(`${name} from a camera`, (l) => l.send(MESSAGE[name], {}))),
    ...[0, 0x03e8, 0x6fff, 0x7000, 0x7011, 0x70fe, 0x7100, 0xffff].map((id) => later(`message ${id.toString(16)}`, (l) => l.send(id, {}))),
    later("KEEPALIVE without t0", (l) => l.send(MESSAGE.KEEPALIVE, {})),
    later("KEEPALIVE with a text", (l) => l.send(MESSAGE.KEEPALIVE, { t0: "now" })),
    later("KEEPALIVE with an unknown member", (l) => l.send(MESSAGE.KEEPALIVE, { t0: 1, x: 1 })),
    later("STATUS with a name in it", (l) => l.send(MESSAGE.STATUS, { uptime_s: 1, scene: "bedroom" })),
    later("EVENT of 5 bytes", (l) => l.send(MESSAGE.EVENT, Buffer.alloc(5))),
    later("EVENT over 4 KiB", (l) => l.send(MESSAGE.EVENT, Buffer.concat([Buffer.from([0, 1, 0, 0]), Buffer.alloc(8 + 5000)]))),
    later("EVENT of type 77", (l) => l.send(MESSAGE.EVENT, Buffer.concat([Buffer.from([0, 77, 0, 0]), Buffer.alloc(8), Buffer.alloc(16)]))),
    later("SIGNAL of 10 bytes", (l) => l.send(MESSAGE.SIGNAL, Buffer.alloc(10))),
    later("SIGNAL of version 2", (l) => l.send(MESSAGE.SIGNAL, envelope({ session: newSession(), device: "a".repeat(26), version: 2 }))),
    later("SIGNAL over 16 KiB", (l) => l.send(MESSAGE.SIGNAL, envelope({ session: newSession(), device: "a".repeat(26), body: Buffer.alloc(16385) }))),
    later("400 messages at once", async (l) => { for (let i = 0; i < 400; i++) await l.send(MESSAGE.KEEPALIVE, { t0: 1 }).catch(() => {}); }),
    { layer: "device link", name: "SIGNAL for a session of another camera", counted: /^signal\//, run: async (b) => {
        const s = await sessionOpen(b);
        const thief = await (await DeviceLink.open(b.skep, b.spare.pem)).greet();
        await thief.send(MESSAGE.SIGNAL, envelope({ session: s.session, device: s.id }));
        try {
            await s.ws.next(300);
        } catch {
            return "dropped";
        } finally {
            thief.close();
            s.ws.destroy();
        }
        throw new Accepted("another camera's envelope came through");
    } },
];

// ---- signaling ----

const opening = (name, make) => ({ layer: "signaling", name: `open: ${name}`, counted: /^(signal|device)\//, run: async (b) => {
    const { client = b.owner, device, session, code } = await make(b);
    const { ws, answer } = await signalOpen(client, device, session, code);
    ws.destroy();
    if (!answer.refused) throw new Accepted(JSON.stringify(answer));
    return answer.refused.reason;
} });
const text = (name, payload) => ({ layer: "signaling", name: `text: ${name}`, counted: /^(signal|edge)\//, run: async (b) => {
    const ws = await b.owner.socket("/ws/signal", "skep.signal.1");
    ws.send(payload);
    return closedWith(ws, 1002, 1009);
} });
/** An envelope on an open session: the session must end with type 2 or the socket be closed. */
const body = (name, make) => ({ layer: "signaling", name, counted: /^(signal|edge)\//, run: async (b) => {
    const s = await sessionOpen(b);
    const seen = b.link.messages().filter((m) => m.id === MESSAGE.SIGNAL).length;
    s.ws.send(Buffer.from("")); // an empty message must not upset the order of what follows
    for (const part of [await make(s, b)].flat()) s.ws.send(part);
    let how = "dropped";
    try {
        const answer = await s.ws.next(name.includes("dropped") ? 300 : 3000);
        if (!Buffer.isBuffer(answer) || answer[1] !== 2) throw new Accepted(`answered ${answer.toString("hex").slice(0, 40)}`);
        how = `undeliverable ${answer.at(-1)}`;
    } catch (error) {
        if (error instanceof Accepted) throw error;
    }
    s.ws.destroy();
    await sleep(30);
    const forwarded = b.link.messages().filter((m) => m.id === MESSAGE.SIGNAL).slice(seen).filter((m) => m.body[1] === 1 && m.body.includes("BAD"));
    if (forwarded.length > 0) throw new Accepted("forwarded to the camera");
    return how;
} });
const BAD = Buffer.from("BAD");

export const signaling = [
    opening("made-up code", async (b) => ({ device: b.camera.id, session: newSession(), code: "A".repeat(43) })),
    opening("another login's code", async (b) => { const session = newSession(); return { device: b.camera.id, session, code: await authorize(b.other, b.camera.id, session) }; }),
    opening("another session's code", async (b) => ({ device: b.camera.id, session: newSession(), code: await authorize(b.owner, b.camera.id, newSession()) })),
    opening("another camera's code", async (b) => { const session = newSession(); return { device: b.camera.id, session, code: await authorize(b.owner, b.spare.id, session) }; }),
    opening("a camera that is offline", async (b) => { const session = newSession(); return { device: b.spare.id, session, code: await authorize(b.owner, b.spare.id, session) }; }),
    { layer: "signaling", name: "open: a session twice", counted: /^signal\//, run: async (b) => {
        const s = await sessionOpen(b);
        const { ws, answer } = await signalOpen(b.owner, b.camera.id, s.session, s.code);
        for (const one of [ws, s.ws]) one.destroy();
        if (!answer.refused) throw new Accepted(JSON.stringify(answer));
        return answer.refused.reason;
    } },
    { layer: "signaling", name: "33 sessions on a socket", counted: /^signal\//, run: async (b) => {
        const ws = await b.owner.socket("/ws/signal", "skep.signal.1");
        let answer;
        for (let i = 0; i < 33; i++) {
            const session = newSession();
            ws.sendJson({ open: { session: session.toString("base64url"), device: b.camera.id, code: await authorize(b.owner, b.camera.id, session) } });
            answer = await ws.nextJson();
        }
        ws.destroy();
        if (!answer.refused) throw new Accepted("33 sessions");
        return answer.refused.reason;
    } },
    text("no JSON", "hello"),
    text("array", "[]"),
    text("unknown word", "{\"close\":1}"),
    text("open without code", "{\"open\":{\"device\":\"a\",\"session\":\"b\"}}"),
    text("unknown member", "{\"open\":{\"device\":\"a\",\"session\":\"b\",\"code\":\"c\",\"as\":\"root\"}}"),
    text("ping with a text", "{\"ping\":\"x\"}"),
    text("two words", "{\"ping\":1,\"open\":{}}"),
    text("too long", JSON.stringify({ open: "x".repeat(70000) })),
    body("sequence with a gap", (s) => envelope({ session: s.session, device: s.id, seq: 1, body: BAD })),
    body("sequence replayed", (s) => [envelope({ session: s.session, device: s.id, seq: 0 }), envelope({ session: s.session, device: s.id, seq: 0, body: BAD })]),
    body("reordered", (s) => [envelope({ session: s.session, device: s.id, seq: 1, body: BAD }), envelope({ session: s.session, device: s.id, seq: 0, body: BAD })]),
    body("names an account", (s) => envelope({ session: s.session, device: s.id, account: "boss", body: BAD })),
    body("another device's id", (s, b) => envelope({ session: s.session, device: b.spare.id, body: BAD })),
    body("a session that is not open (dropped)", (s) => envelope({ session: newSession(), device: s.id, body: BAD })),
    body("type 2 from a viewer", (s) => { const e = envelope({ session: s.session, device: s.id, type: 2, body: Buffer.from([1]) }); return e; }),
    body("truncated", (s) => envelope({ session: s.session, device: s.id, body: BAD }).subarray(0, 30)),
    body("empty body", (s) => envelope({ session: s.session, device: s.id, body: Buffer.alloc(0) })),
    body("over 16 KiB", (s) => envelope({ session: s.session, device: s.id, body: Buffer.alloc(16385, "BAD") })),
    body("version 2", (s) => envelope({ session: s.session, device: s.id, version: 2, body: BAD })),
    body("type 9", (s) => envelope({ session: s.session, device: s.id, type: 9, body: BAD })),
    body("ttl 0", (s) => envelope({ session: s.session, device: s.id, ttl: 0, body: BAD })),
    body("ttl 601", (s) => envelope({ session: s.session, device: s.id, ttl: 601, body: BAD })),
    body("200 at once", (s) => Array.from({ length: 200 }, (_, i) => envelope({ session: s.session, device: s.id, seq: i }))),
    { layer: "signaling", name: "another socket's session", counted: /^signal\//, run: async (b) => {
        const s = await sessionOpen(b);
        const thief = await b.other.socket("/ws/signal", "skep.signal.1");
        const seen = b.link.messages().length;
        thief.send(envelope({ session: s.session, device: s.id, body: BAD }));
        await sleep(150);
        for (const ws of [thief, s.ws]) ws.destroy();
        if (b.link.messages().slice(seen).some((m) => m.body.includes("BAD"))) throw new Accepted("forwarded");
        return "dropped";
    } },
    ...Array.from({ length: 41 }, (_, i) => i).map((at) => body(`byte ${at} of the head flipped`, (s) => {
        const e = envelope({ session: s.session, device: s.id, body: BAD });
        e[at] ^= at === 2 || at === 3 ? 0xf0 : 0x81; // the time to live stays out of range
        return e;
    })),
];

// ---- relay frames ----

const live = (name, send, ...codes) => ({ layer: "live socket", name, counted: /^(relay|edge)\//, run: async (b) => {
    const { ws } = await liveReady(b);
    try {
        await send(ws);
        return await closedWith(ws, ...(codes.length ? codes : [1002, 1009]));
    } finally {
        ws.destroy();
    }
} });
const showing = (name, make) => ({ layer: "live socket", name: `code: ${name}`, counted: /^(relay|device)\//, run: async (b) => {
    const { ws, answer } = await liveOpen(b.owner, await make(b));
    ws.destroy();
    if (!answer.refused) throw new Accepted(JSON.stringify(answer));
    return answer.refused.reason;
} });
/** Bytes on an uplink that was let in by its ticket: it must be cut. */
const uplink = (name, send) => ({ layer: "uplink", name, counted: /^relay\//, run: async (b) => {
    const { ticket, live: viewer } = await ticketNew(b);
    const up = await (await Uplink.open(b.skep)).greet(ticket);
    try {
        await send(up, b, ticket);
        await up.tls.untilClose(8000);
        const cut = up.frames().find((f) => f.kind === KIND.CUT);
        if (!cut) throw new Accepted("closed without CUT");
        return `CUT ${cut.body[0]}`;
    } finally {
        up.close();
        viewer.ws.destroy();
    }
} });
const noUplink = (name, send) => ({ layer: "uplink", name, counted: /^relay\//, run: async (b) => {
    const up = await Uplink.open(b.skep);
    try {
        await send(up, b);
        await up.tls.untilClose(12000);
        if (up.frames().some((f) => f.kind === KIND.WELCOME)) throw new Accepted("WELCOME");
        return "cut";
    } finally {
        up.close();
    }
} });
const media = (fields, size = 40) => relayFrame(KIND.VIDEO, Buffer.alloc(size, 1), { stream: 5, flags: FLAG.KEY, ...fields });

export const relayFrames = [
    showing("made-up", async () => "A".repeat(43)),
    showing("another login's", (b) => authorize(b.other, b.camera.id, newSession())),
    showing("without a right to look", (b) => authorize(b.owner, b.camera.id, newSession(), ["ptz"])),
    live("text that is no JSON", (ws) => ws.send("x")),
    live("unknown member", (ws) => ws.sendJson({ code: "x", role: "camera" })),
    live("media from a viewer", (ws) => ws.send(media())),
    live("HELLO from a viewer", (ws) => ws.send(relayFrame(KIND.HELLO, "{\"ticket\":\"x\"}"))),
    live("WELCOME from a viewer", (ws) => ws.send(relayFrame(KIND.WELCOME))),
    live("CUT from a viewer", (ws) => ws.send(relayFrame(KIND.CUT, Buffer.from([1]), { stream: 5 }))),
    live("SKIPPED from a viewer", (ws) => ws.send(relayFrame(KIND.SKIPPED, Buffer.alloc(4), { stream: 5 }))),
    live("kind 0", (ws) => ws.send(relayFrame(0, "x"))),
    live("kind 255", (ws) => ws.send(relayFrame(255))),
    live("version 2", (ws) => ws.send(relayFrame(KIND.SUBSCRIBE, "", { version: 2, stream: 5 }))),
    live("flags on a control frame", (ws) => ws.send(relayFrame(KIND.SUBSCRIBE, "", { flags: 1, stream: 5 }))),
    live("PTS on a control frame", (ws) => ws.send(relayFrame(KIND.SUBSCRIBE, "", { pts: 1, stream: 5 }))),
    live("SUBSCRIBE with a payload", (ws) => ws.send(relayFrame(KIND.SUBSCRIBE, "x", { stream: 5 }))),
    live("length that lies", (ws) => ws.send(relayFrame(KIND.SUBSCRIBE, "", { stream: 5, length: 9 }))),
    live("length of 4 GiB", (ws) => ws.send(relayFrame(KIND.SUBSCRIBE, "", { stream: 5, length: 0xffffffff }))),
    live("half a header", (ws) => ws.send(relayFrame(KIND.SUBSCRIBE, "", { stream: 5 }).subarray(0, 11))),
    live("two frames in one message", (ws) => { const f = relayFrame(KIND.SUBSCRIBE, "", { stream: 5 }); ws.send(Buffer.concat([f, f])); }),
    { layer: "live socket", name: "talk", counted: /^relay\/talk/, run: async (b) => { const { ws } = await liveReady(b); ws.send(relayFrame(KIND.TALK, Buffer.alloc(40), { stream: 5 })); await sleep(50); ws.destroy(); return "dropped"; } },
    { layer: "live socket", name: "300 subscriptions", counted: /^relay\/subscription-limit/, run: async (b) => {
        const { ws } = await liveReady(b);
        for (let i = 1; i <= 300; i++) ws.send(relayFrame(KIND.SUBSCRIBE, "", { stream: i }));
        let cut;
        try { for (;;) { const m = await ws.next(2000); if (Buffer.isBuffer(m) && m[1] === KIND.CUT) { cut = m; break; } } } catch { throw new Accepted("300 subscriptions"); } finally { ws.destroy(); }
        return `CUT ${cut.at(-1)}`;
    } },
    noUplink("made-up ticket", (up) => up.send(KIND.HELLO, { ticket: "A".repeat(43) })),
    noUplink("no JSON in HELLO", (up) => up.send(KIND.HELLO, "x")),
    noUplink("unknown member in HELLO", (up) => up.send(KIND.HELLO, { ticket: "A".repeat(43), device: "x" })),
    noUplink("media before HELLO", (up) => up.tls.send(media())),
    noUplink("PING before HELLO", (up) => up.send(KIND.PING, Buffer.alloc(8))),
    noUplink("HELLO of 8 KiB", (up) => up.send(KIND.HELLO, { ticket: "A".repeat(8000) })),
    noUplink("HTTP", (up) => up.tls.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")),
    noUplink("a ticket used before", async (up, b) => {
        const { ticket, live: viewer } = await ticketNew(b);
        const honest = await (await Uplink.open(b.skep)).greet(ticket);
        await up.send(KIND.HELLO, { ticket });
        await up.tls.untilClose(8000);
        honest.close();
        viewer.ws.destroy();
    }),
    noUplink("a ticket of a link that is gone", async (up, b) => {
        const { ticket, live: viewer } = await ticketNew(b);
        viewer.ws.destroy();
        b.link.close();
        await sleep(200);
        b.link = await (await DeviceLink.open(b.skep, b.camera.pem)).greet();
        await up.send(KIND.HELLO, { ticket });
    }),
    uplink("HELLO again", (up, b, ticket) => up.send(KIND.HELLO, { ticket })),
    uplink("SUBSCRIBE from a camera", (up) => up.send(KIND.SUBSCRIBE, "", { stream: 5 })),
    uplink("WELCOME from a camera", (up) => up.send(KIND.WELCOME)),
    uplink("talk from a camera", (up) => up.send(KIND.TALK, Buffer.alloc(40), { stream: 5 })),
    uplink("media of 17 bytes", (up) => up.tls.send(media({}, 17))),
    uplink("media of 4 MiB and one", (up) => up.tls.send(media({ length: (4 << 20) + 1 }))),
    uplink("stream 0", (up) => up.tls.send(media({ stream: 0 }))),
    uplink("unknown flag", (up) => up.tls.send(media({ flags: 0x20 }))),
    uplink("INIT and KEY at once", (up) => up.tls.send(media({ flags: FLAG.INIT | FLAG.KEY }))),
    uplink("version 2", (up) => up.tls.send(media({ version: 2 }))),
    uplink("kind 7", (up) => up.tls.send(relayFrame(7, Buffer.alloc(40), { stream: 5 }))),
    ...[0, 1, 2, 3, 4, 5, 6, 7, 15].map((bit) => uplink(`version bit ${bit} or kind flipped`, (up) => {
        const f = media();
        f[bit >> 3] ^= 1 << (bit & 7);
        return up.tls.send(f);
    })),
];
