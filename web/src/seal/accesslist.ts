// The access list "SKAL" that an owner signs (sealed.md 5.3): who may come with which key, and do what, until when.
// The owner's side: read, edit as values, sign; a list that a camera would refuse is never made.

import { type Bytes, bytesConcat, bytesCopy, getU16, getU32, getU64, hexEncode, textBytes, u16, u32, u64, u8 } from "./bytes";
import { Code, SealError } from "./codes";
import { Role, keyName } from "./fingerprint";
import { sha256 } from "./hash";
import { POINT_BYTES, pointDecode } from "./point";

const MAGIC = "SKAL";
const HEAD_BYTES = 52;
const ENTRY_BYTES = 100;
const SIGNATURE_BYTES = 64;
const ENTRIES_MAX = 64;
/** No entry outlives its list's `issued` by more. */
export const LIST_LIFE_MS = 90 * 86_400_000;

/** Bits of a list entry by the names that the rest uses; 8 (manage) is never in a list. */
export const RIGHT_BITS = {
    "live-main": 0x1, "live-sub": 0x2, listen: 0x4, talk: 0x8, ptz: 0x10, playback: 0x20, snapshot: 0x40, config: 0x80,
    download: 0x200,
} as const;
export type ListRight = keyof typeof RIGHT_BITS;
export const RIGHTS_ALL = 0x2ff;
export const RIGHT_MANAGE = 0x100;

export interface ListEntry {
    /** Viewer key, 65 bytes. */
    readonly key: Bytes;
    readonly rights: number;
    readonly not_before_ms: number;
    readonly not_after_ms: number;
    /** First 16 bytes of SHA-256(account id). */
    readonly tag: Bytes;
}

export interface AccessList {
    /** Raw id of the camera. */
    readonly device: Bytes;
    readonly version: number;
    readonly issued_ms: number;
    /** Key id of the owner key that signed. */
    readonly owner: Bytes;
    readonly entries: readonly ListEntry[];
}

function wrong(what: string): never {
    throw new SealError(Code.malformed, what);
}

function listCheck(list: AccessList): void {
    const { entries, version, issued_ms } = list;
    const isTime = (ms: number): boolean => Number.isSafeInteger(ms) && ms >= 0;
    if (list.device.length !== 16 || list.owner.length !== 16 || entries.length > ENTRIES_MAX) return wrong("list form");
    if (!Number.isInteger(version) || version < 1 || version > 0xffff_ffff || !isTime(issued_ms)) return wrong("list version or time");
    const seen = new Set<string>();
    for (const entry of entries) {
        pointDecode(entry.key);
        const name = hexEncode(entry.key);
        if (seen.has(name)) return wrong("key twice");
        seen.add(name);
        if (entry.tag.length !== 16 || (entry.rights & ~RIGHTS_ALL) !== 0) return wrong("rights");
        const isSpan = isTime(entry.not_before_ms) && isTime(entry.not_after_ms) && entry.not_before_ms <= entry.not_after_ms;
        if (!isSpan || entry.not_after_ms > issued_ms + LIST_LIFE_MS) return wrong("times of an entry");
    }
}

function listEncode(list: AccessList): Bytes {
    const entries = list.entries.map((entry) => bytesConcat(
        entry.key, u8(0), u16(entry.rights), u64(entry.not_before_ms), u64(entry.not_after_ms), entry.tag));
    return bytesConcat(
        textBytes(MAGIC), u8(1), u8(0), u16(list.entries.length), list.device, u32(list.version), u64(list.issued_ms),
        list.owner, ...entries);
}

