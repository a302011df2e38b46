// Shapes of play.* (sealed.md 3.4, 4.6; docs/design/streams.md, "Playback"): what is asked, and the strict
// reading of what a camera answers and tells. Times are wall-clock ms, ranges half open.

import { Code, SealError } from "./codes";
import { isCount, isU32 } from "./command";
import { type Json, type JsonObject, hasOnly } from "./json";
import { kidParts } from "./mediakeys";
import { RelayKind } from "./relay";

export const PLAY_SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16] as const;
export type PlaySpeed = (typeof PLAY_SPEEDS)[number];

const FIND_MAX_MS = 2_678_400_000;
const RANGES_MAX = 128;
const MARKS_MAX = 256;
const MARK_TYPE_MAX = 255;

export type Range = readonly [from_ms: number, to_ms: number];
export type Mark = readonly [at_ms: number, type: number];

export interface PlayFound {
    /** Oldest and newest moment kept; both 0 = nothing is. */
    readonly first_ms: number;
    readonly last_ms: number;
    readonly ranges: readonly Range[];
    readonly marks: readonly Mark[];
    /** 0 = told whole; else ask on from here. */
    readonly next_ms: number;
    readonly source: "card" | "simulated";
}

/** One pair of the recording's clock: `pts` was taken at `wall_ms`. */
export interface PlayPair { readonly pts: number; readonly wall_ms: number }

export interface PlayStart extends PlayPair {
    readonly stream: number;
    readonly codec: string;
    readonly speed: PlaySpeed;
    /** Every picture, or key pictures alone. */
    readonly keysOnly: boolean;
}

export interface PlaySeek extends PlayPair { readonly kid: bigint; readonly ctr: number }

export interface PlayGap extends PlayPair {
    readonly stream: number;
    readonly from_ms: number;
    readonly to_ms: number;
}

export interface PlayEnd extends PlayPair { readonly stream: number }

export interface PlayEnded { readonly stream: number; readonly why: string }

function wrong(what: string): never {
    throw new SealError(Code.malformed, `${what} form`);
}

const isStream = (value: Json | undefined): value is number => isU32(value) && value !== 0;

const isSpeed = (value: Json | undefined): value is PlaySpeed => PLAY_SPEEDS.some((one) => one === value);

/** Null if the camera would refuse it anyway. */
export function findArg(from_ms: number, to_ms: number): JsonObject | null {
    const isAsked = isCount(from_ms) && isCount(to_ms) && from_ms < to_ms && to_ms - from_ms <= FIND_MAX_MS;
    return isAsked ? { from: from_ms, to: to_ms } : null;
}

export function startArg(at_ms: number, speed: PlaySpeed): JsonObject | null {
    return isCount(at_ms) ? { at: at_ms, speed } : null;
}

function pairs(value: Json | undefined, most: number): readonly (readonly [number, number])[] | null {
    if (!Array.isArray(value) || value.length > most) return null;
    const out: (readonly [number, number])[] = [];
    for (const one of value as readonly Json[]) {
        if (!Array.isArray(one) || one.length !== 2) return null;
        const [a, b] = one as readonly Json[];
        if (!isCount(a) || !isCount(b)) return null;
        out.push([a, b]);
    }
    return out;
}

/** Rising, disjoint, none empty, all within [from, to). */
function areRanges(ranges: readonly Range[], from_ms: number, to_ms: number): boolean {
    let at = from_ms;
    for (const [from, to] of ranges) {
        if (from < at || to <= from || to > to_ms) return false;
        at = to;
    }
    return true;
}

function areMarks(marks: readonly Mark[], from_ms: number, to_ms: number): boolean {
    let at = from_ms;
    for (const [moment, type] of marks) {
        if (moment < at || moment >= to_ms || type > MARK_TYPE_MAX) return false;
        at = moment;
    }
    return true;
}

/** `from_ms`, `to_ms`: what was asked. */
export function findRead(val: JsonObject, from_ms: number, to_ms: number): PlayFound {
    const { first, last, next, source } = val;
    const known = hasOnly(val, "first", "last", "ranges", "marks", "next", "source");
    const ranges = pairs(val["ranges"], RANGES_MAX);
    const marks = pairs(val["marks"], MARKS_MAX);
    if (!known || !isCount(first) || !isCount(last) || last < first || ranges === null || marks === null) {
        return wrong("play.find");
    }
    const isAhead = next === 0 || (isCount(next) && next > from_ms && next < to_ms);
    const isSource = source === "card" || source === "simulated";
    if (!isAhead || !isSource || !areRanges(ranges, from_ms, to_ms) || !areMarks(marks, from_ms, to_ms)) {
        return wrong("play.find");
    }
    return { first_ms: first, last_ms: last, ranges, marks, next_ms: next as number, source };
}

export function playStartRead(val: JsonObject): PlayStart {
    const { stream, codec, scale, pts, wall, speed, frames } = val;
    const known = hasOnly(val, "stream", "codec", "scale", "pts", "wall", "speed", "frames");
    if (!known || !isStream(stream) || scale !== 90_000 || !isCount(pts) || !isCount(wall) || !isSpeed(speed)) {
        return wrong("play.start");
    }
    if (typeof codec !== "string" || !/^[A-Za-z0-9.]{4,32}$/.test(codec)) return wrong("codec");
    return { stream, codec, pts, wall_ms: wall, speed, keysOnly: framesRead(frames) };
}

function framesRead(frames: Json | undefined): boolean {
    return frames === "all" || frames === "keys" ? frames === "keys" : wrong("frames");
}

export function playSeekRead(val: JsonObject): PlaySeek {
    const { kid, ctr, pts, wall } = val;
    const known = hasOnly(val, "kid", "ctr", "pts", "wall");
    if (!known || !isCount(kid) || !isU32(ctr) || !isCount(pts) || !isCount(wall)) return wrong("play.seek");
    if (kid >= 2 ** 48 || kidParts(BigInt(kid)).kind !== RelayKind.playback) return wrong("play.seek");
    return { kid: BigInt(kid), ctr, pts, wall_ms: wall };
}

export function playSpeedRead(val: JsonObject): { readonly speed: PlaySpeed; readonly keysOnly: boolean } {
    const { speed, frames } = val;
    if (!hasOnly(val, "speed", "frames") || !isSpeed(speed)) return wrong("play.speed");
    return { speed, keysOnly: framesRead(frames) };
}

export function playGapRead(val: JsonObject): PlayGap {
    const { stream, from, to, pts, wall } = val;
    const known = hasOnly(val, "stream", "from", "to", "pts", "wall");
    if (!known || !isStream(stream) || !isCount(from) || !isCount(to) || !isCount(pts) || wall !== to || from >= to) {
        return wrong("play.gap");
    }
    return { stream, from_ms: from, to_ms: to, pts, wall_ms: to };
}

export function playEndRead(val: JsonObject): PlayEnd {
    const { stream, pts, wall } = val;
    if (!hasOnly(val, "stream", "pts", "wall") || !isStream(stream) || !isCount(pts) || !isCount(wall)) {
        return wrong("play.end");
    }
    return { stream, pts, wall_ms: wall };
}

export function playEndedRead(val: JsonObject): PlayEnded {
    const { stream, why } = val;
    if (!hasOnly(val, "stream", "why") || !isStream(stream) || typeof why !== "string" || !/^[a-z-]{1,32}$/.test(why)) {
        return wrong("play.ended");
    }
    return { stream, why };
}
