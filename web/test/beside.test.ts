// Sound, talk, snapshots and steering: what a viewer sends, judged by the receiving side, and what it
// makes of answers, keys and frames (sealed.md 3.4, 4.6, rows 72, 79, 80).

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Beside, besideNew } from "../src/live/beside";
import type { RelaySocket, StreamHandlers } from "../src/live/relaysocket";
import type { Session } from "../src/live/session";
import { steerNew } from "../src/live/steer";
import type { Tile } from "../src/live/tile";
import { levelOf } from "../src/live/voice";
import { type Bytes, bytesConcat, bytesCopy, hexDecode, hexEncode, textBytes } from "../src/seal/bytes";
import { SealError } from "../src/seal/codes";
import type { CommandResult } from "../src/seal/command";
import type { JsonObject } from "../src/seal/json";
import { type KeyStore, keyRecordDecode, keyRecordEncode, keyStoreNew, kidOf, kidParts } from "../src/seal/mediakeys";
import { type RelayFrame, RelayFlag, RelayKind, relayDecode } from "../src/seal/relay";
import { sframeHeaderDecode, sframeKey, sframeOpen } from "../src/seal/sframe";
import { placeArg, ptzArg, ptzRead, snapRead, talkStartRead } from "../src/seal/shapes";
import { snapshotOpen } from "../src/seal/snapshot";
import { TALK_BYTES, TALK_TICKS, opusPad, talkSenderNew } from "../src/seal/talk";
import { BOOT, type TestKey, keyEntry, keyRecord, range, testKey, unitSeal } from "./camera";

const STREAM = 0x1234_5678;
const quiet = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) await new Promise((resolve) => setTimeout(resolve, 2));
};

// --- key records of the viewer ---

test("a KEY record of ours is byte for byte the vector's, and reads back as it was", () => {
    const baseKey = hexDecode("fd2c967abcd02d626b82aea6b1011fbb9f97b23794105c2e67539814eb1fb8a5");
    const kid = kidOf(0x5a17c0de, 1, 1);
    const record = keyRecordEncode(BOOT, [{ kid, stream: 0x12345678, kind: 1, slot: 1, firstCtr: 0n, lifetime_s: 600, baseKey }]);
    assert.equal(hexEncode(record), "01000001e0e1e2e3e4e5e6e700005a17c0de01011234567801010000000000000000000000000258"
        + "fd2c967abcd02d626b82aea6b1011fbb9f97b23794105c2e67539814eb1fb8a5");
    const read = keyRecordDecode(record);
    assert.deepEqual([read.refused, read.replaceAll, read.entries[0]?.kid, read.entries[0]?.lifetime_s], [0, false, kid, 600]);
});

test("the talk key: one entry, kind 4, the slot that was given, fresh every time, under the camera's boot id", async () => {
    const make = () => talkSenderNew({ stream: STREAM, slot: 7, boot: BOOT, now: () => 0 });
    const [one, two] = [await make(), await make()];
    const [a, b] = [one, two].map((sender) => keyRecordDecode(sender.record()));
    assert.deepEqual([a?.entries.length, a?.refused, hexEncode(a?.boot ?? BOOT)], [1, 0, hexEncode(BOOT)]);
    const entry = a?.entries[0];
    assert.deepEqual([entry?.stream, entry?.kind, entry?.slot, entry?.firstCtr, entry?.lifetime_s], [STREAM, 4, 7, 0n, 1_200]);
    assert.deepEqual([kidParts(one.kid).slot, kidParts(one.kid).kind], [7, 4]);
    assert.notEqual(one.kid, two.kid);
    assert.notEqual(hexEncode(entry?.baseKey ?? BOOT), hexEncode(b?.entries[0]?.baseKey ?? BOOT));
});

// --- talk units ---

async function talkFixed(now: () => number = () => 0) {
    return talkSenderNew({
        stream: STREAM, slot: 1, boot: BOOT, now,
        fixed: { baseKey: range(0x40, 32), generation: 0x5a17c0de, origin: 1_000 },
    });
}

