// Playback of one camera through its open channel (sealed.md 4.6, docs/design/streams.md): what was kept is asked
// for, one stream of it is received under a key of its own, and its pace is our credit: no more than a window of
// bytes is ever on its way or waiting to be played. Ends with the channel.

import type { ActResult, PastFound, PastState } from "./api";
import { fragmentStretch } from "./fragment";
import type { ClockMap } from "./messages";
import type { RelaySocket } from "./relaysocket";
import type { Session } from "./session";
import type { SinkUnit } from "./sink";
import type { StreamKey } from "./stream";
import { Code, SealError } from "../seal/codes";
import { type CommandEvent, type CommandResult } from "../seal/command";
import { type Credit, PLAY_UNIT_MAX, creditEncode, creditNew } from "../seal/credit";
import {
    type Mark, type PlayPair, type PlaySpeed, type PlayStart, type Range, findArg, findRead, playEndRead, playEndedRead,
    playGapRead, playSeekRead, playSpeedRead, playStartRead, startArg,
} from "../seal/playback";
import { type ReceiveCounts, type Receiver, type Unit, kidText, receiverNew } from "../seal/receive";
import { RELAY_HEADER_BYTES, type RelayFrame, RelayKind } from "../seal/relay";
import { sframeHeaderEncode } from "../seal/sframe";

const TICKS_PER_S = 90_000;
const TAG_BYTES = 16;
/** The time line begins this long before the first picture, so that nothing falls below zero. */
const LEAD_TICKS = 10 * TICKS_PER_S;
/** A key picture lies before the moment asked for; what is between is skipped, if it is not more than this. */
const INTO_GROUP_S = 3;
/** Questions that one `find` may take: 128 ranges each. */
const FIND_ROUNDS = 16;
const CLOCK_KEPT = 64;
const FRAME_MS = 40;

export interface PastSink {
    /** A new source for this codec; its time line starts at `map.origin_pts`. */
    begin(map: ClockMap): void;
    append(unit: SinkUnit): void;
    cut(time_s: number): void;
    end(): void;
}

export interface PastContext {
    readonly relay: RelaySocket;
    readonly sink: PastSink;
    readonly changed: (state: PastState) => void;
}

export interface Past {
    /** The channel is open and its key believed; `ready` resolves when the relay knows the camera. */
    opened(session: Session, ready: () => Promise<void>): void;
    closed(): void;
    event(event: CommandEvent): void;
    keys(): void;
    find(from_ms: number, to_ms: number): Promise<PastFound>;
    start(at_ms: number, speed: PlaySpeed): Promise<ActResult>;
    seek(at_ms: number): Promise<ActResult>;
    setSpeed(speed: PlaySpeed): Promise<ActResult>;
    /** The picture on the screen, in s of the time line: what lies before gives its credit back. */
    position(time_s: number): void;
    /** The decoder gave up, or nobody plays any more (`null`). */
    stop(code: string | null): void;
    state(): PastState;
    key(): StreamKey | null;
    counts(): ReceiveCounts;
}

const COUNTS_NONE: ReceiveCounts = { withheld: 0, replaced_key: 0, unknown_key: 0, awaited: 0 };

const failed = (code: string, retry_ms = 0): { readonly ok: false; readonly code: string; readonly retry_ms: number } =>
    ({ ok: false, code, retry_ms });

const refusal = (result: Extract<CommandResult, { ok: false }>) => failed(result.err.code, result.err.retry_ms);

const codeOf = (error: unknown): string =>
    (error instanceof SealError && error.code !== Code.internal ? "crypto" : "failed");

/** Bytes of the relay frame that a unit came in. */
const frameBytes = (unit: Unit): number =>
    RELAY_HEADER_BYTES + sframeHeaderEncode(unit.kid, BigInt(unit.ctr)).length + unit.bytes.length + TAG_BYTES;

interface Run {
    readonly info: PlayStart;
    readonly origin: number;
    readonly receiver: Receiver;
    readonly credit: Credit;
    speed: PlaySpeed;
    keysOnly: boolean;
    clock: readonly PlayPair[];
    gaps: readonly { readonly pts: number; readonly from_ms: number; readonly to_ms: number }[];
    end: number | null;
    jump: { readonly turn: number; readonly at_s: number };
    /** Units before this are of a place that was left. */
    from: number;
    last: number;
    /** A key picture that waits for the next one to know how long it stands. */
    held: Unit | null;
    key: StreamKey | null;
}

