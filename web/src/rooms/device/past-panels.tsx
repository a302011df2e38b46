// Beside the picture of the past: which day, and what of it was kept.
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../i18n";
import { clock, span, when } from "../../i18n/format";
import type { Mark } from "../../live/api";
import { Icon } from "../../ui/icon";
import { dayRead, dayText, gapsOf, type Window } from "./band";
import type { Found } from "./use-past";

const MARKS_SHOWN = 60;
const TYPES = { 1: "past.motion", 2: "past.tamper", 3: "past.lock", 4: "past.storage" } as const;

export function DayPanel({
    day,
    found,
    now,
    onDay,
    onShift,
}: {
    readonly day: Window;
    readonly found: Found | null;
    readonly now: number;
    readonly onDay: (ms: number) => void;
    readonly onShift: (days: 1 | -1) => void;
}) {
    const first = found && found.first_ms > 0 ? found.first_ms : null;
    const isFirst = first !== null && day.from <= first;
    const isLast = day.to > now;
    const pick = (text: string) => {
        const at = dayRead(text);
        // Noon shows the middle of a day of which nothing is known yet.
        if (at !== null && at !== day.from) onDay(at + 12 * 3_600_000);
    };
    return (
        <section class="panel">
            <h2>{t("past.day-title")}</h2>
            <div class="day-pick">
                <button
                    type="button"
                    class="btn ico"
                    aria-label={t("past.day-before")}
                    disabled={isFirst}
                    onClick={() => onShift(-1)}
                >
                    <Icon name="back" small />
                </button>
                <label>
                    <span class="vh">{t("past.day-title")}</span>
                    <input
                        type="date"
                        value={dayText(day.from)}
                        min={first === null ? undefined : dayText(first)}
                        max={dayText(now)}
                        onChange={(e) => pick(e.currentTarget.value)}
                    />
                </label>
                <button
                    type="button"
                    class="btn ico"
                    aria-label={t("past.day-after")}
                    disabled={isLast}
                    onClick={() => onShift(1)}
                >
                    <Icon name="arrow" small />
                </button>
            </div>
            {found && first !== null && (
                <p class="small quiet">
                    {t("past.oldest", { time: when(first) })}
                </p>
            )}
        </section>
    );
}

/** Events and gaps of the day, newest first; each leads to its moment. */
export function KeptPanel({
    found,
    marks,
    moment,
    onGo,
}: {
    readonly found: Found | null;
    readonly marks: readonly Mark[];
    readonly moment: number;
    readonly onGo: (ms: number) => void;
}) {
    const list = useRef<HTMLUListElement>(null);
    const here = marks.findLast(([ms]) => ms <= moment + 1500)?.[0] ?? null;
    useEffect(() => {
        const el = list.current?.querySelector<HTMLElement>("[aria-current]");
        const box = list.current;
        if (!el || !box) return;
        if (el.offsetTop < box.scrollTop || el.offsetTop > box.scrollTop + box.clientHeight - 32)
            box.scrollTop = el.offsetTop - 40;
    }, [here]);
    if (!found || found.ranges.length === 0) return null;
    const first = found.ranges[0];
    const last = found.ranges[found.ranges.length - 1];
    const gaps = first && last ? gapsOf(found.ranges, first[0], last[1]) : [];
    const length = found.ranges.reduce((sum, [from, to]) => sum + to - from, 0);
    const shown = [...marks].reverse().slice(0, MARKS_SHOWN);
    return (
        <section class="panel">
            <h2>
                {t("past.kept")}
                <span class="r small quiet">{span(length)}</span>
            </h2>
            {gaps.length > 0 && (
                <details class="gaps">
                    <summary>{t("past.gaps", { n: gaps.length })}</summary>
                    <ul tabIndex={0} aria-label={t("past.gaps", { n: gaps.length })}>
                        {[...gaps].reverse().map(([from, to]) => (
                            <li key={from} class="small">
                                {t("history.gap", {
                                    from: clock(from),
                                    to: clock(to),
                                    span: span(to - from),
                                })}
                            </li>
                        ))}
                    </ul>
                </details>
            )}
            {shown.length > 0 && (
                <ul class="marks" ref={list} tabIndex={0} aria-label={t("past.events")}>
                    {shown.map(([ms, type]) => (
                        <li key={`${ms}-${type}`}>
                            <button
                                type="button"
                                aria-current={ms === here ? "true" : undefined}
                                onClick={() => onGo(ms - 1000)}
                            >
                                <span>{t(TYPES[type as keyof typeof TYPES] ?? "past.event")}</span>
                                <time dateTime={new Date(ms).toISOString()}>{clock(ms)}</time>
                            </button>
                        </li>
                    ))}
                </ul>
            )}
            {marks.length === 0 && <p class="small quiet">{t("past.no-events")}</p>}
            <p class="small quiet">
                {t(found.source === "simulated" ? "past.drawn" : "past.resealed")}
            </p>
        </section>
    );
}