test("talk units open at the receiving side: header as AAD, counters from 0, PTS by 20 ms, one size", async () => {
    const sender = await talkFixed();
    const key = await sframeKey(range(0x40, 32), sender.kid);
    const frames = [await sender.seal(range(0, TALK_BYTES), 0), await sender.seal(range(9, TALK_BYTES), 5)];
    assert.equal(frames[0]?.length, frames[1]?.length);
    for (const [index, bytes] of frames.entries()) {
        const frame = relayDecode(bytes);
        assert.deepEqual([frame.kind, frame.flags, frame.stream], [RelayKind.talk, RelayFlag.key, STREAM]);
        assert.equal(frame.pts, 1_000 + (index === 0 ? 0 : 5) * TALK_TICKS);
        const header = sframeHeaderDecode(frame.body);
        assert.ok(header !== null);
        assert.deepEqual([header.kid, header.ctr], [sender.kid, BigInt(index)]);
        const plain = await sframeOpen(key, header, frame.header, frame.body);
        assert.deepEqual(plain, range(index === 0 ? 0 : 9, TALK_BYTES));
        const moved = bytesCopy(frame.header);
        moved[7] = (moved[7] ?? 0) ^ 1;
        assert.equal(await sframeOpen(key, header, moved, frame.body), null, "another stream id");
    }
});

test("talk, the vector that the receiving side is checked against", async () => {
    const sender = await talkFixed();
    const unit = await sender.seal(textBytes("talk"), 0);
    assert.equal(hexEncode(unit), "0104000112345678" + "00000000000003e8" + "0000001b" + VECTOR_SFRAME);
});
const VECTOR_SFRAME = "d05a17c0de0104cecb5813b28fdc716fb036c77a504412204e6e58";

test("a talk key is worn out after 20 minutes, and dead after its end", async () => {
    let now = 0;
    const sender = await talkFixed(() => now);
    now = 1_200_000;
    await assert.rejects(sender.seal(range(0, 8), 0), SealError);
    const other = await talkFixed();
    other.end();
    await assert.rejects(other.seal(range(0, 8), 0), SealError);
});

test("Opus packets get one size by Opus's own padding, and lose nothing by it", () => {
    const packet = bytesConcat(Uint8Array.of(0x78), range(1, 79));
    const padded = opusPad(packet);
    assert.ok(padded !== null);
    assert.deepEqual([padded.length, padded[0], padded[1]], [TALK_BYTES, 0x7b, 0x41]);
    const padding = padded[2] ?? 0;
    assert.deepEqual(padded.slice(3, 3 + 79), packet.slice(1));
    assert.equal(3 + 79 + padding, TALK_BYTES);
    assert.ok(padded.slice(3 + 79).every((byte) => byte === 0));
});

test("padding over 254 bytes is counted as RFC 6716 counts it; what cannot be padded is left out", () => {
    const packet = bytesConcat(Uint8Array.of(0x78), range(1, 9));
    for (const size of [12, 13, 265, 266, 267, 268, 520, 521, 522, 1_275]) {
        const padded = opusPad(packet, size);
        assert.ok(padded !== null, String(size));
        assert.equal(padded.length, size);
        let at = 2;
        let padding = 0;
        for (; padded[at] === 255; at++) padding += 254;
        padding += padded[at++] ?? 0;
        assert.deepEqual(padded.slice(at, at + 9), packet.slice(1), String(size));
        assert.equal(at + 9 + padding, size);
    }
    assert.deepEqual(opusPad(packet, 10), packet);
    assert.equal(opusPad(packet, 11), null, "one byte is less than padding takes");
    assert.equal(opusPad(packet, 9), null);
    assert.equal(opusPad(range(0, 200)), null, "too long");
    assert.equal(opusPad(bytesConcat(Uint8Array.of(0x79), range(1, 20))), null, "two frames");
    assert.equal(opusPad(new Uint8Array(0)), null);
});

test("the coil of the microphone: silence is empty, -60 dB and less too, -6 dB full", () => {
    assert.deepEqual([levelOf(0), levelOf(0.0001), levelOf(1), levelOf(0.502)].map((x) => Math.round(x * 100)), [0, 0, 100, 100]);
    assert.ok(levelOf(0.03) > 0.4 && levelOf(0.03) < 0.65);
});

// --- snapshots ---

