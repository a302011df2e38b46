// Playback: shapes of play.*, the credit, seeks in a stream of its own key, and the whole of it against a camera that
// answers (sealed.md 4.5, 4.6, 6.3; docs/design/streams.md).

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PastState } from "../src/live/api";
import { fragmentStretch } from "../src/live/fragment";
import { type Past, joined, pastNew } from "../src/live/past";
import { wallAt } from "../src/live/pastplayer";
import type { RelaySocket, StreamHandlers } from "../src/live/relaysocket";
import type { Session } from "../src/live/session";
import { type Bytes, bytesConcat, bytesCopy, getU32, hexDecode, hexEncode, textBytes, u32 } from "../src/seal/bytes";
import { Code, SealError } from "../src/seal/codes";
import type { CommandResult } from "../src/seal/command";
import { CREDIT_WINDOW, creditEncode, creditNew } from "../src/seal/credit";
import type { JsonObject } from "../src/seal/json";
import { type KeyStore, keyStoreNew } from "../src/seal/mediakeys";
import {
    PLAY_SPEEDS, findArg, findRead, playEndRead, playEndedRead, playGapRead, playSeekRead, playSpeedRead, playStartRead,
    startArg,
} from "../src/seal/playback";
import { type Unit, receiverNew } from "../src/seal/receive";
import { RelayFlag, RelayKind, relayDecode } from "../src/seal/relay";
import { BOOT, type TestKey, keyEntry, keyRecord, testKey, textOf, unitSeal } from "./camera";

const STREAM = 0x1234_5678;
const { key: KEY, init: INIT, disc: DISC, nocache: NOCACHE } = RelayFlag;
const P0 = 0x11_2233_4455;
const quiet = async (): Promise<void> => {
    for (let i = 0; i < 6; i++) await new Promise((resolve) => setTimeout(resolve, 2));
};
const codeIs = (code: Code) => (error: unknown): boolean => error instanceof SealError && error.code === code;

// --- shapes ---

test("play.find: what is asked keeps to its bounds", () => {
    assert.deepEqual(findArg(0, 1), { from: 0, to: 1 });
    assert.deepEqual(findArg(5, 5 + 2_678_400_000), { from: 5, to: 2_678_400_005 });
    for (const [from, to] of [[1, 1], [2, 1], [-1, 4], [0, 2_678_400_001], [0.5, 9], [0, NaN]] as const) {
        assert.equal(findArg(from, to), null, `${from} ${to}`);
    }
    assert.deepEqual([startArg(7, 16), startArg(-1, 1), startArg(0.5, 1)], [{ at: 7, speed: 16 }, null, null]);
});

const FOUND = {
    first: 50, last: 900, ranges: [[100, 200], [200, 300], [400, 500]], marks: [[100, 1], [150, 2]], next: 0, source: "card",
} as const;

test("play.find: rising, disjoint, clipped; anything else is refused", () => {
    const read = findRead(FOUND as unknown as JsonObject, 100, 500);
    assert.deepEqual([read.first_ms, read.last_ms, read.ranges.length, read.marks.length, read.next_ms], [50, 900, 3, 2, 0]);
    const wrong: Record<string, unknown>[] = [
        { ranges: [[99, 200]] }, { ranges: [[100, 501]] }, { ranges: [[200, 100]] }, { ranges: [[100, 100]] },
        { ranges: [[100, 300], [200, 400]] }, { ranges: [[300, 400], [100, 200]] }, { ranges: [[100]] },
        { ranges: [[100, 200, 300]] }, { ranges: "all" }, { ranges: Array.from({ length: 129 }, (_, i) => [100 + i, 101 + i]) },
        { marks: [[99, 1]] }, { marks: [[500, 1]] }, { marks: [[150, 1], [140, 1]] }, { marks: [[150, 256]] },
        { next: 100 }, { next: 500 }, { next: -1 }, { next: "0" }, { source: "cloud" }, { first: 901 }, { last: -1 }, { more: 1 },
    ];
    for (const one of wrong) {
        assert.throws(() => findRead({ ...FOUND, ...one } as unknown as JsonObject, 100, 500), codeIs(Code.malformed), JSON.stringify(one));
    }
    const { first: _, ...short } = FOUND;
    assert.throws(() => findRead(short as unknown as JsonObject, 100, 500), SealError);
});

