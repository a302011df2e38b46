// The band of a day as a coil: recorded, gap, events, and the head that a person drags or moves by key.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { t } from "../../i18n";
import { clock, hourMinute } from "../../i18n/format";
import type { Mark, Range } from "../../live/api";
import { apart, clipped, gapsOf, ticks, zoom, type Window } from "./band";

const SEGMENT = 14;
const SEGMENT_GAP = 3;
const TOP = 15;
const THICK = 14;
const HEIGHT = 52;
const WHEEL = 1.0015;
/** A gap shows, however short it is. */
const GAP_PX = 1.5;
/** Events that would touch are drawn as one. */
const MARK_PX = 4;
/** By arrow and page keys; six times that with Shift. */
const NUDGE = {
    ArrowLeft: -10_000,
    ArrowRight: 10_000,
    PageDown: -600_000,
    PageUp: 600_000,
} as const;

function useWidth(ref: { readonly current: Element | null }): number {
    const [width, setWidth] = useState(840);
    useEffect(() => {
        const el = ref.current;
        if (!el) return;
        const watcher = new ResizeObserver(([entry]) => {
            if (entry && entry.contentRect.width > 0) setWidth(Math.round(entry.contentRect.width));
        });
        watcher.observe(el);
        return () => watcher.disconnect();
    }, []);
    return width;
}

interface BandProps {
    readonly day: Window;
    readonly window: Window;
    readonly ranges: readonly Range[];
    readonly marks: readonly Mark[];
    readonly simulated: boolean;
    /** Where the head stands. */
    readonly moment: number;
    /** What is not yet: after it nothing can be chosen. */
    readonly until: number;
    readonly loading: boolean;
    readonly onWindow: (window: Window) => void;
    readonly onPick: (ms: number) => void;
    /** While the head is dragged; null = let go. */
    readonly onDrag: (ms: number | null) => void;
}

