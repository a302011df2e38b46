// What these pages ask of the box; docs/design/api.md, Organizations and operators, Approvals and the emergency login.
import { call, Problem, type Role, type SessionAnswer } from "../../app/api";
import { t } from "../../i18n";
import { problemText } from "../../ui/notes";
import type { Terms, Subject } from "../people/ask";

export interface Organization {
    readonly id: string;
    readonly name: string;
    readonly kind: "home" | "team" | "person";
    readonly state: "active" | "suspended";
    readonly created: number;
    readonly people: number;
    readonly cameras: number;
}
export type Level = "view" | "operate" | "approve";
export interface Operator {
    readonly id: string;
    readonly name: string;
    readonly role: Role;
    readonly levels: Readonly<Record<string, Level>>;
}
interface Named {
    readonly id: string;
    readonly name: string;
}
export interface Approval {
    readonly id: string;
    readonly kind: string;
    readonly what: Partial<Terms> & {
        readonly subject?: Subject;
        readonly app?: string;
        readonly organization?: string;
    };
    readonly label?: string | null;
    readonly by: Named;
    readonly why?: string | null;
    readonly created: number;
    readonly expires: number;
    readonly state: "open" | "approved" | "refused" | "withdrawn" | "expired";
    readonly decided?: number;
    readonly decided_by?: Named;
    readonly can_decide: boolean;
    readonly mine: boolean;
}
export interface Emergency {
    readonly open: boolean;
    readonly until?: number;
    readonly seal?: { readonly made: number; readonly by: string; readonly used?: number };
}

const id = encodeURIComponent;

export const ask = {
    mine: () => call<Organization>("GET", "/organization"),
    rename: (name: string) => call<Organization>("PATCH", "/organization", { name }),
    all: () => call<{ organizations: readonly Organization[] }>("GET", "/organizations"),
    make: (name: string) =>
        call<{ link: string; expires: number }>("POST", "/organizations", { name }),
    set: (org: string, body: { state: string }) =>
        call<Organization>("PATCH", `/organizations/${id(org)}`, body),
    remove: (org: string) => call<void>("DELETE", `/organizations/${id(org)}`),
    operators: () =>
        call<{ operators: readonly Operator[]; modules: readonly string[] }>("GET", "/operators"),
    people: () => call<{ accounts: readonly (Named & { readonly role: Role; readonly self: boolean })[] }>(
        "GET",
        "/accounts",
    ),
    levels: (account: string, levels: Readonly<Record<string, string>>) =>
        call<void>("PUT", `/operators/${id(account)}`, { levels }),
    approvals: () => call<{ approvals: readonly Approval[] }>("GET", "/approvals"),
    wish: (body: { object: Terms["object"]; actions: readonly string[]; why?: string }) =>
        call<Approval>("POST", "/approvals", body),
    approve: (approval: string) => call<Approval>("POST", `/approvals/${id(approval)}/approve`, {}),
    refuse: (approval: string) => call<Approval>("POST", `/approvals/${id(approval)}/refuse`, {}),
    emergency: () => call<Emergency>("GET", "/emergency"),
    seal: () => call<{ code: string }>("POST", "/emergency/seal", {}),
    unseal: () => call<void>("DELETE", "/emergency"),
    open: (code: string) => call<SessionAnswer>("POST", "/emergency/open", { code }),
};

/** The act was not done: somebody else must say yes. */
export const isAsked = (problem: unknown): boolean =>
    problem instanceof Problem && problem.code === "approval-needed";

export function refusalText(problem: unknown): string {
    if (!(problem instanceof Problem)) return problemText(problem);
    if (problem.code === "gone") return t("approval.gone");
    if (problem.reason === "remaining") return t("org.remaining");
    if (problem.reason === "level") return t("operator.refused-level");
    if (problem.reason === "self") return t("operator.refused-self");
    if (problem.reason === "emergency") return t("emergency.refused");
    return problemText(problem);
}
