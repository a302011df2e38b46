// The instrument strip under the wall: where it is decrypted, how late it is, which way it came, what the relay holds.
import { relayFacts } from "../../app/events";
import { t } from "../../i18n";
import { count, millis, seconds } from "../../i18n/format";
import type { WatchState } from "../../live/api";
import { Coil, coilFill } from "../../ui/coil";
import { Word } from "../../ui/parts";
import { delayOf, isPlaying, LIMIT_MS, sealOf } from "./face";

/** Median of the delays, the worst p95, and whether any of them is an estimate. */
export function delays(
    states: Iterable<WatchState>,
): { p50: number; p95: number; estimated: boolean } | null {
    const all = [...states]
        .filter(isPlaying)
        .map(delayOf)
        .filter((d) => d !== null);
    if (!all.length) return null;
    const sorted = all.map((d) => d.p50_ms).sort((a, b) => a - b);
    return {
        p50: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0,
        p95: Math.max(...all.map((d) => d.p95_ms)),
        estimated: all.some((d) => d.estimated),
    };
}

/** Content keys that followed the first one of each view. */
export const turns = (states: Iterable<WatchState>): number =>
    [...states].reduce((sum, s) => sum + Math.max(0, (sealOf(s)?.key?.turn ?? 1) - 1), 0);

export function Instruments({ states }: { readonly states: ReadonlyMap<string, WatchState> }) {
    const shown = [...states.values()].filter(isPlaying);
    const playing = shown.length;
    const sealed = shown.filter((s) => sealOf(s) !== null).length;
    const d = delays(states.values());
    const relay = relayFacts.value;
    return (
        <dl class="instr sheet">
            <div>
                <dt>
                    {t("instr.decrypted")}
                    <span>{t("instr.turns", { n: turns(states.values()) })}</span>
                </dt>
                <dd>
                    <b>{t("instr.here")}</b>
                    <Coil of={8} on={coilFill(playing ? sealed / playing : 0, 8)} tone="sealed" />
                </dd>
            </div>
            <div>
                <dt>
                    {t("instr.delay")}
                    <span>{t("instr.limit", { limit: millis(LIMIT_MS) })}</span>
                </dt>
                <dd>
                    <b>
                        {d
                            ? d.estimated
                                ? t("delay.about", { delay: millis(d.p50) })
                                : millis(d.p50)
                            : "–"}
                    </b>
                    {d && <span class="quiet small">p95 {count(Math.round(d.p95))}</span>}
                    <Coil
                        of={8}
                        on={d ? coilFill(d.p50 / LIMIT_MS, 8) : 0}
                        tone={d && d.p50 > LIMIT_MS ? "warn" : "ok"}
                    />
                </dd>
            </div>
            <div>
                <dt>
                    {t("instr.paths")}
                    <span>{t("instr.views", { n: playing })}</span>
                </dt>
                <dd>
                    <Word icon="relay">
                        <b>{count(playing)}</b>
                    </Word>
                    <span class="small quiet cut" title={t("path.relay-why")}>
                        {t("instr.relay-only")}
                    </span>
                </dd>
            </div>
            <div>
                <dt>
                    {t("instr.oldest")}
                    <span>
                        {t("instr.limit", {
                            limit: seconds(relay?.limit_ms ?? 4000).replace(/\.0/, ""),
                        })}
                    </span>
                </dt>
                <dd>
                    <b>{relay ? seconds(relay.oldest_byte_ms) : "–"}</b>
                    <Coil
                        of={4}
                        on={relay ? coilFill(relay.oldest_byte_ms / relay.limit_ms, 4) : 0}
                        tone={relay && relay.oldest_byte_ms > relay.limit_ms ? "error" : "straw"}
                        seg={22}
                    />
                </dd>
            </div>
        </dl>
    );
}
