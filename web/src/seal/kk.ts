// Noise KK, viewer = initiator (sealed.md 5.5). The symmetric state is generic: only the name and the
// Diffie-Hellman function differ between our P-256 and the public X25519 vectors.

import { type Bytes, bytesConcat, bytesCopy, bytesWipe, getU32, getU64, lp8, textBytes, u64, u8 } from "./bytes";
import { Code, SealError } from "./codes";
import { gcmKey, gcmOpen, gcmSeal, hmac, sha256 } from "./hash";
import { HEAD_BYTES, KANSWER_BYTES, Kind, abortEncode, abortTake, headCheck, headEncode } from "./messages";
import { POINT_BYTES, pointDecode } from "./point";
import { type ChannelSecrets, channelSecrets } from "./schedule";

const NAME = "Noise_KK_P256_AESGCM_SHA256";

/** A key pair of which only the agreement is ever asked. */
export interface DhKey {
    readonly publicKey: Bytes;
    dh(peer: Bytes): Promise<Bytes>;
}

export interface NoiseState {
    mixHash(data: Uint8Array): Promise<void>;
    mixKey(shared: Bytes): Promise<void>;
    sealAndHash(plain: Bytes): Promise<Bytes>;
    openAndHash(sealed: Bytes): Promise<Bytes | null>;
    split(): Promise<{ k1: Bytes; k2: Bytes; h: Bytes }>;
    wipe(): void;
}

async function noiseHkdf(ck: Bytes, ikm: Bytes): Promise<readonly [Bytes, Bytes]> {
    const prk = await hmac(ck, ikm);
    const first = await hmac(prk, u8(1));
    const second = await hmac(prk, bytesConcat(first, u8(2)));
    bytesWipe(prk);
    return [first, second];
}

/** SymmetricState of the Noise framework (revision 34, chapter 5) over AESGCM and SHA-256. */
export function noiseState(name: string): NoiseState {
    const title = textBytes(name);
    if (title.length > 32) throw new RangeError("noise: protocol name over HASHLEN");
    let h = bytesConcat(title, new Uint8Array(32 - title.length));
    let ck = h.slice();
    let key: Bytes | null = null;
    let n = 0n;

    const nonce = (): Bytes => bytesConcat(new Uint8Array(4), u64(n++));

    async function mixHash(data: Uint8Array): Promise<void> {
        h = await sha256(h, data);
    }

    async function mixKey(shared: Bytes): Promise<void> {
        const [next, fresh] = await noiseHkdf(ck, shared);
        bytesWipe(ck, key, shared);
        ck = next;
        key = fresh;
        n = 0n;
    }

    async function sealAndHash(plain: Bytes): Promise<Bytes> {
        const out = key === null ? plain : await gcmSeal(await gcmKey(key), nonce(), h, plain);
        await mixHash(out);
        return out;
    }

    async function openAndHash(sealed: Bytes): Promise<Bytes | null> {
        const out = key === null ? sealed : await gcmOpen(await gcmKey(key), nonce(), h, sealed);
        await mixHash(sealed);
        return out;
    }

    async function split(): Promise<{ k1: Bytes; k2: Bytes; h: Bytes }> {
        const [k1, k2] = await noiseHkdf(ck, new Uint8Array(0));
        const hash = h.slice();
        wipe();
        return { k1, k2, h: hash };
    }

    function wipe(): void {
        bytesWipe(ck, key);
        key = null;
    }

    return { mixHash, mixKey, sealAndHash, openAndHash, split, wipe };
}

/** Prologue and both pre-messages of KK. */
export async function kkInit(
    name: string, prologue: Uint8Array, initiator: Bytes, responder: Bytes,
): Promise<NoiseState> {
    const state = noiseState(name);
    await state.mixHash(prologue);
    await state.mixHash(initiator);
    await state.mixHash(responder);
    return state;
}

/** -> e, es, ss */
export async function kkWriteFirst(
    state: NoiseState, own: DhKey, ephemeral: DhKey, peer: Bytes, payload: Bytes,
): Promise<Bytes> {
    await state.mixHash(ephemeral.publicKey);
    await state.mixKey(await ephemeral.dh(peer));
    await state.mixKey(await own.dh(peer));
    return bytesConcat(ephemeral.publicKey, await state.sealAndHash(payload));
}

