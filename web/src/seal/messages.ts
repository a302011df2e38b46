// Handshake messages, one per envelope body (sealed.md 2.3, 5.5): encode and strict decode.

import { type Bytes, bytesConcat, bytesCopy, bytesEqual, getU16, getU32, u16, u32, u8 } from "./bytes";
import { Code, SealError, codeFrom } from "./codes";
import { PARAMS_BYTES, PARAM_ID_BYTES } from "./password";
import { POINT_BYTES } from "./point";

export const Kind = {
    open: 0x01, params: 0x02, answer: 0x03, confirm: 0x04, abort: 0x05, kopen: 0x06, kanswer: 0x07,
    record: 0x10,
} as const;

export const SESSION_BYTES = 16;
export const HEAD_BYTES = 20;
/** OPEN[0..28) and ANSWER[0..28) enter the transcript. */
export const BOUND_BYTES = 28;
export const KOPEN_BYTES = 117;
export const KANSWER_BYTES = 121;
const CONFIRM_BYTES = 52;

export function headEncode(kind: number, session: Bytes): Bytes {
    return bytesConcat(u8(kind), u8(1), u16(0), session);
}

/** Version, reserved field and session of an awaited message; its kind is the caller's to match. */
export function headCheck(body: Uint8Array, session: Bytes): void {
    if (body.length < HEAD_BYTES) throw new SealError(Code.malformed, "message too short");
    if (body[1] !== 1 || getU16(body, 2) !== 0) throw new SealError(Code.malformed, "message head");
    if (!bytesEqual(body.subarray(4, HEAD_BYTES), session)) {
        throw new SealError(Code.malformed, "message of another session");
    }
}

function awaited(body: Uint8Array, session: Bytes, length: number): void {
    headCheck(body, session);
    if (body.length !== length) throw new SealError(Code.malformed, "message length");
}

export function openEncode(session: Bytes, paramId: Bytes | null, shareP: Bytes | null): Bytes {
    return bytesConcat(
        headEncode(Kind.open, session), paramId ?? new Uint8Array(PARAM_ID_BYTES), shareP ?? new Uint8Array(0));
}

/** The record P inside PARAMS. */
export function paramsTake(body: Uint8Array, session: Bytes): Bytes {
    awaited(body, session, HEAD_BYTES + PARAMS_BYTES);
    return bytesCopy(body, HEAD_BYTES);
}

export interface Answer {
    readonly bound: Bytes;
    readonly paramId: Bytes;
    readonly shareV: Bytes;
    readonly confirmV: Bytes;
}

export function answerTake(body: Uint8Array, session: Bytes): Answer {
    awaited(body, session, BOUND_BYTES + POINT_BYTES + 32);
    return {
        bound: bytesCopy(body, 0, BOUND_BYTES),
        paramId: bytesCopy(body, HEAD_BYTES, BOUND_BYTES),
        shareV: bytesCopy(body, BOUND_BYTES, BOUND_BYTES + POINT_BYTES),
        confirmV: bytesCopy(body, BOUND_BYTES + POINT_BYTES),
    };
}

/** CONFIRM, with the first record behind it if there is one. */
export function confirmEncode(session: Bytes, confirmP: Bytes, record: Bytes | null): Bytes {
    const out = bytesConcat(headEncode(Kind.confirm, session), confirmP, record ?? new Uint8Array(0));
    if (out.length < CONFIRM_BYTES) throw new SealError(Code.internal, "confirm length");
    return out;
}

export interface Abort {
    readonly code: Code;
    readonly retry_ms: number;
}

export function abortEncode(session: Bytes, code: Code, retryMs = 0): Bytes {
    return bytesConcat(headEncode(Kind.abort, session), u8(code), u8(0), u16(0), u32(retryMs));
}

export function abortTake(body: Uint8Array, session: Bytes): Abort {
    awaited(body, session, HEAD_BYTES + 8);
    return { code: codeFrom(body[HEAD_BYTES] ?? 0), retry_ms: getU32(body, HEAD_BYTES + 4) };
}
