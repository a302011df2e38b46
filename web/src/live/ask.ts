// The one REST call of the worker: the business authorization code of a session (wire.md 3).

import type { Action, LiveSession } from "./api";
import { type Bytes, base64Encode } from "../seal/bytes";

export type Authorization =
    | { readonly ok: true; readonly code: string; readonly actions: readonly Action[] }
    | { readonly ok: false; readonly why: "no-permission" | "session-ended" | "busy" | "network";
        readonly retry_ms: number };

const REFUSALS: Readonly<Record<number, "no-permission" | "session-ended" | "busy">> = {
    401: "session-ended", 403: "no-permission", 404: "no-permission", 429: "busy", 503: "busy",
};

const WATCHING: readonly Action[] = ["live-main", "live-sub"];

/** Whoever may only watch is refused when he asks for more: then he asks for watching alone. */
export async function authorizationAsk(
    session: LiveSession, device: string, actions: readonly Action[], sealSession: Bytes,
): Promise<Authorization> {
    const all = await ask(session, device, actions, sealSession);
    const less = actions.filter((one) => WATCHING.includes(one));
    const isLess = less.length > 0 && less.length < actions.length;
    return !all.ok && all.why === "no-permission" && isLess ? ask(session, device, less, sealSession) : all;
}

async function ask(
    session: LiveSession, device: string, actions: readonly Action[], sealSession: Bytes,
): Promise<Authorization> {
    try {
        const response = await fetch("/api/v1/authorizations", {
            method: "POST", credentials: "same-origin", cache: "no-store",
            headers: { "Content-Type": "application/json", "Skep-Csrf": session.csrf },
            body: JSON.stringify({ device, actions, session: base64Encode(sealSession) }),
            signal: AbortSignal.timeout(10_000),
        });
        const body: unknown = await response.json();
        const code = member(body, "code");
        if (response.ok && typeof code === "string") return { ok: true, code, actions };
        const retry = member(body, "retry_ms");
        return {
            ok: false, why: REFUSALS[response.status] ?? "network", retry_ms: typeof retry === "number" ? retry : 0,
        };
    } catch {
        return { ok: false, why: "network", retry_ms: 0 };
    }
}

/** A member of something parsed, without trusting its shape. */
export function member(value: unknown, key: string): unknown {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
