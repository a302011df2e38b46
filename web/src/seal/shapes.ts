// The commands a viewer sends and the shapes of their answers: hello with owner proof, owner.add,
// enrol, live.* and audio.*, talk, snap, ptz.*, the clock and ptz events (sealed.md 3.4, 4.6, 5.2). Unknown
// members are refused like wrong ones.

import { type Bytes, base64Decode, base64Encode, bytesConcat, textBytes } from "./bytes";
import { Code, SealError } from "./codes";
import { binaryRead, isCount, isU32 } from "./command";
import { type Json, type JsonObject, hasOnly, isObject } from "./json";
import { POINT_BYTES, pointDecode } from "./point";

export interface CameraHello {
    readonly wall_ms: number;
    readonly boot: Bytes;
    readonly seal: Bytes;
    /** What this camera can beyond the first version; names as in its caps. */
    readonly features: readonly string[];
    readonly list: number;
    /** Of the list's signed part; zeros before the first. */
    readonly list_hash: Bytes;
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

export interface TalkStart { readonly stream: number; readonly slot: number }

export interface SnapStart {
    readonly stream: number;
    readonly type: "image/jpeg";
    readonly width: number;
    readonly height: number;
}

/** Where the camera looks, as it says, and who steers; null = nobody. */
export interface PtzPlace {
    readonly pan: number;
    readonly tilt: number;
    readonly zoom: number;
    readonly by: string | null;
}

export interface PtzSpeed { readonly pan: number; readonly tilt: number; readonly zoom: number }

const SNAP_SIDE_MAX = 16_384;
const PLACES = 9;
const NAME_MAX = 64;

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
    const features = (val["features"] as readonly Json[]).filter((one) => typeof one === "string");
    return { wall_ms: wall, boot, seal, features, list, list_hash: hash, rights, until_ms: until };
}

export interface AccessState {
    readonly version: number;
    readonly hash: Bytes;
    /** The stored list as signed; null before the first. */
    readonly list: Bytes | null;
    /** The camera's clock. */
    readonly wall_ms: number;
    /** Key ids of the owner keys. */
    readonly owners: readonly Bytes[];
    /** Per listed key: when it last came, by the camera's clock, and how often. */
    readonly used: readonly { readonly id: Bytes; readonly last_ms: number; readonly count: number }[];
}

export function accessRead(val: JsonObject): AccessState {
    const { version, wall, list, owners, used } = val;
    const hash = binaryRead(val["hash"], 32);
    const known = hasOnly(val, "version", "hash", "list", "wall", "owners", "enrolled", "used");
    const blob = typeof list === "string" ? base64Decode(list) : null;
    if (!known || !isU32(version) || hash === null || !isCount(wall) || (list !== undefined && blob === null)) {
        return wrong("access.get form");
    }
    if (!Array.isArray(owners) || !Array.isArray(used)) return wrong("access.get form");
    const idRead = (one: Json): Bytes => (isObject(one) ? binaryRead(one["id"], 16) : null) ?? wrong("access.get key id");
    return {
        version, hash, list: blob, wall_ms: wall, owners: (owners as readonly Json[]).map(idRead),
        used: (used as readonly Json[]).map((one) => {
            const { last, count } = isObject(one) ? one : {};
            return isCount(last) && isCount(count) ? { id: idRead(one), last_ms: last, count } : wrong("access.get use");
        }),
    };
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

export function talkStartRead(val: JsonObject): TalkStart {
    const { stream, slot } = val;
    if (!hasOnly(val, "stream", "slot") || !isU32(stream) || stream === 0 || !isU32(slot) || slot > 255) {
        return wrong("talk.start form");
    }
    return { stream, slot };
}

export function snapRead(val: JsonObject): SnapStart {
    const { stream, type, width, height } = val;
    const known = hasOnly(val, "stream", "type", "width", "height");
    const isSide = (side: Json | undefined): side is number => isU32(side) && side > 0 && side <= SNAP_SIDE_MAX;
    if (!known || !isU32(stream) || stream === 0 || type !== "image/jpeg" || !isSide(width) || !isSide(height)) {
        return wrong("snap form");
    }
    return { stream, type, width, height };
}

const isFinite = (value: Json | undefined): value is number => typeof value === "number" && Number.isFinite(value);

export function ptzRead(val: JsonObject): PtzPlace {
    const { pan, tilt, zoom, by } = val;
    const isName = by === undefined || by === null || (typeof by === "string" && by.length <= NAME_MAX);
    if (!hasOnly(val, "pan", "tilt", "zoom", "by") || !isFinite(pan) || !isFinite(tilt) || !isFinite(zoom) || !isName) {
        return wrong("ptz form");
    }
    return { pan, tilt, zoom, by: typeof by === "string" && by !== "" ? by : null };
}

/** Speeds of ptz.move within -1..1; anything else counts as standing still. */
export function ptzArg(speed: PtzSpeed): JsonObject {
    const part = (value: number): number => (Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : 0);
    return { pan: part(speed.pan), tilt: part(speed.tilt), zoom: part(speed.zoom) };
}

/** Argument of ptz.preset; null if there is no such place. */
export function placeArg(how: "go" | "set", place: number): JsonObject | null {
    return Number.isInteger(place) && place >= 1 && place <= PLACES ? { [how]: place } : null;
}
