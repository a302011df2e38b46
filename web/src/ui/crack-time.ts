// What a number of guesses means to a person. Pure.
import { t, type Key } from "../i18n";

/** 100 tries a second, as the line on the page says. */
const RATE_LOG10 = 2;
const YEAR_LOG10 = Math.log10(365.25 * 86_400);

/** "about 400 years", rounded to one figure. */
export function crackTime(guessesLog10: number): string {
    const s = guessesLog10 - RATE_LOG10;
    if (s < 0) return t("strength.instant");
    const years = s - YEAR_LOG10;
    if (years >= 6) return t("strength.million-years");
    const units: readonly (readonly [number, Key])[] = [
        [YEAR_LOG10, "strength.years"],
        [Math.log10(86_400), "strength.days"],
        [Math.log10(3600), "strength.hours"],
        [Math.log10(60), "strength.minutes"],
        [0, "strength.seconds"],
    ];
    const [log, key] = units.find(([l]) => s >= l) ?? [0, "strength.seconds" as Key];
    const n = 10 ** (s - log);
    const digit = 10 ** Math.max(0, Math.floor(Math.log10(n)));
    return t(key, { n: Math.max(1, Math.round(n / digit) * digit) });
}
