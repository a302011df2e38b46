// One live stream of an open session: live.start, keys, units in order, freshness, live.stop. Several
// tiles may look at it: what came since the newest KEY unit is kept for the next one.

import type { ClockMap } from "./messages";
import type { RelaySocket, StreamEnd } from "./relaysocket";
import type { Session } from "./session";
import type { StreamName } from "./api";
import type { JsonObject } from "../seal/json";
import { Code, SealError } from "../seal/codes";
import { type Freshness, type Verdict, freshnessNew } from "../seal/fresh";
import { type HighMarks, type ReceiveCounts, type Receiver, type Unit, kidText, receiverNew } from "../seal/receive";
import { type RelayFrame, RelayKind } from "../seal/relay";
import { type ClockEvent, type LiveStart, liveStartRead } from "../seal/shapes";

const RECENT_BYTES = 8 * 1024 * 1024;
const NUDGE_MS = 10_000;
const FRAMES_MEASURED = 16;
const FRAME_MS_DEFAULT = 40;

export type StreamFault =
    | { readonly why: "relay"; readonly end: StreamEnd }
    | { readonly why: "seal"; readonly code: Code }
    /** The camera refused live.start. */
    | { readonly why: "refused"; readonly code: string; readonly retry_ms: number };

export interface StreamKey { readonly kid: string; readonly turn: number; readonly since_ms: number }

/** What the camera calls a stream, and the sound beside them. */
export type MediaName = StreamName | "sound";

/** How a stream is asked for: its commands, the argument of the first, and the kind of its units. */
const ASKED: Readonly<Record<MediaName, { readonly verb: string; readonly arg: JsonObject; readonly kind: number }>> = {
    main: { verb: "live", arg: { stream: "main" }, kind: RelayKind.video },
    sub: { verb: "live", arg: { stream: "sub" }, kind: RelayKind.video },
    sound: { verb: "audio", arg: {}, kind: RelayKind.audio },
};

export interface LiveStream {
    readonly name: MediaName;
    info(): LiveStart | null;
    /** Where the time line of a new sink starts, and one pair of the camera's clock. */
    map(): Omit<ClockMap, "offset_ms"> | null;
    /** INIT and the units since the newest KEY unit. */
    recent(): readonly Unit[];
    key(): StreamKey | null;
    counts(): ReceiveCounts;
    verdict(): Verdict;
    freshness: Freshness;
    clock(event: ClockEvent): void;
    keysArrived(): void;
    /** The relay's socket was opened anew: from INIT again. */
    subscribe(): void;
    keyframe(): void;
    /** Units stopped coming while the camera says it sends: ask the relay anew, every 10 s at most. */
    nudge(now_ms: number): void;
    stop(): void;
}

export interface StreamOptions {
    readonly name: MediaName;
    readonly session: Session;
    readonly relay: RelaySocket;
    readonly marks: HighMarks;
    /** Resolves when the relay's socket knows the camera; live.start runs meanwhile. */
    readonly ready: Promise<void>;
    readonly unit: (unit: Unit) => void;
    readonly clocked: () => void;
    readonly ended: (fault: StreamFault) => void;
}

