// Relay frames: the clear 20-byte header and the control kinds (sealed.md 6.1, 6.3).

import { type Bytes, bytesConcat, bytesCopy, getU16, getU32, getU64, u16, u32, u64, u8 } from "./bytes";
import { Code, SealError } from "./codes";

export const RELAY_HEADER_BYTES = 20;
export const MEDIA_MIN = 18;
export const MEDIA_MAX = 4 * 1024 * 1024;
const CONTROL_MAX = 4 * 1024;

export const RelayKind = {
    video: 1, audio: 2, metadata: 3, talk: 4, snapshot: 5, playback: 6,
    hello: 0x80, welcome: 0x81, subscribe: 0x82, unsubscribe: 0x83, keyreq: 0x84, credit: 0x85, ping: 0x86,
    pong: 0x87, cut: 0x88, skipped: 0x89,
} as const;

export const RelayFlag = { key: 1, init: 2, disc: 4, end: 8, nocache: 0x10 } as const;
const FLAGS_KNOWN = 0x1f;

/** Lengths of control kinds that have exactly one. */
const CONTROL_LENGTH: Partial<Record<number, number>> = {
    [RelayKind.welcome]: 0, [RelayKind.subscribe]: 0, [RelayKind.unsubscribe]: 0, [RelayKind.keyreq]: 0,
    [RelayKind.credit]: 4, [RelayKind.ping]: 8, [RelayKind.pong]: 8, [RelayKind.cut]: 1, [RelayKind.skipped]: 4,
};

export interface RelayFrame {
    readonly kind: number;
    readonly flags: number;
    readonly stream: number;
    readonly pts: number;
    /** The 20 bytes as they came: SFrame metadata. */
    readonly header: Bytes;
    /** A view into the message. */
    readonly body: Bytes;
}

export function relayHeaderEncode(kind: number, flags: number, stream: number, pts: number, length: number): Bytes {
    return bytesConcat(u8(1), u8(kind), u16(flags), u32(stream), u64(pts), u32(length));
}

export function relayControl(kind: number, stream: number, body: Uint8Array = new Uint8Array(0)): Bytes {
    return bytesConcat(relayHeaderEncode(kind, 0, stream, 0, body.length), body);
}

/** One binary message = one frame. Throws SealError(malformed) on anything else. */
export function relayDecode(message: Bytes): RelayFrame {
    const wrong = (what: string): SealError => new SealError(Code.malformed, `relay frame: ${what}`);
    if (message.length < RELAY_HEADER_BYTES) throw wrong("too short");
    if (message[0] !== 1) throw wrong("version");
    const kind = message[1] ?? 0;
    const flags = getU16(message, 2);
    const stream = getU32(message, 4);
    const pts = getU64(message, 8);
    const length = getU32(message, 16);
    if (length !== message.length - RELAY_HEADER_BYTES) throw wrong("length");
    if (pts > BigInt(Number.MAX_SAFE_INTEGER)) throw wrong("pts");
    const both = RelayFlag.key | RelayFlag.init;
    if ((flags & ~FLAGS_KNOWN) !== 0 || (flags & both) === both) throw wrong("flags");
    if (kind >= RelayKind.hello) controlCheck(kind, flags, pts, length, wrong);
    else if (kind < RelayKind.video || kind > RelayKind.playback) throw wrong("kind");
    else if (length < MEDIA_MIN || length > MEDIA_MAX || stream === 0) throw wrong("media length");
    return {
        kind, flags, stream, pts: Number(pts), header: bytesCopy(message, 0, RELAY_HEADER_BYTES),
        body: message.subarray(RELAY_HEADER_BYTES),
    };
}

function controlCheck(
    kind: number, flags: number, pts: bigint, length: number, wrong: (what: string) => SealError,
): void {
    const exact = CONTROL_LENGTH[kind];
    if (kind > RelayKind.skipped) throw wrong("kind");
    if (flags !== 0 || pts !== 0n || length > CONTROL_MAX) throw wrong("control head");
    if (exact !== undefined && exact !== length) throw wrong("control length");
}