test("play.start, seek, speed and the events: whole or refused", () => {
    const start = { stream: STREAM, codec: "avc1.42E01E", scale: 90_000, pts: 5, wall: 9, speed: 1, frames: "all" };
    assert.deepEqual(playStartRead(start), { stream: STREAM, codec: "avc1.42E01E", pts: 5, wall_ms: 9, speed: 1, keysOnly: false });
    for (const one of [{ stream: 0 }, { scale: 1_000 }, { codec: "<b>" }, { speed: 3 }, { frames: "some" }, { pts: -1 }, { more: 0 }]) {
        assert.throws(() => playStartRead({ ...start, ...one } as JsonObject), SealError, JSON.stringify(one));
    }
    const kid = 0x5a17c0de_0106;
    assert.deepEqual(playSeekRead({ kid, ctr: 7, pts: 5, wall: 9 }), { kid: 0x5a17c0de0106n, ctr: 7, pts: 5, wall_ms: 9 });
    for (const one of [{ kid: 0x5a17c0de_0101 }, { kid: 2 ** 48 + 6 }, { ctr: -1 }, { wall: "9" }, { more: 0 }]) {
        assert.throws(() => playSeekRead({ kid, ctr: 7, pts: 5, wall: 9, ...one } as JsonObject), SealError, JSON.stringify(one));
    }
    for (const speed of PLAY_SPEEDS) assert.equal(playSpeedRead({ speed, frames: "keys" }).speed, speed);
    for (const one of [{ speed: 0 }, { speed: 32 }, { speed: 1 }, { speed: 1, frames: "all", x: 1 }]) {
        assert.throws(() => playSpeedRead(one as unknown as JsonObject), SealError);
    }
    const gap = { stream: 5, from: 10, to: 20, pts: 1, wall: 20 };
    assert.deepEqual(playGapRead(gap), { stream: 5, from_ms: 10, to_ms: 20, pts: 1, wall_ms: 20 });
    for (const one of [{ wall: 19 }, { from: 20 }, { stream: 0 }]) {
        assert.throws(() => playGapRead({ ...gap, ...one }), SealError);
    }
    assert.deepEqual(playEndRead({ stream: 5, pts: 1, wall: 2 }), { stream: 5, pts: 1, wall_ms: 2 });
    assert.throws(() => playEndRead({ stream: 5, pts: 1 }), SealError);
    assert.deepEqual(playEndedRead({ stream: 5, why: "idle" }), { stream: 5, why: "idle" });
    assert.throws(() => playEndedRead({ stream: 5, why: "<b>" }), SealError);
});

// --- credit ---

test("credit: a window at first, back as pictures are played, never more than the window open or held", () => {
    const credit = creditNew(1_000);
    assert.equal(credit.take(), 1_000);
    assert.equal(credit.take(), 0);
    for (const pts of [10, 20, 30]) {
        assert.ok(credit.arrived(300));
        credit.hold(pts, 300);
    }
    assert.deepEqual([credit.held(), credit.take()], [900, 0]);
    credit.played(20);
    assert.deepEqual([credit.held(), credit.take(), credit.take()], [300, 600, 0]);
    assert.ok(credit.arrived(700));
    assert.equal(credit.arrived(1), false, "one byte that nobody gave leave for");
});

test("credit: what a seek leaves behind and what is never shown comes back at once", () => {
    const credit = creditNew(1_000);
    credit.take();
    credit.arrived(400);
    credit.hold(10, 400);
    credit.arrived(600);
    assert.equal(credit.take(), 600, "dropped, so done with");
    credit.dropBefore(10);
    assert.equal(credit.take(), 0);
    credit.dropBefore(11);
    assert.equal(credit.take(), 400);
    assert.equal(hexEncode(creditEncode(STREAM, CREDIT_WINDOW)), "0185000012345678000000000000000000000004" + "00100000");
});

