// The page's half of playing: one <video>, kept at the live edge, and what it really painted.
// Everything decrypted arrives through MSE; this file never sees a key.

import type { Delay } from "./api";
import type { ClockMap } from "./messages";
import { type Sink, type SinkUnit, sinkNew } from "./sink";

const CHECK_MS = 50;
const RATE_AT_S = 0.5;
const JUMP_AT_S = 2;
/** While the cached group still comes in after the first jump. */
const JOIN_LAG_S = 0.3;
/** The least that may be left when the next picture comes: under LOW_S it is decoded too late and
 * dropped, over HIGH_S we are needlessly behind; drift towards GOAL_S in both cases. */
const LOW_S = 0.03;
const GOAL_S = 0.06;
const HIGH_S = 0.14;
/** Picture against sound: drift back beyond NEAR_S, jump beyond FAR_S. */
const NEAR_S = 0.03;
const FAR_S = 0.1;
const WINDOW_MS = 600;
const STALL_MS = 2_000;
const SAMPLES = 250;
const TICKS_PER_S = 90_000;
const TICKS_PER_MS = 90;
const STEADY_MS = 1_500;

export interface Painted {
    /** Frames painted since the source was attached. */
    readonly any: boolean;
    readonly delay: Delay | null;
    /** Since when nothing new was painted, if longer than 2 s. */
    readonly stalled_since_ms: number | null;
}

export interface Player {
    /** MSE in the worker: its handle; else the page's own source is made here. */
    source(handle: MediaSourceHandle | null, map: ClockMap): void;
    map(map: ClockMap): void;
    unit(unit: SinkUnit): void;
    painted(): Painted;
    end(): void;
}

export interface PlayerOptions {
    readonly video: HTMLVideoElement;
    readonly changed: () => void;
    readonly position: (time_s: number) => void;
    readonly broken: (codec: boolean) => void;
    /** Where the sound is, in s of the same time line; null while there is none. */
    readonly sound: () => number | null;
}

