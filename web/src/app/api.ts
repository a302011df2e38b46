// One way to the server: JSON in, JSON out, refusals as typed problems. docs/design/api.md is the contract.
import type { Assertion, PasskeyRequest } from "./passkey";

export type ProblemCode =
    | "bad-request"
    | "auth-required"
    | "auth-failed"
    | "throttled"
    | "forbidden"
    | "not-found"
    | "conflict"
    | "gone"
    | "too-large"
    | "weak-password"
    | "reauth"
    | "factor-required"
    | "approval-needed"
    | "busy"
    | "storage"
    | "internal"
    | "unreachable";

const CODES: ReadonlySet<string> = new Set<ProblemCode>([
    "bad-request",
    "auth-required",
    "auth-failed",
    "throttled",
    "forbidden",
    "not-found",
    "conflict",
    "gone",
    "too-large",
    "weak-password",
    "reauth",
    "factor-required",
    "approval-needed",
    "busy",
    "storage",
    "internal",
    "unreachable",
]);

export class Problem extends Error {
    constructor(
        readonly code: ProblemCode,
        readonly status: number,
        readonly request: string | null,
        readonly retryMs: number | null,
        readonly reasons: readonly string[],
        /** What the code alone does not say (`last-owner`, `self`, `name`), and the members that come with it. */
        readonly reason: string | null = null,
        readonly body: Readonly<Record<string, unknown>> = {},
    ) {
        super(code);
    }
}