// --- units ---

test("playback units, the vector that both sides are checked against", async () => {
    const key = await testKey(0x5a17c0de, 0x40, 1, RelayKind.playback);
    const unit = await unitSeal(key, 0, INIT | NOCACHE, P0, "init", STREAM, RelayKind.playback);
    assert.equal(hexEncode(unit), VECTOR_UNIT);
    const { take } = await receiver(key);
    assert.deepEqual((await take(hexDecode(VECTOR_UNIT))).map((one) => textOf(one.bytes)), ["init"]);
});
const VECTOR_UNIT = "010600121234567800000011223344550000001b"
    + "d05a17c0de01067ee8dcc366a32e0e6b1bb7c09d30fc647039825d";

async function receiver(key: TestKey, ...more: TestKey[]) {
    const keys = keyStoreNew();
    const entries = [key, ...more].map((one) => keyEntry(one, STREAM));
    await keys.take(keyRecord(entries), BOOT, 0);
    const made = receiverNew({ stream: STREAM, kind: RelayKind.playback, keys, marks: new Map(), now: () => 0 });
    const take = (frame: Bytes): Promise<readonly Unit[]> => made.take(relayDecode(frame));
    const put = async (of: TestKey, ctr: number, flags: number, pts: number, text = `u${ctr}`, kind: number = RelayKind.playback) =>
        (await take(await unitSeal(of, ctr, flags | NOCACHE, pts, text, STREAM, kind))).map((one) => textOf(one.bytes));
    return { made, take, put };
}

const playKey = (generation = 1, seed = 1): Promise<TestKey> => testKey(generation, seed, 3, RelayKind.playback);

test("a unit that may be kept, of another kind, or bent: the stream closes", async () => {
    const key = await playKey();
    const kept = await unitSeal(key, 0, INIT, P0, "init", STREAM, RelayKind.playback);
    await assert.rejects((await receiver(key)).take(kept), codeIs(Code.malformed));
    const live = await unitSeal(key, 0, INIT | NOCACHE, P0, "init", STREAM, RelayKind.video);
    await assert.rejects((await receiver(key)).take(live), codeIs(Code.crypto));
    const good = await unitSeal(key, 0, INIT | NOCACHE, P0, "init", STREAM, RelayKind.playback);
    for (const at of [3, 7, 15, good.length - 1]) {
        const bent = bytesCopy(good);
        bent[at] = (bent[at] ?? 0) ^ (at === 3 ? DISC : 1);
        const { made } = await receiver(key);
        await assert.rejects(made.take(relayDecode(bent)), SealError, `byte ${at}`);
    }
});

test("counters rise strictly: the same unit twice, or an older one, closes the stream", async () => {
    const key = await playKey();
    const { put } = await receiver(key);
    assert.deepEqual(await put(key, 0, INIT, P0), ["u0"]);
    assert.deepEqual(await put(key, 1, KEY, P0), ["u1"]);
    assert.deepEqual(await put(key, 2, 0, P0 + 3_600), ["u2"]);
    await assert.rejects(put(key, 2, 0, P0 + 3_600), codeIs(Code.replay));
    await assert.rejects(put(key, 1, KEY, P0), codeIs(Code.replay));
});

test("a seek: units below the named counter are left out, before the answer's INIT and after; nothing counts as withheld", async () => {
    const key = await playKey();
    const { put, made } = await receiver(key);
    await put(key, 0, INIT, P0);
    await put(key, 1, KEY, P0);
    made.seekTo(key.kid, 10);
    assert.deepEqual(await put(key, 2, 0, P0 + 3_600), []);
    assert.deepEqual(await put(key, 9, KEY, P0 + 7_200), []);
    assert.deepEqual(await put(key, 11, KEY | DISC, P0 + 10_800), [], "a KEY unit before the INIT of the place");
    assert.deepEqual(await put(key, 12, INIT | DISC, P0 + 10_800), ["u12"]);
    assert.deepEqual(await put(key, 13, KEY | DISC, P0 + 10_800), ["u13"]);
    assert.deepEqual(await put(key, 5, 0, P0 + 3_600).catch((error: unknown) => codeIs(Code.replay)(error)), true);
    assert.equal(made.counts().withheld, 0);
});

