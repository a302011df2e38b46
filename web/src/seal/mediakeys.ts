// KEY records and the content keys of one channel (sealed.md 4.1-4.3): at most 2 per stream, wiped
// when replaced, run out, or when the camera says "these are all".

import {
    type Bytes, bytesConcat, bytesCopy, bytesEqual, bytesWipe, getU16, getU32, getU64, u16, u32, u64, u8,
} from "./bytes";
import { Code, SealError } from "./codes";
import { SUITE_AES128_GCM, type SframeKey, sframeKey } from "./sframe";

const HEADER_BYTES = 12;
const ENTRY_BYTES = 60;
const PER_STREAM = 2;
const REPLACED_KEPT = 32;
export const LIFETIME_MAX_S = 1_200;
const KID_MAX = 2n ** 48n;
export const CTR_MAX = 2n ** 24n;

export interface KeyEntry {
    readonly kid: bigint;
    readonly stream: number;
    readonly kind: number;
    readonly slot: number;
    readonly firstCtr: bigint;
    readonly lifetime_s: number;
    readonly baseKey: Bytes;
}

export interface KeyRecord {
    readonly replaceAll: boolean;
    readonly boot: Bytes;
    readonly entries: readonly KeyEntry[];
    /** Entries of another suite or that contradict their KID. */
    readonly refused: number;
}

/** KID = generation u32 || slot u8 || kind u8 */
export function kidParts(kid: bigint): { generation: number; slot: number; kind: number } {
    return { generation: Number(kid >> 16n), slot: Number((kid >> 8n) & 255n), kind: Number(kid & 255n) };
}

export function kidOf(generation: number, slot: number, kind: number): bigint {
    return (BigInt(generation) << 16n) | BigInt((slot << 8) | kind);
}

/** A KEY record of ours: the talk key, under the camera's boot id. Suite 0 stands for 0x0004. */
export function keyRecordEncode(boot: Bytes, entries: readonly KeyEntry[]): Bytes {
    const rows = entries.map((e) => bytesConcat(
        u64(e.kid), u32(e.stream), u8(e.kind), u8(e.slot), u16(0), u64(e.firstCtr), u32(e.lifetime_s), e.baseKey));
    const out = bytesConcat(u8(1), u8(0), u16(entries.length), boot, ...rows);
    bytesWipe(...rows);
    return out;
}

/** Throws SealError(malformed) on the record's form; single entries are refused, not the record. */
export function keyRecordDecode(content: Uint8Array): KeyRecord {
    const count = content.length < HEADER_BYTES ? 0 : getU16(content, 2);
    if (content.length < HEADER_BYTES || content.length !== HEADER_BYTES + ENTRY_BYTES * count) {
        throw new SealError(Code.malformed, "KEY length");
    }
    const flags = content[1] ?? 0;
    if (content[0] !== 1 || flags > 1) throw new SealError(Code.malformed, "KEY head");
    const entries: KeyEntry[] = [];
    for (let i = 0; i < count; i++) {
        const entry = entryTake(content.subarray(HEADER_BYTES + i * ENTRY_BYTES, HEADER_BYTES + (i + 1) * ENTRY_BYTES));
        if (entry !== null) entries.push(entry);
    }
    return {
        replaceAll: flags === 1, boot: bytesCopy(content, 4, HEADER_BYTES), entries, refused: count - entries.length,
    };
}

function entryTake(bytes: Uint8Array): KeyEntry | null {
    const kid = getU64(bytes, 0);
    const entry = {
        kid, stream: getU32(bytes, 8), kind: bytes[12] ?? 0, slot: bytes[13] ?? 0, firstCtr: getU64(bytes, 16),
        lifetime_s: Math.min(getU32(bytes, 24), LIFETIME_MAX_S), baseKey: bytesCopy(bytes, 28),
    };
    const parts = kidParts(kid);
    const agrees = kid < KID_MAX && parts.slot === entry.slot && parts.kind === entry.kind && entry.stream !== 0;
    const usable = getU16(bytes, 14) === 0 && entry.lifetime_s > 0 && entry.firstCtr < CTR_MAX;
    return agrees && usable ? entry : null;
}

