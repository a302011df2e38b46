// The audit log checked from outside: hashes of rows, the chain, the tree of RFC 9162, signed heads. docs/design/audit.md has
// the bytes; no code is shared with the box. Works in a page, in a worker and under node.
import { bytesConcat, textBytes, u32, u64, u8, type Bytes } from "../../seal/bytes";
import { sha256 } from "../../seal/hash";

export interface Row {
    readonly seq: number;
    readonly at: number;
    readonly actor_kind: string;
    readonly actor: string;
    readonly session: string;
    readonly action: string;
    readonly object_kind: string;
    readonly object: string;
    readonly result: string;
    readonly source: string;
    readonly detail: string;
    readonly prev: string;
    readonly hash: string;
}
export interface SignedHead {
    readonly size: number;
    readonly at: number;
    readonly root: string;
    readonly key: string;
    readonly sig: string;
}

const TEXTS = [
    "actor_kind",
    "actor",
    "session",
    "action",
    "object_kind",
    "object",
    "result",
    "source",
    "detail",
] as const;

export const ZEROS = new Uint8Array(32);

/** base64url -> bytes; other characters give bytes that fit nothing. */
export function decoded(text: string): Bytes {
    try {
        const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
        return Uint8Array.from(raw, (c) => c.charCodeAt(0));
    } catch {
        return new Uint8Array(0);
    }
}
export const same = (a: Uint8Array, b: Uint8Array): boolean =>
    a.length === b.length && a.every((x, i) => x === b[i]);
export const hex = (bytes: Uint8Array): string =>
    Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

/** The hash of a row: the chain's hash and the tree's leaf are one. */
export function rowHash(row: Row): Promise<Bytes> {
    const texts = TEXTS.flatMap((name) => {
        const text = textBytes(row[name]);
        return [u32(text.length), text];
    });
    return sha256(u8(0), u8(1), u64(row.seq), u64(row.at), decoded(row.prev), ...texts);
}
export const nodeHash = (left: Uint8Array, right: Uint8Array): Promise<Bytes> =>
    sha256(u8(1), left, right);

/** The roots of the full subtrees so far, largest first. */
export class Tree {
    size = 0;
    private edge: Bytes[] = [];

    async append(leaf: Bytes): Promise<void> {
        let hash = leaf;
        for (let rest = this.size; rest % 2 === 1; rest = (rest - 1) / 2)
            hash = await nodeHash(this.edge.pop() ?? ZEROS, hash);
        this.edge.push(hash);
        this.size++;
    }

    async root(): Promise<Bytes> {
        let hash = this.edge[this.edge.length - 1];
        if (!hash) return sha256();
        for (let i = this.edge.length - 2; i >= 0; i--)
            hash = await nodeHash(this.edge[i] ?? ZEROS, hash);
        return hash;
    }
}

export interface Step {
    /** Where the given hash stands, seen from the way up. */
    readonly side: "left" | "right";
    readonly given: Bytes;
    readonly result: Bytes;
}

/** RFC 9162 2.1.3.2: the way from a leaf to the root; null when the path has not the length that such a tree has. */
export async function climb(
    leaf: Bytes,
    index: number,
    size: number,
    path: readonly Bytes[],
): Promise<Step[] | null> {
    if (index < 0 || index >= size) return null;
    const half = (n: number) => Math.floor(n / 2);
    const steps: Step[] = [];
    let fn = index;
    let sn = size - 1;
    let hash = leaf;
    for (const given of path) {
        if (sn === 0) return null;
        if (fn % 2 === 1 || fn === sn) {
            hash = await nodeHash(given, hash);
            steps.push({ side: "left", given, result: hash });
            while (fn % 2 === 0 && fn !== 0) {
                fn = half(fn);
                sn = half(sn);
            }
        } else {
            hash = await nodeHash(hash, given);
            steps.push({ side: "right", given, result: hash });
        }
        fn = half(fn);
        sn = half(sn);
    }
    return sn === 0 ? steps : null;
}

export interface HeadKey {
    readonly key: CryptoKey;
    /** The first 8 bytes of SHA-256 over the SubjectPublicKeyInfo. */
    readonly id: Bytes;
    readonly fingerprint: Bytes;
}

export async function keyOf(pem: string): Promise<HeadKey> {
    const spki = decoded(pem.replace(/-----[^-]+-----/g, "").replace(/\s+/g, ""));
    const key = await crypto.subtle.importKey(
        "spki",
        spki,
        { name: "ECDSA", namedCurve: "P-256" },
        true,
        ["verify"],
    );
    const fingerprint = await sha256(spki);
    return { key, id: fingerprint.slice(0, 8), fingerprint };
}

/** Is the head signed by this key? */
export function headHolds(head: SignedHead, by: HeadKey): Promise<boolean> {
    const id = decoded(head.key);
    if (!same(id, by.id)) return Promise.resolve(false);
    const text = bytesConcat(
        textBytes("skep-audit-head-1"),
        u64(head.size),
        u64(head.at),
        decoded(head.root),
        id,
    );
    return crypto.subtle.verify(
        { name: "ECDSA", hash: "SHA-256" },
        by.key,
        decoded(head.sig),
        text,
    );
}

export type FaultKind = "form" | "missing" | "edited" | "chain" | "root" | "short";
export interface LogFault {
    readonly kind: FaultKind;
    readonly row: number;
}

/** Takes rows in their order, oldest first, and says at the first that does not fit which it is and how. */
export class Follower {
    private readonly tree = new Tree();
    private last: Bytes = ZEROS;

    constructor(private readonly head: SignedHead) {}

    get rows(): number {
        return this.tree.size;
    }

    async take(row: Row): Promise<LogFault | null> {
        const want = this.tree.size + 1;
        if (row.seq !== want) return { kind: "missing", row: want };
        const hash = decoded(row.hash);
        if (!same(await rowHash(row), hash)) return { kind: "edited", row: want };
        if (!same(decoded(row.prev), this.last)) return { kind: "chain", row: want };
        this.last = hash;
        await this.tree.append(hash);
        if (this.tree.size !== this.head.size) return null;
        return same(await this.tree.root(), decoded(this.head.root))
            ? null
            : { kind: "root", row: want };
    }
}

/** A line of the export as a row; null when it is none. */
export function rowOf(line: string): Row | null {
    try {
        const v = JSON.parse(line) as Record<string, unknown>;
        const good =
            Number.isSafeInteger(v["seq"]) &&
            Number.isSafeInteger(v["at"]) &&
            [...TEXTS, "prev", "hash"].every((name) => typeof v[name] === "string");
        return good ? (v as unknown as Row) : null;
    } catch {
        return null;
    }
}
