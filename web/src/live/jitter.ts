// Full jitter back-off: uniform in [0, min(cap, base * 2^n)], never under a floor that keeps a refused
// client from spinning.

const FLOOR_MS = 250;

export function jitterDelay(
    attempt: number, base_ms = 1_000, cap_ms = 30_000, random: () => number = Math.random,
): number {
    const ceiling = Math.min(cap_ms, base_ms * 2 ** Math.min(attempt, 16));
    return Math.max(FLOOR_MS, Math.round(random() * ceiling));
}