/** Everything but the signature; SealError if a camera would refuse it. */
export function listDecode(bytes: Uint8Array): AccessList {
    if (bytes.length < HEAD_BYTES + SIGNATURE_BYTES) return wrong("list length");
    const count = getU16(bytes, 6);
    if (bytes.length !== HEAD_BYTES + count * ENTRY_BYTES + SIGNATURE_BYTES) return wrong("list length");
    const entries = Array.from({ length: count }, (_, i): ListEntry => {
        const at = HEAD_BYTES + i * ENTRY_BYTES;
        if (bytes[at + POINT_BYTES] !== 0) return wrong("reserved byte");
        return {
            key: bytesCopy(bytes, at, at + POINT_BYTES), rights: getU16(bytes, at + 66),
            not_before_ms: Number(getU64(bytes, at + 68)), not_after_ms: Number(getU64(bytes, at + 76)),
            tag: bytesCopy(bytes, at + 84, at + ENTRY_BYTES),
        };
    });
    const list = {
        device: bytesCopy(bytes, 8, 24), version: getU32(bytes, 24), issued_ms: Number(getU64(bytes, 28)),
        owner: bytesCopy(bytes, 36, HEAD_BYTES), entries,
    };
    const head = listEncode({ ...list, entries: [] });
    if (head.subarray(0, 6).some((byte, at) => byte !== bytes[at])) return wrong("list head");
    listCheck(list);
    return list;
}

/** SHA-256 of the signed part, as hello reports it. */
export function listHash(bytes: Uint8Array): Promise<Bytes> {
    return sha256(bytes.subarray(0, bytes.length - SIGNATURE_BYTES));
}

const SIGNING = { name: "ECDSA", hash: "SHA-256" } as const;

/** Encoded and signed; the signer's key id is put in. */
export async function listSign(
    list: Omit<AccessList, "owner">, key: CryptoKey, publicKey: Bytes,
): Promise<Bytes> {
    const whole = { ...list, owner: (await keyName(Role.owner, publicKey)).id };
    listCheck(whole);
    const signed = listEncode(whole);
    return bytesConcat(signed, new Uint8Array(await crypto.subtle.sign(SIGNING, key, signed)));
}

export async function listVerify(bytes: Uint8Array, publicKey: Bytes): Promise<boolean> {
    pointDecode(publicKey);
    const key = await crypto.subtle.importKey("raw", publicKey, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    const end = bytes.length - SIGNATURE_BYTES;
    return crypto.subtle.verify(SIGNING, key, bytesCopy(bytes, end), bytesCopy(bytes, 0, end));
}

export async function accountTag(account: string): Promise<Bytes> {
    return bytesCopy(await sha256(textBytes(account)), 0, 16);
}

const sameKey = (a: ListEntry, key: Uint8Array): boolean => hexEncode(a.key) === hexEncode(key);

/** The entries with this one in its key's place. */
export function entriesWith(entries: readonly ListEntry[], entry: ListEntry): readonly ListEntry[] {
    return [...entriesWithout(entries, entry.key), entry];
}

export function entriesWithout(entries: readonly ListEntry[], key: Uint8Array): readonly ListEntry[] {
    return entries.filter((one) => !sameKey(one, key));
}

/**
 * Two owners changed the same list apart from each other. Who stands on either is kept, but for those whom we took
 * away; who stands on both keeps what both allow: a merge widens nothing that one of them had narrowed.
 */
export function entriesMerge(
    theirs: readonly ListEntry[], ours: readonly ListEntry[], dropped: readonly string[],
): readonly ListEntry[] {
    const stays = theirs.filter((one) => !dropped.includes(hexEncode(one.key))).map((one) => {
        const own = ours.find((other) => sameKey(other, one.key));
        if (own === undefined || hexEncode(own.tag) !== hexEncode(one.tag)) return one;
        return { ...one, rights: one.rights & own.rights, not_after_ms: Math.min(one.not_after_ms, own.not_after_ms),
            not_before_ms: Math.min(one.not_before_ms, own.not_before_ms) };
    });
    const added = ours.filter((own) => !theirs.some((one) => sameKey(one, own.key)));
    return [...stays, ...added].filter((one) => one.not_before_ms <= one.not_after_ms).slice(0, ENTRIES_MAX);
}

/** Entries that ended are left out: a list is never longer than it must be. */
export function entriesLiving(entries: readonly ListEntry[], now_ms: number): readonly ListEntry[] {
    return entries.filter((one) => one.not_after_ms > now_ms);
}

export function rightsOf(names: readonly string[]): number {
    return names.reduce((bits, name) => bits | (RIGHT_BITS[name as ListRight] ?? 0), 0);
}

export function rightNames(bits: number): readonly ListRight[] {
    return (Object.keys(RIGHT_BITS) as ListRight[]).filter((name) => (bits & RIGHT_BITS[name]) !== 0);
}
