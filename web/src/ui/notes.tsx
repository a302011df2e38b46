// The states that every page has: loading, error, no permission, stale; console.md 4.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem, type ProblemCode } from "../app/api";
import { staleSince, retryNews } from "../app/events";
import { t, type Key } from "../i18n";
import { clock } from "../i18n/format";
import { Icon } from "./icon";
import { CopyButton } from "./parts";

/** True after `ms`, so that a fast answer never flashes bars. */
function useAfter(ms: number): boolean {
    const [after, setAfter] = useState(false);
    useEffect(() => {
        const timer = setTimeout(() => setAfter(true), ms);
        return () => clearTimeout(timer);
    }, [ms]);
    return after;
}

/** Flat bars in the final geometry after 150 ms; after 4 s a sentence says what is awaited. */
export function Loading({
    what,
    bars = 4,
    children,
}: {
    readonly what: string;
    readonly bars?: number;
    readonly children?: ComponentChildren;
}) {
    const show = useAfter(150);
    const slow = useAfter(4000);
    return (
        <div class="loading" aria-busy="true">
            {show &&
                (children ?? (
                    <div class="bars" aria-hidden="true">
                        {Array.from({ length: bars }, (_, i) => (
                            <span key={i} />
                        ))}
                    </div>
                ))}
            <p class="quiet" role="status">
                {slow ? what : ""}
            </p>
        </div>
    );
}

const WHAT: Readonly<Record<ProblemCode, Key>> = {
    "bad-request": "problem.bad-request",
    "auth-required": "problem.auth-required",
    "auth-failed": "problem.auth-failed",
    throttled: "problem.throttled",
    forbidden: "problem.forbidden",
    "not-found": "problem.not-found",
    conflict: "problem.conflict",
    gone: "problem.gone",
    "too-large": "problem.too-large",
    "weak-password": "problem.weak-password",
    reauth: "problem.reauth",
    "factor-required": "problem.factor-required",
    "approval-needed": "problem.approval-needed",
    busy: "problem.busy",
    storage: "problem.storage",
    internal: "problem.internal",
    unreachable: "problem.unreachable",
};

/** The sentence for a refusal, by its code; the server's own title is never shown. */
export function problemText(e: unknown): string {
    return t(e instanceof Problem ? WHAT[e.code] : "problem.page");
}

export function ErrorNote({
    what,
    problem,
    again,
}: {
    readonly what: string;
    readonly problem: unknown;
    readonly again?: () => void;
}) {
    const p = problem instanceof Problem ? problem : null;
    return (
        <div class="note error-note" role="alert">
            <Icon name="error" />
            <div>
                <p>
                    <b>{what}</b>
                </p>
                <p>{problemText(problem)}</p>
                <p class="row small quiet">
                    <span class="mono">{p?.code ?? "page"}</span>
                    {p?.request && (
                        <>
                            <span class="mono">{p.request}</span>
                            <CopyButton text={p.request} label={t("act.copy-id")} />
                        </>
                    )}
                    {again && (
                        <button type="button" class="btn sm" onClick={again}>
                            {t("act.again")}
                        </button>
                    )}
                </p>
            </div>
        </div>
    );
}

/** "Absent" and "not yours" look the same. */
export function NoPermission() {
    return (
        <div class="note lock-note">
            <Icon name="lock" />
            <div>
                <p>
                    <b>{t("nopermission.title")}</b>
                </p>
                <p>{t("nopermission.text")}</p>
            </div>
        </div>
    );
}

export function Failure({
    what,
    problem,
    again,
}: {
    readonly what: string;
    readonly problem: unknown;
    readonly again?: () => void;
}) {
    const hidden =
        problem instanceof Problem &&
        (problem.code === "forbidden" || problem.code === "not-found");
    return hidden ? (
        <NoPermission />
    ) : (
        <ErrorNote what={what} problem={problem} {...(again ? { again } : {})} />
    );
}

export function StaleStrip() {
    const [shown, setShown] = useState(false);
    const since = staleSince.value;
    useEffect(() => {
        setShown(false);
        if (since === null) return;
        const timer = setTimeout(() => setShown(true), 1200);
        return () => clearTimeout(timer);
    }, [since]);
    return (
        <div class="stale" role="status" hidden={since === null || !shown}>
            {since !== null && shown && (
                <>
                    <Icon name="clock" small />
                    <span>{t("stale.since", { time: clock(since) })}</span>
                    <button type="button" class="btn sm" onClick={retryNews}>
                        {t("act.again")}
                    </button>
                </>
            )}
        </div>
    );
}

export function Empty({
    title,
    text,
    children,
}: {
    readonly title: string;
    readonly text: string;
    readonly children?: ComponentChildren;
}) {
    return (
        <div class="empty">
            <svg class="hollow" viewBox="0 0 128 128" aria-hidden="true">
                <path d="M50 22q14 5 28 0M36 43q28 7 56 0M26 64q38 8 76 0M20 85q44 8 88 0M17 107h27M84 107h27" />
            </svg>
            <h2>{title}</h2>
            <p>{text}</p>
            {children && <div class="acts">{children}</div>}
        </div>
    );
}
