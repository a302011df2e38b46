// The record layer between two finished handshakes (sealed.md 3.1-3.3): exact counters, rekeying,
// padding, limits. Sans I/O: plaintext records in, envelope bodies out, and back.
//
// Both directions work through a promise chain of their own, so calls may overlap and order holds.

import { type Bytes, bytesConcat, bytesCopy, bytesEqual, bytesWipe, getU16, getU64, u16, u64, u8 } from "./bytes";
import { Code, SealError } from "./codes";
import { gcmKey, gcmOpen, gcmSeal, hkdfExpand, nonceFor } from "./hash";
import { Kind } from "./messages";
import type { ChannelSecrets } from "./schedule";

export const RecordType = {
    req: 1, rep: 2, progress: 3, event: 4, key: 5, rekey: 6, ping: 7, pong: 8, close: 9, data: 10,
} as const;
export type RecordType = (typeof RecordType)[keyof typeof RecordType];

export interface ChannelRecord {
    readonly type: RecordType;
    readonly content: Bytes;
}

const HEADER_BYTES = 16;
const TAG_BYTES = 16;
const BLOCK = 64;
const BODY_MAX = 16_384;
export const CONTENT_MAX = 16_316;
const REKEY_RECORDS = 2 ** 20;
const REKEY_MS = 3_600_000;
const STOP_RECORDS = 2 ** 24;
const STOP_MS = 2 * REKEY_MS;
export const CHANNEL_LIFE_MS = 24 * REKEY_MS;

/** Fixed content lengths by type; JSON and KEY have their own parsers. */
const EXACT: Partial<Record<number, number>> = {
    [RecordType.rekey]: 2, [RecordType.ping]: 8, [RecordType.pong]: 8, [RecordType.close]: 1,
};

interface Epoch {
    readonly number: number;
    readonly key: CryptoKey;
    readonly iv: Bytes;
    readonly next: Bytes;
    readonly records: number;
    readonly since_ms: number;
}

async function epochMake(number: number, secret: Bytes, now_ms: number): Promise<Epoch> {
    const raw = await hkdfExpand(secret, "key", 32);
    const iv = await hkdfExpand(secret, "iv", 12);
    const next = await hkdfExpand(secret, "next", 32);
    const key = await gcmKey(raw);
    bytesWipe(raw, secret);
    return { number, key, iv, next, records: 0, since_ms: now_ms };
}

export interface ChannelCounts { readonly sent: number; readonly received: number }

export interface Channel {
    readonly id: Bytes;
    /** One record as an envelope body (or the tail of CONFIRM); rekeys by itself: then two bodies. */
    seal(type: RecordType, content: Bytes): Promise<readonly Bytes[]>;
    /**
     * The record inside a body; null for REKEY, which is taken here. Rejects with SealError: nothing
     * more can be opened, one CLOSE may still be sealed.
     */
    open(body: Uint8Array): Promise<ChannelRecord | null>;
    counts(): ChannelCounts;
    /** Wipes; later calls throw. */
    end(): void;
}

export interface ChannelOptions {
    readonly role: "viewer" | "camera";
    readonly now: () => number;
    /** Tests lower the number of records after which the sender rekeys. */
    readonly rekeyRecords?: number;
}