test("a seek whose INIT came before its answer goes on without a break", async () => {
    const key = await playKey();
    const { put, made } = await receiver(key);
    await put(key, 0, INIT, P0);
    await put(key, 1, KEY, P0);
    await put(key, 10, INIT | DISC, P0 + 3_600);
    assert.deepEqual(await put(key, 11, KEY | DISC, P0 + 3_600), ["u11"]);
    made.seekTo(key.kid, 10);
    assert.deepEqual(await put(key, 12, 0, P0 + 7_200), ["u12"]);
});

test("a seek across a rotation: units of the older key are left out, the newer one is taken", async () => {
    const [old, next] = [await playKey(1, 1), await playKey(2, 50)];
    const { put, made } = await receiver(old, next);
    await put(old, 0, INIT, P0);
    await put(old, 1, KEY, P0);
    made.seekTo(next.kid, 4);
    assert.deepEqual(await put(old, 2, KEY, P0 + 3_600), []);
    assert.deepEqual(await put(next, 3, INIT, P0 + 3_600), []);
    assert.deepEqual(await put(next, 4, INIT | DISC, P0 + 7_200), ["u4"]);
    assert.deepEqual(await put(next, 5, KEY | DISC, P0 + 7_200), ["u5"]);
});

test("time falls only with DISC, and a hole in the counters waits for a KEY unit", async () => {
    const key = await playKey();
    const { put, made } = await receiver(key);
    await put(key, 0, INIT, P0);
    await put(key, 1, KEY, P0);
    assert.deepEqual([await put(key, 4, KEY, P0 + 3_600), made.counts().withheld], [["u4"], 2]);
    assert.deepEqual(await put(key, 7, 0, P0 + 3_600), []);
    assert.deepEqual(await put(key, 8, KEY, P0 + 7_200), ["u8"]);
    await assert.rejects(put(key, 9, 0, P0), codeIs(Code.replay));
});

// --- fragments ---

const box = (type: string, ...parts: Uint8Array[]): Bytes => {
    const content = bytesConcat(...parts);
    return bytesConcat(u32(8 + content.length), textBytes(type), content);
};

function fragment(count = 1): Bytes {
    const samples = Array.from({ length: count }, () => bytesConcat(u32(3_600), u32(9), u32(0)));
    const trun = box("trun", u32(0x701), u32(count), u32(100), ...samples);
    return bytesConcat(box("moof", box("mfhd", u32(0), u32(1)), box("traf", box("tfhd", u32(0x20000), u32(1)), trun)), box("mdat", u32(7)));
}

test("a key picture stands until the next one; what cannot be read stays as it is", () => {
    const one = fragment();
    const long = fragmentStretch(one, 90_000);
    const at = one.findIndex((_, i) => i + 4 <= one.length && getU32(one, i) === 3_600);
    assert.equal(getU32(long, at), 90_000);
    assert.equal(getU32(one, at), 3_600, "a copy");
    assert.deepEqual(long.map((byte, i) => (i >= at && i < at + 4 ? 0 : byte)), one.map((byte, i) => (i >= at && i < at + 4 ? 0 : byte)));
    const two = fragment(2);
    for (const odd of [two, one.slice(0, 40), textBytes("init"), new Uint8Array(0)]) assert.equal(fragmentStretch(odd, 90_000), odd);
    for (const ticks of [0, -1, 0.5, NaN, 2 ** 31]) assert.equal(fragmentStretch(one, ticks), one);
});

