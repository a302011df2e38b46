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

/** Whoever may not do all is refused when he asks for all: then he asks for watching and the past, then for watching alone. */
export async function authorizationAsk(
    session: LiveSession, device: string, actions: readonly Action[], sealSession: Bytes,
): Promise<Authorization> {
    let asked = actions;
    let answer = await ask(session, device, asked, sealSession);
    for (const some of [[...WATCHING, "playback"], WATCHING]) {
        const less = actions.filter((one) => some.includes(one));
        if (answer.ok || answer.why !== "no-permission" || less.length === 0 || less.length >= asked.length) continue;
        asked = less;
        answer = await ask(session, device, asked, sealSession);
    }
    return answer;
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
