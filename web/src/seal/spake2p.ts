// SPAKE2+ (RFC 9383), P256-SHA256-HKDF-SHA256-HMAC-SHA256: the prover's arithmetic and the key
// schedule both sides share. No messages, no state; pake.ts runs it.

import { type Bytes, bigToBytes, bytesConcat, bytesCopy, bytesWipe, le64, textBytes } from "./bytes";
import { Code, SealError } from "./codes";
import { hkdfExpand, hkdfExtract, hmac, sha256 } from "./hash";
import {
    type Point, POINT_M, POINT_N, pointBase, pointDecode, pointEncode,
} from "./point";

export interface Transcript {
    readonly context: Bytes;
    readonly idProver: string;
    readonly idVerifier: string;
    readonly shareP: Bytes;
    readonly shareV: Bytes;
    readonly Z: Bytes;
    readonly V: Bytes;
    readonly w0: bigint;
}

export interface Spake2Keys {
    readonly main: Bytes;
    readonly confirmKeyP: Bytes;
    readonly confirmKeyV: Bytes;
    readonly confirmP: Bytes;
    readonly confirmV: Bytes;
    readonly shared: Bytes;
}

/** shareP = x G + w0 M */
export function proverShare(w0: bigint, x: bigint): Bytes {
    return pointEncode(pointBase(x).add(POINT_M.multiply(w0)));
}

/** Z = x (Y - w0 N), V = w1 (Y - w0 N); a Y that leaves infinity is refused. */
export function proverSecrets(
    shareV: Uint8Array, w0: bigint, w1: bigint, x: bigint,
): { readonly Z: Bytes; readonly V: Bytes } {
    const unmasked: Point = pointDecode(shareV).subtract(POINT_N.multiply(w0));
    if (unmasked.is0()) throw new SealError(Code.malformed, "share is the mask itself");
    return { Z: pointEncode(unmasked.multiply(x)), V: pointEncode(unmasked.multiply(w1)) };
}

function withLength(...items: readonly Bytes[]): Bytes {
    return bytesConcat(...items.flatMap((item) => [le64(item.length), item]));
}

/** RFC 9383 section 3.4: all keys and both confirmation tags. */
export async function spake2Keys(t: Transcript): Promise<Spake2Keys> {
    const w0 = bigToBytes(t.w0, 32);
    const tt = withLength(
        t.context, textBytes(t.idProver), textBytes(t.idVerifier), pointEncode(POINT_M), pointEncode(POINT_N),
        t.shareP, t.shareV, t.Z, t.V, w0);
    const main = await sha256(tt);
    bytesWipe(tt, w0);
    const prk = await hkdfExtract(new Uint8Array(0), main);
    const confirm = await hkdfExpand(prk, "ConfirmationKeys", 64);
    const shared = await hkdfExpand(prk, "SharedKey", 32);
    const confirmKeyP = bytesCopy(confirm, 0, 32);
    const confirmKeyV = bytesCopy(confirm, 32);
    bytesWipe(prk, confirm);
    return {
        main, shared, confirmKeyP, confirmKeyV,
        confirmP: await hmac(confirmKeyP, t.shareV),
        confirmV: await hmac(confirmKeyV, t.shareP),
    };
}

export function spake2KeysWipe(keys: Spake2Keys): void {
    bytesWipe(keys.main, keys.confirmKeyP, keys.confirmKeyV, keys.confirmP, keys.confirmV, keys.shared);
}