export interface MediaKey {
    readonly sframe: SframeKey;
    readonly stream: number;
    readonly kind: number;
    readonly firstCtr: bigint;
    readonly until_ms: number;
    readonly received_ms: number;
}

export type KeyLookup =
    | { readonly is: "known"; readonly key: MediaKey }
    | { readonly is: "replaced" }
    | { readonly is: "unknown" };

export interface KeyStore {
    /** A KEY record's content. Keys of another boot than the channel's are dropped. */
    take(content: Uint8Array, boot: Bytes, now_ms: number): Promise<readonly MediaKey[]>;
    find(kid: bigint, now_ms: number): KeyLookup;
    /** True while a key of this stream is held. */
    has(stream: number): boolean;
    /** The first unit under `kid` was opened: wipe the other keys of its stream (TCP: at once). */
    used(kid: bigint): void;
    /** A key that served its one unit: wiped, its KID never taken again. */
    spent(kid: bigint): void;
    /** Keys held now, for the panel and the tests. */
    size(): number;
    refused(): number;
    end(): void;
}

export function keyStoreNew(suite: number = SUITE_AES128_GCM): KeyStore {
    const keys = new Map<bigint, MediaKey>();
    const replaced: bigint[] = [];
    let refused = 0;

    function drop(kid: bigint): void {
        const key = keys.get(kid);
        if (key === undefined) return;
        bytesWipe(key.sframe.salt);
        keys.delete(kid);
        replaced.push(kid);
        if (replaced.length > REPLACED_KEPT) replaced.shift();
    }

    function ofStream(stream: number): readonly bigint[] {
        return [...keys.values()].filter((key) => key.stream === stream).map((key) => key.sframe.kid);
    }

    async function take(content: Uint8Array, boot: Bytes, now_ms: number): Promise<readonly MediaKey[]> {
        const record = keyRecordDecode(content);
        refused += record.refused;
        if (!bytesEqual(record.boot, boot)) {
            refused += record.entries.length;
            return [];
        }
        if (record.replaceAll) {
            const named = new Set(record.entries.map((entry) => entry.kid));
            for (const kid of [...keys.keys()]) if (!named.has(kid)) drop(kid);
        }
        const added: MediaKey[] = [];
        for (const entry of record.entries) {
            if (replaced.includes(entry.kid) || keys.has(entry.kid)) continue;
            const key: MediaKey = {
                sframe: await sframeKey(entry.baseKey, entry.kid, suite), stream: entry.stream, kind: entry.kind,
                firstCtr: entry.firstCtr, until_ms: now_ms + entry.lifetime_s * 1_000, received_ms: now_ms,
            };
            bytesWipe(entry.baseKey);
            keys.set(entry.kid, key);
            added.push(key);
            const held = ofStream(entry.stream);
            for (const old of held.slice(0, Math.max(0, held.length - PER_STREAM))) drop(old);
        }
        return added;
    }

    function find(kid: bigint, now_ms: number): KeyLookup {
        const key = keys.get(kid);
        if (key !== undefined && key.until_ms > now_ms) return { is: "known", key };
        if (key !== undefined) drop(kid);
        return { is: replaced.includes(kid) ? "replaced" : "unknown" };
    }

    function used(kid: bigint): void {
        const stream = keys.get(kid)?.stream;
        if (stream === undefined) return;
        const held = ofStream(stream);
        for (const old of held.slice(0, held.indexOf(kid))) drop(old);
    }

    function end(): void {
        for (const kid of [...keys.keys()]) drop(kid);
    }

    return {
        take, find, used, end, spent: drop, size: () => keys.size, refused: () => refused,
        has: (stream) => ofStream(stream).length > 0,
    };
}
