// SFrame (RFC 9605): header codec, key derivation, sealing and opening. This protocol speaks suite
// 0x0004 alone; 0x0005 is here so that the codec runs the RFC's vectors.

import { type Bytes, bytesConcat, bytesToBig, bytesWipe, textBytes, u16, u64 } from "./bytes";
import { gcmKey, gcmOpen, gcmSeal, hkdfExpand, hkdfExtract, type HashName, nonceFor } from "./hash";

export const SUITE_AES128_GCM = 4;
export const SUITE_AES256_GCM = 5;

const SUITES: Readonly<Record<number, { readonly key: number; readonly hash: HashName }>> = {
    [SUITE_AES128_GCM]: { key: 16, hash: "SHA-256" },
    [SUITE_AES256_GCM]: { key: 32, hash: "SHA-512" },
};

export interface SframeHeader {
    readonly kid: bigint;
    readonly ctr: bigint;
    readonly length: number;
}

function shortest(value: bigint): Bytes {
    const full = u64(value);
    const skip = full.findIndex((byte) => byte !== 0);
    return full.slice(skip < 0 ? 7 : skip);
}

/** Shortest form of both fields. */
export function sframeHeaderEncode(kid: bigint, ctr: bigint): Bytes {
    const kidBytes = kid < 8n ? new Uint8Array(0) : shortest(kid);
    const ctrBytes = ctr < 8n ? new Uint8Array(0) : shortest(ctr);
    const k = kid < 8n ? Number(kid) : 8 | (kidBytes.length - 1);
    const c = ctr < 8n ? Number(ctr) : 8 | (ctrBytes.length - 1);
    return bytesConcat(Uint8Array.of((k << 4) | c), kidBytes, ctrBytes);
}

/** Null if cut short or not the shortest form. */
export function sframeHeaderDecode(bytes: Uint8Array): SframeHeader | null {
    const config = bytes[0];
    if (config === undefined) return null;
    const kid = fieldTake(bytes, 1, config >> 4);
    if (kid === null) return null;
    const ctr = fieldTake(bytes, kid.next, config & 15);
    return ctr === null ? null : { kid: kid.value, ctr: ctr.value, length: ctr.next };
}

function fieldTake(bytes: Uint8Array, at: number, nibble: number): { value: bigint; next: number } | null {
    if (nibble < 8) return { value: BigInt(nibble), next: at };
    const length = (nibble & 7) + 1;
    if (bytes.length < at + length) return null;
    const value = bytesToBig(bytes.subarray(at, at + length));
    if (value < 8n || bytes[at] === 0) return null;
    return { value, next: at + length };
}

export interface SframeKey {
    readonly kid: bigint;
    readonly key: CryptoKey;
    readonly salt: Bytes;
}

/** Raw key and salt; tests compare them, `sframeKey` imports them. */
export async function sframeDerive(
    baseKey: Bytes, kid: bigint, suite: number = SUITE_AES128_GCM,
): Promise<{ readonly secret: Bytes; readonly key: Bytes; readonly salt: Bytes }> {
    const how = SUITES[suite];
    if (how === undefined) throw new RangeError("sframe: suite");
    const secret = await hkdfExtract(new Uint8Array(0), baseKey, how.hash);
    const tail = bytesConcat(u64(kid), u16(suite));
    const info = (label: string): Bytes => bytesConcat(textBytes(`SFrame 1.0 Secret ${label} `), tail);
    return {
        secret,
        key: await hkdfExpand(secret, info("key"), how.key, how.hash),
        salt: await hkdfExpand(secret, info("salt"), 12, how.hash),
    };
}

export async function sframeKey(baseKey: Bytes, kid: bigint, suite: number = SUITE_AES128_GCM): Promise<SframeKey> {
    const { secret, key, salt } = await sframeDerive(baseKey, kid, suite);
    const out = { kid, key: await gcmKey(key), salt };
    bytesWipe(secret, key);
    return out;
}

/** header || ciphertext || tag */
export async function sframeSeal(key: SframeKey, ctr: bigint, metadata: Uint8Array, plain: Bytes): Promise<Bytes> {
    const header = sframeHeaderEncode(key.kid, ctr);
    const sealed = await gcmSeal(key.key, nonceFor(key.salt, ctr), bytesConcat(header, metadata), plain);
    return bytesConcat(header, sealed);
}

/** Plaintext, or null if the tag is wrong. `header` was read off `frame`. */
export async function sframeOpen(
    key: SframeKey, header: SframeHeader, metadata: Uint8Array, frame: Bytes,
): Promise<Bytes | null> {
    const aad = bytesConcat(frame.subarray(0, header.length), metadata);
    return gcmOpen(key.key, nonceFor(key.salt, header.ctr), aad, frame.subarray(header.length));
}