const JPEG = "\u{ff}";
const snapFlags = RelayFlag.key | RelayFlag.end | RelayFlag.nocache;

/** A snapshot's content is bytes, not text: sealed here by hand. */
async function snapshotOf(key: TestKey, ctr: number, flags = snapFlags, content?: Bytes): Promise<RelayFrame> {
    const { relayHeaderEncode } = await import("../src/seal/relay");
    const { sframeSeal } = await import("../src/seal/sframe");
    const plain = content ?? bytesConcat(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), textBytes(JPEG), range(0, 40));
    const probe = await sframeSeal(key.sframe, BigInt(ctr), new Uint8Array(0), plain);
    const header = relayHeaderEncode(RelayKind.snapshot, flags, STREAM, 5, probe.length);
    return relayDecode(bytesConcat(header, await sframeSeal(key.sframe, BigInt(ctr), header, plain)));
}

async function snapKeys(key: TestKey, stream = STREAM): Promise<KeyStore> {
    const keys = keyStoreNew();
    await keys.take(keyRecord([keyEntry(key, stream)]), BOOT, 0);
    return keys;
}

test("a snapshot: one unit, KEY|END|NOCACHE, under its own key, once", async () => {
    const key = await testKey(1, 1, 9, RelayKind.snapshot);
    const keys = await snapKeys(key);
    const frame = await snapshotOf(key, 0);
    const bytes = await snapshotOpen(frame, STREAM, keys, 0);
    assert.deepEqual([...bytes.slice(0, 3)], [0xff, 0xd8, 0xff]);
    await assert.rejects(snapshotOpen(frame, STREAM, keys, 0), SealError, "the same again");
    assert.equal(keys.has(STREAM), false);
});

test("a snapshot with other flags, another stream, another kind of key, no key, a bad tag, no JPEG: refused", async () => {
    const key = await testKey(1, 1, 9, RelayKind.snapshot);
    const good = await snapshotOf(key, 0);
    for (const flags of [RelayFlag.key, RelayFlag.key | RelayFlag.end, RelayFlag.key | RelayFlag.nocache]) {
        await assert.rejects(snapshotOpen(await snapshotOf(key, 0, flags), STREAM, await snapKeys(key), 0), SealError);
    }
    await assert.rejects(snapshotOpen(good, STREAM + 1, await snapKeys(key), 0), SealError);
    await assert.rejects(snapshotOpen(good, STREAM, await snapKeys(key, STREAM + 1), 0), SealError);
    await assert.rejects(snapshotOpen(good, STREAM, keyStoreNew(), 0), SealError);
    const bad = bytesCopy(good.body);
    bad[bad.length - 1] = (bad[bad.length - 1] ?? 0) ^ 1;
    await assert.rejects(snapshotOpen({ ...good, body: bad }, STREAM, await snapKeys(key), 0), SealError);
    const text = await snapshotOf(key, 0, snapFlags, textBytes("<script>"));
    await assert.rejects(snapshotOpen(text, STREAM, await snapKeys(key), 0), SealError);
});

// --- shapes ---

test("answers and events in a wrong shape are refused", () => {
    assert.deepEqual(talkStartRead({ stream: 5, slot: 200 }), { stream: 5, slot: 200 });
    for (const val of [{}, { stream: 0, slot: 1 }, { stream: 5, slot: 256 }, { stream: 5, slot: 1, more: 1 }]) {
        assert.throws(() => talkStartRead(val as JsonObject), SealError);
    }
    const snap = { stream: 5, type: "image/jpeg", width: 1280, height: 720 } as const;
    assert.deepEqual(snapRead(snap), snap);
    for (const val of [{ ...snap, type: "image/svg+xml" }, { ...snap, width: 0 }, { ...snap, height: 1e6 }, { ...snap, x: 1 }]) {
        assert.throws(() => snapRead(val as JsonObject), SealError);
    }
    assert.deepEqual(ptzRead({ pan: -0.5, tilt: 1, zoom: 2, by: "" }), { pan: -0.5, tilt: 1, zoom: 2, by: null });
    for (const val of [{ pan: 0, tilt: 0 }, { pan: "0", tilt: 0, zoom: 1 }, { pan: 0, tilt: 0, zoom: 1, by: 7 }]) {
        assert.throws(() => ptzRead(val as JsonObject), SealError);
    }
});

