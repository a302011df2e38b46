// A whole session in node: authorization stubbed, pipe in memory, camera of these tests behind it.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Proof } from "../src/live/labels";
import { type Handshake, type SessionEnd, type SessionResult, sessionOpen } from "../src/live/session";
import type { PipeHandlers, Signal } from "../src/live/signal";
import { type Bytes, base64Encode, bytesConcat, bytesCopy, bytesText, textBytes } from "../src/seal/bytes";
import { type Channel, RecordType } from "../src/seal/channel";
import { Code } from "../src/seal/codes";
import { Role, keyName } from "../src/seal/fingerprint";
import { type DhKey, ecdhKeyNew } from "../src/seal/kk";
import { Kind, abortEncode } from "../src/seal/messages";
import { ACCOUNT, BOOT, CODE, DEVICE, keyEntry, keyRecord, responderTake, testKey, verifierNew } from "./camera";

const PROOF: Proof = { password: { class: 1, text: CODE }, via: "label", simulated: false, fingerprint: null };

globalThis.fetch = () => Promise.resolve(new Response('{"code":"c","expires":1}', { status: 201 }));

interface Bench {
    result: Promise<SessionResult>;
    ends: SessionEnd[];
    events: string[];
    sent: Bytes[];
    closed: () => boolean;
    /** Seals a record as the camera and delivers it. */
    say(type: RecordType, content: Bytes): Promise<void>;
    deliver(body: Bytes): void;
    requests: string[];
    /** Waits until everything under way is through. */
    quiet(): Promise<void>;
}

interface Script {
    readonly how?: (seal: DhKey) => Promise<Handshake>;
    readonly boot?: Bytes;
    /** What the hello names; default is the camera's own key. */
    readonly helloSeal?: Bytes;
    readonly beforeHello?: (bench: Bench) => Promise<void>;
    readonly code?: string;
}

async function benchNew(script: Script = {}): Promise<Bench> {
    const seal = await ecdhKeyNew();
    const how = await (script.how?.(seal) ?? Promise.resolve({ by: "password", proof: PROOF, params: null } as const));
    const verifier = await verifierNew({ code: script.code ?? CODE });
    let handlers: PipeHandlers | null = null;
    let channel: Channel | null = null;
    let closed = false;
    let tail: Promise<unknown> = Promise.resolve();

    async function record(body: Bytes): Promise<void> {
        const got = await channel?.open(body);
        if (got?.type !== RecordType.req) return;
        const req = JSON.parse(bytesText(got.content) ?? "") as { id: number; do: string };
        bench.requests.push(req.do);
        if (req.do !== "hello") return;
        await script.beforeHello?.(bench);
        const val = {
            v: 1, features: [], wall: 1, boot: base64Encode(script.boot ?? BOOT),
            seal: base64Encode(script.helloSeal ?? seal.publicKey), list: 0, list_hash: base64Encode(new Uint8Array(32)),
            rights: 255, until: 0,
        };
        await bench.say(RecordType.rep, textBytes(JSON.stringify({ id: req.id, ok: true, val })));
    }

    async function camera(body: Bytes): Promise<void> {
        if (body[0] === Kind.record) return record(body);
        if (body[0] === Kind.kopen && how.by === "key") {
            const reply = await responderTake(body, seal, how.viewer.publicKey);
            channel = reply.channel;
            return bench.deliver(reply.answer);
        }
        if (body[0] === Kind.abort) return;
        const reply = await verifier.take(bytesCopy(body, 0, body[0] === Kind.confirm ? 52 : body.length));
        if (reply !== null) return bench.deliver(reply);
        channel = verifier.channel();
        await record(bytesCopy(body, 52));
    }

    const signal: Signal = {
        open: (_session, _device, _code, taken) => {
            handlers = taken;
            return Promise.resolve({
                ok: true,
                pipe: {
                    send: (body) => {
                        bench.sent.push(body);
                        tail = tail.then(() => camera(body)).catch(() => undefined);
                    },
                    close: () => {
                        closed = true;
                    },
                },
            });
        },
        offset_ms: () => null, rtt_ms: () => null, isOpen: () => true, close: () => undefined,
    };

    const bench: Bench = {
        result: Promise.resolve({ ok: false, failure: { why: "network", retry_ms: 0 } }),
        ends: [], events: [], sent: [], requests: [], closed: () => closed,
        say: async (type, content) => {
            for (const body of await channel?.seal(type, content) ?? []) bench.deliver(body);
        },
        deliver: (body) => handlers?.body(body),
        quiet: async () => {
            for (let i = 0; i < 5; i++) {
                await tail;
                await new Promise((resolve) => setTimeout(resolve, 5));
            }
        },
    };
    bench.result = sessionOpen({
        account: { account: ACCOUNT, csrf: "x" }, device: DEVICE, actions: ["live-main"], signal, how,
        ownerProof: () => Promise.resolve(null),
        handlers: {
            stage: () => undefined, keys: () => bench.events.push("keys"), pong: () => bench.events.push("pong"),
            event: (event) => bench.events.push(event.ev), ended: (end) => bench.ends.push(end),
        },
    });
    return bench;
}

async function opened(script: Script = {}) {
    const bench = await benchNew(script);
    const result = await bench.result;
    assert.ok(result.ok, JSON.stringify(result));
    return { bench, session: result.session };
}

