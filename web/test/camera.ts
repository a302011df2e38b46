// The camera's side of the sealed layer, for tests: verifier, Noise responder, media sealer. Written
// straight from sealed.md over the primitives of src/seal, so a test needs no second machine.

import {
    type Bytes, bytesConcat, bytesCopy, bytesEqual, bytesToBig, hexDecode, lp8, textBytes, u16, u32, u64, u8,
} from "../src/seal/bytes";
import { type Channel, channelNew } from "../src/seal/channel";
import { deviceIdDecode } from "../src/seal/crockford";
import { Role, keyName } from "../src/seal/fingerprint";
import { sha256 } from "../src/seal/hash";
import { type DhKey, ecdhKey, ecdhKeyNew, kkInit } from "../src/seal/kk";
import { BOUND_BYTES, HEAD_BYTES, Kind, abortEncode, headEncode } from "../src/seal/messages";
import { parameterId, parametersDecode, passwordScalars } from "../src/seal/password";
import {
    P256_ORDER, POINT_M, POINT_N, pkcs8Encode, pointBase, pointDecode, pointEncode, scalarRandom,
} from "../src/seal/point";
import { relayHeaderEncode } from "../src/seal/relay";
import { channelSecrets } from "../src/seal/schedule";
import { type SframeKey, sframeKey, sframeSeal } from "../src/seal/sframe";
import { spake2Keys } from "../src/seal/spake2p";

export const DEVICE = "aaaqeayeaudaocajbifqydiob4";
export const ACCOUNT = "acct-0001";
export const CODE = "R30W5GY4RQ3CFJ69SB5WSK0S";
export const x = 0xd1232c8e8693d02368976c174e2088851b8365d0d79a9eee709c6a05a2fad539n;
export const y = 0x717a72348a182085109c8d3917d6c43d59b224dc6a7fc4f0483232fa6516d8b3n;
export const BOOT = range(0xe0, 8);

export function textOf(bytes: Uint8Array): string {
    return new TextDecoder().decode(bytes);
}

/** first, first + 1, ... */
export function range(first: number, length: number): Bytes {
    return Uint8Array.from({ length }, (_, i) => (first + i) & 255);
}

export const SESSION = range(0x10, 16);
export const PARAMS_CLASS1 = bytesConcat(hexDecode("01010000000003e800000001"), range(0x20, 16));

export function shareVerifier(w0: bigint, secret: bigint): Bytes {
    return pointEncode(pointBase(secret).add(POINT_N.multiply(w0)));
}

/** A key pair of a known secret, through WebCrypto as in the browser. */
export async function fixedDh(secret: string): Promise<DhKey> {
    const raw = hexDecode(secret);
    const publicKey = pointEncode(pointBase(bytesToBig(raw)));
    const how = { name: "ECDH", namedCurve: "P-256" };
    const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8Encode(raw, publicKey), how, false, ["deriveBits"]);
    const imported = await crypto.subtle.importKey("raw", publicKey, how, true, []);
    return ecdhKey({ privateKey, publicKey: imported }, publicKey);
}

export async function ownerListVector(viewerSecret: string) {
    const publicKey = pointEncode(pointBase(
        0x2f8da7155cb16dd073e5b4c8cff888055747b2a203f72a1fbf4094b12769e423n % P256_ORDER));
    const viewer = await fixedDh(viewerSecret);
    const tag = bytesCopy(await sha256(textBytes(ACCOUNT)), 0, 16);
    const signed = bytesConcat(
        textBytes("SKAL"), u8(1), u8(0), u16(1), deviceIdDecode(DEVICE) ?? new Uint8Array(0), u32(7),
        u64(1795334400000), (await keyName(Role.owner, publicKey)).id, viewer.publicKey, u8(0), u16(7),
        u64(1795334400000), u64(1803110400000), tag);
    const signature = hexDecode("33e533c5560ade34d26a859882465d63d788af8116666686caa563036ae2c4b1"
        + "9a79e1e639e8135f0bc43aff67b1b96c89e63ef9b4c259821cd4419c532a10f9");
    return { signed, signature, publicKey };
}

export interface VerifierOptions {
    readonly device?: string;
    readonly account?: string;
    readonly code?: string;
    readonly params?: Bytes;
    readonly y?: bigint;
}

