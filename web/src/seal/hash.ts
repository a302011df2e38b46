// SHA-256, HMAC, HKDF and AES-GCM over WebCrypto. WebCrypto refuses an empty HMAC key and fuses the
// two halves of HKDF, so Extract("") uses 32 zero bytes (the same by definition) and Expand is HMAC.

import { type Bytes, bytesConcat, bytesCopy, bytesWipe, textBytes, u8 } from "./bytes";

export type HashName = "SHA-256" | "SHA-512";

const HASH_BYTES = { "SHA-256": 32, "SHA-512": 64 } as const;

export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytesConcat(...parts)));
}

async function macKey(key: Bytes, hash: HashName): Promise<CryptoKey> {
    const raw = key.length === 0 ? new Uint8Array(HASH_BYTES[hash]) : key;
    return crypto.subtle.importKey("raw", raw, { name: "HMAC", hash }, false, ["sign"]);
}

async function macSign(key: CryptoKey, data: Bytes): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, data));
}

export async function hmac(key: Bytes, data: Bytes, hash: HashName = "SHA-256"): Promise<Bytes> {
    return macSign(await macKey(key, hash), data);
}

export async function hkdfExtract(salt: Bytes, ikm: Bytes, hash: HashName = "SHA-256"): Promise<Bytes> {
    return hmac(salt, ikm, hash);
}

/** RFC 5869 expand; `info` is a text of ours or bytes. At most 255 blocks. */
export async function hkdfExpand(
    prk: Bytes, info: string | Uint8Array, length: number, hash: HashName = "SHA-256",
): Promise<Bytes> {
    const context = typeof info === "string" ? textBytes(info) : info;
    const key = await macKey(prk, hash);
    const out = new Uint8Array(length);
    let block: Bytes = new Uint8Array(0);
    let at = 0;
    for (let i = 1; at < length; i++) {
        if (i > 255) throw new RangeError("hkdf: too long");
        const next = await macSign(key, bytesConcat(block, context, u8(i)));
        bytesWipe(block);
        block = next;
        out.set(block.subarray(0, Math.min(block.length, length - at)), at);
        at += block.length;
    }
    bytesWipe(block);
    return out;
}

export async function gcmKey(raw: Bytes): Promise<CryptoKey> {
    return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** ciphertext || 16-byte tag */
export async function gcmSeal(key: CryptoKey, nonce: Bytes, aad: Bytes, plain: Bytes): Promise<Bytes> {
    const params = { name: "AES-GCM", iv: nonce, additionalData: aad, tagLength: 128 };
    return new Uint8Array(await crypto.subtle.encrypt(params, key, plain));
}

/** Plaintext, or null if the tag is wrong. */
export async function gcmOpen(
    key: CryptoKey, nonce: Bytes, aad: Bytes, sealed: Uint8Array,
): Promise<Bytes | null> {
    const params = { name: "AES-GCM", iv: nonce, additionalData: aad, tagLength: 128 };
    try {
        const input = sealed.buffer instanceof ArrayBuffer ? (sealed as Bytes) : bytesCopy(sealed);
        return new Uint8Array(await crypto.subtle.decrypt(params, key, input));
    } catch {
        return null;
    }
}

/** `base` XOR a counter in the last 8 bytes (records, SFrame). */
export function nonceFor(base: Bytes, counter: bigint): Bytes {
    const out = bytesCopy(base);
    for (let i = 11; i >= 4; i--) {
        out[i] = (out[i] ?? 0) ^ Number(counter & 255n);
        counter >>= 8n;
    }
    return out;
}
