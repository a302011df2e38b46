// The worker's parts that need no browser: what follows from an end, the keyring, labels, back-off,
// envelopes, shapes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { jitterDelay } from "../src/live/jitter";
import { keyringNew, keyringStoreMemory } from "../src/live/keyring";
import { labelsNew, proofRead } from "../src/live/labels";
import { afterEnd, afterFailure, afterPipe, afterStream } from "../src/live/states";
import { base64Encode, bytesConcat, bytesEqual, textBytes, u32 } from "../src/seal/bytes";
import { Code } from "../src/seal/codes";
import { deviceIdDecode, deviceIdEncode } from "../src/seal/crockford";
import { envelopeDecode, envelopeEncode } from "../src/seal/envelope";
import { labelSimulated } from "../src/seal/label";
import { chosenRead } from "../src/seal/password";
import { pointBase, pointEncode } from "../src/seal/point";
import { clockRead, helloRead, liveStartRead } from "../src/seal/shapes";
import { ACCOUNT, CODE, DEVICE, SESSION, range } from "./camera";

const abort = (code: Code, guess = false, by: "camera" | "viewer" = "camera") =>
    ({ why: "abort", code, by, guess, retry_ms: 4_000 }) as const;

test("row 25 above the run: no ABORT makes the link use a password by itself, none but a guess is counted", () => {
    for (const code of Object.values(Code)) {
        for (const by of ["key", "password"] as const) {
            const next = afterFailure(abort(code), by);
            assert.notEqual(next.then, "wrong");
            if (next.then === "ask") assert.ok(next.why === "key-unknown" || next.why === "password-changed");
        }
    }
    assert.deepEqual(afterFailure(abort(Code.keyUnknown), "key"), { then: "ask", why: "key-unknown" });
    assert.deepEqual(afterFailure(abort(Code.confirmFailed, true, "viewer"), "password"), { then: "wrong" });
    const locked = afterFailure(abort(Code.locked), "password");
    assert.ok(locked.then === "stop" && locked.state.phase === "locked" && locked.state.until_ms > Date.now() + 3_000);
    assert.deepEqual(afterFailure(abort(Code.busy), "key"), { then: "retry", why: "busy", floor_ms: 4_000 });
});

test("ends of channel, pipe and stream become what the tile says", () => {
    const end = (code: Code) => afterEnd({ why: "close", code, by: "camera" });
    const reason = (next: ReturnType<typeof end>) => (next.then === "stop" && next.state.phase === "cut" ? next.state.reason : next.then);
    assert.equal(reason(end(Code.revoked)), "revoked");
    assert.equal(reason(end(Code.replay)), "replay");
    assert.equal(reason(end(Code.crypto)), "crypto");
    assert.equal(reason(end(Code.gap)), "retry");
    assert.equal(reason(end(Code.superseded)), "superseded");
    assert.deepEqual(end(Code.passwordChanged), { then: "ask", why: "password-changed" });
    assert.equal(reason(afterPipe("session-ended")), "session-ended");
    assert.deepEqual(afterPipe("offline"), { then: "retry", why: "offline", floor_ms: 0 });
    assert.equal(reason(afterStream({ why: "relay", end: "logged-out" })), "logged-out");
    assert.equal(reason(afterStream({ why: "seal", code: Code.replay })), "replay");
    const denied = afterStream({ why: "refused", code: "denied", retry_ms: 0 });
    assert.ok(denied.then === "stop" && denied.state.phase === "no-permission");
});

test("full jitter: within the ceiling, never under the floor, capped", () => {
    assert.equal(jitterDelay(0, 1_000, 30_000, () => 0), 250);
    assert.equal(jitterDelay(3, 1_000, 30_000, () => 1), 8_000);
    assert.equal(jitterDelay(40, 1_000, 30_000, () => 1), 30_000);
});

