// What these pages ask of the box; docs/design/api.md, Abuse defence.
import { call, Problem, queryText } from "../../app/api";
import { t } from "../../i18n";
import { problemText } from "../../ui/notes";

export type Stage = "watch" | "slow" | "challenge" | "refuse";
export const REASONS = [
    "malformed",
    "handshake",
    "unknown",
    "slow",
    "crowd",
    "requests",
    "login",
    "stuffing",
    "manual",
] as const;
export type Reason = (typeof REASONS)[number];

export interface Entry {
    readonly id: string;
    readonly prefix: string;
    readonly stage: Stage;
    readonly reason: Reason;
    readonly score: number;
    readonly since: number;
    readonly until: number;
    readonly by: "guard" | "account";
    readonly note?: string;
}
export interface Allowed {
    readonly id: string;
    readonly prefix: string;
    readonly note: string;
    readonly fixed: boolean;
}
export interface GuardState {
    readonly dry_run: boolean;
    readonly attack: boolean;
    readonly watched: number;
    readonly slowed: number;
    readonly challenged: number;
    readonly refused: number;
    readonly would_refuse: number;
    readonly entries: readonly Entry[];
    readonly allow: readonly Allowed[];
}
export interface EventRow {
    readonly seq: number;
    readonly at: number;
    readonly action: string;
    readonly object: string;
    readonly result: string;
    readonly source: string;
}

const id = encodeURIComponent;

export const ask = {
    state: () => call<GuardState>("GET", "/guard"),
    dry: (dry_run: boolean) => call<void>("PATCH", "/guard", { dry_run }),
    add: (body: { prefix: string; stage: string; minutes: number; reason?: string }) =>
        call<Entry>("POST", "/guard/entries", body),
    undo: (entry: string) => call<void>("DELETE", `/guard/entries/${id(entry)}`),
    allow: (body: { prefix: string; note?: string }) => call<Allowed>("POST", "/guard/allow", body),
    disallow: (allowed: string) => call<void>("DELETE", `/guard/allow/${id(allowed)}`),
};

/** The log holds more than strangers' tries: ask for these groups and put them in one order. */
export async function events(): Promise<readonly EventRow[]> {
    const wanted = [
        { action: "session.login", result: "refused" },
        { action: "session.login", result: "throttled" },
        { action: "source." },
        { action: "owner.reset" },
    ];
    const pages = await Promise.all(
        wanted.map((w) => call<{ rows: EventRow[] }>("GET", `/audit${queryText({ ...w, limit: 100 })}`)),
    );
    return pages
        .flatMap((p) => p.rows)
        .sort((a, b) => b.seq - a.seq)
        .slice(0, 200);
}

export function refusalText(problem: unknown): string {
    if (problem instanceof Problem && problem.reason === "allowed") return t("guard.refused-allowed");
    if (problem instanceof Problem && problem.reason === "self") return t("guard.refused-self");
    if (problem instanceof Problem && problem.code === "bad-request") return t("guard.refused-input");
    return problemText(problem);
}
