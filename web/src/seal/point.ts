// P-256 points, through noble. The form is checked before the decoder sees a byte: decoders also
// read `00` and compressed points, this protocol knows one form only (sealed.md 2.4).

import { p256 } from "@noble/curves/nist.js";
import { type Bytes, bytesConcat, bytesCopy, bytesToBig, hexDecode } from "./bytes";
import { Code, SealError } from "./codes";

export const POINT_BYTES = 65;
export const P256_ORDER: bigint = p256.Point.Fn.ORDER;

export type Point = InstanceType<typeof p256.Point>;

export const POINT_M: Point = p256.Point.fromBytes(
    hexDecode("02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f"));
export const POINT_N: Point = p256.Point.fromBytes(
    hexDecode("03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49"));

/** 65 bytes starting 04, on the curve, not infinity; else SealError(malformed). */
export function pointDecode(bytes: Uint8Array): Point {
    if (bytes.length !== POINT_BYTES || bytes[0] !== 4) throw new SealError(Code.malformed, "point form");
    try {
        const point = p256.Point.fromBytes(bytesCopy(bytes));
        point.assertValidity();
        return point;
    } catch {
        throw new SealError(Code.malformed, "point not on the curve");
    }
}

export function pointEncode(point: Point): Bytes {
    return bytesCopy(point.toBytes(false));
}

export function pointBase(scalar: bigint): Point {
    return p256.Point.BASE.multiply(scalar);
}

/** Uniform in [1, n) by rejection. */
export function scalarRandom(): bigint {
    for (;;) {
        const value = bytesToBig(crypto.getRandomValues(new Uint8Array(32)));
        if (value > 0n && value < P256_ORDER) return value;
    }
}

/** PKCS#8 of a bare P-256 secret with its public point (tests and enrolment tools). */
export function pkcs8Encode(secret: Bytes, publicKey: Bytes): Bytes {
    return bytesConcat(
        hexDecode("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420"),
        secret, hexDecode("a144034200"), publicKey);
}