test("keyring: one viewer key that cannot be exported; pins; wrong tries survive forgetting", async () => {
    const ring = keyringNew(ACCOUNT, keyringStoreMemory());
    const [first, second] = [await ring.viewer(), await ring.viewer()];
    assert.ok(bytesEqual(first.publicKey, second.publicKey));
    assert.equal(await ring.camera(DEVICE), null);
    const seal = pointEncode(pointBase(7n));
    await ring.change(DEVICE, { seal, enrolled: true, first_seen_ms: 5 });
    await ring.badAdd(DEVICE, 1_000);
    assert.equal((await ring.camera(DEVICE))?.enrolled, true);
    assert.equal((await ring.cameras()).length, 1);
    await ring.forget(DEVICE, 2_000);
    const left = await ring.camera(DEVICE);
    assert.deepEqual([left?.seal, left?.enrolled, left?.bad], [null, false, [1_000]]);
    assert.equal((await ring.cameras()).length, 0);
    await ring.forget(DEVICE, 4_000_000);
    assert.equal(await ring.camera(DEVICE), null);
    await ring.forgetAll(4_000_000);
    assert.ok(!bytesEqual(first.publicKey, (await ring.viewer()).publicKey));
});

test("keyring: the stored key pair is not extractable and nothing else secret is stored", async () => {
    const kept: unknown[] = [];
    const memory = keyringStoreMemory();
    const ring = keyringNew(ACCOUNT, {
        ...memory,
        update: (store, key, change) => memory.update(store, key, (old) => {
            const next = change(old);
            kept.push(next);
            return next;
        }),
    });
    await ring.viewer();
    await ring.change(DEVICE, { params: range(0, 28) });
    const entry = kept[0] as { pair: CryptoKeyPair };
    assert.equal(entry.pair.privateKey.extractable, false);
    await assert.rejects(crypto.subtle.exportKey("pkcs8", entry.pair.privateKey));
    assert.deepEqual(Object.keys(kept[1] as object).sort(), [
        "account", "bad", "device", "enrolled", "first_seen_ms", "last_used_ms", "owner", "params", "seal", "simulated", "via",
    ]);
});

test("labels: file, QR, seed; faults by line; other cameras refused", async () => {
    const labels = labelsNew();
    const result = await labels.importText([
        "# wall", `skep:1?d=${DEVICE}&c=${CODE}&k=BHNR26TZ21A851JN5YAE`, `${DEVICE} R30W-5GY4-RQ3C-FJ69-SB5W-SK0T`, "nonsense",
        `skep:1?d=${DEVICE}&c=${CODE}&x=1`, "",
    ].join("\n"));
    assert.deepEqual(result.accepted, [DEVICE]);
    assert.deepEqual(result.refused, [
        { line: 3, fault: "label-check" }, { line: 4, fault: "not-a-label" }, { line: 5, fault: "qr-form" },
    ]);
    const found = await labels.find(DEVICE, false);
    assert.equal(found?.fingerprint, "BHNR26TZ21A851JN5YAE");
    labels.drop(DEVICE);
    assert.equal(await labels.find(DEVICE, true), null);
    labels.seedSet(base64Encode(range(0, 16)));
    assert.equal(await labels.find(DEVICE, false), null, "only for simulated cameras");
    const simulated = await labels.find(DEVICE, true);
    assert.equal(simulated?.password.text, await labelSimulated(range(0, 16), DEVICE));
    assert.equal(simulated?.simulated, true);
    labels.seedSet("too short");
    assert.equal(await labels.find(DEVICE, true), null);
});

test("credentials: every fault without a byte sent", async () => {
    const fault = async (kind: "label" | "password", text: string): Promise<string | null> => {
        const read = await proofRead(DEVICE, { kind, text });
        return read.ok ? null : read.fault;
    };
    assert.equal(await fault("label", CODE), null);
    assert.equal(await fault("label", CODE.slice(1)), "label-length");
    assert.equal(await fault("label", CODE.slice(1) + "U"), "label-character");
    assert.equal(await fault("label", "0" + CODE.slice(1)), "label-check");
    assert.equal(await fault("label", `skep:1?d=${"b".repeat(25)}a&c=${CODE}`), "label-other-camera");
    assert.equal(await fault("label", "skep:2?d=x"), "qr-form");
    assert.equal(await fault("password", "elevenchars"), "password-short");
    assert.equal(await fault("password", "x".repeat(129)), "password-long");
    assert.equal(await fault("password", "correct horse battery"), null);
    const decomposed = chosenRead("cafe\u0301 au lait noir");
    assert.ok(decomposed.ok && decomposed.password.text === "caf\u00e9 au lait noir");
});

