// Small parts of the guard's pages.
import { useEffect, useState } from "preact/hooks";
import { t, type Key } from "../../i18n";
import { Icon } from "../../ui/icon";
import { Chip } from "../../ui/parts";
import type { Reason, Stage } from "./ask";

export function Tabs({ here }: { readonly here: "events" | "list" }) {
    return (
        <nav class="tabs" aria-label={t("guard.title")}>
            <a href="/guard" aria-current={here === "events" ? "page" : undefined}>
                {t("guard.events")}
            </a>
            <a href="/guard/isolation" aria-current={here === "list" ? "page" : undefined}>
                {t("guard.list")}
            </a>
        </nav>
    );
}

export type Asked<T> =
    | { readonly is: "loading" }
    | { readonly is: "ready"; readonly value: T }
    | { readonly is: "failed"; readonly problem: unknown };

/** Asks at once, on `again`, and every `everyMs`: what is kept away changes by itself. */
export function useAsked<T>(
    question: () => Promise<T>,
    everyMs: number,
): Asked<T> & { readonly again: () => void } {
    const [state, setState] = useState<Asked<T>>({ is: "loading" });
    const [round, setRound] = useState(0);
    useEffect(() => {
        let alive = true;
        const look = () =>
            question().then(
                (value) => {
                    if (alive) setState({ is: "ready", value });
                },
                (problem: unknown) => {
                    if (alive) setState({ is: "failed", problem });
                },
            );
        void look();
        const timer = setInterval(() => {
            if (document.visibilityState === "visible") void look();
        }, everyMs);
        return () => {
            alive = false;
            clearInterval(timer);
        };
    }, [round]);
    return { ...state, again: () => setRound((r) => r + 1) };
}

const STAGES: Readonly<
    Record<Stage, { tone: "unknown" | "warn" | "error"; icon: "eye" | "clock" | "key" | "off"; key: Key }>
> = {
    watch: { tone: "unknown", icon: "eye", key: "guard.stage-watch" },
    slow: { tone: "warn", icon: "clock", key: "guard.stage-slow" },
    challenge: { tone: "warn", icon: "key", key: "guard.stage-challenge" },
    refuse: { tone: "error", icon: "off", key: "guard.stage-refuse" },
};

export const StageChip = ({ stage }: { readonly stage: Stage }) => (
    <Chip tone={STAGES[stage].tone} icon={STAGES[stage].icon}>
        {t(STAGES[stage].key)}
    </Chip>
);

export const reasonText = (reason: Reason): string => t(`guard.why.${reason}`);

export const Fault = ({ text }: { readonly text: string }) =>
    text ? (
        <p class="fault" role="alert">
            <Icon name="error" small />
            <span>{text}</span>
        </p>
    ) : null;