export function Band(props: BandProps) {
    const { day, window, moment, until, onPick, onDrag } = props;
    const box = useRef<HTMLDivElement>(null);
    const width = useWidth(box);
    const id = useId();
    const [drag, setDrag] = useState<number | null>(null);
    const shown = drag ?? moment;
    const x = (ms: number) => ((ms - window.from) / (window.to - window.from)) * width;
    const keep = (ms: number) => Math.max(day.from, Math.min(ms, until - 1000, day.to - 1));
    const at = (e: { readonly clientX: number }) => {
        const r = box.current?.getBoundingClientRect();
        const share = (e.clientX - (r?.left ?? 0)) / width;
        return keep(window.from + share * (window.to - window.from));
    };
    const latest = useRef(props);
    latest.current = props;
    useEffect(() => {
        const el = box.current;
        if (!el) return;
        // Not passive: the page must not scroll while somebody zooms.
        const onWheel = (e: WheelEvent) => {
            if (e.ctrlKey || e.metaKey) return;
            e.preventDefault();
            const { window: w, day: d, onWindow } = latest.current;
            const r = el.getBoundingClientRect();
            const here = w.from + ((e.clientX - r.left) / r.width) * (w.to - w.from);
            if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
                const by = (e.deltaX / r.width) * (w.to - w.from);
                onWindow(zoom({ from: w.from + by, to: w.to + by }, 1, w.from + by, d));
            } else {
                onWindow(zoom(w, WHEEL ** e.deltaY, here, d));
            }
        };
        el.addEventListener("wheel", onWheel, { passive: false });
        return () => el.removeEventListener("wheel", onWheel);
    }, []);
    const move = (ms: number | null) => {
        setDrag(ms);
        onDrag(ms);
    };
    const onKey = (e: KeyboardEvent) => {
        if (e.ctrlKey || e.metaKey || e.altKey) return;
        const step = NUDGE[e.key as keyof typeof NUDGE];
        const to =
            step !== undefined
                ? keep(moment + step * (e.shiftKey ? 6 : 1))
                : e.key === "Home"
                  ? (props.ranges[0]?.[0] ?? day.from)
                  : e.key === "End"
                    ? keep((props.ranges[props.ranges.length - 1]?.[1] ?? until) - 10_000)
                    : null;
        if (to === null) return;
        e.preventDefault();
        onPick(to);
    };
    const shownRanges = clipped(props.ranges, window);
    const shownGaps = gapsOf(shownRanges, window.from, Math.min(window.to, until));
    const marks = apart(
        props.marks.filter(([ms]) => ms >= window.from && ms < window.to),
        ((window.to - window.from) / width) * MARK_PX,
    );
    const count = Math.max(1, Math.floor((width + SEGMENT_GAP) / (SEGMENT + SEGMENT_GAP)));
    const pitch = (width + SEGMENT_GAP) / count;
    const head = Math.max(1, Math.min(width - 1, x(shown)));
    const inside = shown >= window.from && shown <= window.to;
    return (
        <div
            ref={box}
            class="band"
            role="slider"
            tabIndex={0}
            aria-label={t("past.band")}
            aria-valuemin={day.from}
            aria-valuemax={day.to}
            aria-valuenow={Math.round(shown)}
            aria-valuetext={clock(shown)}
            onKeyDown={onKey}
            onPointerDown={(e) => {
                if (e.button !== 0) return;
                e.currentTarget.setPointerCapture(e.pointerId);
                e.currentTarget.focus({ preventScroll: true });
                move(at(e));
            }}
            onPointerMove={(e) => {
                if (drag !== null) move(at(e));
            }}
            onPointerUp={(e) => {
                if (drag === null) return;
                const to = at(e);
                move(null);
                onPick(to);
            }}
            onPointerCancel={() => move(null)}
        >
            <svg
                viewBox={`0 0 ${width} ${HEIGHT}`}
                width={width}
                height={HEIGHT}
                aria-hidden="true"
            >
                <defs>
                    <clipPath id={`${id}-coil`}>
                        {Array.from({ length: count }, (_, i) => (
                            <rect
                                key={i}
                                x={i * pitch}
                                y={TOP}
                                width={pitch - SEGMENT_GAP}
                                height={THICK}
                                rx={THICK / 2}
                            />
                        ))}
                    </clipPath>
                    <pattern
                        id={`${id}-sim`}
                        width="4"
                        height="4"
                        patternUnits="userSpaceOnUse"
                        patternTransform="rotate(45)"
                    >
                        <rect class="sim-ground" width="4" height="4" />
                        <rect class="sim-stripe" width="1.4" height="4" />
                    </pattern>
                </defs>
                <g clip-path={`url(#${id}-coil)`}>
                    <rect class="coming" y={TOP} width={width} height={THICK} />
                    {!props.loading &&
                        shownRanges.map(([from, to]) => (
                            <rect
                                key={from}
                                class={props.simulated ? undefined : "kept"}
                                fill={props.simulated ? `url(#${id}-sim)` : undefined}
                                x={x(from)}
                                y={TOP}
                                width={Math.max(1, x(to) - x(from))}
                                height={THICK}
                            />
                        ))}
                    {!props.loading &&
                        shownGaps.map(([from, to]) => (
                            <rect
                                key={from}
                                class="none"
                                x={(x(from) + x(to)) / 2 - Math.max(GAP_PX, x(to) - x(from)) / 2}
                                y={TOP}
                                width={Math.max(GAP_PX, x(to) - x(from))}
                                height={THICK}
                            />
                        ))}
                </g>
                {marks.map(([ms, type], i) => (
                    <rect
                        key={`${ms}-${i}`}
                        class={type === 2 ? "ev tamper" : "ev"}
                        x={x(ms) - 1}
                        y={TOP - 8}
                        width="2"
                        height="5"
                        rx="1"
                    />
                ))}
                {ticks(window, width).map((ms) => {
                    const place = x(ms);
                    return (
                        <g key={ms}>
                            <rect class="hr" x={place} y={TOP + THICK + 3} width="1" height="4" />
                            <text
                                x={Math.max(0, Math.min(width, place))}
                                y={HEIGHT - 4}
                                text-anchor={
                                    place < 16 ? "start" : place > width - 18 ? "end" : "middle"
                                }
                            >
                                {hourMinute(ms)}
                            </text>
                        </g>
                    );
                })}
                {inside && (
                    <g class="head-line">
                        <rect x={head - 1} y={5} width="2" height={TOP + THICK} rx="1" />
                        <circle cx={head} cy={6} r="5" />
                    </g>
                )}
            </svg>
        </div>
    );
}
