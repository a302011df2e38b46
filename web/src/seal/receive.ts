// One media stream as the viewer takes it from the relay (sealed.md 4.3-4.5, TCP rules): nothing
// comes out before its tag is good, in order, and only along INIT -> KEY -> deltas.

import { type Bytes, hexEncode } from "./bytes";
import { Code, SealError } from "./codes";
import { CTR_MAX, type KeyStore, type MediaKey } from "./mediakeys";
import { RelayFlag, type RelayFrame, RelayKind } from "./relay";
import { type SframeHeader, sframeHeaderDecode, sframeOpen } from "./sframe";

const CACHE_TICKS = 4 * 90_000;
const UNKNOWN_MS = 2_000;
const UNKNOWN_BYTES = 4 * 1024 * 1024;
/** An INIT of an unknown KID outlives the 2 s, else its group could never start once the key is here. */
const INIT_BYTES = 16 * 1024;

export interface Unit {
    readonly init: boolean;
    readonly key: boolean;
    readonly end: boolean;
    readonly discontinuity: boolean;
    readonly pts: number;
    readonly kid: bigint;
    readonly ctr: number;
    readonly bytes: Bytes;
}

export interface ReceiveCounts {
    /** Units missing in the counters: skipped by the relay or withheld. */
    readonly withheld: number;
    readonly replaced_key: number;
    readonly unknown_key: number;
    /** Units left out while an INIT or a KEY unit is awaited. */
    readonly awaited: number;
}

/** The highest (CTR, PTS) taken per KID; outlives a subscription, not a page. */
export type HighMarks = Map<bigint, { ctr: bigint; pts: number }>;

export interface Receiver {
    /**
     * A media frame of this stream. Resolves to the units that are now due (none, one, or several
     * after a late key). Rejects with SealError: close the stream.
     */
    take(frame: RelayFrame): Promise<readonly Unit[]>;
    /**
     * A seek: units of `kid` below `ctr` and units of older keys are left out from now on; the next that is taken
     * is the INIT of the new place (sealed.md 4.6).
     */
    seekTo(kid: bigint, ctr: number): void;
    /** New keys came: units that waited for them. */
    keysArrived(): Promise<readonly Unit[]>;
    /** True once per KID when keys should be asked for (`live.keys`). */
    wantsKeys(): boolean;
    counts(): ReceiveCounts;
    kid(): bigint | null;
    keyTurns(): number;
}

export interface ReceiverOptions {
    readonly stream: number;
    readonly kind: number;
    readonly keys: KeyStore;
    readonly marks: HighMarks;
    readonly now: () => number;
}

/** More than the keys a stream can hold; the replaced ones are refused by the key store anyway. */
const KIDS_KEPT = 8;
const MARKS_KEPT = 256;

const isInit = (frame: RelayFrame): boolean => (frame.flags & RelayFlag.init) !== 0;
const isKey = (frame: RelayFrame): boolean => (frame.flags & RelayFlag.key) !== 0;

interface Waiting { readonly frame: RelayFrame; readonly header: SframeHeader; readonly since_ms: number }

