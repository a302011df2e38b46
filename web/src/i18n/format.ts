// Times and numbers as people read them; console.md 8.6. Zone and language are given, so that tests can fix them.
import { currentLanguage, t, type Language } from "./index";

const NNBSP = "\u202f";

interface Where {
    readonly lang?: Language;
    readonly zone?: string;
    readonly now?: number;
}

export const zoneName = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

function fmt(where: Where, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const lang = where.lang ?? currentLanguage();
    return new Intl.DateTimeFormat(lang === "zh-CN" ? "zh-CN" : "en-GB", {
        ...options,
        hourCycle: "h23",
        ...(where.zone ? { timeZone: where.zone } : {}),
    });
}

const clockParts: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };

/** 15:08 */
export const hourMinute = (ms: number, where: Where = {}): string =>
    fmt(where, clockParts).format(ms);
/** 15:08:31 */
export const clock = (ms: number, where: Where = {}): string =>
    fmt(where, { ...clockParts, second: "2-digit" }).format(ms);

/** Today 15:08:31; this year "20 Nov, 14:02"; else "20 Nov 2026". */
export function when(ms: number, where: Where = {}): string {
    const lang = where.lang ?? currentLanguage();
    const now = where.now ?? Date.now();
    const day = (x: number) =>
        fmt({ ...where, lang: "en" }, { year: "numeric", month: "numeric", day: "numeric" }).format(
            x,
        );
    if (day(ms) === day(now)) return clock(ms, where);
    const parts = fmt(where, {
        year: "numeric",
        month: lang === "zh-CN" ? "long" : "short",
        day: "numeric",
    });
    const get = (type: string) => parts.formatToParts(ms).find((p) => p.type === type)?.value ?? "";
    const sameYear =
        fmt(where, { year: "numeric" }).format(ms) === fmt(where, { year: "numeric" }).format(now);
    if (lang === "zh-CN") {
        const md = `${get("month")}${/月$/.test(get("month")) ? "" : "月"}${get("day")}日`;
        return sameYear ? `${md} ${hourMinute(ms, where)}` : `${get("year")}年${md}`;
    }
    const dm = `${get("day")} ${get("month").slice(0, 3)}`;
    return sameYear ? `${dm}, ${hourMinute(ms, where)}` : `${dm} ${get("year")}`;
}

/** "12 Nov": the day without a time. */
export function dayMonth(ms: number, where: Where = {}): string {
    const lang = where.lang ?? currentLanguage();
    const now = where.now ?? Date.now();
    const far = Math.abs(now - ms) > 330 * 86_400_000;
    const text = fmt(
        { ...where, lang },
        {
            month: lang === "zh-CN" ? "long" : "short",
            day: "numeric",
            ...(far ? { year: "numeric" } : {}),
        },
    ).format(ms);
    return lang === "en" ? text.replace("Sept", "Sep") : text;
}

/** Length of time in its largest fitting unit: "4 s", "26 min", "1 h 54 min", "3 days". */
export function span(ms: number): string {
    const s = Math.max(0, Math.round(ms / 1000));
    if (s < 60) return t("span.s", { n: s });
    const min = Math.floor(s / 60);
    if (min < 60) return t("span.min", { n: min });
    const hours = Math.floor(min / 60);
    if (hours < 24)
        return min % 60 ? t("span.hmin", { n: hours, m: min % 60 }) : t("span.h", { n: hours });
    return t("span.days", { n: Math.floor(hours / 24) });
}

/** "284 ms" */
export const millis = (ms: number): string => `${count(Math.round(ms))}${NNBSP}ms`;
/** "1.4 s" */
export function seconds(ms: number, lang: Language = currentLanguage()): string {
    const n = new Intl.NumberFormat(lang, {
        minimumFractionDigits: 1,
        maximumFractionDigits: 1,
    }).format(ms / 1000);
    return `${n}${NNBSP}${lang === "zh-CN" ? "秒" : "s"}`;
}
/** "+0.3 s", "+12 ms": a clock's offset, signed. */
export function offset(ms: number): string {
    const sign = ms < 0 ? "\u2212" : "+";
    const abs = Math.abs(ms);
    return sign + (abs < 1000 ? millis(abs) : seconds(abs));
}
export const count = (n: number, lang: Language = currentLanguage()): string =>
    new Intl.NumberFormat(lang).format(n);
export function percent(share: number, lang: Language = currentLanguage()): string {
    const n = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 }).format(share * 100);
    return lang === "zh-CN" ? `${n}%` : `${n}${NNBSP}%`;
}
/** KiB and MiB for memory and counters. */
export function bytes(n: number, lang: Language = currentLanguage()): string {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let i = 0;
    let x = n;
    while (x >= 1024 && i < units.length - 1) {
        x /= 1024;
        i++;
    }
    return `${new Intl.NumberFormat(lang, { maximumFractionDigits: i && x < 100 ? 1 : 0 }).format(x)}${NNBSP}${units[i]}`;
}

/** ISO 8601 with the local offset, for tips. */
export function iso(ms: number): string {
    const d = new Date(ms);
    const off = -d.getTimezoneOffset();
    const two = (n: number) => String(Math.trunc(Math.abs(n))).padStart(2, "0");
    const local = new Date(ms + off * 60_000).toISOString().slice(0, 23);
    return `${local}${off < 0 ? "-" : "+"}${two(off / 60)}:${two(off % 60)}`;
}