test("ranges that meet are one; the clock of a place is that of the last pair before it", () => {
    assert.deepEqual(joined([[0, 5], [5, 9], [10, 12]]), [[0, 9], [10, 12]]);
    const clock = [{ at_s: 10, wall_ms: 1_000_000 }, { at_s: 14, wall_ms: 5_000_000 }];
    assert.deepEqual([wallAt(clock, 12), wallAt(clock, 14), wallAt(clock, 15.5), wallAt([], 1)], [1_002_000, 5_000_000, 5_001_500, null]);
});

// --- the whole against a camera ---

interface Bench {
    past: Past;
    asked: { name: string; arg: JsonObject }[];
    answers: Map<string, CommandResult>;
    given: number[];
    subscribed: Map<number, StreamHandlers>;
    played: string[];
    states: PastState[];
    keys: KeyStore;
    put(of: TestKey, ctr: number, flags: number, pts: number, text?: string): Promise<void>;
}

const ok = (val: JsonObject): CommandResult => ({ ok: true, val });
const START = { stream: STREAM, codec: "avc1.42E01E", scale: 90_000, pts: P0, wall: 1_000_000, speed: 1, frames: "all" };

async function bench(key: TestKey): Promise<Bench> {
    const asked: Bench["asked"] = [];
    const answers = new Map<string, CommandResult>([["play.start", ok(START)]]);
    const given: number[] = [];
    const played: string[] = [];
    const states: PastState[] = [];
    const subscribed = new Map<number, StreamHandlers>();
    const keys = keyStoreNew();
    await keys.take(keyRecord([keyEntry(key, STREAM)]), BOOT, Date.now());
    const session = {
        keys, hello: { boot: BOOT, rights: 0x3f, features: [] }, actions: ["playback"],
        request: (name: string, arg: JsonObject) => {
            asked.push({ name, arg });
            return Promise.resolve(answers.get(name) ?? ok({}));
        },
    } as unknown as Session;
    const relay: RelaySocket = {
        ready: () => Promise.resolve(null), isOpen: () => true, close: () => undefined,
        subscribe: (stream, handlers) => void subscribed.set(stream, handlers),
        unsubscribe: (stream) => void subscribed.delete(stream),
        send: (frame) => {
            const sent = relayDecode(frame);
            assert.deepEqual([sent.kind, sent.stream], [RelayKind.credit, STREAM]);
            given.push(getU32(sent.body, 0));
            return true;
        },
    };
    const past = pastNew({
        relay, changed: (state) => states.push(state),
        sink: {
            begin: (map) => played.push(`begin ${map.codec} ${P0 - map.origin_pts}`),
            append: (unit) => played.push((unit.init ? "init " : unit.key ? "key " : "") + textOf(unit.bytes)),
            cut: (time_s) => played.push(`cut ${time_s.toFixed(2)}`),
            end: () => played.push("end"),
        },
    });
    past.opened(session, () => Promise.resolve());
    const put: Bench["put"] = async (of, ctr, flags, pts, text = `u${ctr}`) => {
        const frame = await unitSeal(of, ctr, flags | NOCACHE, pts, text, STREAM, RelayKind.playback);
        subscribed.get(STREAM)?.frame(relayDecode(frame));
        await quiet();
    };
    return { past, asked, answers, given, subscribed, played, states, keys, put };
}

const on = (state: PastState): Extract<PastState, { is: "on" }> => {
    assert.equal(state.is, "on");
    return state as Extract<PastState, { is: "on" }>;
};

test("playback: asked, subscribed, credit given, units played in order, credit back as they are", async () => {
    const key = await playKey();
    const b = await bench(key);
    assert.deepEqual(await b.past.start(1_000_000, 1), { ok: true });
    assert.deepEqual(b.asked, [{ name: "play.start", arg: { at: 1_000_000, speed: 1 } }]);
    assert.deepEqual(b.given, [CREDIT_WINDOW]);
    await b.put(key, 0, INIT, P0);
    await b.put(key, 1, KEY, P0);
    await b.put(key, 2, 0, P0 + 3_600);
    assert.deepEqual(b.played, ["begin avc1.42E01E 900000", "init u0", "key u1", "u2"]);
    assert.deepEqual(b.given, [CREDIT_WINDOW], "nothing is played yet");
    const { jump, clock } = on(b.past.state());
    assert.deepEqual([jump.at_s, clock], [10, [{ at_s: 10, wall_ms: 1_000_000 }]]);
    b.past.position(10.01);
    const frames = [0, 1].map((ctr) => 20 + 1 + 3 + `u${ctr}`.length + 16);
    assert.deepEqual(b.given, [CREDIT_WINDOW, frames[0]! + frames[1]!]);
    b.past.position(10.01);
    assert.equal(b.given.length, 2);
});