export function receiverNew(options: ReceiverOptions): Receiver {
    const { stream, keys, marks, now } = options;
    let current: bigint | null = null;
    let expect: "init" | "key" | "any" = "init";
    const lastOf = new Map<bigint, { ctr: bigint; pts: number }>();
    let fresh = true;
    let turns = 0;
    let waiting: Waiting[] = [];
    const askedFor = new Set<bigint>();
    let floor: { readonly kid: bigint; readonly ctr: bigint } | null = null;
    let asks = false;
    let tail: Promise<unknown> = Promise.resolve();
    const counts = { withheld: 0, replaced_key: 0, unknown_key: 0, awaited: 0 };

    function hold(frame: RelayFrame, header: SframeHeader): void {
        if (!askedFor.has(header.kid)) {
            askedFor.add(header.kid);
            asks = true;
        }
        waiting.push({ frame, header, since_ms: now() });
        const size = waiting.reduce((sum, item) => sum + item.frame.body.length, 0);
        const tooOld = now() - (waiting[0]?.since_ms ?? 0) > UNKNOWN_MS;
        if (!tooOld && size <= UNKNOWN_BYTES) return;
        const kept = waiting.filter((item) => isInit(item.frame) && item.frame.body.length <= INIT_BYTES).slice(-1);
        counts.unknown_key += waiting.length - kept.length;
        waiting = kept.map((item) => ({ ...item, since_ms: now() }));
    }

    /** May this unit be opened at all? Counts and skips, or throws where the stream must close. */
    function admit(frame: RelayFrame, header: SframeHeader, key: MediaKey): boolean {
        const isOurs = key.stream === stream && frame.stream === stream;
        if (!isOurs || key.kind !== options.kind || frame.kind !== options.kind) {
            throw new SealError(Code.crypto, "unit of another stream");
        }
        if (options.kind === RelayKind.playback && (frame.flags & RelayFlag.nocache) === 0) {
            throw new SealError(Code.malformed, "playback that may be kept");
        }
        if (header.ctr >= CTR_MAX) throw new SealError(Code.limit, "counter over the limit of a key");
        if (header.ctr < key.firstCtr) return skip();
        const last = lastOf.get(header.kid);
        if (last !== undefined && header.ctr <= last.ctr) throw new SealError(Code.replay, "unit replayed");
        if (isBelow(header)) return skip();
        if (last !== undefined) orderCheck(frame, header, last);
        if (isInit(frame)) return true;
        if (header.kid !== current || expect === "init") return skip();
        return isKey(frame) || expect === "any" ? true : skip();
    }

    function orderCheck(frame: RelayFrame, header: SframeHeader, last: { ctr: bigint; pts: number }): void {
        if (frame.pts < last.pts && (frame.flags & RelayFlag.disc) === 0) {
            throw new SealError(Code.replay, "time runs backwards");
        }
        if (header.ctr === last.ctr + 1n || fresh) return;
        counts.withheld += Number(header.ctr - last.ctr - 1n);
        if (expect === "any") expect = "key";
    }

    /** Of the place that was left by a seek. */
    function isBelow(header: Pick<SframeHeader, "kid" | "ctr">): boolean {
        return floor !== null && (header.kid < floor.kid || (header.kid === floor.kid && header.ctr < floor.ctr));
    }

    function seekTo(kid: bigint, ctr: number): void {
        floor = { kid, ctr: BigInt(ctr) };
        const last = current === null ? undefined : lastOf.get(current);
        if (current === null || last === undefined || !isBelow({ kid: current, ctr: last.ctr })) return;
        expect = "init";
        fresh = true; /* what is left out was not withheld */
    }

    function skip(): false {
        counts.awaited += 1;
        return false;
    }

    /** First KEY unit of a subscription: at most the cache's age before what was shown already. */
    function joinCheck(frame: RelayFrame, header: SframeHeader): void {
        const mark = marks.get(header.kid);
        if (mark !== undefined && frame.pts < mark.pts - CACHE_TICKS) {
            throw new SealError(Code.replay, "group older than the cache may hold");
        }
    }

    function accept(frame: RelayFrame, header: SframeHeader): void {
        const init = isInit(frame);
        if (header.kid !== current) {
            current = header.kid;
            fresh = true;
            turns += 1;
        }
        if (init) {
            expect = "key";
        } else {
            if (fresh) joinCheck(frame, header);
            fresh = false;
            expect = "any";
            keys.used(header.kid);
        }
        const place = { ctr: header.ctr, pts: frame.pts };
        lastOf.set(header.kid, place);
        for (const kid of lastOf.keys()) if (lastOf.size > KIDS_KEPT) lastOf.delete(kid);
        if (init) return;
        const mark = marks.get(header.kid);
        if (mark === undefined || header.ctr > mark.ctr) marks.set(header.kid, place);
        for (const kid of marks.keys()) if (marks.size > MARKS_KEPT) marks.delete(kid);
    }

    async function openOne(frame: RelayFrame, header: SframeHeader, late: boolean): Promise<Unit | null> {
        const found = keys.find(header.kid, now());
        if (found.is === "replaced") {
            counts.replaced_key += 1;
            return null;
        }
        if (found.is === "unknown") {
            if (!late) hold(frame, header);
            return null;
        }
        if (!admit(frame, header, found.key)) return null;
        const bytes = await sframeOpen(found.key.sframe, header, frame.header, frame.body);
        if (bytes === null) throw new SealError(Code.crypto, "unit tag");
        accept(frame, header);
        return {
            init: isInit(frame), key: isKey(frame),
            end: (frame.flags & RelayFlag.end) !== 0, discontinuity: (frame.flags & RelayFlag.disc) !== 0,
            pts: frame.pts, kid: header.kid, ctr: Number(header.ctr), bytes,
        };
    }

    async function takeNext(frame: RelayFrame): Promise<readonly Unit[]> {
        const header = sframeHeaderDecode(frame.body);
        if (header === null) throw new SealError(Code.malformed, "SFrame header");
        const unit = await openOne(frame, header, false);
        return unit === null ? [] : [unit];
    }

    async function drain(): Promise<readonly Unit[]> {
        const units: Unit[] = [];
        const left: Waiting[] = [];
        for (const item of waiting.splice(0)) {
            if (keys.find(item.header.kid, now()).is === "unknown") {
                left.push(item);
                continue;
            }
            const unit = await openOne(item.frame, item.header, true);
            if (unit !== null) units.push(unit);
        }
        waiting = left;
        return units;
    }

    function chained<T>(work: () => Promise<T>): Promise<T> {
        const done = tail.then(work);
        tail = done.catch(() => undefined);
        return done;
    }

    return {
        seekTo,
        take: (frame) => chained(() => takeNext(frame)),
        keysArrived: () => chained(drain),
        wantsKeys: () => {
            const wanted = asks;
            asks = false;
            return wanted;
        },
        counts: () => ({ ...counts }),
        kid: () => current,
        keyTurns: () => turns,
    };
}

/** KID as the panel shows it. */
export function kidText(kid: bigint): string {
    return hexEncode(Uint8Array.from({ length: 6 }, (_, i) => Number((kid >> BigInt(40 - 8 * i)) & 255n)));
}
