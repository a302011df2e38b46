// Decoders that face the network: a mutated or random input is refused with SealError or null, never
// with another exception, and never read past its end. Seeded, so a failure repeats.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bytes, bytesConcat, bytesText, textBytes } from "../src/seal/bytes";
import { SealError } from "../src/seal/codes";
import { deviceIdDecode } from "../src/seal/crockford";
import { envelopeDecode, envelopeEncode } from "../src/seal/envelope";
import { jsonParse } from "../src/seal/json";
import { keyRecordDecode } from "../src/seal/mediakeys";
import { abortEncode, abortTake, answerTake, paramsTake } from "../src/seal/messages";
import { parametersDecode } from "../src/seal/password";
import { relayDecode } from "../src/seal/relay";
import { sframeHeaderDecode } from "../src/seal/sframe";
import { DEVICE, PARAMS_CLASS1, SESSION, keyEntry, keyRecord, range, testKey, unitSeal } from "./camera";

const ROUNDS = 4_000;

/** xorshift32 */
function randomNew(seed: number): () => number {
    let state = seed;
    return () => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return state >>> 0;
    };
}

function mutate(seed: Bytes, random: () => number): Bytes {
    let out = seed.slice();
    for (let n = 1 + (random() % 4); n > 0; n--) {
        const at = random() % Math.max(1, out.length);
        switch (random() % 4) {
            case 0: out[at] = (out[at] ?? 0) ^ (1 << (random() % 8)); break;
            case 1: out[at] = random() & 255; break;
            case 2: out = out.slice(0, at); break;
            default: out = bytesConcat(out.subarray(0, at), Uint8Array.of(random() & 255), out.subarray(at));
        }
    }
    return out;
}

/** How many were refused; anything but SealError fails the test. */
function feed(seed: Bytes, decode: (bytes: Bytes) => unknown): number {
    const random = randomNew(0x5eed);
    let refused = 0;
    for (let i = 0; i < ROUNDS; i++) {
        const input = mutate(seed, random);
        try {
            if (decode(input) === null) refused += 1;
        } catch (error) {
            assert.ok(error instanceof SealError, `${String(error)} for ${input.join(" ")}`);
            refused += 1;
        }
    }
    return refused;
}

test("decoders refuse rubbish, and only by their own error", async () => {
    const device = deviceIdDecode(DEVICE) ?? new Uint8Array(16);
    const key = await testKey(1, 1);
    const cases: readonly (readonly [string, Bytes, (bytes: Bytes) => unknown])[] = [
        ["envelope", envelopeEncode({ type: 1, ttl: 9, seq: 0, session: SESSION, device, body: range(0, 64) }), envelopeDecode],
        ["relay", await unitSeal(key, 3, 1, 9_000, "unit", 77), relayDecode],
        ["KEY", keyRecord([keyEntry(key, 77), keyEntry(key, 78)]), keyRecordDecode],
        ["SFrame", range(0x99, 17), sframeHeaderDecode],
        ["parameters", PARAMS_CLASS1, parametersDecode],
        ["ABORT", abortEncode(SESSION, 5, 9), (body) => abortTake(body, SESSION)],
        ["ANSWER", bytesConcat(abortEncode(SESSION, 5, 9).subarray(0, 20), range(0, 105)), (body) => answerTake(body, SESSION)],
        ["PARAMS", bytesConcat(abortEncode(SESSION, 5, 9).subarray(0, 20), PARAMS_CLASS1), (body) => paramsTake(body, SESSION)],
        ["JSON", textBytes('{"id":7,"ok":true,"val":{"a":[1,-2.5e3,"x\\u00e9"],"b":null}}'), (bytes) => {
            const text = bytesText(bytes);
            return text === null ? null : jsonParse(text) ?? null;
        }],
    ];
    for (const [name, seed, decode] of cases) {
        assert.doesNotThrow(() => decode(seed), name);
        assert.ok(feed(seed, decode) > ROUNDS / 10, `${name} took nearly everything`);
    }
});

test("what strict JSON takes, the platform's parser reads the same", () => {
    const random = randomNew(0xfeed);
    const seed = textBytes('{"id":7,"ok":true,"val":{"a":[1,-2.5e3,"x\\u00e9"],"b":null,"c":{"d":[]}}}');
    let taken = 0;
    for (let i = 0; i < ROUNDS; i++) {
        const text = bytesText(mutate(seed, random));
        const value = text === null ? undefined : jsonParse(text);
        if (text === null || value === undefined) continue;
        taken += 1;
        assert.deepEqual(JSON.parse(JSON.stringify(value)), JSON.parse(text));
    }
    assert.ok(taken > 50);
});
