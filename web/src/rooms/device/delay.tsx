// The delay gauge: ten segments from 0 to 1000 ms, needle = now, dashed tick = the limit.
import { t } from "../../i18n";
import { count, millis } from "../../i18n/format";
import type { WatchState } from "../../live/api";
import { delayOf, LIMIT_MS } from "../live/face";

const WIDTH = 304;
const SEG = 27;
const PITCH = 30.6;

export function DelayPanel({ state }: { readonly state: WatchState }) {
    const d = delayOf(state);
    const at = d ? (Math.min(1000, Math.max(0, d.now_ms)) / 1000) * WIDTH : null;
    const on = d ? Math.ceil(Math.min(1000, d.now_ms) / 100) : 0;
    const tone = d && d.now_ms > LIMIT_MS ? "warn" : "ok";
    const limit = (LIMIT_MS / 1000) * WIDTH;
    const value = d
        ? d.estimated
            ? t("delay.about", { delay: millis(d.now_ms) })
            : millis(d.now_ms)
        : "–";
    return (
        <section class="panel">
            <h2>
                {t("delay.title")}
                <span class="r">{value}</span>
            </h2>
            <svg
                class="chart"
                viewBox={`0 0 ${WIDTH} 40`}
                role="img"
                aria-label={t("delay.label", { value, limit: millis(LIMIT_MS) })}
            >
                {Array.from({ length: 10 }, (_, i) => (
                    <rect
                        key={i}
                        x={i * PITCH}
                        y="12"
                        width={SEG}
                        height="10"
                        rx="5"
                        class={i < on ? tone : "none"}
                    />
                ))}
                {at !== null && <path class="needle" d={`M${at} 6v22`} />}
                <path class="tick" d={`M${limit} 8v18`} />
                <text x="0" y="38">
                    0
                </text>
                <text x={limit} y="38" text-anchor="middle">
                    {LIMIT_MS}
                </text>
                <text x={WIDTH} y="38" text-anchor="end">
                    1000 ms
                </text>
            </svg>
            {d ? (
                <p class="small quiet">
                    {t("delay.facts", {
                        p95: millis(d.p95_ms),
                        resyncs: t("delay.resyncs", { n: d.resyncs }),
                        size: `${d.width}×${d.height}`,
                    })}
                    {d.dropped > 0 && (
                        <> · {t("delay.dropped", { n: d.dropped, share: count(d.painted) })}</>
                    )}
                    {d.estimated && <> · {t("delay.estimated")}</>}
                </p>
            ) : (
                <p class="small quiet">{t("delay.none")}</p>
            )}
        </section>
    );
}
