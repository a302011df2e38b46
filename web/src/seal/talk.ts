// Talk, the one stream that a viewer seals (sealed.md 4.6): its own key under the slot that the camera
// gave, then one relay frame per Opus packet. All packets have one size, so that speech does not show.

import { type Bytes, bytesConcat, bytesCopy, bytesRandom, bytesWipe, getU32 } from "./bytes";
import { Code, SealError } from "./codes";
import { CTR_MAX, LIFETIME_MAX_S, keyRecordEncode, kidOf } from "./mediakeys";
import { RelayFlag, RelayKind, relayHeaderEncode } from "./relay";
import { type SframeKey, sframeHeaderEncode, sframeKey, sframeSeal } from "./sframe";

const TAG_BYTES = 16;
const KEY_MS = LIFETIME_MAX_S * 1_000;
/** 20 ms of the 90 kHz clock. */
export const TALK_TICKS = 1_800;
/** Every packet is padded to this: 32 kbit/s make 80 bytes. */
export const TALK_BYTES = 128;

export interface TalkSender {
    readonly stream: number;
    readonly kid: bigint;
    /** Content of the KEY record; it goes out before the first unit. Wipe it after sealing. */
    record(): Bytes;
    /**
     * One relay frame around one packet; `index` counts 20 ms steps, so that a gap shows in the PTS.
     * Rejects with SealError(limit) past the key's units or lifetime: nothing more is sent under it.
     */
    seal(packet: Bytes, index: number): Promise<Bytes>;
    end(): void;
}

export interface TalkOptions {
    readonly stream: number;
    readonly slot: number;
    /** The camera's boot id, from hello. */
    readonly boot: Bytes;
    readonly now: () => number;
    /** For tests; else 32 random bytes and a random generation. */
    readonly fixed?: { readonly baseKey: Bytes; readonly generation: number; readonly origin: number };
}

export async function talkSenderNew(options: TalkOptions): Promise<TalkSender> {
    const { stream, slot, boot, now, fixed } = options;
    const baseKey = fixed?.baseKey ?? bytesRandom(32);
    const kid = kidOf(fixed?.generation ?? getU32(bytesRandom(4), 0), slot, RelayKind.talk);
    const origin = fixed?.origin ?? getU32(bytesRandom(4), 0);
    const born_ms = now();
    let key: SframeKey | null = await sframeKey(baseKey, kid);
    let ctr = 0n;

    function record(): Bytes {
        return keyRecordEncode(boot, [{
            kid, stream, kind: RelayKind.talk, slot, firstCtr: 0n, lifetime_s: LIFETIME_MAX_S, baseKey,
        }]);
    }

    async function seal(packet: Bytes, index: number): Promise<Bytes> {
        if (key === null || ctr >= CTR_MAX || now() - born_ms >= KEY_MS) throw new SealError(Code.limit, "talk key");
        const mine = ctr++;
        const length = sframeHeaderEncode(kid, mine).length + packet.length + TAG_BYTES;
        const pts = origin + index * TALK_TICKS;
        const header = relayHeaderEncode(RelayKind.talk, RelayFlag.key, stream, pts, length);
        return bytesConcat(header, await sframeSeal(key, mine, header, packet));
    }

    function end(): void {
        bytesWipe(baseKey, key?.salt ?? null);
        key = null;
    }

    return { stream, kid, record, seal, end };
}

const CODE_ONE_FRAME = 0;
const CODE_COUNTED = 3;
/** Frame count byte of code 3: padding present, one frame of constant rate. */
const PADDED_ONE = 0x41;
const PAD_STEP = 254;

/**
 * A packet of one frame (RFC 6716 code 0) padded to exactly `size` bytes by Opus's own padding (code 3,
 * 3.2.5): still a packet that every decoder takes. A packet of that size passes as it is. Null if it
 * is larger, of more than one frame, or one byte short of what padding can reach.
 */
export function opusPad(packet: Uint8Array, size: number = TALK_BYTES): Bytes | null {
    const toc = packet[0];
    if (toc === undefined || packet.length > size) return null;
    if (packet.length === size) return bytesCopy(packet);
    const room = size - packet.length - 1; /* for the lengths of the padding and the padding itself */
    if ((toc & 3) !== CODE_ONE_FRAME || room < 1) return null;
    const out = new Uint8Array(size);
    out[0] = toc | CODE_COUNTED;
    out[1] = PADDED_ONE;
    let at = 2;
    let left = room - 1; /* every length byte counts itself out of the room */
    for (; left > PAD_STEP; left -= PAD_STEP + 1) out[at++] = 255;
    out[at++] = left;
    out.set(packet.subarray(1), at);
    return out;
}