export function playerNew(options: PlayerOptions): Player {
    const { video } = options;
    let clock: ClockMap | null = null;
    let sink: Sink | null = null;
    let url: string | null = null;
    let frames = 0;
    let resyncs = 0;
    let lastPaint_ms = 0;
    let samples: number[] = [];
    let hasStarted = false;
    let frameCall = 0;
    let settled_ms = 0;
    let started_ms = 0;
    let over = false;
    let reported_ms = 0;
    let positioned_ms = 0;
    let lags: { readonly at_ms: number; readonly lag: number }[] = [];

    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    video.disableRemotePlayback = true;
    const timer = setInterval(check, CHECK_MS);
    video.addEventListener("error", failed);
    video.addEventListener("progress", check);
    video.addEventListener("waiting", check);

    function failed(): void {
        if (!over && video.error !== null && clock !== null) options.broken(false);
    }

    /** [start, end] of the newest buffered span. */
    function newest(): readonly [number, number] | null {
        const spans = video.buffered;
        return spans.length === 0 ? null : [spans.start(spans.length - 1), spans.end(spans.length - 1)];
    }

    function jump(span: readonly [number, number]): void {
        const frame_s = (clock?.frame_ms ?? 0) / 1_000;
        video.currentTime = Math.max(span[0], span[1] - frame_s - GOAL_S);
        video.playbackRate = 1;
        settled_ms = Date.now();
        lags = [];
    }

    /** The live edge: start there, drift back to it, jump if too far. */
    function check(): void {
        const span = newest();
        if (over || span === null) return;
        const lag = span[1] - video.currentTime;
        if (!hasStarted) {
            hasStarted = true;
            started_ms = Date.now();
            jump(span);
        } else if (lag > JOIN_LAG_S && Date.now() - started_ms < STEADY_MS) {
            jump(span);
        } else if (lag > JUMP_AT_S || video.currentTime < span[0] || lag < -LOW_S) {
            resyncs += 1;
            jump(span);
        } else if (soundFollow(span)) {
            lags = [];
        } else {
            lags = [...lags.filter((one) => one.at_ms > Date.now() - WINDOW_MS), { at_ms: Date.now(), lag }];
            video.playbackRate = rateFor(lag);
        }
        if (video.paused) void video.play().catch(() => undefined);
        if (Date.now() - positioned_ms > 1_000) {
            positioned_ms = Date.now();
            options.position(video.currentTime);
            sink?.position(video.currentTime);
            options.changed();
        }
    }

    /** With sound the picture keeps to it instead of to the live edge. */
    function soundFollow(span: readonly [number, number]): boolean {
        const sound_s = options.sound();
        if (sound_s === null || sound_s < span[0] || sound_s > span[1]) return false;
        const ahead = video.currentTime - sound_s;
        if (Math.abs(ahead) > FAR_S) {
            video.currentTime = sound_s;
            video.playbackRate = 1;
            settled_ms = Date.now();
        } else {
            video.playbackRate = ahead > NEAR_S ? 0.95 : ahead < -NEAR_S ? 1.05 : 1;
        }
        return true;
    }

    /** Lag saws up and down with every picture; its lowest point of late is what counts. */
    function rateFor(lag: number): number {
        if (lag > RATE_AT_S) return 1.1;
        const least = lags.reduce((low, one) => Math.min(low, one.lag), lag);
        if (least > HIGH_S) return 1.05;
        if (least < LOW_S) return 0.95;
        const isBack = video.playbackRate > 1 ? least <= GOAL_S : least >= GOAL_S;
        return isBack ? 1 : video.playbackRate;
    }

    function onFrame(_now: number, frame: VideoFrameCallbackMetadata): void {
        if (over) return;
        frameCall = video.requestVideoFrameCallback(onFrame);
        frames += 1;
        lastPaint_ms = Date.now();
        check();
        const delay = delayOf(frame);
        if (delay !== null && Date.now() - settled_ms > STEADY_MS) samples = [...samples, delay].slice(-SAMPLES);
        if (frames === 1 || Date.now() - reported_ms > 1_000) {
            reported_ms = Date.now();
            options.changed();
        }
    }

    /** Glass to glass: when this frame is shown against when the camera took it. */
    function delayOf(frame: VideoFrameCallbackMetadata): number | null {
        if (clock === null) return null;
        const pts = clock.origin_pts + frame.mediaTime * TICKS_PER_S;
        const taken_ms = clock.wall_ms + (pts - clock.pts) / TICKS_PER_MS;
        const shown_ms = performance.timeOrigin + frame.expectedDisplayTime;
        return shown_ms + (clock.offset_ms ?? 0) - taken_ms;
    }

    function quantile(sorted: readonly number[], part: number): number {
        return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
    }

    function delay(): Delay | null {
        const now = samples.at(-1);
        if (now === undefined || clock === null) return null;
        const sorted = [...samples].sort((a, b) => a - b);
        const quality = video.getVideoPlaybackQuality();
        return {
            now_ms: quantile([...samples.slice(-10)].sort((a, b) => a - b), 0.5), p50_ms: quantile(sorted, 0.5),
            p95_ms: quantile(sorted, 0.95), estimated: clock.offset_ms === null, resyncs, painted: frames,
            dropped: quality.droppedVideoFrames, width: video.videoWidth, height: video.videoHeight, codec: clock.codec,
        };
    }

    function sourceClear(): void {
        video.cancelVideoFrameCallback(frameCall);
        sink?.end();
        sink = null;
        if (url !== null) URL.revokeObjectURL(url);
        url = null;
    }

    function source(handle: MediaSourceHandle | null, map: ClockMap): void {
        if (over) return;
        sourceClear();
        clock = map;
        hasStarted = false;
        settled_ms = Date.now();
        samples = [];
        if (handle !== null) {
            video.srcObject = handle as MediaProvider;
        } else {
            sink = sinkNew({
                codec: map.codec, origin_s: map.origin_pts / TICKS_PER_S,
                failed: (why) => options.broken(why === "codec"),
            });
            video.srcObject = null;
            url = URL.createObjectURL(sink.source);
            video.src = url;
        }
        frameCall = video.requestVideoFrameCallback(onFrame);
        void video.play().catch(() => undefined);
    }

    return {
        source,
        map: (map) => {
            clock = map;
        },
        unit: (unit) => sink?.append(unit),
        painted: () => {
            const isStalled = frames > 0 && !document.hidden && Date.now() - lastPaint_ms > STALL_MS;
            return { any: frames > 0, delay: delay(), stalled_since_ms: isStalled ? lastPaint_ms : null };
        },
        end: () => {
            over = true;
            clearInterval(timer);
            sourceClear();
            video.removeEventListener("error", failed);
            video.removeEventListener("progress", check);
            video.removeEventListener("waiting", check);
            video.srcObject = null;
            video.removeAttribute("src");
            video.load();
        },
    };
}
