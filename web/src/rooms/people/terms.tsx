// What a grant says: on which cameras, which actions, and when. Used by a new grant and by an invitation.
import { useState } from "preact/hooks";
import { fleet, readyFleet } from "../../app/devices";
import { t } from "../../i18n";
import { zoneName } from "../../i18n/format";
import { Select } from "../../ui/select";
import { Limit } from "../../ui/parts";
import { ACTIONS, type Action, type GrantObject, type Terms } from "./ask";
import { minutesOf, timeOf, toUtc, zoneOffset, type Hours } from "./hours";
import { objectOf } from "./object-key";
import { actionName, dayName } from "./sentence";

export interface Draft {
    readonly object: string; // "all", "tag:<tag>", "device:<id>"
    readonly actions: readonly Action[];
    readonly hours: readonly Hours[];
    readonly from: string;
    readonly until: string;
}
export const EMPTY: Draft = {
    object: "all",
    actions: ["live-main", "live-sub"],
    hours: [],
    from: "",
    until: "",
};

/** Tags of the known cameras, and those that grants speak of. */
export function knownTags(more: readonly GrantObject[] = []): string[] {
    const tags = new Set(readyFleet()?.devices.flatMap((d) => d.tags ?? []));
    for (const o of more) if ("tag" in o) tags.add(o.tag);
    return [...tags].sort((a, b) => a.localeCompare(b));
}

export function objectChoices(more: readonly GrantObject[] = []): [string, string][] {
    return [
        ["all", t("grant.all-cameras")],
        ...knownTags(more).map((tag): [string, string] => [`tag:${tag}`, t("grant.tag", { tag })]),
        ...(readyFleet()?.devices ?? []).map((d): [string, string] => [`device:${d.id}`, d.name]),
    ];
}

/** What the box is to be told; a sentence when something is not as it must be. */
export function termsOf(draft: Draft): Terms | { readonly fault: string } {
    if (!draft.actions.length) return { fault: t("grant.no-action") };
    if (draft.hours.some((h) => !h.days.length)) return { fault: t("grant.no-day") };
    const schedule = toUtc(draft.hours, zoneOffset(Date.now()));
    if (schedule.length > 14) return { fault: t("grant.too-many-hours") };
    const at = (text: string) => (text ? new Date(text).getTime() : 0);
    const not_before = at(draft.from);
    const not_after = at(draft.until);
    if (not_before && not_after && not_after <= not_before) return { fault: t("grant.end-first") };
    return {
        object: objectOf(draft.object),
        actions: draft.actions,
        ...(schedule.length ? { schedule } : {}),
        ...(not_before ? { not_before } : {}),
        ...(not_after ? { not_after } : {}),
    };
}

export function TermsFields({
    draft,
    onChange,
}: {
    readonly draft: Draft;
    readonly onChange: (draft: Draft) => void;
}) {
    const set = (change: Partial<Draft>) => onChange({ ...draft, ...change });
    void fleet.value;
    return (
        <>
            <Select
                label={t("grant.object")}
                value={draft.object}
                choices={objectChoices()}
                onChange={(object) => set({ object })}
            />
            <fieldset class="boxes">
                <legend>{t("grant.actions")}</legend>
                {ACTIONS.map((a) => (
                    <label key={a} class="check">
                        <input
                            type="checkbox"
                            checked={draft.actions.includes(a)}
                            onChange={(e) =>
                                set({
                                    actions: e.currentTarget.checked
                                        ? [...draft.actions, a]
                                        : draft.actions.filter((x) => x !== a),
                                })
                            }
                        />
                        <span>{actionName(a)}</span>
                    </label>
                ))}
            </fieldset>
            <div class="two">
                <Moment label={t("grant.begins")} value={draft.from} onInput={(from) => set({ from })} />
                <Moment label={t("grant.ends")} value={draft.until} onInput={(until) => set({ until })} />
            </div>
            <HoursFields hours={draft.hours} onChange={(hours) => set({ hours })} />
        </>
    );
}

function Moment({
    label,
    value,
    onInput,
}: {
    readonly label: string;
    readonly value: string;
    readonly onInput: (v: string) => void;
}) {
    return (
        <label class="field">
            <span class="label">{label}</span>
            <span class="in">
                <input
                    type="datetime-local"
                    value={value}
                    onInput={(e) => onInput(e.currentTarget.value)}
                />
            </span>
        </label>
    );
}

const WORKING: Hours = { days: [1, 2, 3, 4, 5], from: 480, to: 1080 };

function HoursFields({
    hours,
    onChange,
}: {
    readonly hours: readonly Hours[];
    readonly onChange: (hours: readonly Hours[]) => void;
}) {
    const [only, setOnly] = useState(hours.length > 0);
    const set = (i: number, change: Partial<Hours>) =>
        onChange(hours.map((h, n) => (n === i ? { ...h, ...change } : h)));
    return (
        <fieldset class="stack hours">
            <legend class="vh">{t("grant.hours")}</legend>
            <label class="check">
                <input
                    type="checkbox"
                    checked={only}
                    onChange={(e) => {
                        setOnly(e.currentTarget.checked);
                        onChange(e.currentTarget.checked ? [WORKING] : []);
                    }}
                />
                <span>{t("grant.hours")}</span>
            </label>
            {hours.map((h, i) => (
                <div class="hours-row" key={i}>
                    <div class="days" role="group" aria-label={t("grant.days")}>
                        {[1, 2, 3, 4, 5, 6, 7].map((d) => (
                            <button
                                key={d}
                                type="button"
                                class="btn sm"
                                aria-pressed={h.days.includes(d)}
                                onClick={() =>
                                    set(i, {
                                        days: h.days.includes(d)
                                            ? h.days.filter((x) => x !== d)
                                            : [...h.days, d].sort((a, b) => a - b),
                                    })
                                }
                            >
                                {dayName(d)}
                            </button>
                        ))}
                    </div>
                    <Clock
                        label={t("grant.from-hour")}
                        value={h.from}
                        onChange={(from) => set(i, { from })}
                    />
                    <Clock label={t("grant.to-hour")} value={h.to} onChange={(to) => set(i, { to })} />
                    <button
                        type="button"
                        class="btn sm"
                        onClick={() => {
                            const rest = hours.filter((_, n) => n !== i);
                            if (!rest.length) setOnly(false);
                            onChange(rest);
                        }}
                    >
                        {t("grant.drop-hours")}
                    </button>
                </div>
            ))}
            {only && (
                <>
                    <button
                        type="button"
                        class="btn sm start"
                        onClick={() => onChange([...hours, { ...WORKING, days: [6, 7] }])}
                    >
                        {t("grant.more-hours")}
                    </button>
                    <Limit>{t("grant.zone", { zone: zoneName(), utc: utcName() })}</Limit>
                </>
            )}
        </fieldset>
    );
}

/** "UTC+1", "UTC+5:30" */
export function utcName(now = Date.now()): string {
    const off = zoneOffset(now);
    const min = Math.abs(off) % 60;
    return `UTC${off < 0 ? "\u2212" : "+"}${Math.floor(Math.abs(off) / 60)}${min ? `:${String(min).padStart(2, "0")}` : ""}`;
}

function Clock({
    label,
    value,
    onChange,
}: {
    readonly label: string;
    readonly value: number;
    readonly onChange: (minutes: number) => void;
}) {
    return (
        <label class="clock">
            <span>{label}</span>
            <input
                type="time"
                value={value === 1440 ? "00:00" : timeOf(value)}
                onInput={(e) => {
                    const m = minutesOf(e.currentTarget.value);
                    if (m !== null) onChange(m);
                }}
            />
        </label>
    );
}