export function channelNew(secrets: ChannelSecrets, options: ChannelOptions): Channel {
    const id = secrets.id;
    const born_ms = options.now();
    const viewer = options.role === "viewer";
    const rekeyRecords = options.rekeyRecords ?? REKEY_RECORDS;
    let out: Epoch | null = null;
    let into: Epoch | null = null;
    let sent = 0;
    let received = 0;
    let over = false;
    const [outSecret, intoSecret] = viewer ? [secrets.v2c, secrets.c2v] : [secrets.c2v, secrets.v2c];
    let sealTail: Promise<unknown> = epochMake(0, outSecret, born_ms).then((epoch) => {
        out = epoch;
    });
    let openTail: Promise<unknown> = epochMake(0, intoSecret, born_ms).then((epoch) => {
        into = epoch;
    });

    function live(epoch: Epoch | null): Epoch {
        const now = options.now();
        if (over || epoch === null) throw new SealError(Code.crypto, "channel is over");
        const spent = epoch.records >= STOP_RECORDS || now - epoch.since_ms > STOP_MS;
        if (spent || now - born_ms > CHANNEL_LIFE_MS) throw new SealError(Code.limit, "key or channel too old");
        return epoch;
    }

    function header(epoch: Epoch, counter: number): Bytes {
        return bytesConcat(u8(Kind.record), u8(0), u16(epoch.number), id.subarray(0, 4), u64(counter));
    }

    async function sealOne(epoch: Epoch, type: number, content: Bytes): Promise<Bytes> {
        const plain = new Uint8Array(Math.ceil((4 + content.length) / BLOCK) * BLOCK);
        plain.set(bytesConcat(u8(type), u8(0), u16(content.length), content));
        const head = header(epoch, sent);
        const nonce = nonceFor(epoch.iv, BigInt(sent));
        sent += 1;
        const sealed = await gcmSeal(epoch.key, nonce, bytesConcat(head, id), plain);
        bytesWipe(plain);
        return bytesConcat(head, sealed);
    }

    async function sealNext(type: RecordType, content: Bytes): Promise<readonly Bytes[]> {
        let epoch = live(out);
        const bodies: Bytes[] = [];
        if (epoch.records >= rekeyRecords || options.now() - epoch.since_ms >= REKEY_MS) {
            bodies.push(await sealOne(epoch, RecordType.rekey, u16(epoch.number + 1)));
            epoch = await epochMake(epoch.number + 1, epoch.next, options.now());
        }
        bodies.push(await sealOne(epoch, type, content));
        out = { ...epoch, records: epoch.records + 1 };
        return bodies;
    }

    function seal(type: RecordType, content: Bytes): Promise<readonly Bytes[]> {
        if (content.length > CONTENT_MAX) return Promise.reject(new SealError(Code.limit, "record too long"));
        const done = sealTail.then(() => sealNext(type, content));
        sealTail = done.catch(() => undefined);
        return done;
    }

    function headerCheck(body: Uint8Array, epoch: Epoch): void {
        const cipher = body.length - HEADER_BYTES - TAG_BYTES;
        if (cipher < BLOCK || cipher % BLOCK !== 0 || body.length > BODY_MAX) {
            throw new SealError(Code.malformed, "record length");
        }
        if (body[0] !== Kind.record || body[1] !== 0) throw new SealError(Code.malformed, "record head");
        if (!bytesEqual(body.subarray(4, 8), id.subarray(0, 4))) throw new SealError(Code.crypto, "other channel");
        if (getU16(body, 2) !== epoch.number) throw new SealError(Code.crypto, "epoch");
        const counter = getU64(body, 8);
        if (counter < BigInt(received)) throw new SealError(Code.replay, "record replayed");
        if (counter > BigInt(received)) throw new SealError(Code.gap, "record missing");
    }

    async function openNext(body: Uint8Array): Promise<ChannelRecord | null> {
        const epoch = live(into);
        headerCheck(body, epoch);
        const aad = bytesConcat(body.subarray(0, HEADER_BYTES), id);
        const nonce = nonceFor(epoch.iv, BigInt(received));
        const plain = await gcmOpen(epoch.key, nonce, aad, body.subarray(HEADER_BYTES));
        if (plain === null) throw new SealError(Code.crypto, "record tag");
        received += 1;
        into = { ...epoch, records: epoch.records + 1 };
        const record = plainTake(plain);
        if (record.type !== RecordType.rekey) return record;
        if (getU16(record.content, 0) !== epoch.number + 1) throw new SealError(Code.malformed, "rekey epoch");
        into = await epochMake(epoch.number + 1, epoch.next, options.now());
        return null;
    }

    function open(body: Uint8Array): Promise<ChannelRecord | null> {
        const done = openTail.then(() => openNext(body)).catch((error: unknown) => {
            bytesWipe(into?.next, into?.iv);
            into = null;
            throw error;
        });
        openTail = done.catch(() => undefined);
        return done;
    }

    function end(): void {
        over = true;
        bytesWipe(out?.next, out?.iv, into?.next, into?.iv, secrets.v2c, secrets.c2v);
        out = null;
        into = null;
    }

    return { id, seal, open, counts: () => ({ sent, received }), end };
}

/** u8 type | u8 flags | u16 length | content | zeros. MORE is not spoken in this version: a limit. */
function plainTake(plain: Bytes): ChannelRecord {
    const type = plain[0] ?? 0;
    const flags = plain[1] ?? 0;
    const length = getU16(plain, 2);
    if (flags === 1) throw new SealError(Code.limit, "message in parts");
    if (flags !== 0 || type < RecordType.req || type > RecordType.data) {
        throw new SealError(Code.malformed, "record type");
    }
    if (4 + length > plain.length) throw new SealError(Code.malformed, "length over plaintext");
    if (plain.subarray(4 + length).some((byte) => byte !== 0)) throw new SealError(Code.malformed, "padding");
    const exact = EXACT[type];
    if (exact !== undefined && exact !== length) throw new SealError(Code.malformed, "content length");
    return { type: type as RecordType, content: bytesCopy(plain, 4, 4 + length) };
}