test("playback: a seek drops what is left of the old place, gives its credit back and says where to go", async () => {
    const key = await playKey();
    const b = await bench(key);
    await b.past.start(1_000_000, 1);
    await b.put(key, 0, INIT, P0);
    await b.put(key, 1, KEY, P0);
    b.answers.set("play.seek", ok({ kid: Number(key.kid), ctr: 5, pts: P0 + 9_000, wall: 7_000_000 }));
    assert.deepEqual(await b.past.seek(7_001_500), { ok: true });
    assert.equal(b.given.length, 2, "what waited to be played came back");
    await b.put(key, 2, 0, P0 + 3_600);
    assert.equal(b.given.length, 3, "a unit of the old place comes back as it arrives");
    await b.put(key, 5, INIT | DISC, P0 + 9_000);
    await b.put(key, 6, KEY | DISC, P0 + 9_000);
    assert.deepEqual(b.played.slice(1), ["init u0", "key u1", "cut 10.09", "init u5", "key u6"]);
    const state = on(b.past.state());
    assert.deepEqual(state.jump, { turn: 2, at_s: 11.6 }, "a second and a half into the group");
    assert.deepEqual(state.clock, [{ at_s: 10, wall_ms: 1_000_000 }, { at_s: 10.1, wall_ms: 7_000_000 }]);
});

test("playback: of seeks that wait the newest is asked for; not-found leaves the stream as it was", async () => {
    const key = await playKey();
    const b = await bench(key);
    await b.past.start(1_000_000, 1);
    b.answers.set("play.seek", { ok: false, err: { code: "not-found", text: "", retry_ms: 0 } });
    const all = await Promise.all([b.past.seek(1), b.past.seek(2), b.past.seek(3)]);
    assert.deepEqual(b.asked.filter((one) => one.name === "play.seek").map((one) => one.arg["at"]), [3]);
    assert.deepEqual(all.map((one) => one.ok), [true, true, false]);
    on(b.past.state());
});

test("playback: gap and end are told with their places; key pictures stand until the next", async () => {
    const key = await playKey();
    const b = await bench(key);
    b.answers.set("play.start", ok({ ...START, speed: 8, frames: "keys" }));
    await b.past.start(1_000_000, 8);
    await b.put(key, 0, INIT, P0);
    await b.put(key, 1, KEY, P0, "a");
    assert.deepEqual(b.played.slice(1), ["init u0"], "waits for the next");
    b.past.event({ ev: "play.gap", val: { stream: STREAM, from: 1_002_000, to: 2_000_000, pts: P0 + 180_000, wall: 2_000_000 } });
    await b.put(key, 2, KEY, P0 + 90_000, "b");
    b.past.event({ ev: "play.end", val: { stream: STREAM, pts: P0 + 180_000, wall: 2_000_000 } });
    assert.deepEqual(b.played.slice(1), ["init u0", "key a", "key b"]);
    const state = on(b.past.state());
    assert.deepEqual([state.end_s, state.gaps], [12, [{ at_s: 12, from_ms: 1_002_000, to_ms: 2_000_000 }]]);
    assert.deepEqual(state.clock.at(-1), { at_s: 12, wall_ms: 2_000_000 });
    b.past.event({ ev: "play.gap", val: { stream: STREAM + 1, from: 1, to: 2, pts: 0, wall: 2 } });
    assert.deepEqual(b.past.state(), state, "an event of another stream");
});