test("ptz commands: speeds are held to -1..1, places to 1..9", () => {
    assert.deepEqual(ptzArg({ pan: 2, tilt: -3, zoom: 0.25 }), { pan: 1, tilt: -1, zoom: 0.25 });
    assert.deepEqual(ptzArg({ pan: NaN, tilt: Infinity, zoom: 0 }), { pan: 0, tilt: 0, zoom: 0 });
    assert.deepEqual([placeArg("go", 1), placeArg("set", 9)], [{ go: 1 }, { set: 9 }]);
    assert.deepEqual([placeArg("go", 0), placeArg("set", 10), placeArg("go", 1.5)], [null, null, null]);
});

// --- steering ---

function steering() {
    const sent: string[] = [];
    const open: ((result: CommandResult) => void)[] = [];
    const told: (string | null)[] = [];
    const time = { now: 0 };
    const steer = steerNew({
        now: () => time.now, told: (code) => told.push(code),
        send: (name, arg) => {
            sent.push(`${name} ${JSON.stringify(arg)}`);
            return new Promise((resolve) => open.push(resolve));
        },
    });
    const answer = async (result: CommandResult = { ok: true, val: {} }): Promise<void> => {
        open.shift()?.(result);
        await quiet();
    };
    return { steer, sent, told, time, answer };
}
const right = { pan: 1, tilt: 0, zoom: 0 };
const still = { pan: 0, tilt: 0, zoom: 0 };

test("steering: one command at a time, the newest next, and the stop always comes", async () => {
    const { steer, sent, answer } = steering();
    steer.set(right);
    steer.set({ pan: 0.5, tilt: 0, zoom: 0 });
    steer.set({ pan: 0.2, tilt: 0, zoom: 0 });
    assert.equal(sent.length, 1);
    await answer();
    steer.set(still);
    await answer();
    await answer();
    assert.deepEqual(sent, ['ptz.move {"pan":1,"tilt":0,"zoom":0}', 'ptz.move {"pan":0.2,"tilt":0,"zoom":0}', "ptz.stop {}"]);
    steer.tick();
    assert.equal(sent.length, 3);
});

test("steering: said again while it is held, given up after a refusal, stopped at the end", async () => {
    const { steer, sent, told, time, answer } = steering();
    steer.set(right);
    await answer();
    steer.tick();
    assert.equal(sent.length, 1);
    time.now = 400;
    steer.tick();
    assert.equal(sent.length, 2);
    await answer({ ok: false, err: { code: "denied", text: "", retry_ms: 0 } });
    time.now = 4_000;
    steer.tick();
    assert.deepEqual([sent.length, told], [2, [null, "denied"]]);
    steer.set(right);
    await answer();
    steer.end();
    assert.equal(sent.at(-1), "ptz.stop {}");
});

// --- the whole beside one channel ---

interface Bench {
    beside: Beside;
    tile: Tile;
    asked: { name: string; arg: JsonObject; changes: boolean }[];
    answers: Map<string, CommandResult>;
    keysSent: Bytes[];
    frames: Bytes[];
    subscribed: Map<number, StreamHandlers>;
    heard: string[];
    soundEnds: () => number;
    keys: KeyStore;
    relayUp: { is: boolean };
    /** The channel again, as after a reconnect. */
    reopen(): void;
}

const ok = (val: JsonObject): CommandResult => ({ ok: true, val });
const no = (code: string): CommandResult => ({ ok: false, err: { code, text: "", retry_ms: 0 } });