export type Role = "owner" | "admin" | "member";
export interface Account {
    readonly id: string;
    readonly name: string;
    readonly role: Role;
}
export interface Prefs {
    readonly lang?: "en" | "zh-CN";
    readonly theme?: "auto" | "light" | "dark";
}
export interface SessionAnswer {
    readonly account: Account;
    readonly session: { readonly id: string; readonly created: number; readonly expires: number };
    readonly csrf: string;
    readonly prefs?: Prefs;
    /** A second factor must stand before anything else is allowed. */
    readonly owes?: "factor";
    /** The sealed emergency login is open. */
    readonly emergency?: { readonly until: number };
}
/** The password was right; this is asked for next. */
export interface FactorAsked {
    readonly ticket: string;
    readonly expires: number;
    readonly kinds: readonly ("totp" | "passkey" | "recovery")[];
    readonly passkey?: PasskeyRequest;
}
export interface SessionRow {
    readonly id: string;
    readonly created: number;
    readonly last_seen: number;
    readonly expires: number;
    readonly source: string;
    readonly client: string;
    readonly current: boolean;
}
export interface SetupState {
    readonly needed: boolean;
    readonly fingerprint: string;
    readonly fingerprint_raw: string;
    readonly host: string;
}
export interface Strength {
    readonly score: number;
    readonly guesses_log10: number;
    readonly reasons: readonly string[];
    /** Characters that a password of this person must have at least. */
    readonly min: number;
}
export interface Device {
    readonly id: string;
    readonly name: string;
    readonly model: string;
    readonly hw: string;
    readonly fw: string;
    readonly serial: string;
    readonly state: "online" | "offline";
    readonly since: number;
    readonly last_seen?: number | null;
    readonly clock_offset_ms?: number | null;
    readonly clock_rtt_ms?: number | null;
    readonly seal?: string | null;
    readonly simulated: boolean;
    readonly enrolled: number;
    readonly caps: readonly string[];
    readonly source?: string | null;
    readonly tags?: readonly string[];
    /** What I may do with it now. */
    readonly rights?: readonly string[];
}
export interface DevicePage {
    readonly devices: readonly Device[];
    readonly total: number;
    readonly online: number;
    readonly simulated: number;
    readonly next?: string | null;
}
export interface HistoryEvent {
    readonly at: number;
    readonly kind: "online" | "offline" | "boot" | "enrolled" | "renamed";
    readonly cause?: string | null;
    readonly source?: string | null;
}
export interface NewToken {
    readonly id: string;
    readonly token: string;
    readonly expires: number;
    readonly count: number;
    readonly command: string;
}
export interface TokenState {
    readonly id: string;
    readonly expires: number;
    readonly count: number;
    readonly used: number;
    readonly devices: readonly string[];
}
export interface RelayFacts {
    readonly oldest_byte_ms: number;
    readonly limit_ms: number;
    readonly streams: number;
    readonly viewers: number;
}
export interface RelayAnswer extends RelayFacts {
    readonly ledger: readonly {
        readonly device: string;
        readonly in_bytes: number;
        readonly out_bytes: number;
    }[];
}
export interface About {
    readonly version: string;
    readonly build?: string;
    readonly fingerprint?: string;
    readonly assets?: string;
    readonly started: number;
    readonly wall: number;
    readonly simulated?: { readonly cameras: number };
    readonly libraries?: readonly { readonly name: string; readonly version: string }[];
    readonly sandbox?: {
        readonly landlock: string;
        readonly seccomp: string;
        readonly memlock: string;
    };
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

let csrf = "";
let onSignedOut: () => void = () => undefined;

export function setCsrf(token: string): void {
    csrf = token;
}
/** Called when any answer says that the session has ended. */
export function whenSignedOut(act: () => void): void {
    onSignedOut = act;
}

async function problemOf(res: Response): Promise<Problem> {
    let body: Record<string, unknown> = {};
    try {
        body = (await res.json()) as Record<string, unknown>;
    } catch {
        /* not JSON: the status must do */
    }
    const named =
        typeof body["code"] === "string" && CODES.has(body["code"])
            ? (body["code"] as ProblemCode)
            : null;
    const code =
        named ??
        (res.status === 401 ? "auth-required" : res.status === 404 ? "not-found" : "internal");
    const reasons = Array.isArray(body["reasons"])
        ? body["reasons"].filter((r): r is string => typeof r === "string")
        : [];
    return new Problem(
        code,
        res.status,
        typeof body["request"] === "string" ? body["request"] : null,
        typeof body["retry_ms"] === "number" ? body["retry_ms"] : null,
        reasons,
        typeof body["reason"] === "string" ? body["reason"] : null,
        body,
    );
}

/** The one way to ask; rooms write their own small tables of questions with it. */
export async function call<T>(
    method: Method,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (method !== "GET" && csrf) headers["Skep-Csrf"] = csrf;
    let res: Response;
    try {
        res = await fetch(`/api/v1${path}`, {
            method,
            headers,
            credentials: "same-origin",
            cache: "no-store",
            ...(body !== undefined ? { body: JSON.stringify(body) } : {}),
            ...(signal ? { signal } : {}),
        });
    } catch (e) {
        if (e instanceof DOMException && e.name === "AbortError") throw e;
        throw new Problem("unreachable", 0, null, null, []);
    }
    if (!res.ok) {
        const problem = await problemOf(res);
        if (problem.code === "auth-required") onSignedOut();
        throw problem;
    }
    return (res.status === 204 || res.status === 202 ? undefined : await res.json()) as T;
}

const id = encodeURIComponent;

export interface DeviceQuery {
    readonly q?: string;
    readonly tag?: string;
    readonly state?: string;
    readonly cursor?: string;
    readonly limit?: number;
}

export function queryText(query: object): string {
    const out = new URLSearchParams();
    for (const [k, v] of Object.entries(query))
        if (v !== undefined && v !== "") out.set(k, String(v));
    const text = out.toString();
    return text ? `?${text}` : "";
}

/** Passwords travel in one form, however a keyboard composes its letters. */
export const secret = (password: string): string => password.normalize("NFC");

export interface TokenPassword {
    readonly token: string;
    readonly name: string;
    readonly password: string;
}

export const api = {
    setup: () => call<SetupState>("GET", "/setup"),
    setupStrength: (body: TokenPassword, signal: AbortSignal) =>
        call<Strength>(
            "POST",
            "/setup/strength",
            { ...body, password: secret(body.password) },
            signal,
        ),
    setupOwner: (body: TokenPassword) =>
        call<SessionAnswer>("POST", "/setup", { ...body, password: secret(body.password) }),
    login: (name: string, password: string, proof?: object) =>
        call<SessionAnswer | { readonly factor: FactorAsked }>("POST", "/login", {
            name,
            password: secret(password),
            ...(proof ? { proof } : {}),
        }),
    loginSsoFactor: () => call<{ readonly factor: FactorAsked }>("POST", "/sso/factor", {}),
    loginPasskeyRequest: () =>
        call<{ passkey: PasskeyRequest }>("POST", "/login/passkey/request", {}),
    loginPasskey: (passkey: Assertion) =>
        call<SessionAnswer>("POST", "/login/passkey", { passkey }),
    logout: () => call<void>("POST", "/logout"),
    me: () => call<SessionAnswer>("GET", "/me"),
    prefs: (prefs: Required<Prefs>) => call<void>("PUT", "/me/prefs", prefs),
    sessions: () => call<{ sessions: SessionRow[] }>("GET", "/sessions"),
    endSession: (session: string) => call<void>("DELETE", `/sessions/${id(session)}`),
    endOtherSessions: () => call<{ revoked: number }>("POST", "/sessions/revoke-others"),
    devices: (query: DeviceQuery = {}, signal?: AbortSignal) =>
        call<DevicePage>("GET", `/devices${queryText(query)}`, undefined, signal),
    device: (device: string) => call<Device>("GET", `/devices/${id(device)}`),
    rename: (device: string, name: string) =>
        call<Device>("PATCH", `/devices/${id(device)}`, { name }),
    setTags: (device: string, tags: readonly string[]) =>
        call<Device>("PATCH", `/devices/${id(device)}`, { tags }),
    remove: (device: string) => call<void>("DELETE", `/devices/${id(device)}`),
    history: (device: string, from: number, to: number) =>
        call<{ events: HistoryEvent[] }>(
            "GET",
            `/devices/${id(device)}/history${queryText({ from, to })}`,
        ),
    newToken: (body: { count: number; ttl_s: number; simulated?: boolean }) =>
        call<NewToken>("POST", "/enrolment-tokens", body),
    token: (token: string) => call<TokenState>("GET", `/enrolment-tokens/${id(token)}`),
    dropToken: (token: string) => call<void>("DELETE", `/enrolment-tokens/${id(token)}`),
    about: () => call<About>("GET", "/about"),
    relay: () => call<RelayAnswer>("GET", "/relay"),
};
