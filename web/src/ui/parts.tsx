// Small parts: chip, word, buttons' helpers, head of a page, limit note, copy, time.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { iso, when } from "../i18n/format";
import { Icon, type IconName } from "./icon";

export type StateTone = "ok" | "warn" | "error" | "unknown" | "sealed";

export function Chip({
    tone,
    icon,
    children,
}: {
    readonly tone: StateTone | "sim";
    readonly icon: IconName;
    readonly children: ComponentChildren;
}) {
    return (
        <span class={`chip ${tone}`}>
            <Icon name={icon} small />
            {children}
        </span>
    );
}

export const SimChip = () => (
    <Chip tone="sim" icon="sim">
        {t("state.simulated")}
    </Chip>
);

export function Word({
    tone,
    icon,
    children,
}: {
    readonly tone?: StateTone | "sim";
    readonly icon: IconName;
    readonly children: ComponentChildren;
}) {
    return (
        <span class={tone ? `word ${tone}` : "word"}>
            <Icon name={icon} small />
            {children}
        </span>
    );
}

/** Title, the sentence that answers the page's question, and the page's tools. */
export function Head({
    title,
    crumb,
    answer,
    tools,
    tip,
}: {
    readonly title: string;
    readonly crumb?: { readonly href: string; readonly text: string };
    readonly answer: ComponentChildren;
    readonly tools?: ComponentChildren;
    readonly tip?: string;
}) {
    return (
        <header class="head">
            <div class="txt">
                <h1 tabIndex={-1}>
                    {crumb && (
                        <>
                            <a href={crumb.href}>{crumb.text}</a> /{" "}
                        </>
                    )}
                    {title}
                </h1>
                <p class="answer" title={tip}>
                    {answer}
                </p>
            </div>
            {tools && <div class="tools">{tools}</div>}
        </header>
    );
}

export const Limit = ({ children }: { readonly children: ComponentChildren }) => (
    <div class="limit">
        <p>{children}</p>
    </div>
);

export function Hint({
    icon = "info",
    children,
}: {
    readonly icon?: IconName;
    readonly children: ComponentChildren;
}) {
    return (
        <p class="hint">
            <Icon name={icon} small />
            <span>{children}</span>
        </p>
    );
}

/** An instant with its ISO form as tip. */
export const Time = ({ ms, text }: { readonly ms: number; readonly text?: string }) => (
    <time dateTime={new Date(ms).toISOString()} title={iso(ms)}>
        {text ?? when(ms)}
    </time>
);

export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }) {
    const [done, setDone] = useState(false);
    const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
    useEffect(() => () => clearTimeout(timer.current), []);
    const copy = () => {
        void navigator.clipboard?.writeText(text).then(
            () => {
                setDone(true);
                clearTimeout(timer.current);
                timer.current = setTimeout(() => setDone(false), 2000);
            },
            () => undefined,
        );
    };
    return (
        <button type="button" class="btn sm" onClick={copy}>
            <Icon name={done ? "ok" : "copy"} small />
            <span aria-live="polite">{done ? t("act.copied") : (label ?? t("act.copy"))}</span>
        </button>
    );
}

/** Re-renders every `ms`, for ages and counters. */
export function useTick(ms: number): number {
    const [now, setNow] = useState(Date.now());
    useEffect(() => {
        const timer = setInterval(() => setNow(Date.now()), ms);
        return () => clearInterval(timer);
    }, [ms]);
    return now;
}
