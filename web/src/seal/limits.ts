// The viewer's own cap on wrong confirmations (sealed.md 2.6): a server that poses as the camera gets
// one guess per OPEN, so at most 5 per device and hour, and nothing retries by itself after one.

const TRIES = 5;
const HOUR_MS = 3_600_000;

export interface TryLimit {
    readonly left: number;
    /** When the next try may be made; null = now. */
    readonly retry_at_ms: number | null;
}

/** Times of the wrong confirmations that still count. */
export function triesKept(bad: readonly number[], now_ms: number): readonly number[] {
    return bad.filter((at) => at > now_ms - HOUR_MS && at <= now_ms).slice(-TRIES);
}

export function triesLeft(bad: readonly number[], now_ms: number): TryLimit {
    const kept = triesKept(bad, now_ms);
    const left = TRIES - kept.length;
    return { left, retry_at_ms: left > 0 ? null : (kept[0] ?? now_ms) + HOUR_MS };
}
