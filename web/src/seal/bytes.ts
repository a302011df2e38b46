// Bytes: joining, reading and writing big-endian fields, hex, base64url, comparing, wiping.

export type Bytes = Uint8Array<ArrayBuffer>;

const HEX = "0123456789abcdef";
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

export function bytesConcat(...parts: readonly Uint8Array[]): Bytes {
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        out.set(part, at);
        at += part.length;
    }
    return out;
}

export function bytesCopy(from: Uint8Array, start = 0, end = from.length): Bytes {
    const out = new Uint8Array(end - start);
    out.set(from.subarray(start, end));
    return out;
}

/** UTF-8 of a text of ours. */
export function textBytes(text: string): Bytes {
    return bytesCopy(new TextEncoder().encode(text));
}

/** Strict UTF-8, no byte order mark swallowed; null if malformed. */
export function bytesText(bytes: Uint8Array): string | null {
    try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        return null;
    }
}

/** One length byte and the text; throws RangeError over 255 bytes (a caller's mistake). */
export function lp8(text: string): Bytes {
    const body = textBytes(text);
    if (body.length > 255) throw new RangeError("lp8: text too long");
    return bytesConcat(u8(body.length), body);
}

export function u8(value: number): Bytes {
    return Uint8Array.of(value);
}

export function u16(value: number): Bytes {
    return Uint8Array.of(value >>> 8, value);
}

export function u32(value: number): Bytes {
    const out = new Uint8Array(4);
    new DataView(out.buffer).setUint32(0, value);
    return out;
}

export function u64(value: bigint | number): Bytes {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigUint64(0, BigInt(value));
    return out;
}

/** 8 bytes little-endian, only for the lengths of RFC 9383. */
export function le64(value: number): Bytes {
    return u64(value).reverse();
}

export function getU16(bytes: Uint8Array, at: number): number {
    return view(bytes).getUint16(at);
}

export function getU32(bytes: Uint8Array, at: number): number {
    return view(bytes).getUint32(at);
}

export function getU64(bytes: Uint8Array, at: number): bigint {
    return view(bytes).getBigUint64(at);
}

function view(bytes: Uint8Array): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function bytesToBig(bytes: Uint8Array): bigint {
    let value = 0n;
    for (const byte of bytes) value = (value << 8n) | BigInt(byte);
    return value;
}

export function bigToBytes(value: bigint, length: number): Bytes {
    const out = new Uint8Array(length);
    for (let i = length - 1; i >= 0; i--) {
        out[i] = Number(value & 255n);
        value >>= 8n;
    }
    return out;
}

export function hexEncode(bytes: Uint8Array): string {
    let out = "";
    for (const byte of bytes) out += HEX.charAt(byte >> 4) + HEX.charAt(byte & 15);
    return out;
}

/** Throws on anything but an even number of hex digits. */
export function hexDecode(text: string): Bytes {
    if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw new RangeError("not hex");
    const out = new Uint8Array(text.length / 2);
    for (let i = 0; i < out.length; i++) out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
    return out;
}

/** Base64url without padding. */
export function base64Encode(bytes: Uint8Array): string {
    let out = "";
    for (let i = 0; i < bytes.length; i += 3) {
        const left = Math.min(3, bytes.length - i);
        const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
        for (let k = 0; k <= left; k++) out += BASE64URL.charAt((group >> (18 - 6 * k)) & 63);
    }
    return out;
}

/** Base64url without padding, canonical only (spare bits zero); null if not, or not `length` bytes. */
export function base64Decode(text: string, length?: number): Bytes | null {
    if (text.length % 4 === 1) return null;
    const out = new Uint8Array(Math.floor((text.length * 3) / 4));
    if (length !== undefined && out.length !== length) return null;
    let bits = 0;
    let held = 0;
    let at = 0;
    for (const char of text) {
        const value = BASE64URL.indexOf(char);
        if (value < 0) return null;
        held = ((held << 6) | value) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[at++] = (held >> bits) & 255;
        }
    }
    return (held & ((1 << bits) - 1)) === 0 ? out : null;
}

/** Equal or not, in time that depends on the lengths alone. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
    if (a.length !== b.length) return false;
    let difference = 0;
    for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
    return difference === 0;
}

export function bytesWipe(...secrets: readonly (Uint8Array | null | undefined)[]): void {
    for (const secret of secrets) secret?.fill(0);
}

export function bytesRandom(length: number): Bytes {
    return crypto.getRandomValues(new Uint8Array(length));
}
