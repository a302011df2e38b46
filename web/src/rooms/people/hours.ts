// Hours of the week: the box keeps them in UTC, people give and read them in the zone of their clock. Pure.
import type { Range } from "./ask";

const DAY = 1440;
const WEEK = 7 * DAY;

/** Minutes of the day in the zone of the reader; `to` at or before `from` reaches into the next day. */
export interface Hours {
    readonly days: readonly number[];
    readonly from: number;
    readonly to: number;
}
type Span = readonly [from: number, to: number];

/** What a zone is ahead of UTC at a moment, in minutes. */
export const zoneOffset = (at: number): number => -new Date(at).getTimezoneOffset();

const mod = (x: number, n: number): number => ((x % n) + n) % n;

/** Spans of the week, sorted, none touching another, none over the week's end. */
function union(spans: readonly Span[]): Span[] {
    const cut = spans.flatMap(([from, to]): Span[] => {
        if (to - from >= WEEK) return [[0, WEEK]];
        const start = mod(from, WEEK);
        const end = start + to - from;
        return end <= WEEK
            ? [[start, end]]
            : [
                  [start, WEEK],
                  [0, end - WEEK],
              ];
    });
    const out: Span[] = [];
    for (const [from, to] of cut.sort((a, b) => a[0] - b[0])) {
        const last = out[out.length - 1];
        if (last && from <= last[1]) out[out.length - 1] = [last[0], Math.max(last[1], to)];
        else out.push([from, to]);
    }
    return out;
}

function grouped(pieces: readonly { day: number; from: number; to: number }[]): Hours[] {
    const by = new Map<string, { days: number[]; from: number; to: number }>();
    for (const { day, from, to } of pieces) {
        const key = `${from} ${to}`;
        const row = by.get(key) ?? { days: [], from, to };
        row.days.push(day + 1);
        by.set(key, row);
    }
    return [...by.values()].map((r) => ({ ...r, days: r.days.sort((a, b) => a - b) }));
}

/** Cut at the midnights of the week. */
function byDay(spans: readonly Span[]): { day: number; from: number; to: number }[] {
    return spans.flatMap(([from, to]) => {
        const out = [];
        for (let at = from; at < to; ) {
            const day = Math.floor(at / DAY);
            const end = Math.min(to, (day + 1) * DAY);
            out.push({ day, from: at - day * DAY, to: end - day * DAY });
            at = end;
        }
        return out;
    });
}

/** As the box keeps them. `offset`: of the reader's zone, minutes ahead of UTC. */
export function toUtc(hours: readonly Hours[], offset: number): Range[] {
    const spans = hours.flatMap(({ days, from, to }) =>
        days.map((d): Span => {
            const start = (d - 1) * DAY + from - offset;
            return [start, start + (to > from ? to - from : to - from + DAY)];
        }),
    );
    return grouped(byDay(union(spans)));
}

/** As the reader's clock shows them; what goes over one midnight stays one piece. */
export function toLocal(ranges: readonly Range[], offset: number): Hours[] {
    const spans = union(
        ranges.flatMap(({ days, from, to }) =>
            days.map((d): Span => [(d - 1) * DAY + from + offset, (d - 1) * DAY + to + offset]),
        ),
    );
    const first = spans[0];
    const last = spans[spans.length - 1];
    if (spans.length > 1 && first?.[0] === 0 && last?.[1] === WEEK) {
        spans.shift();
        spans[spans.length - 1] = [last[0], WEEK + first[1]];
    }
    const pieces = spans.flatMap(([from, to]) => {
        const day = Math.floor(from / DAY);
        if (to - from >= DAY || to <= (day + 1) * DAY) return byDay([[from, to]]);
        return [{ day, from: from - day * DAY, to: to - (day + 1) * DAY }];
    });
    return grouped(pieces.map((p) => ({ ...p, day: p.day % 7 })));
}

/** "08:30" -> 510; null when it is no time of the day. */
export function minutesOf(text: string): number | null {
    const hit = /^(\d{2}):(\d{2})$/.exec(text);
    const n = hit ? Number(hit[1]) * 60 + Number(hit[2]) : NaN;
    return n < DAY ? n : null;
}
export const timeOf = (minutes: number): string =>
    `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
