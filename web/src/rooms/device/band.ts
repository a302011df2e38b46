// The band of a day: what of it is in the window, where things lie on it, and the hours under it. Pure.
import type { Mark, Range } from "../../live/api";

export interface Window {
    readonly from: number;
    readonly to: number;
}

const MIN = 60_000;
const HOUR = 60 * MIN;
/** The narrowest window. */
export const ZOOM_MIN = 5 * MIN;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360].map((minutes) => minutes * MIN);
/** A label needs this much room. */
const LABEL_PX = 58;

/** The calendar day of a moment in the viewer's zone; 23 or 25 hours where the clocks change. */
export function dayOf(ms: number): Window {
    const d = new Date(ms);
    return {
        from: new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime(),
        to: new Date(d.getFullYear(), d.getMonth(), d.getDate() + 1).getTime(),
    };
}

/** The same time of another day. */
export function sameTime(ms: number, days: number): number {
    const d = new Date(ms);
    d.setDate(d.getDate() + days);
    return d.getTime();
}

/** "2026-11-24", as a date field wants it. */
export function dayText(ms: number): string {
    const d = new Date(ms);
    const two = (n: number) => String(n).padStart(2, "0");
    return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

/** Local midnight of a date field's text, or null. */
export function dayRead(text: string): number | null {
    const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
    if (!parts) return null;
    const [y, m, d] = parts.slice(1).map(Number) as [number, number, number];
    const ms = new Date(y, m - 1, d).getTime();
    return dayText(ms) === text ? ms : null;
}

const clamp = (x: number, low: number, high: number) => Math.max(low, Math.min(high, x));

/** The window moved into the day, as wide as it was. */
export function within(window: Window, day: Window): Window {
    const width = Math.min(window.to - window.from, day.to - day.from);
    const from = clamp(window.from, day.from, day.to - width);
    return { from, to: from + width };
}

/** `factor` < 1 looks closer; `at` stays where it is. */
export function zoom(window: Window, factor: number, at: number, day: Window): Window {
    const width = clamp((window.to - window.from) * factor, ZOOM_MIN, day.to - day.from);
    const share = (at - window.from) / (window.to - window.from);
    const from = at - clamp(share, 0, 1) * width;
    return within({ from, to: from + width }, day);
}

/** The window that shows `at`; as it is if it does already. */
export function showing(window: Window, at: number, day: Window): Window {
    if (at >= window.from && at < window.to) return window;
    const width = window.to - window.from;
    return within({ from: at - width / 2, to: at + width / 2 }, day);
}

/** Moments with a label under the band: whole steps of the local clock. */
export function ticks(window: Window, px: number): number[] {
    const most = Math.max(1, Math.floor(px / LABEL_PX));
    const span = window.to - window.from;
    const step = STEPS.find((s) => span / s <= most) ?? 6 * HOUR;
    const day = dayOf(window.from).from;
    const out: number[] = [];
    for (let at = day + Math.ceil((window.from - day) / step) * step; at < window.to; at += step)
        out.push(at);
    return out;
}

/** Ranges cut to the window. */
export function clipped(ranges: readonly Range[], { from, to }: Window): Range[] {
    return ranges
        .filter(([a, b]) => b > from && a < to)
        .map(([a, b]) => [Math.max(a, from), Math.min(b, to)]);
}

/** Marks at least `ms` apart; tampering is never left out for mere motion. */
export function apart(marks: readonly Mark[], ms: number): Mark[] {
    const out: Mark[] = [];
    for (const mark of marks) {
        const before = out[out.length - 1];
        if (!before || mark[0] - before[0] >= ms) out.push(mark);
        else if (mark[1] === 2 && before[1] !== 2) out[out.length - 1] = mark;
    }
    return out;
}

/** Stretches between recordings: before the first only from `since`, after the last only up to `until`. */
export function gapsOf(ranges: readonly Range[], since: number, until: number): Range[] {
    const out: Range[] = [];
    let at = since;
    for (const [from, to] of ranges) {
        if (from > at) out.push([at, from]);
        at = Math.max(at, to);
    }
    if (until > at) out.push([at, until]);
    return out;
}

/** Where to begin: the moment itself, else what was kept next, else shortly before the end; null = nothing. */
export function nearest(ranges: readonly Range[], at: number): number | null {
    const next = ranges.find(([, to]) => to > at);
    if (next) return Math.max(at, next[0]);
    const last = ranges[ranges.length - 1];
    return last ? Math.max(last[0], last[1] - 10_000) : null;
}

/** The event before or after a moment. */
export function markBeside(marks: readonly Mark[], at: number, by: 1 | -1): number | null {
    const hit =
        by > 0 ? marks.find(([ms]) => ms > at + 500) : marks.findLast(([ms]) => ms < at - 1500);
    return hit ? hit[0] : null;
}
