// Plays a playback's time line: pauses, steps, runs at a speed, jumps where a seek leads, and says which moment is
// on the screen. The worker hears the position, since its credit follows it.

import { PAST_NONE, type PastState, type PastView } from "./api";
import type { ClockMap } from "./messages";
import { type Sink, type SinkUnit, sinkNew } from "./sink";

const CHECK_MS = 100;
const POSITION_MS = 250;
const TICKS_PER_S = 90_000;
/** No picture for this long while it should move. */
const WAITING_MS = 500;
const GAP_TOLD_S = 6;
/** Holes of the buffer that are skipped. */
const HOLE_S = 1;
const END_S = 0.12;
/** A picture's length before any was measured. */
const FRAME_S = 0.067;
/** Into a picture, so that rounding never shows the one before. */
const INSIDE_S = 0.004;

export interface PastPlayer {
    source(handle: MediaSourceHandle | null, map: ClockMap): void;
    unit(unit: SinkUnit): void;
    cut(time_s: number): void;
    state(state: PastState): void;
    play(): void;
    pause(): void;
    step(by: 1 | -1): boolean;
    view(): PastView;
    end(): void;
}

export interface PastPlayerOptions {
    readonly video: HTMLVideoElement;
    readonly changed: () => void;
    readonly position: (time_s: number) => void;
    readonly broken: (codec: boolean) => void;
}

type Clock = Extract<PastState, { is: "on" }>["clock"];

/** When the picture at that place was filmed; null before the first pair. */
export function wallAt(clock: Clock, at_s: number): number | null {
    const pair = clock.findLast((one) => one.at_s <= at_s + 0.02) ?? clock[0];
    return pair === undefined ? null : Math.round(pair.wall_ms + (at_s - pair.at_s) * 1_000);
}

export function pastPlayerNew(options: PastPlayerOptions): PastPlayer {
    const { video } = options;
    let state: PastState = PAST_NONE.state;
    let sink: Sink | null = null;
    let url: string | null = null;
    let paused = false;
    let jumped = 0;
    let isBlank = true;
    let frame_s: number | null = null;
    let lastFrame_s: number | null = null;
    let moved_ms = Date.now();
    let positioned_ms = 0;
    let frameCall = 0;
    let shown = "";
    let view: PastView = PAST_NONE;
    let over = false;

    video.muted = true;
    video.autoplay = false;
    video.playsInline = true;
    video.disableRemotePlayback = true;
    video.addEventListener("error", failed);
    const timer = setInterval(check, CHECK_MS);

    function failed(): void {
        if (!over && video.error !== null && state.is === "on") options.broken(false);
    }

    const isEnded = (): boolean => {
        const end_s = state.is === "on" ? state.end_s : null;
        if (end_s === null || video.readyState < video.HAVE_CURRENT_DATA) return false;
        const last = video.buffered.length === 0 ? 0 : video.buffered.end(video.buffered.length - 1);
        return last > end_s - 1 && video.currentTime > Math.min(end_s, last) - END_S;
    };

    function onFrame(_now: number, frame: VideoFrameCallbackMetadata): void {
        if (over) return;
        frameCall = video.requestVideoFrameCallback(onFrame);
        const step = frame.mediaTime - (lastFrame_s ?? frame.mediaTime);
        if (step > 0.005 && step < 0.5) frame_s = Math.min(step, frame_s ?? step);
        lastFrame_s = frame.mediaTime;
        moved_ms = Date.now();
        isBlank = false;
        changed();
    }

    function jump(now: Extract<PastState, { is: "on" }>): void {
        if (jumped === now.jump.turn || video.readyState < video.HAVE_METADATA) return;
        jumped = now.jump.turn;
        lastFrame_s = null;
        video.currentTime = now.jump.at_s + INSIDE_S;
        tell();
    }

    function tell(): void {
        positioned_ms = Date.now();
        options.position(video.currentTime);
        sink?.position(video.currentTime);
    }

    /** Starved in front of a small hole: go on behind it. */
    function holePass(): void {
        if (video.readyState > video.HAVE_CURRENT_DATA) return;
        for (let i = 0; i < video.buffered.length; i++) {
            const start = video.buffered.start(i);
            if (start > video.currentTime && start - video.currentTime < HOLE_S) {
                video.currentTime = start + INSIDE_S;
                return;
            }
        }
    }

    function check(): void {
        if (over || state.is !== "on") return;
        jump(state);
        const ended = isEnded();
        if (jumped !== state.jump.turn) return;
        if (video.playbackRate !== state.speed) video.playbackRate = state.speed;
        if (!paused && !ended && video.paused) void video.play().catch(() => undefined);
        if ((paused || ended) && !video.paused) video.pause();
        holePass();
        if (Date.now() - positioned_ms > POSITION_MS) tell();
        changed();
    }

    function changed(): void {
        if (over) return;
        view = viewMake();
        // The worker and the page's clock tick often; the page paints when a second or a state differs.
        const text = JSON.stringify([view, view.at_ms === null ? null : Math.floor(view.at_ms / 200)],
            (key, value: unknown) => (key === "at_ms" ? undefined : value));
        if (text === shown) return;
        shown = text;
        options.changed();
    }

    function viewMake(): PastView {
        if (state.is !== "on") return { ...PAST_NONE, state, paused };
        const at = lastFrame_s ?? video.currentTime;
        const { gaps, speed } = state;
        const gap = gaps.findLast((one) => one.at_s <= at + 0.02 && at - one.at_s < GAP_TOLD_S * speed);
        const ended = isEnded();
        return {
            state, paused, ended, at_ms: isBlank || jumped !== state.jump.turn ? null : wallAt(state.clock, at),
            waiting: !paused && !ended && Date.now() - moved_ms > WAITING_MS,
            gap: gap === undefined ? null : { from_ms: gap.from_ms, to_ms: gap.to_ms },
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
        jumped = 0;
        isBlank = true;
        lastFrame_s = null;
        frame_s = null;
        if (handle !== null) {
            video.srcObject = handle as MediaProvider;
        } else {
            sink = sinkNew({
                codec: map.codec, origin_s: map.origin_pts / TICKS_PER_S, all: true,
                failed: (why) => options.broken(why === "codec"),
            });
            video.srcObject = null;
            url = URL.createObjectURL(sink.source);
            video.src = url;
        }
        frameCall = video.requestVideoFrameCallback(onFrame);
    }

    /** Within what is buffered; a picture further on comes by itself once it is played to. */
    function step(by: 1 | -1): boolean {
        paused = true;
        video.pause();
        const to = (lastFrame_s ?? video.currentTime) + by * (frame_s ?? FRAME_S) + INSIDE_S;
        let isHere = false;
        for (let i = 0; i < video.buffered.length; i++) {
            isHere ||= to >= video.buffered.start(i) && to < video.buffered.end(i);
        }
        if (isHere) {
            video.currentTime = to;
            tell();
        }
        changed();
        return isHere;
    }

    return {
        source, step, view: () => view,
        unit: (unit) => sink?.append(unit),
        cut: (time_s) => sink?.cut(time_s),
        state: (next) => {
            state = next;
            if (next.is !== "on") video.pause();
            check();
            changed();
        },
        play: () => {
            paused = false;
            moved_ms = Date.now();
            check();
            changed();
        },
        pause: () => {
            paused = true;
            video.pause();
            tell();
            changed();
        },
        end: () => {
            over = true;
            clearInterval(timer);
            sourceClear();
            video.removeEventListener("error", failed);
            video.srcObject = null;
            video.removeAttribute("src");
            video.load();
        },
    };
}
