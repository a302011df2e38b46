// How good a password is, as the box weighs it while it is typed: setup, joining, and changing the own one.
import { useEffect, useState } from "preact/hooks";
import { Problem, type Strength } from "../app/api";
import { t, type Key } from "../i18n";
import { Coil } from "./coil";
import { crackTime } from "./crack-time";
import { problemText } from "./notes";
import { Word } from "./parts";

const REASON: Readonly<Record<string, Key>> = {
    short: "weak.short",
    long: "weak.long",
    common: "weak.common",
    context: "weak.context",
    guessable: "weak.guessable",
};
const reasonText = (reasons: readonly string[], min: number): string | null => {
    const key = reasons.map((r) => REASON[r]).find((k) => k !== undefined);
    return key ? t(key, { n: min }) : null;
};
const minOf = (problem: Problem): number => Number(problem.body["min"] ?? 15);

/** Why a password was not taken. */
export const passwordFault = (problem: unknown): string =>
    (problem instanceof Problem && reasonText(problem.reasons, minOf(problem))) || problemText(problem);

const SCORES: readonly Key[] = [
    "strength.0",
    "strength.1",
    "strength.2",
    "strength.3",
    "strength.4",
];

/** Asks 250 ms after the last change of `deps`; `onGone`: the link by which it may be asked is used up. */
export function useStrength(
    ask: (signal: AbortSignal) => Promise<Strength>,
    password: string,
    deps: readonly unknown[],
    onGone?: () => void,
): Strength | null {
    const [strength, setStrength] = useState<Strength | null>(null);
    useEffect(() => {
        if (!password) return setStrength(null);
        const stop = new AbortController();
        const timer = setTimeout(() => {
            ask(stop.signal).then(setStrength, (e: unknown) => {
                if (e instanceof Problem && e.code === "gone") onGone?.();
                else if (!stop.signal.aborted) setStrength(null);
            });
        }, 250);
        return () => {
            clearTimeout(timer);
            stop.abort();
        };
    }, [password, ...deps]);
    return strength;
}

export function StrengthLine({ strength }: { readonly strength: Strength | null }) {
    if (!strength)
        return (
            <p class="row small quiet">
                <Coil of={5} on={0} tone="ok" seg={34} gap={4} height={6} />
                {t("strength.hint")}
            </p>
        );
    const bad = strength.reasons.length > 0 || strength.score < 3;
    const tone = bad ? (strength.score < 2 ? "error" : "warn") : "ok";
    const segments = Math.min(5, strength.score + 1);
    return (
        <p class="row small" role="status">
            <Coil of={5} on={segments} tone={tone} seg={34} gap={4} height={6} />
            <Word tone={tone} icon={bad ? "warn" : "ok"}>
                {t(SCORES[strength.score] ?? "strength.0")}
            </Word>
            <span class="quiet">
                {reasonText(strength.reasons, strength.min) ??
                    t("strength.rate", { time: crackTime(strength.guesses_log10) })}
            </span>
        </p>
    );
}
