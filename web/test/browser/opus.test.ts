// Only in a browser, which has an Opus encoder: the worker pads its packets and every decoder must hear the
// same sound as without the padding.

import assert from "node:assert/strict";
import { test } from "node:test";
import { VOICE_CONFIG } from "../../src/live/voice";
import { TALK_BYTES, opusPad } from "../../src/seal/talk";

const RATE = 48_000;
const BLOCK = 960;
const BLOCKS = 40;

async function encoded(): Promise<EncodedAudioChunk[]> {
    const chunks: EncodedAudioChunk[] = [];
    const encoder = new AudioEncoder({ output: (chunk) => chunks.push(chunk), error: (error) => assert.fail(String(error)) });
    encoder.configure(VOICE_CONFIG);
    for (let n = 0; n < BLOCKS; n++) {
        const data = Float32Array.from({ length: BLOCK }, (_, i) => 0.3 * Math.sin(2 * Math.PI * 440 * (n * BLOCK + i) / RATE));
        const timestamp = n * 20_000;
        encoder.encode(new AudioData({ format: "f32-planar", sampleRate: RATE, numberOfFrames: BLOCK, numberOfChannels: 1, timestamp, data }));
    }
    await encoder.flush();
    return chunks;
}

async function decoded(packets: readonly Uint8Array<ArrayBuffer>[]): Promise<Float32Array[]> {
    const out: Float32Array[] = [];
    const decoder = new AudioDecoder({
        error: (error) => assert.fail(String(error)),
        output: (data) => {
            const samples = new Float32Array(data.numberOfFrames);
            data.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
            out.push(samples);
        },
    });
    decoder.configure({ codec: "opus", sampleRate: RATE, numberOfChannels: 1 });
    for (const [n, data] of packets.entries()) {
        decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: n * 20_000, duration: 20_000, data }));
    }
    await decoder.flush();
    return out;
}

test("Opus of this browser: constant rate, 20 ms, padded to one size, decoded to the same samples", async () => {
    const packets = (await encoded()).map((chunk) => {
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        return bytes;
    });
    assert.ok(packets.length >= BLOCKS, `${packets.length} packets`);
    const padded = packets.map((packet) => opusPad(packet) ?? assert.fail(`a packet of ${packet.length} bytes`));
    assert.ok(padded.every((packet) => packet.length === TALK_BYTES));
    const [plain, same] = [await decoded(packets), await decoded(padded)];
    assert.equal(same.length, plain.length);
    assert.ok(plain.some((samples) => samples.some((one) => Math.abs(one) > 0.1)), "the tone is there");
    for (const [n, samples] of plain.entries()) assert.deepEqual([...(same[n] ?? [])], [...samples], `block ${n}`);
});