async function byKey(seal: DhKey): Promise<Handshake> {
    const viewer = await ecdhKeyNew();
    return { by: "key", viewer, keyId: (await keyName(Role.viewer, viewer.publicKey)).id, seal: seal.publicKey };
}

test("password: hello rides in CONFIRM; commands, events, keys, PING go through", async () => {
    const { bench, session } = await opened();
    assert.deepEqual(bench.sent.map((body) => body[0]), [Kind.open, Kind.open, Kind.confirm]);
    assert.deepEqual(bench.requests, ["hello"]);
    assert.equal(session.params?.length, 28);
    const asked = session.request("live.start", { stream: "main" });
    await bench.quiet();
    await bench.say(RecordType.key, keyRecord([keyEntry(await testKey(1, 1), 5)]));
    await bench.say(RecordType.event, textBytes('{"ev":"lock","val":{}}'));
    await bench.say(RecordType.rep, textBytes('{"id":2,"ok":false,"err":{"code":"denied","text":"no","retry_ms":0}}'));
    assert.deepEqual(await asked, { ok: false, err: { code: "denied", text: "no", retry_ms: 0 } });
    assert.deepEqual(bench.events, ["keys", "lock"]);
    assert.equal(session.keys.size(), 1);
    session.close();
    await bench.quiet();
    assert.deepEqual([bench.ends, bench.closed(), session.keys.size()], [[], true, 0]);
});

test("key: one round trip, then hello", async () => {
    const { bench, session } = await opened({ how: byKey });
    assert.deepEqual(bench.sent.map((body) => body[0]), [Kind.kopen, Kind.record]);
    assert.equal(session.by, "key");
    session.close();
});

test("wrong password: a guess is told, ABORT 4 goes out, no CONFIRM ever", async () => {
    const bench = await benchNew({ code: "0".repeat(24) });
    const result = await bench.result;
    assert.ok(!result.ok && result.failure.why === "abort" && result.failure.guess);
    assert.deepEqual(bench.sent.map((body) => body[0]), [Kind.open, Kind.open, Kind.abort]);
    assert.equal(bench.closed(), true);
});

test("row 25: a forged ABORT, each code, is noise on an open channel", async () => {
    const { bench, session } = await opened();
    const id = bytesCopy(bench.sent[0] ?? new Uint8Array(20), 4, 20);
    for (let code = 0; code < 18; code++) bench.deliver(abortEncode(id, code as Code));
    bench.deliver(new Uint8Array(125));
    await bench.say(RecordType.event, textBytes('{"ev":"still","val":{}}'));
    await bench.quiet();
    assert.deepEqual([bench.ends, bench.events, session.isOpen()], [[], ["still"], true]);
    session.close();
});

test("row 41 on the channel: REP for an unknown id closes with 2", async () => {
    const { bench } = await opened();
    await bench.say(RecordType.rep, textBytes('{"id":77,"ok":true,"val":{}}'));
    await bench.quiet();
    assert.deepEqual(bench.ends, [{ why: "close", code: Code.malformed, by: "viewer" }]);
    assert.equal(bench.closed(), true);
});

test("a camera that sends REQ, DATA or a PONG to nothing: close 2", async () => {
    for (const type of [RecordType.req, RecordType.data, RecordType.pong]) {
        const { bench } = await opened();
        await bench.say(type, new Uint8Array(8));
        await bench.quiet();
        assert.deepEqual(bench.ends, [{ why: "close", code: Code.malformed, by: "viewer" }], String(type));
    }
});

test("a flipped record on the channel closes with 17, and what was open fails as cut", async () => {
    const { bench, session } = await opened();
    const asked = session.request("info", {});
    await bench.quiet();
    bench.deliver(bytesConcat(Uint8Array.of(0x10), new Uint8Array(95)));
    await bench.quiet();
    assert.deepEqual(bench.ends, [{ why: "close", code: Code.crypto, by: "viewer" }]);
    const result = await asked;
    assert.ok(!result.ok && result.err.code === "cut");
});

test("CLOSE from the camera ends with its code", async () => {
    const { bench } = await opened();
    await bench.say(RecordType.close, Uint8Array.of(Code.revoked));
    await bench.quiet();
    assert.deepEqual(bench.ends, [{ why: "close", code: Code.revoked, by: "camera" }]);
});

test("KEY before hello on a password channel, hello with another boot or seal on a key channel: refused", async () => {
    const early = await benchNew({
        beforeHello: async (bench) => bench.say(RecordType.key, keyRecord([keyEntry(await testKey(1, 1), 5)])),
    });
    const first = await early.result;
    assert.ok(!first.ok && first.failure.why === "abort" && first.failure.code === Code.malformed);
    const rebooted = await (await benchNew({ how: byKey, boot: new Uint8Array(8) })).result;
    assert.ok(!rebooted.ok && rebooted.failure.why === "abort" && rebooted.failure.code === Code.malformed);
    const other = await (await benchNew({ how: byKey, helloSeal: (await ecdhKeyNew()).publicKey })).result;
    assert.ok(!other.ok && other.failure.why === "abort" && other.failure.code === Code.crypto);
});

test("PING comes back as PONG with the same 8 bytes", async () => {
    const { bench, session } = await opened();
    session.ping();
    await bench.quiet();
    const before = bench.sent.length;
    await bench.say(RecordType.ping, textBytes("12345678"));
    await bench.quiet();
    assert.equal(bench.sent.length, before + 1);
    session.close();
});
