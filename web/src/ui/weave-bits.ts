// The woven fingerprint, console.md 8.3: first 24 bits of SHA-256(public key), rows of 2, 4, 6, 6, 6 cells.
import { keyName, Role } from "../seal/fingerprint";

export const WEAVE_ROWS = [2, 4, 6, 6, 6] as const;
export const WEAVE_BITS = 24;

export interface Cell {
    readonly x: number;
    readonly y: number;
    readonly ink: boolean;
}

/** First 24 bits, most significant first; true = ink, false = straw. */
export function bitsOf(hash: Uint8Array): boolean[] {
    return Array.from(
        { length: WEAVE_BITS },
        (_, i) => (((hash[i >> 3] ?? 0) >> (7 - (i & 7))) & 1) === 1,
    );
}

export function weaveCells(bits: readonly boolean[]): Cell[] {
    let at = 0;
    return WEAVE_ROWS.flatMap((n, row) =>
        Array.from({ length: n }, (_, i) => ({
            x: 12 - 2 * n + 4 * i + 0.3,
            y: 4 * row + 0.3,
            ink: bits[at++] ?? false,
        })),
    );
}

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
    const bin = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(bin, (c) => c.charCodeAt(0));
}

/** Upper-case hex in groups of four: "7F3A 91C2 ..". */
export function hexGroups(bytes: Uint8Array): string {
    const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0"))
        .join("")
        .toUpperCase();
    return (hex.match(/.{1,4}/g) ?? []).join(" ");
}

export interface KeyFace {
    readonly bits: readonly boolean[];
    readonly hex: string;
    readonly fingerprint: string;
}

const faces = new Map<string, Promise<KeyFace>>();

/** A camera's seal key (base64url) as people see it: the same names as the sealed layer gives it. */
export function faceOfKey(key: string): Promise<KeyFace> {
    let face = faces.get(key);
    if (!face) {
        face = keyName(Role.seal, fromBase64url(key)).then((n) => ({
            bits: n.weave,
            hex: n.hex,
            fingerprint: n.fingerprint,
        }));
        faces.set(key, face);
    }
    return face;
}