export function streamNew(options: StreamOptions): LiveStream {
    const { name, session, relay, marks } = options;
    const asked = ASKED[name];
    const freshness = freshnessNew();
    let info: LiveStart | null = null;
    let receiver: Receiver | null = null;
    let pair: { pts: number; wall_ms: number } | null = null;
    let origin: number | null = null;
    let recent: Unit[] = [];
    let lastPts: number | null = null;
    let frameTicks: number[] = [];
    let keyNow: StreamKey | null = null;
    let base: ReceiveCounts = { withheld: 0, replaced_key: 0, unknown_key: 0, awaited: 0 };
    let over = false;
    let moved_ms = Date.now();

    async function start(): Promise<void> {
        const result = await session.request(`${asked.verb}.start`, asked.arg);
        if (over) return;
        if (!result.ok) {
            const { code, retry_ms } = result.err;
            if (code !== "cut") end({ why: "refused", code, retry_ms });
            return;
        }
        info = liveStartRead(result.val);
        pair = { pts: info.pts, wall_ms: info.wall_ms };
        freshness.begin(Date.now());
        await options.ready;
        subscribe();
    }

    function subscribe(): void {
        if (over || info === null) return;
        if (receiver !== null) base = counts();
        receiver = receiverNew({
            stream: info.stream, kind: asked.kind, keys: session.keys, marks, now: Date.now,
        });
        relay.subscribe(info.stream, {
            frame, skipped: () => undefined,
            ended: (why) => {
                if (!over) options.ended({ why: "relay", end: why });
            },
        });
    }

    function end(fault: StreamFault): void {
        if (over) return;
        stop();
        options.ended(fault);
    }

    function fault(error: unknown): void {
        end({ why: "seal", code: error instanceof SealError ? error.code : Code.internal });
    }

    function frame(sealed: RelayFrame): void {
        const taker = receiver;
        if (over || taker === null) return;
        taker.take(sealed).then((units) => {
            deliver(units);
            if (!over && info !== null && taker.wantsKeys()) {
                void session.request("live.keys", { stream: info.stream });
            }
        }).catch(fault);
    }

    function deliver(units: readonly Unit[]): void {
        if (over) return;
        if (units.length > 0) moved_ms = Date.now();
        for (const unit of units) {
            keep(unit);
            if (!unit.init) freshness.shown(unit.pts);
            options.unit(unit);
            if (unit.end) return end({ why: "relay", end: "camera-gone" });
        }
    }

    /** The shortest of the last steps: a camera that skips pictures only makes longer ones. */
    function frame_ms(): number {
        return frameTicks.length === 0 ? FRAME_MS_DEFAULT : Math.min(...frameTicks) / 90;
    }

    function frameMeasure(pts: number): void {
        if (lastPts !== null && pts > lastPts) frameTicks = [...frameTicks, pts - lastPts].slice(-FRAMES_MEASURED);
        lastPts = pts;
    }

    function keep(unit: Unit): void {
        if (!unit.init) frameMeasure(unit.pts);
        const kid = kidText(unit.kid);
        if (keyNow?.kid !== kid) keyNow = { kid, turn: (keyNow?.turn ?? 0) + 1, since_ms: Date.now() };
        if (unit.init) recent = [unit];
        else if (unit.key) recent = [...recent.filter((one) => one.init), unit];
        else recent.push(unit);
        if (unit.key && origin === null) origin = unit.pts;
        const size = recent.reduce((sum, one) => sum + one.bytes.length, 0);
        if (size > RECENT_BYTES) recent = recent.filter((one) => one.init);
    }

    function counts(): ReceiveCounts {
        const now = receiver?.counts() ?? { withheld: 0, replaced_key: 0, unknown_key: 0, awaited: 0 };
        return {
            withheld: base.withheld + now.withheld, replaced_key: base.replaced_key + now.replaced_key,
            unknown_key: base.unknown_key + now.unknown_key, awaited: base.awaited + now.awaited,
        };
    }

    function stop(): void {
        if (over) return;
        over = true;
        recent = [];
        if (info === null) return;
        relay.unsubscribe(info.stream);
        void session.request(`${asked.verb}.stop`, { stream: info.stream });
    }

    start().catch(fault);

    return {
        name, freshness, subscribe, stop, counts,
        info: () => info,
        map: () => (info === null || pair === null || origin === null ? null
            : { origin_pts: origin, pts: pair.pts, wall_ms: pair.wall_ms, frame_ms: frame_ms(), codec: info.codec }),
        recent: () => recent,
        key: () => keyNow,
        verdict: () => freshness.verdict(Date.now()),
        clock: (event) => {
            if (event.stream !== info?.stream) return;
            pair = { pts: event.pts, wall_ms: event.wall_ms };
            freshness.clock(event.pts, Date.now());
            options.clocked();
        },
        keysArrived: () => {
            receiver?.keysArrived().then(deliver).catch(fault);
        },
        nudge: (now_ms) => {
            if (over || info === null || receiver === null || now_ms - moved_ms < NUDGE_MS) return;
            moved_ms = now_ms;
            relay.unsubscribe(info.stream);
            subscribe();
        },
        keyframe: () => {
            if (info === null || asked.kind !== RelayKind.video) return;
            void session.request("live.keyframe", { stream: info.stream });
        },
    };
}
