// Is what is shown still live? (sealed.md 4.5, freshness). Pure: events and times in, a verdict out.
// `clock` events tell what the camera sent last; they may be held back too, so PONGs bound their age.

const TICKS_PER_MS = 90;
const LATE_MS = 3_000;
const DEAD_MS = 15_000;
export const FRESH_PING_MS = 5_000;

export type Verdict = "live" | "delayed" | "not-live";

export interface Freshness {
    /** A stream came on screen. */
    begin(now_ms: number): void;
    /** A `clock` event: the newest unit that the camera had sent. */
    clock(pts: number, now_ms: number): void;
    /** The newest unit handed to the decoder. */
    shown(pts: number): void;
    pingSent(now_ms: number): void;
    pongTaken(now_ms: number): void;
    /** True if a PING is due. */
    pingDue(now_ms: number): boolean;
    verdict(now_ms: number): Verdict;
    /** The last moment that was certainly live. */
    liveUntil_ms(): number;
}

export function freshnessNew(): Freshness {
    let begun_ms = 0;
    let clockAt_ms: number | null = null;
    let clockPts = 0;
    let shownPts: number | null = null;
    let pings: number[] = [];
    let lastPing_ms: number | null = null;
    let lastTrip_ms = 0;

    /** How far the newest shown unit is behind what the camera had sent by now. */
    function behind_ms(now_ms: number): number {
        if (clockAt_ms === null || shownPts === null) return 0;
        return (clockPts - shownPts) / TICKS_PER_MS + (now_ms - clockAt_ms);
    }

    function verdict(now_ms: number): Verdict {
        const awaited = pings[0] === undefined ? 0 : now_ms - pings[0];
        const silent = now_ms - (clockAt_ms ?? begun_ms);
        if (awaited > DEAD_MS || silent > DEAD_MS) return "not-live";
        const late = awaited > LATE_MS || lastTrip_ms > LATE_MS || behind_ms(now_ms) > LATE_MS;
        return late ? "delayed" : "live";
    }

    return {
        begin: (now_ms) => {
            begun_ms = now_ms;
            clockAt_ms = null;
            shownPts = null;
        },
        clock: (pts, now_ms) => {
            clockAt_ms = now_ms;
            clockPts = pts;
        },
        shown: (pts) => {
            shownPts = pts;
        },
        pingSent: (now_ms) => {
            pings.push(now_ms);
            lastPing_ms = now_ms;
        },
        pongTaken: (now_ms) => {
            const sent = pings.shift();
            if (sent !== undefined) lastTrip_ms = now_ms - sent;
        },
        pingDue: (now_ms) => lastPing_ms === null || now_ms - lastPing_ms >= FRESH_PING_MS,
        verdict,
        liveUntil_ms: () => Math.min(clockAt_ms ?? begun_ms, pings[0] ?? Infinity),
    };
}
