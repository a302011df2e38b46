// Our voice to the camera as the deck needs it: what the button does, how loud, why it ended.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Watch } from "../../live/api";
import { voiceStart, type Voice } from "../../live/voice";
import { holdDown, holdToggle, holdUp, HOLD_OFF, type HoldState } from "./hold";

/** The coil of the button has this many segments. */
export const LEVELS = 6;

export interface Talking {
    readonly hold: HoldState;
    /** 0..LEVELS; the microphone is open while this is not null. */
    readonly level: number | null;
    /** Code of why the last talk ended by itself. */
    readonly why: string | null;
    down(): void;
    up(): void;
    toggle(): void;
    stop(): void;
}

export function useTalk(watch: Watch | null): Talking {
    const [hold, setHold] = useState<HoldState>(HOLD_OFF);
    const [level, setLevel] = useState<number | null>(null);
    const [why, setWhy] = useState<string | null>(null);
    const now = useRef<HoldState>(HOLD_OFF);
    const voice = useRef<Voice | null>(null);

    const start = () => {
        if (!watch) return become(HOLD_OFF);
        setWhy(null);
        const mine = voiceStart(watch, {
            level: (share) => setLevel(Math.round(share * LEVELS)),
            ended: (code) => {
                if (voice.current !== mine && voice.current !== null) return;
                voice.current = null;
                setLevel(null);
                if (code === null) return;
                setWhy(code);
                become(HOLD_OFF);
            },
        });
        voice.current = mine;
    };
    const stop = () => {
        const old = voice.current;
        voice.current = null;
        old?.stop();
        setLevel(null);
    };
    const become = (next: HoldState) => {
        const wasOn = now.current.is !== "off";
        now.current = next;
        setHold(next);
        if (!wasOn && next.is !== "off") start();
        else if (wasOn && next.is === "off") stop();
    };
    const up = () => become(holdUp(now.current, performance.now()));
    useEffect(() => {
        // A key or finger that is let go while another window has the focus is never reported.
        const away = () => {
            if (now.current.is === "held") become(HOLD_OFF);
        };
        window.addEventListener("blur", away);
        return () => {
            window.removeEventListener("blur", away);
            become(HOLD_OFF);
        };
    }, [watch]);
    return {
        hold,
        level,
        why,
        up,
        down: () => become(holdDown(now.current, performance.now())),
        toggle: () => become(holdToggle(now.current)),
        stop: () => become(HOLD_OFF),
    };
}