/** <- e, ee, se; null if the tag is wrong. */
export async function kkReadSecond(
    state: NoiseState, own: DhKey, ephemeral: DhKey, peerEphemeral: Bytes, sealed: Bytes,
): Promise<Bytes | null> {
    await state.mixHash(peerEphemeral);
    await state.mixKey(await ephemeral.dh(peerEphemeral));
    await state.mixKey(await own.dh(peerEphemeral));
    return state.openAndHash(sealed);
}

/** Over WebCrypto; the private key may be non-extractable. */
export function ecdhKey(pair: CryptoKeyPair, publicKey: Bytes): DhKey {
    async function dh(peer: Bytes): Promise<Bytes> {
        pointDecode(peer);
        const key = await crypto.subtle.importKey("raw", peer, { name: "ECDH", namedCurve: "P-256" }, false, []);
        return new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: key }, pair.privateKey, 256));
    }
    return { publicKey, dh };
}

export async function ecdhKeyNew(): Promise<DhKey> {
    const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
    return ecdhKey(pair, new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
}

export interface KkOptions {
    readonly device: string;
    readonly account: string;
    readonly session: Bytes;
    readonly viewer: DhKey;
    readonly viewerKeyId: Bytes;
    /** The pinned seal key. */
    readonly seal: Bytes;
    /** Tests give it; otherwise made fresh. */
    readonly ephemeral?: DhKey;
}

export type KkStep =
    | { readonly do: "send"; readonly body: Bytes }
    | { readonly do: "open"; readonly secrets: ChannelSecrets; readonly list: number; readonly boot: Bytes;
        readonly camera_ms: number; readonly hash: Bytes }
    | { readonly do: "fail"; readonly code: Code; readonly retry_ms: number; readonly send: Bytes | null;
        readonly by: "camera" | "viewer" }
    | { readonly do: "drop" };

export interface KkRun {
    start(): Promise<KkStep>;
    take(body: Uint8Array): Promise<KkStep>;
    end(): void;
}

/** One run, viewer side; as pake.ts, bodies one at a time and 10 s. */
export function kkRun(options: KkOptions): KkRun {
    const { session, viewer, seal } = options;
    let state: NoiseState | null = null;
    let ephemeral: DhKey | null = null;

    function end(): void {
        state?.wipe();
        state = null;
        ephemeral = null;
    }

    function fail(error: unknown): KkStep {
        const code = error instanceof SealError ? error.code : Code.internal;
        end();
        return { do: "fail", code, retry_ms: 0, send: abortEncode(session, code), by: "viewer" };
    }

    async function start(): Promise<KkStep> {
        try {
            pointDecode(seal);
            const head = bytesConcat(headEncode(Kind.kopen, session), options.viewerKeyId);
            const prologue = bytesConcat(
                textBytes("skep-seal/1 kk\0"), lp8(options.account), lp8(options.device), head);
            ephemeral = options.ephemeral ?? await ecdhKeyNew();
            state = await kkInit(NAME, prologue, viewer.publicKey, seal);
            const message = await kkWriteFirst(state, viewer, ephemeral, seal, new Uint8Array(0));
            return { do: "send", body: bytesConcat(head, message) };
        } catch (error) {
            return fail(error);
        }
    }

    async function answered(body: Uint8Array, noise: NoiseState, own: DhKey): Promise<KkStep> {
        headCheck(body, session);
        if (body.length !== KANSWER_BYTES) throw new SealError(Code.malformed, "message length");
        const peer = bytesCopy(body, HEAD_BYTES, HEAD_BYTES + POINT_BYTES);
        pointDecode(peer);
        const payload = await kkReadSecond(noise, viewer, own, peer, bytesCopy(body, HEAD_BYTES + POINT_BYTES));
        if (payload === null) throw new SealError(Code.confirmFailed, "not the camera of the pinned key");
        const { k1, k2, h } = await noise.split();
        const secrets = await channelSecrets(h, bytesConcat(k1, k2));
        bytesWipe(k1, k2);
        end();
        return {
            do: "open", secrets, hash: h, list: getU32(payload, 0), boot: bytesCopy(payload, 4, 12),
            camera_ms: Number(getU64(payload, 12)),
        };
    }

    async function take(body: Uint8Array): Promise<KkStep> {
        if (state === null || ephemeral === null) return { do: "drop" };
        try {
            if (body[0] === Kind.abort) {
                const abort = abortTake(body, session);
                end();
                return { do: "fail", ...abort, send: null, by: "camera" };
            }
            if (body[0] !== Kind.kanswer) return { do: "drop" };
            return await answered(body, state, ephemeral);
        } catch (error) {
            return fail(error);
        }
    }

    return { start, take, end };
}