/** The camera's half of one password run. */
export async function verifierNew(options: VerifierOptions = {}) {
    const device = options.device ?? DEVICE;
    const account = options.account ?? ACCOUNT;
    const record = options.params ?? PARAMS_CLASS1;
    const params = parametersDecode(record);
    const { w0, w1 } = await passwordScalars({ class: 1, text: options.code ?? CODE }, parametersDecode(PARAMS_CLASS1), device);
    const L = pointBase(w1);
    const secret = options.y ?? scalarRandom();
    let confirmP: Bytes | null = null;
    let channel: Channel | null = null;

    async function take(body: Bytes): Promise<Bytes | null> {
        const session = bytesCopy(body, 4, HEAD_BYTES);
        if (body[0] === Kind.open) {
            const id = await parameterId(params.record);
            if (!bytesEqual(bytesCopy(body, HEAD_BYTES, BOUND_BYTES), id)) {
                return bytesConcat(headEncode(Kind.params, session), params.record);
            }
            const bound = bytesConcat(headEncode(Kind.answer, session), id);
            const shareP = bytesCopy(body, BOUND_BYTES);
            const shareV = shareVerifier(w0, secret);
            const unmasked = pointDecode(shareP).subtract(POINT_M.multiply(w0));
            const context = bytesConcat(
                textBytes("skep-seal/1 pake\0"), params.record, body.subarray(0, BOUND_BYTES), bound);
            const keys = await spake2Keys({
                context, idProver: account, idVerifier: device, shareP, shareV,
                Z: pointEncode(unmasked.multiply(secret)), V: pointEncode(L.multiply(secret)), w0,
            });
            confirmP = keys.confirmP;
            channel = channelNew(await channelSecrets(await sha256(context), keys.shared), { role: "camera", now: () => 0 });
            return bytesConcat(bound, shareV, keys.confirmV);
        }
        if (body[0] === Kind.confirm) {
            const right = confirmP !== null && bytesEqual(confirmP, body.subarray(HEAD_BYTES, 52));
            return right ? null : abortEncode(session, 4);
        }
        return null;
    }

    return { take, channel: () => channel, confirmP: () => confirmP, w0 };
}

/** The camera's half of one KK run: KANSWER or ABORT, and the channel. */
export async function responderTake(
    kopen: Bytes, seal: DhKey, viewer: Bytes, options: { device?: string; account?: string; ephemeral?: DhKey } = {},
): Promise<{ answer: Bytes; channel: Channel | null }> {
    const session = bytesCopy(kopen, 4, HEAD_BYTES);
    const prologue = bytesConcat(
        textBytes("skep-seal/1 kk\0"), lp8(options.account ?? ACCOUNT), lp8(options.device ?? DEVICE), kopen.subarray(0, 36));
    const state = await kkInit("Noise_KK_P256_AESGCM_SHA256", prologue, viewer, seal.publicKey);
    const peer = bytesCopy(kopen, 36, 101);
    await state.mixHash(peer);
    await state.mixKey(await seal.dh(peer));
    await state.mixKey(await seal.dh(viewer));
    if (await state.openAndHash(bytesCopy(kopen, 101)) === null) {
        return { answer: abortEncode(session, 4), channel: null };
    }
    const own = options.ephemeral ?? await ecdhKeyNew();
    await state.mixHash(own.publicKey);
    await state.mixKey(await own.dh(peer));
    await state.mixKey(await own.dh(viewer));
    const sealed = await state.sealAndHash(bytesConcat(u32(7), BOOT, u64(1795334400000)));
    const { k1, k2, h } = await state.split();
    const secrets = await channelSecrets(h, bytesConcat(k1, k2));
    return {
        answer: bytesConcat(headEncode(Kind.kanswer, session), own.publicKey, sealed),
        channel: channelNew(secrets, { role: "camera", now: () => 0 }),
    };
}

export interface TestKey { readonly kid: bigint; readonly base: Bytes; readonly sframe: SframeKey }

export async function testKey(generation: number, seed: number, slot = 1, kind = 1): Promise<TestKey> {
    const kid = (BigInt(generation) << 16n) | BigInt((slot << 8) | kind);
    const base = range(seed, 32);
    return { kid, base, sframe: await sframeKey(base, kid) };
}

export function keyEntry(
    key: TestKey, stream: number, more: { suite?: number; lifetime_s?: number; slot?: number; firstCtr?: number } = {},
): Bytes {
    const slot = more.slot ?? Number((key.kid >> 8n) & 255n);
    return bytesConcat(
        u64(key.kid), u32(stream), u8(Number(key.kid & 255n)), u8(slot), u16(more.suite ?? 0), u64(more.firstCtr ?? 0),
        u32(more.lifetime_s ?? 1_200), key.base);
}

export function keyRecord(entries: readonly Bytes[], replaceAll = false, boot = BOOT): Bytes {
    return bytesConcat(u8(1), u8(replaceAll ? 1 : 0), u16(entries.length), boot, ...entries);
}

/** One relay message holding a sealed unit. */
export async function unitSeal(
    key: TestKey, ctr: number, flags: number, pts: number, text: string, stream: number, kind = 1,
): Promise<Bytes> {
    const plain = textBytes(text);
    const probe = await sframeSeal(key.sframe, BigInt(ctr), new Uint8Array(0), plain);
    const header = relayHeaderEncode(kind, flags, stream, pts, probe.length);
    return bytesConcat(header, await sframeSeal(key.sframe, BigInt(ctr), header, plain));
}