test("envelopes: there and back, and every deviation refused", () => {
    const device = deviceIdDecode(DEVICE) ?? new Uint8Array(0);
    const encoded = envelopeEncode({ type: 1, ttl: 100, seq: 7, session: SESSION, device, body: textBytes("x") });
    assert.equal(encoded.length, 42);
    assert.deepEqual(envelopeDecode(encoded), { type: 1, ttl: 100, seq: 7, session: SESSION, device, body: textBytes("x") });
    const change = (at: number, to: number) => {
        const out = encoded.slice();
        out[at] = to;
        return out;
    };
    const bad = [
        encoded.slice(0, 41), change(0, 2), change(1, 0), change(1, 4), change(3, 0), change(2, 3), change(40, 1), change(40, 65),
        bytesConcat(encoded, new Uint8Array(16_384)), bytesConcat(change(1, 2), new Uint8Array(1)),
    ];
    for (const [i, one] of bad.entries()) assert.throws(() => envelopeDecode(one), { code: Code.malformed }, String(i));
});

test("shapes: hello, live.start, clock: right ones read, wrong and unknown members refused", () => {
    const hello = {
        v: 1, features: [], wall: 1, boot: base64Encode(range(0, 8)), seal: base64Encode(pointEncode(pointBase(7n))), list: 0,
        list_hash: base64Encode(range(0, 32)), rights: 255, until: 0,
    };
    assert.equal(helloRead(hello).rights, 255);
    const offCurve = base64Encode(bytesConcat(Uint8Array.of(4), range(1, 64)));
    for (const wrong of [{ v: 2 }, { boot: "" }, { seal: offCurve }, { rights: 65_536 }, { list: -1 }, { more: 1 }]) {
        assert.throws(() => helloRead({ ...hello, ...wrong }), { code: Code.malformed });
    }
    const start = { stream: 5, codec: "avc1.4D401F", scale: 90_000, pts: 1, wall: 2 };
    assert.equal(liveStartRead(start).codec, "avc1.4D401F");
    for (const wrong of [{ stream: 0 }, { scale: 1_000 }, { codec: 'a"; x' }, { pts: 1.5 }, { more: 1 }]) {
        assert.throws(() => liveStartRead({ ...start, ...wrong }), { code: Code.malformed });
    }
    const clock = { stream: 5, kid: 0x5a17c0de0101, ctr: 9, pts: 1, wall: 2 };
    assert.equal(clockRead(clock).kid, 0x5a17c0de0101n);
    assert.throws(() => clockRead({ ...clock, kid: "5a" }), { code: Code.malformed });
});

test("a label file as the fleet prints it, for thousands: device, code, name; a table; other line ends", async () => {
    const labels = labelsNew();
    const seed = range(0, 16);
    const lines: string[] = [];
    const devices: string[] = [];
    for (let i = 0; i < 2_500; i++) {
        const device = deviceIdEncode(bytesConcat(u32(i), range(0, 12)));
        devices.push(device);
        const code = await labelSimulated(seed, device);
        const spaced = code.replace(/.{4}(?=.)/g, "$&-");
        lines.push([`${device} ${code} North gate ${i}`, `"${device}","${spaced}","Gate, ${i}"`, `${device};${code}`][i % 3] ?? "");
    }
    lines[1_700] = "rubbish";
    const result = await labels.importText(lines.join("\r\n"));
    assert.deepEqual(result.refused, [{ line: 1_701, fault: "not-a-label" }]);
    assert.deepEqual([result.accepted.length, result.accepted[0], result.accepted.at(-1)], [2_499, devices[0], devices.at(-1)]);
    const last = await labels.find(devices[2_499] ?? "", false);
    assert.equal(last?.password.text, await labelSimulated(seed, devices[2_499] ?? ""));
    const short = await labels.importText(`${DEVICE} R30W5GY4 North gate`);
    assert.equal(short.accepted.length, 0);
});