function benchNew(rights = 0x1ff): Bench {
    const asked: Bench["asked"] = [];
    const answers = new Map<string, CommandResult>();
    const keysSent: Bytes[] = [];
    const frames: Bytes[] = [];
    const heard: string[] = [];
    const subscribed = new Map<number, StreamHandlers>();
    const relayUp = { is: true };
    const keys = keyStoreNew();
    let ends = 0;
    const session = {
        keys, hello: { boot: BOOT, rights, features: [] }, actions: ["live-main", "listen", "talk", "ptz", "snapshot"],
        request: (name: string, arg: JsonObject, changes = false) => {
            asked.push({ name, arg, changes });
            return Promise.resolve(answers.get(name) ?? ok({}));
        },
        sendKeys: (record: Bytes) => {
            keysSent.push(bytesCopy(record));
            record.fill(0);
            return Promise.resolve();
        },
    } as unknown as Session;
    const relay: RelaySocket = {
        ready: () => Promise.resolve(null), isOpen: () => relayUp.is, close: () => undefined,
        subscribe: (stream, handlers) => void subscribed.set(stream, handlers),
        unsubscribe: (stream) => void subscribed.delete(stream),
        send: (frame) => {
            if (relayUp.is) frames.push(frame);
            return relayUp.is;
        },
    };
    const tile = {
        soundUnit: (_stream: unknown, unit: { init: boolean; bytes: Uint8Array }) =>
            heard.push((unit.init ? "init " : "") + new TextDecoder().decode(unit.bytes)),
        soundEnd: () => {
            ends += 1;
        },
    } as unknown as Tile;
    const beside = besideNew({ relay, marks: new Map(), changed: () => undefined });
    const reopen = (): void => beside.opened(session, () => Promise.resolve());
    reopen();
    return { beside, tile, asked, answers, keysSent, frames, subscribed, heard, soundEnds: () => ends, keys, relayUp, reopen };
}

const TALK = ok({ stream: STREAM, slot: 3 });

test("talk: asked, key sent, then units; ended by talk.stop; the key is another one the next time", async () => {
    const { beside, tile, asked, answers, keysSent, frames } = benchNew();
    answers.set("talk.start", TALK);
    assert.deepEqual(await beside.talkStart(tile), { ok: true });
    assert.deepEqual(asked[0], { name: "talk.start", arg: { codec: "opus" }, changes: false });
    assert.equal(beside.state().talk.is, "on");
    for (let i = 0; i < 3; i++) beside.talkPacket(tile, range(i, TALK_BYTES), i);
    await quiet();
    const entry = keyRecordDecode(keysSent[0] ?? BOOT).entries[0];
    assert.ok(entry !== undefined);
    const key = await sframeKey(entry.baseKey, entry.kid);
    assert.equal(frames.length, 3);
    for (const [index, bytes] of frames.entries()) {
        const frame = relayDecode(bytes);
        const header = sframeHeaderDecode(frame.body);
        assert.ok(header !== null && frame.stream === STREAM);
        assert.deepEqual(await sframeOpen(key, header, frame.header, frame.body), range(index, TALK_BYTES));
    }
    beside.talkEnd(tile);
    beside.talkPacket(tile, range(9, TALK_BYTES), 9);
    await quiet();
    assert.deepEqual(asked.at(-1), { name: "talk.stop", arg: { stream: STREAM }, changes: false });
    assert.deepEqual([frames.length, beside.state().talk], [3, { is: "off", code: null }]);
    await beside.talkStart(tile);
    assert.notEqual(keyRecordDecode(keysSent[1] ?? BOOT).entries[0]?.kid, entry.kid);
});

test("row 79 at the viewer: units leave only from the watch that was granted the talk, under the id it was given", async () => {
    const { beside, tile, answers, frames, subscribed } = benchNew();
    answers.set("talk.start", TALK);
    const other = { ...tile } as Tile;
    await beside.talkStart(tile);
    beside.talkPacket(other, range(0, TALK_BYTES), 0);
    await quiet();
    assert.deepEqual([frames.length, subscribed.size], [0, 0]);
    assert.deepEqual(await beside.talkStart(other), { ok: false, code: "busy", retry_ms: 0 });
    beside.talkEnd(other);
    assert.equal(beside.state().talk.is, "on");
});

test("row 80: talk without the grant: `denied` is told, no key and no unit leaves", async () => {
    const { beside, tile, answers, keysSent, frames, asked } = benchNew();
    answers.set("talk.start", no("denied"));
    assert.deepEqual(await beside.talkStart(tile), { ok: false, code: "denied", retry_ms: 0 });
    beside.talkPacket(tile, range(0, TALK_BYTES), 0);
    beside.talkEnd(tile);
    await quiet();
    assert.deepEqual([keysSent.length, frames.length, asked.length, beside.state().talk.is], [0, 0, 1, "off"]);
});

