// The commands a viewer sends and the shapes of their answers: hello with owner proof, owner.add,
// enrol, live.*, the clock event (sealed.md 3.4, 5.2). Unknown members are refused like wrong ones.

import { type Bytes, base64Encode, bytesConcat, textBytes } from "./bytes";
import { Code, SealError } from "./codes";
import { binaryRead, isCount, isU32 } from "./command";
import { type JsonObject, hasOnly } from "./json";
import { POINT_BYTES, pointDecode } from "./point";

export interface CameraHello {
    readonly wall_ms: number;
    readonly boot: Bytes;
    readonly seal: Bytes;
    readonly list: number;
    readonly rights: number;
    readonly until_ms: number;
}

export interface LiveStart {
    readonly stream: number;
    readonly codec: string;
    readonly scale: number;
    readonly pts: number;
    readonly wall_ms: number;
}

export interface ClockEvent {
    readonly stream: number;
    readonly kid: bigint;
    readonly ctr: number;
    readonly pts: number;
    readonly wall_ms: number;
}

function wrong(what: string): never {
    throw new SealError(Code.malformed, what);
}

/** Owner key id || signature over "skep-seal/1 owner\0" || whole channel id. */
export async function ownerProof(key: CryptoKey, keyId: Bytes, channelId: Bytes): Promise<Bytes> {
    const message = bytesConcat(textBytes("skep-seal/1 owner\0"), channelId);
    const how = { name: "ECDSA", hash: "SHA-256" };
    return bytesConcat(keyId, new Uint8Array(await crypto.subtle.sign(how, key, message)));
}

export function helloArg(wall_ms: number, owner: Bytes | null): JsonObject {
    return owner === null ? { v: 1, wall: wall_ms } : { v: 1, wall: wall_ms, owner: base64Encode(owner) };
}

/** Argument of owner.add and of enrol: the public key, 65 bytes. */
export function keyArg(publicKey: Bytes): JsonObject {
    return { key: base64Encode(publicKey) };
}

export function helloRead(val: JsonObject): CameraHello {
    const known = hasOnly(val, "v", "features", "wall", "boot", "seal", "list", "list_hash", "rights", "until");
    const boot = binaryRead(val["boot"], 8);
    const seal = binaryRead(val["seal"], POINT_BYTES);
    const hash = binaryRead(val["list_hash"], 32);
    const isForm = known && val["v"] === 1 && Array.isArray(val["features"]);
    if (!isForm || boot === null || seal === null || hash === null) return wrong("hello form");
    const { wall, list, rights, until } = val;
    if (!isCount(wall) || !isU32(list) || !isCount(rights) || rights > 0xffff || !isCount(until)) {
        return wrong("hello form");
    }
    pointDecode(seal);
    return { wall_ms: wall, boot, seal, list, rights, until_ms: until };
}

export function liveStartRead(val: JsonObject): LiveStart {
    const { stream, codec, scale, pts, wall } = val;
    const known = hasOnly(val, "stream", "codec", "scale", "pts", "wall");
    if (!known || !isU32(stream) || stream === 0 || scale !== 90_000 || !isCount(pts) || !isCount(wall)) {
        return wrong("live.start form");
    }
    if (typeof codec !== "string" || !/^[A-Za-z0-9.]{4,32}$/.test(codec)) return wrong("codec form");
    return { stream, codec, scale, pts, wall_ms: wall };
}

export function clockRead(val: JsonObject): ClockEvent {
    const { stream, kid, ctr, pts, wall } = val;
    const known = hasOnly(val, "stream", "kid", "ctr", "pts", "wall");
    if (!known || !isU32(stream) || !isCount(kid) || !isU32(ctr) || !isCount(pts) || !isCount(wall)) {
        return wrong("clock form");
    }
    return { stream, kid: BigInt(kid), ctr, pts, wall_ms: wall };
}
