// Playback of one camera as its page needs it: what a day holds; a playback that begins and comes back.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Device } from "../../app/api";
import {
    PAST_NONE,
    type PastFound,
    type PastView,
    type PlaySpeed,
    type Watch,
} from "../../live/api";
import { nearest, type Window } from "./band";

export type Found = Extract<PastFound, { ok: true }>;
export type Asked =
    | { readonly is: "none" }
    | { readonly is: "asking" }
    | { readonly is: "found"; readonly day: Window; readonly found: Found }
    | { readonly is: "refused"; readonly code: string };

/** How often a day that is not over is asked for again. */
const AGAIN_MS = 20_000;
/** A playback that was cut begins again by itself, after this. */
const BACK_MS = 2_000;
/** Ends that are nobody's wish and may pass. */
const PASSING: ReadonlySet<string> = new Set(["cut", "network", "shutdown"]);

export function useView(watch: Watch | null): PastView {
    const [view, setView] = useState<PastView>(PAST_NONE);
    useEffect(() => {
        setView(PAST_NONE);
        return watch?.past.onView(setView);
    }, [watch]);
    return watch ? view : PAST_NONE;
}

/** What was kept on a day; asked anew while the day goes on. `open`: the channel may be asked. */
export function useFound(
    watch: Watch | null,
    open: boolean,
    day: Window,
): Asked & { again: () => void } {
    const [asked, setAsked] = useState<Asked>({ is: "none" });
    const [round, setRound] = useState(0);
    useEffect(() => {
        if (!watch || !open) return;
        let alive = true;
        setAsked((before) =>
            before.is === "found" && before.day.from === day.from ? before : { is: "asking" },
        );
        const ask = () =>
            void watch.past.find(day.from, day.to).then((found) => {
                if (!alive) return;
                if (found.ok) setAsked({ is: "found", day, found });
                else if (found.code !== "cut" && found.code !== "not-open")
                    setAsked({ is: "refused", code: found.code });
            });
        ask();
        const isOver = day.to <= Date.now();
        const timer = isOver ? undefined : setInterval(ask, AGAIN_MS);
        return () => {
            alive = false;
            clearInterval(timer);
        };
    }, [watch, open, day.from, day.to, round]);
    return { ...asked, again: () => setRound((r) => r + 1) };
}

export interface Playing {
    readonly view: PastView;
    /** Where the head stands: on the screen, or where it is about to go. */
    readonly moment: number;
    readonly speed: PlaySpeed;
    /** What the camera refused last. */
    readonly refused: string | null;
    go(ms: number): void;
    setSpeed(speed: PlaySpeed): void;
    toggle(): void;
    step(by: 1 | -1): void;
    again(): void;
}

/**
 * Begins at `start` once what was kept is known, goes where it is told, begins again at the same
 * moment after a cut.
 * `asked` null: nothing may be asked yet.
 */
export function usePlaying(
    device: Device,
    watch: Watch | null,
    asked: Asked | null,
    open: boolean,
    start: number,
): Playing {
    const view = useView(watch);
    const [aim, setAim] = useState(start);
    const [speed, setSpeed] = useState<PlaySpeed>(1);
    const [refused, setRefused] = useState<string | null>(null);
    /** The playback that this page has asked for; a new channel wants a new one. */
    const begun = useRef<Watch | null>(null);
    const last = useRef(start);
    const { state } = view;
    if (view.at_ms !== null) last.current = view.at_ms;

    const begin = (ms: number) => {
        if (!watch) return;
        begun.current = watch;
        setAim(ms);
        setRefused(null);
        void watch.past.start(ms, speed).then((r) => {
            if (!r.ok && !PASSING.has(r.code)) setRefused(r.code);
        });
    };
    const go = (ms: number) => {
        setAim(ms);
        if (!watch) return;
        if (state.is !== "on") return begin(ms);
        setRefused(null);
        void watch.past.seek(ms).then((r) => {
            if (!r.ok && !PASSING.has(r.code)) setRefused(r.code);
        });
    };

    // The first time: the moment itself, or what was kept next.
    useEffect(() => {
        if (!watch || asked?.is !== "found" || begun.current === watch) return;
        const at = nearest(asked.found.ranges, begun.current ? last.current : start);
        if (at !== null) begin(at);
    }, [watch, asked?.is, device.id]);

    // After a cut: where it was.
    const code = state.is === "off" ? state.code : null;
    useEffect(() => {
        if (code === null || !PASSING.has(code) || !open) return;
        const timer = setTimeout(() => begin(last.current), BACK_MS);
        return () => clearTimeout(timer);
    }, [code, open]);

    return {
        view,
        moment: view.at_ms ?? aim,
        speed,
        refused,
        go,
        setSpeed: (to) => {
            setSpeed(to);
            if (state.is === "on")
                void watch?.past.setSpeed(to).then((r) => {
                    if (!r.ok) setRefused(r.code);
                });
        },
        toggle: () => {
            if (state.is === "off") return begin(last.current);
            // What was recorded since: the camera looks again.
            if (view.ended) return go(last.current);
            if (view.paused) watch?.past.play();
            else watch?.past.pause();
        },
        step: (by) => {
            if (watch && !watch.past.step(by) && by < 0) go(Math.max(0, last.current - 100));
        },
        again: () => begin(last.current),
    };
}