test("playback: more than the credit, a bad tag, time that falls, a unit too large: over, and the camera is told", async () => {
    const key = await playKey();
    const much = await bench(key);
    await much.past.start(1_000_000, 1);
    const large = { kind: RelayKind.playback, flags: NOCACHE, stream: STREAM, pts: P0, header: new Uint8Array(20), body: new Uint8Array(524_289) };
    much.subscribed.get(STREAM)?.frame(large);
    assert.deepEqual(much.past.state(), { is: "off", code: "limit" });
    assert.equal(much.asked.at(-1)?.name, "play.stop");
    assert.equal(much.subscribed.size, 0);

    const flood = await bench(key);
    await flood.past.start(1_000_000, 1);
    const half = { ...large, body: textBytes("x".repeat(520_000)) };
    const handlers = flood.subscribed.get(STREAM);
    for (let i = 0; i < 3; i++) handlers?.frame(half);
    assert.deepEqual(flood.past.state(), { is: "off", code: "limit" });

    const falls = await bench(key);
    await falls.past.start(1_000_000, 1);
    await falls.put(key, 0, INIT, P0 + 90);
    await falls.put(key, 1, KEY | DISC, P0);
    assert.deepEqual(falls.past.state(), { is: "off", code: "crypto" });

    const bent = await bench(key);
    await bent.past.start(1_000_000, 1);
    const other = await testKey(1, 9, 3, RelayKind.playback);
    await bent.put(other, 0, INIT, P0);
    assert.deepEqual(bent.past.state(), { is: "off", code: "crypto" });
    assert.equal(bent.played.at(-1), "end");
});

test("playback: a refusal, the end of the channel, a right that goes, an answer that comes too late", async () => {
    const key = await playKey();
    const b = await bench(key);
    b.answers.set("play.start", { ok: false, err: { code: "denied", text: "", retry_ms: 0 } });
    assert.deepEqual(await b.past.start(1, 1), { ok: false, code: "denied", retry_ms: 0 });
    assert.deepEqual(b.past.state(), { is: "off", code: "denied" });
    b.answers.set("play.start", ok({ ...START, stream: 0 }));
    assert.deepEqual(await b.past.start(1, 1), { ok: false, code: "crypto", retry_ms: 0 });

    const gone = await bench(key);
    await gone.past.start(1_000_000, 1);
    await gone.keys.take(keyRecord([], true), BOOT, Date.now());
    gone.past.keys();
    assert.deepEqual(gone.past.state(), { is: "off", code: "revoked" });

    const cut = await bench(key);
    await cut.past.start(1_000_000, 1);
    cut.past.event({ ev: "play.ended", val: { stream: STREAM, why: "denied" } });
    assert.deepEqual(cut.past.state(), { is: "off", code: "denied" });
    await cut.past.start(1_000_000, 1);
    cut.past.closed();
    assert.deepEqual(cut.past.state(), { is: "off", code: "cut" });
    assert.deepEqual(await cut.past.find(0, 1), { ok: false, code: "not-open", retry_ms: 0 });

    const late = await bench(key);
    const waiting = late.past.start(1_000_000, 1);
    late.past.stop(null);
    assert.equal((await waiting).ok, false);
    assert.equal(late.asked.at(-1)?.name, "play.stop", "the stream that nobody waits for is given back");
    assert.equal(late.subscribed.size, 0);
});

test("playback: what was kept is asked for page by page", async () => {
    const b = await bench(await playKey());
    const first = { first: 0, last: 90, marks: [], source: "simulated" };
    const pages = [ok({ ...first, ranges: [[0, 10], [20, 30]], next: 30 }), ok({ ...first, ranges: [[30, 40]], next: 0 })];
    let n = 0;
    Object.defineProperty(b.answers, "get", { value: () => pages[Math.min(n++, 1)] });
    const found = await b.past.find(0, 90);
    assert.deepEqual(found.ok && found.ranges, [[0, 10], [20, 40]]);
    assert.deepEqual(b.asked.map((one) => one.arg), [{ from: 0, to: 90 }, { from: 30, to: 90 }]);
});
