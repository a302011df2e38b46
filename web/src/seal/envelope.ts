// Signaling envelopes (wire.md 2): what the server reads around a sealed body.

import { type Bytes, bytesConcat, bytesCopy, getU16, getU32, lp8, u16, u32, u8 } from "./bytes";
import { Code, SealError } from "./codes";

export const EnvelopeType = { body: 1, undeliverable: 2, end: 3 } as const;
export const EnvelopeReason = {
    offline: 1, ttl: 2, noGrant: 3, revoked: 4, overload: 5, protocol: 6, closed: 7,
} as const;

const FIXED_BYTES = 41;
const ACCOUNT_MAX = 64;
const BODY_MAX = 16_384;
const TTL_MAX = 600;

export interface Envelope {
    readonly type: number;
    /** In units of 100 ms, 1..600. */
    readonly ttl: number;
    readonly seq: number;
    readonly session: Bytes;
    readonly device: Bytes;
    /** Types 2 and 3: one reason byte. */
    readonly body: Bytes;
}

/** From a viewer: the account field stays empty, the server fills it in. */
export function envelopeEncode(e: Envelope): Bytes {
    return bytesConcat(u8(1), u8(e.type), u16(e.ttl), u32(e.seq), e.session, e.device, lp8(""), e.body);
}

/** Throws SealError(malformed) on any deviation. */
export function envelopeDecode(bytes: Uint8Array): Envelope {
    const wrong = (what: string): SealError => new SealError(Code.malformed, `envelope: ${what}`);
    if (bytes.length < FIXED_BYTES) throw wrong("too short");
    const type = bytes[1] ?? 0;
    const ttl = getU16(bytes, 2);
    const account = bytes[40] ?? 0;
    if (bytes[0] !== 1 || type < EnvelopeType.body || type > EnvelopeType.end) throw wrong("version or type");
    if (ttl < 1 || ttl > TTL_MAX || account > ACCOUNT_MAX) throw wrong("field out of range");
    const start = FIXED_BYTES + account;
    const length = bytes.length - start;
    if (length < 1 || length > BODY_MAX) throw wrong("body length");
    if (type !== EnvelopeType.body && length !== 1) throw wrong("reason length");
    return {
        type, ttl, seq: getU32(bytes, 4), session: bytesCopy(bytes, 8, 24), device: bytesCopy(bytes, 24, 40),
        body: bytesCopy(bytes, start),
    };
}