export function pastNew(context: PastContext): Past {
    const { relay, sink } = context;
    let session: Session | null = null;
    let relayReady: () => Promise<void> = () => Promise.resolve();
    let run: Run | null = null;
    let idle: PastState = { is: "off", code: null };
    let turn = 0;
    let seekAsked = 0;
    let seekTail: Promise<ActResult> = Promise.resolve({ ok: true });

    const place = (now: Run, pts: number): number => (pts - now.origin) / TICKS_PER_S;

    function state(): PastState {
        const now = run;
        if (now === null) return idle;
        return {
            is: "on", speed: now.speed, keysOnly: now.keysOnly, jump: now.jump,
            clock: now.clock.map(({ pts, wall_ms }) => ({ at_s: place(now, pts), wall_ms })),
            gaps: now.gaps.map(({ pts, from_ms, to_ms }) => ({ at_s: place(now, pts), from_ms, to_ms })),
            end_s: now.end === null ? null : place(now, now.end),
        };
    }

    const changed = (): void => context.changed(state());

    function stop(code: string | null): void {
        const now = run;
        turn += 1;
        run = null;
        idle = { is: "off", code };
        if (now !== null) {
            relay.unsubscribe(now.info.stream);
            if (code !== "ended") void session?.request("play.stop", { stream: now.info.stream });
            sink.end();
        }
        changed();
    }

    // --- what is kept ---

    async function find(from_ms: number, to_ms: number): Promise<PastFound> {
        const now = session;
        if (now === null) return failed("not-open");
        const ranges: Range[] = [];
        const marks: Mark[] = [];
        let at = from_ms;
        for (let round = 0; round < FIND_ROUNDS; round++) {
            const arg = findArg(at, to_ms);
            if (arg === null) return failed("bad-arg");
            const result = await now.request("play.find", arg);
            if (!result.ok) return refusal(result);
            try {
                const found = findRead(result.val, at, to_ms);
                ranges.push(...found.ranges);
                marks.push(...found.marks);
                const { first_ms, last_ms, source } = found;
                if (found.next_ms === 0) return { ok: true, first_ms, last_ms, ranges: joined(ranges), marks, source };
                at = found.next_ms;
            } catch (error) {
                return failed(codeOf(error));
            }
        }
        return failed("too-large");
    }

    // --- start, seek, speed ---

    async function start(at_ms: number, speed: PlaySpeed): Promise<ActResult> {
        const now = session;
        const arg = startArg(at_ms, speed);
        if (now === null || arg === null) return failed(now === null ? "not-open" : "bad-arg");
        if (run !== null) stop(null);
        const mine = ++turn;
        idle = { is: "starting" };
        changed();
        const refused = await begin(now, arg, at_ms, mine).catch((error: unknown) => failed(codeOf(error)));
        if (mine !== turn) return failed("cut");
        if (!refused.ok) stop(refused.code);
        return refused;
    }

    async function begin(now: Session, arg: NonNullable<ReturnType<typeof startArg>>, at_ms: number, mine: number):
        Promise<ActResult> {
        await relayReady();
        const result = await now.request("play.start", arg);
        if (!result.ok) return refusal(result);
        const info = playStartRead(result.val);
        if (mine !== turn) {
            void now.request("play.stop", { stream: info.stream });
            return failed("cut");
        }
        const origin = info.pts - LEAD_TICKS;
        const made: Run = {
            info, origin, speed: info.speed, keysOnly: info.keysOnly, clock: [info], gaps: [], end: null,
            from: 0, last: 0, held: null, key: null, credit: creditNew(),
            jump: { turn: 1, at_s: LEAD_TICKS / TICKS_PER_S + into(at_ms, info.wall_ms, info.keysOnly) },
            receiver: receiverNew({
                stream: info.stream, kind: RelayKind.playback, keys: now.keys, marks: new Map(), now: Date.now,
            }),
        };
        run = made;
        sink.begin({
            origin_pts: origin, pts: info.pts, wall_ms: info.wall_ms, frame_ms: FRAME_MS, offset_ms: null,
            codec: info.codec,
        });
        changed();
        relay.subscribe(info.stream, {
            frame: (frame) => frameTake(made, frame), skipped: () => undefined,
            ended: (why) => {
                if (made === run) stop(why);
            },
        });
        creditGive(made);
        return { ok: true };
    }

    /** How far behind its key picture the moment lies. */
    function into(at_ms: number, wall_ms: number, keysOnly: boolean): number {
        const behind = (at_ms - wall_ms) / 1_000;
        return keysOnly || behind < 0 || behind > INTO_GROUP_S ? 0 : behind;
    }

    /** Of several seeks that wait, the newest alone is asked for. */
    function seek(at_ms: number): Promise<ActResult> {
        const mine = ++seekAsked;
        seekTail = seekTail.then(async (): Promise<ActResult> => {
            const now = run;
            if (now === null || session === null) return failed("not-open");
            if (mine !== seekAsked) return { ok: true };
            return seekOne(session, now, at_ms).catch((error: unknown) => {
                const code = codeOf(error);
                if (now === run) stop(code);
                return failed(code);
            });
        });
        return seekTail;
    }

    async function seekOne(owner: Session, now: Run, at_ms: number): Promise<ActResult> {
        const result = await owner.request("play.seek", { stream: now.info.stream, at: at_ms });
        if (now !== run) return failed("cut");
        if (!result.ok) return refusal(result);
        const found = playSeekRead(result.val);
        if (found.pts < now.from) throw new SealError(Code.malformed, "seek back in the stream");
        now.receiver.seekTo(found.kid, found.ctr);
        now.from = found.pts;
        if (now.held !== null && now.held.pts < found.pts) now.held = null;
        now.clock = [...now.clock.filter((one) => one.pts < found.pts), found].slice(-CLOCK_KEPT);
        now.gaps = now.gaps.filter((one) => one.pts < found.pts);
        now.end = null;
        now.jump = {
            turn: now.jump.turn + 1, at_s: place(now, found.pts) + into(at_ms, found.wall_ms, now.keysOnly),
        };
        sink.cut(place(now, found.pts) - FRAME_MS / 8_000);
        now.credit.dropBefore(found.pts);
        creditGive(now);
        changed();
        return { ok: true };
    }

    async function setSpeed(speed: PlaySpeed): Promise<ActResult> {
        const now = run;
        if (now === null || session === null) return failed("not-open");
        const result = await session.request("play.speed", { stream: now.info.stream, speed });
        if (now !== run) return failed("cut");
        if (!result.ok) return refusal(result);
        try {
            const told = playSpeedRead(result.val);
            now.speed = told.speed;
            now.keysOnly = told.keysOnly;
        } catch (error) {
            stop(codeOf(error));
            return failed(codeOf(error));
        }
        changed();
        return { ok: true };
    }

    // --- units ---

    function creditGive(now: Run): void {
        const bytes = now.credit.take();
        if (bytes > 0) relay.send(creditEncode(now.info.stream, bytes));
    }

    function frameTake(now: Run, frame: RelayFrame): void {
        if (now !== run) return;
        const size = RELAY_HEADER_BYTES + frame.body.length;
        if (size > PLAY_UNIT_MAX || !now.credit.arrived(size)) return stop("limit");
        now.receiver.take(frame).then((units) => {
            if (now !== run) return;
            for (const unit of units) unitTake(now, unit);
            if (units.length === 0) creditGive(now);
            if (now.receiver.wantsKeys()) void session?.request("live.keys", { stream: now.info.stream });
        }).catch((error: unknown) => {
            if (now === run) stop(codeOf(error));
        });
    }

    function unitTake(now: Run, unit: Unit): void {
        if (unit.pts < now.from) return creditGive(now); /* it was being opened while we left its place */
        if (unit.pts < now.last) throw new SealError(Code.malformed, "time of a playback runs backwards");
        now.last = unit.pts;
        now.credit.hold(unit.pts, frameBytes(unit));
        const kid = kidText(unit.kid);
        if (now.key?.kid !== kid) now.key = { kid, turn: (now.key?.turn ?? 0) + 1, since_ms: Date.now() };
        heldRelease(now, unit.init ? null : unit.pts);
        if (now.keysOnly && unit.key) now.held = unit;
        else sink.append(unit);
    }

    /** The key picture that waited stands until `next`. */
    function heldRelease(now: Run, next: number | null): void {
        const unit = now.held;
        if (unit === null) return;
        now.held = null;
        const bytes = next === null ? unit.bytes : fragmentStretch(unit.bytes, next - unit.pts);
        sink.append({ init: false, key: true, bytes });
    }

    function position(time_s: number): void {
        const now = run;
        if (now === null || !Number.isFinite(time_s)) return;
        now.credit.played(now.origin + Math.round(time_s * TICKS_PER_S));
        creditGive(now);
    }

    // --- what the camera tells ---

    function event({ ev, val }: CommandEvent): void {
        const now = run;
        if (ev === "play.gap") {
            const gap = playGapRead(val);
            if (now === null || gap.stream !== now.info.stream) return;
            now.clock = [...now.clock.filter((one) => one.pts < gap.pts), gap].slice(-CLOCK_KEPT);
            now.gaps = [...now.gaps.filter((one) => one.pts < gap.pts), gap].slice(-CLOCK_KEPT);
            changed();
        } else if (ev === "play.end") {
            const end = playEndRead(val);
            if (now === null || end.stream !== now.info.stream) return;
            heldRelease(now, end.pts);
            now.end = end.pts;
            changed();
        } else if (ev === "play.ended") {
            const { stream, why } = playEndedRead(val);
            if (now !== null && stream === now.info.stream) stop(why);
        }
    }

    function closed(): void {
        if (session === null) return;
        session = null;
        if (run !== null || idle.is === "starting") stop("cut");
    }

    return {
        closed, event, find, start, seek, setSpeed, position, stop, state,
        opened: (now, ready) => {
            session = now;
            relayReady = ready;
        },
        keys: () => {
            const now = run;
            if (now === null || session === null) return;
            if (!session.keys.has(now.info.stream)) return stop("revoked");
            now.receiver.keysArrived().then((units) => {
                if (now === run) for (const unit of units) unitTake(now, unit);
            }).catch((error: unknown) => {
                if (now === run) stop(codeOf(error));
            });
        },
        key: () => run?.key ?? null,
        counts: () => run?.receiver.counts() ?? COUNTS_NONE,
    };
}

/** Ranges that meet (a page of the answer ended between them) are one. */
export function joined(ranges: readonly Range[]): readonly Range[] {
    const out: Range[] = [];
    for (const range of ranges) {
        const before = out[out.length - 1];
        if (before !== undefined && before[1] === range[0]) out[out.length - 1] = [before[0], range[1]];
        else out.push(range);
    }
    return out;
}