test("talk.ended, a dead socket and a cut channel end it with their reason; a foreign stream's event does not", async () => {
    const { beside, tile, answers, relayUp } = benchNew();
    answers.set("talk.start", TALK);
    await beside.talkStart(tile);
    beside.event({ ev: "talk.ended", val: { stream: STREAM + 1 } });
    assert.equal(beside.state().talk.is, "on");
    beside.event({ ev: "talk.ended", val: { stream: STREAM } });
    assert.deepEqual(beside.state().talk, { is: "off", code: "ended" });
    await beside.talkStart(tile);
    relayUp.is = false;
    beside.talkPacket(tile, range(0, TALK_BYTES), 0);
    await quiet();
    assert.deepEqual(beside.state().talk, { is: "off", code: "network" });
    await beside.talkStart(tile);
    beside.closed();
    assert.deepEqual([beside.state().talk, beside.state().rights], [{ is: "off", code: "cut" }, null]);
    assert.deepEqual(await beside.talkStart(tile), { ok: false, code: "not-open", retry_ms: 0 });
});

const SOUND = { stream: 77, codec: "opus", scale: 90_000, pts: 0, wall: 1 };

async function sounding() {
    const bench = benchNew();
    bench.answers.set("audio.start", ok(SOUND));
    const key = await testKey(1, 1, 3, RelayKind.audio);
    await bench.keys.take(keyRecord([keyEntry(key, 77)]), BOOT, Date.now());
    bench.beside.sound(bench.tile, true);
    await quiet();
    const put = async (made: TestKey, ctr: number, flags: number, text: string): Promise<void> => {
        bench.subscribed.get(77)?.frame(relayDecode(await unitSeal(made, ctr, flags, 100 + ctr, text, 77, RelayKind.audio)));
        await quiet();
    };
    return { ...bench, key, put };
}

test("sound: asked once, INIT then units, every one KEY; a gap loses nothing else; off asks the camera to stop", async () => {
    const { beside, tile, asked, heard, put, key, subscribed } = await sounding();
    assert.deepEqual(asked, [{ name: "audio.start", arg: {}, changes: false }]);
    await put(key, 0, RelayFlag.init, "i");
    await put(key, 1, RelayFlag.key, "a");
    await put(key, 9, RelayFlag.key, "b");
    assert.deepEqual([heard, beside.state().sound.is], [["init i", "a", "b"], "on"]);
    beside.sound(tile, false);
    assert.deepEqual(asked.at(-1), { name: "audio.stop", arg: { stream: 77 }, changes: false });
    assert.deepEqual([subscribed.size, beside.state().sound.is], [0, "off"]);
});

test("row 72: the entry is narrowed while it sounds: the KEY that leaves the sound out ends it at once", async () => {
    const { beside, keys, heard, put, key, soundEnds, subscribed } = await sounding();
    await put(key, 0, RelayFlag.init, "i");
    await put(key, 1, RelayFlag.key, "a");
    const picture = await testKey(2, 9);
    await keys.take(keyRecord([keyEntry(picture, 5)], true), BOOT, Date.now());
    beside.keys();
    assert.deepEqual(beside.state().sound, { is: "ended", code: "revoked" });
    assert.deepEqual([soundEnds(), subscribed.size], [1, 0]);
    await put(key, 2, RelayFlag.key, "late");
    assert.deepEqual(heard, ["init i", "a"]);
});

test("sound: a rotation goes on; a video unit under the sound's id and a bad tag end it; `denied` is told", async () => {
    const first = await sounding();
    await first.put(first.key, 0, RelayFlag.init, "i");
    const next = await testKey(2, 7, 3, RelayKind.audio);
    await first.keys.take(keyRecord([keyEntry(first.key, 77), keyEntry(next, 77)]), BOOT, Date.now());
    first.beside.keys();
    await first.put(next, 0, RelayFlag.init, "j");
    await first.put(next, 1, RelayFlag.key, "b");
    assert.deepEqual([first.heard, first.beside.state().sound.is], [["init i", "init j", "b"], "on"]);
    first.subscribed.get(77)?.frame(relayDecode(await unitSeal(next, 2, RelayFlag.key, 102, "x", 77, RelayKind.video)));
    await quiet();
    assert.deepEqual(first.beside.state().sound, { is: "ended", code: "crypto" });

    const denied = benchNew();
    denied.answers.set("audio.start", no("denied"));
    denied.beside.sound(denied.tile, true);
    await quiet();
    assert.deepEqual(denied.beside.state().sound, { is: "ended", code: "denied" });
});

