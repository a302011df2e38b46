// Grants as sentences.
import type { ComponentChildren } from "preact";
import { deviceById, readyFleet } from "../../app/devices";
import { currentLanguage, rich, t, type Key } from "../../i18n";
import { dayMonth, when } from "../../i18n/format";
import { ACTIONS, type Action, type GrantObject, type Range, type Terms } from "./ask";
import { timeOf, toLocal, zoneOffset } from "./hours";

/** The short name of an action, for heads and boxes. */
export const actionName = (action: Action): string => t(`action.${action}`);

const list = (words: readonly string[]): string =>
    new Intl.ListFormat(currentLanguage(), { type: "conjunction" }).format(words);

/** "watch and talk": both streams are one verb. */
export function verbs(actions: readonly Action[]): string {
    const has = (a: Action) => actions.includes(a);
    const words = ACTIONS.filter((a) => a !== "live-main" && a !== "live-sub" && has(a));
    const watch: Key | null = has("live-main")
        ? has("live-sub")
            ? "verb.watch"
            : "verb.live-main"
        : has("live-sub")
          ? "verb.live-sub"
          : null;
    const all = [...(watch ? [t(watch)] : []), ...words.map((a) => t(`verb.${a}` as Key))];
    return all.length ? list(all) : t("verb.view");
}

/** How many of the known cameras bear a tag; null when not all are known here. */
function tagged(tag: string): number | null {
    const f = readyFleet();
    if (!f || f.next) return null;
    return f.devices.filter((d) => d.tags?.includes(tag)).length;
}

export function objectText(object: GrantObject): string {
    if ("all" in object) return t("grant.all");
    if ("device" in object) {
        const name = deviceById(object.device)?.name;
        return name === undefined ? t("grant.one-camera") : t("grant.camera", { name });
    }
    const n = tagged(object.tag);
    return n === null ? t("grant.tagged", { tag: object.tag }) : t("grant.n-tagged", { n, tag: object.tag });
}

const dayName = (day: number): string =>
    new Intl.DateTimeFormat(currentLanguage(), { weekday: "short", timeZone: "UTC" }).format(
        Date.UTC(2024, 0, day), // 1 January 2024 was a Monday
    );

export function daysText(days: readonly number[]): string {
    const key = days.join("");
    if (key === "1234567") return t("days.all");
    if (key === "12345") return t("days.week");
    if (key === "67") return t("days.end");
    const run = days.length > 2 && (days[days.length - 1] ?? 0) - (days[0] ?? 0) === days.length - 1;
    return run
        ? t("days.run", { from: dayName(days[0] ?? 1), to: dayName(days[days.length - 1] ?? 1) })
        : list(days.map(dayName));
}
export { dayName };

/** "weekdays 08:00–18:00", in the reader's zone as it is now. */
export function hoursText(schedule: readonly Range[], now = Date.now()): string {
    return list(
        toLocal(schedule, zoneOffset(now)).map((h) =>
            h.from === 0 && h.to === 1440
                ? daysText(h.days)
                : t("hours.of", {
                      days: daysText(h.days),
                      from: `${timeOf(h.from)}\u2060`,
                      to: `\u2060${timeOf(h.to)}`,
                  }),
        ),
    );
}

const moment = (ms: number): string => {
    const d = new Date(ms);
    return d.getHours() === 0 && d.getMinutes() === 0 ? dayMonth(ms) : when(ms);
};

/** ", weekdays 8-18, from 1 Dec, until 31 Dec"; empty when it holds always. */
export function whenText(terms: Terms): string {
    const parts = [
        terms.schedule?.length ? hoursText(terms.schedule) : "",
        terms.not_before ? t("grant.from", { time: moment(terms.not_before) }) : "",
        terms.not_after ? t("grant.until", { time: moment(terms.not_after) }) : "",
    ].filter(Boolean);
    return parts.map((part) => t("grant.and", { part })).join("");
}

/** "may watch and talk on 4 cameras tagged gate, weekdays 08:00–18:00, until 31 Dec" */
export const sentence = (terms: Terms): ComponentChildren[] =>
    rich("grant.may", {
        acts: verbs(terms.actions),
        object: objectText(terms.object),
        when: whenText(terms),
    });
export const sentenceText = (terms: Terms): string =>
    t("grant.may", {
        acts: verbs(terms.actions),
        object: objectText(terms.object),
        when: whenText(terms),
    }).replace(/<\/?b>/g, "");

/** Why a grant does not hold at this moment. */
export function standing(g: Terms & { readonly active: boolean }, now = Date.now()): Key {
    if (g.active) return "grant.holds";
    if (g.not_after && now >= g.not_after) return "grant.ended";
    return g.not_before && now < g.not_before ? "grant.not-yet" : "grant.out-of-hours";
}
