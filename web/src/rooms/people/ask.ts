// What these pages ask of the box; docs/design/api.md, People and access.
import { call, Problem, queryText, secret, type Role, type SessionAnswer, type Strength } from "../../app/api";
import { t, type Key } from "../../i18n";
import { problemText } from "../../ui/notes";

export const ACTIONS = [
    "live-main",
    "live-sub",
    "listen",
    "talk",
    "ptz",
    "snapshot",
    "playback",
    "download",
    "config",
] as const;
export type Action = (typeof ACTIONS)[number] | "list" | "view";

export interface Person {
    readonly id: string;
    readonly name: string;
    readonly role: Role;
    readonly state: "active" | "disabled";
    readonly created: number;
    readonly last_seen?: number;
    readonly sessions: number;
    readonly grants: number;
    readonly self: boolean;
}
/** Minutes of the day in UTC; Monday = 1. */
export interface Range {
    readonly days: readonly number[];
    readonly from: number;
    readonly to: number;
}
export type GrantObject =
    { readonly device: string } | { readonly tag: string } | { readonly all: true };
export type Subject = { readonly account: string } | { readonly role: "member" | "admin" };
export interface Terms {
    readonly object: GrantObject;
    readonly actions: readonly Action[];
    readonly reason?: string;
    readonly not_before?: number;
    readonly not_after?: number;
    readonly schedule?: readonly Range[];
}
export interface Grant extends Terms {
    readonly id: string;
    readonly subject: Subject;
    readonly subject_name?: string | null;
    readonly created: number;
    readonly created_by: string;
    readonly active: boolean;
}
export interface Invitation {
    readonly id: string;
    readonly role: Role;
    readonly note?: string | null;
    readonly created: number;
    readonly expires: number;
    readonly created_by: string;
    readonly grants: readonly Terms[];
}
export type Holds = Readonly<Record<string, number>>;
export interface PersonAccess {
    readonly account: Person;
    readonly holds: Holds;
    readonly grants: readonly Grant[];
    readonly sessions: readonly {
        readonly id: string;
        readonly created: number;
        readonly last_seen: number;
        readonly source: string;
        readonly client: string;
    }[];
}
export interface Verdict {
    readonly allowed: boolean;
    readonly by: "role" | "grant" | "none";
    readonly grant?: string;
    readonly reason: "role" | "grant" | "disabled" | "none" | "not-yet" | "hours" | "ended";
}
export interface Watcher {
    readonly account: { readonly id: string; readonly name: string; readonly role: Role };
    readonly actions: readonly Action[];
    readonly grants: readonly string[];
}

const id = encodeURIComponent;

export const ask = {
    people: () => call<{ accounts: Person[] }>("GET", "/accounts"),
    access: (person: string) => call<PersonAccess>("GET", `/accounts/${id(person)}/access`),
    set: (person: string, change: { role?: Role; state?: "active" | "disabled" }) =>
        call<Person>("PATCH", `/accounts/${id(person)}`, change),
    leave: (person: string) =>
        call<{ revoked: Holds; remaining: Holds }>("POST", `/accounts/${id(person)}/leave`, {}),
    remove: (person: string) => call<void>("DELETE", `/accounts/${id(person)}`),
    invitations: () => call<{ invitations: Invitation[] }>("GET", "/invitations"),
    invite: (body: { role: Role; note?: string; grants?: readonly Terms[] }) =>
        call<{ id: string; token: string; link: string; expires: number }>(
            "POST",
            "/invitations",
            body,
        ),
    withdraw: (invitation: string) => call<void>("DELETE", `/invitations/${id(invitation)}`),
    grants: (query: { account?: string; role?: string; device?: string } = {}) =>
        call<{ grants: Grant[] }>("GET", `/grants${queryText(query)}`),
    grant: (body: Terms & { subject: Subject }) => call<Grant>("POST", "/grants", body),
    take: (grant: string) => call<void>("DELETE", `/grants/${id(grant)}`),
    watchers: (device: string) =>
        call<{ people: Watcher[] }>("GET", `/devices/${id(device)}/access`),
    test: (body: { account: string; action: Action; device: string }) =>
        call<Verdict>("POST", "/access/test", body),
    joinCheck: (token: string) =>
        call<{ role: Role; expires: number; host: string }>("POST", "/join/check", { token }),
    joinStrength: (
        body: { token: string; name: string; password: string },
        signal: AbortSignal,
    ) =>
        call<Strength>(
            "POST",
            "/join/strength",
            { ...body, password: secret(body.password) },
            signal,
        ),
    join: (body: { token: string; name: string; password: string }) =>
        call<SessionAnswer>("POST", "/join", { ...body, password: secret(body.password) }),
};

const REASONS: Readonly<Record<string, Key>> = {
    owner: "people.refused-owner",
    self: "people.refused-self",
    "last-owner": "people.refused-last-owner",
    remaining: "people.refused-remaining",
    name: "people.refused-name",
};

/** A refusal of these pages: the guard that said no, if it was one. */
export function refusalText(problem: unknown): string {
    const key = problem instanceof Problem && problem.reason ? REASONS[problem.reason] : undefined;
    return key ? t(key) : problemText(problem);
}