test("sound is asked for again by itself on a new channel, not after it was refused", async () => {
    const bench = await sounding();
    const { beside, asked, answers, tile, reopen } = bench;
    const times = (): number => asked.filter((one) => one.name === "audio.start").length;
    beside.closed();
    assert.equal(beside.state().sound.is, "starting");
    reopen();
    await quiet();
    assert.equal(times(), 2);
    beside.closed();
    answers.set("audio.start", no("denied"));
    reopen();
    await quiet();
    assert.deepEqual([times(), beside.state().sound], [3, { is: "ended", code: "denied" }]);
    beside.closed();
    reopen();
    await quiet();
    assert.equal(times(), 3);
    beside.sound(tile, true);
    await quiet();
    assert.equal(times(), 4);
});

test("snapshot through the channel: subscribed by the id of the answer, opened, unsubscribed", async () => {
    const { beside, answers, keys, subscribed } = benchNew();
    answers.set("snap", ok({ stream: STREAM, type: "image/jpeg", width: 640, height: 360 }));
    const key = await testKey(1, 1, 9, RelayKind.snapshot);
    await keys.take(keyRecord([keyEntry(key, STREAM)]), BOOT, Date.now());
    const asked = beside.snap();
    await quiet();
    assert.deepEqual(await beside.snap(), { ok: false, code: "busy", retry_ms: 0 });
    subscribed.get(STREAM)?.frame(await snapshotOf(key, 0));
    const result = await asked;
    assert.ok(result.ok);
    assert.deepEqual([result.width, result.height, new Uint8Array(result.jpeg)[0], subscribed.size], [640, 360, 0xff, 0]);
});

test("snapshot refused, cut off, or not what the camera sealed: a code, never bytes", async () => {
    const { beside, answers, subscribed } = benchNew();
    answers.set("snap", no("denied"));
    assert.deepEqual(await beside.snap(), { ok: false, code: "denied", retry_ms: 0 });
    answers.set("snap", ok({ stream: STREAM, type: "image/jpeg", width: 640, height: 360 }));
    const cut = beside.snap();
    await quiet();
    subscribed.get(STREAM)?.ended("revoked");
    assert.deepEqual(await cut, { ok: false, code: "revoked", retry_ms: 0 });
    const forged = beside.snap();
    await quiet();
    subscribed.get(STREAM)?.frame(await snapshotOf(await testKey(5, 5, 9, RelayKind.snapshot), 0));
    assert.deepEqual(await forged, { ok: false, code: "crypto", retry_ms: 0 });
    assert.equal(subscribed.size, 0);
});

test("places and steering through the channel; who steers is told; rights are what both gates let through", async () => {
    const { beside, asked, answers } = benchNew(0x01f);
    assert.deepEqual(beside.state().rights, ["live-main", "listen", "talk", "ptz"]);
    assert.deepEqual(await beside.place("set", 3), { ok: true });
    assert.deepEqual(asked[0], { name: "ptz.preset", arg: { set: 3 }, changes: true });
    answers.set("ptz.preset", no("not-found"));
    assert.deepEqual(await beside.place("go", 4), { ok: false, code: "not-found", retry_ms: 0 });
    assert.deepEqual(await beside.place("go", 10), { ok: false, code: "bad-arg", retry_ms: 0 });
    assert.equal(asked.length, 2);
    answers.set("ptz.move", no("busy"));
    beside.steer(right);
    await quiet();
    assert.deepEqual([asked.at(-1)?.name, beside.state().steer], ["ptz.move", "busy"]);
    beside.event({ ev: "ptz", val: { pan: 0.1, tilt: 0, zoom: 2, by: "acct-0002" } });
    assert.equal(beside.state().ptz?.by, "acct-0002");
    assert.throws(() => beside.event({ ev: "ptz", val: { pan: "x" } }), SealError);
});
