// What these pages ask of the box; docs/design/api.md, Apps.
import { call } from "../../app/api";

export interface App {
    readonly id: string;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly rate: number;
    readonly burst: number;
    readonly quota: number;
    readonly sources: readonly string[];
    readonly state: "active" | "killed";
    readonly created: number;
    readonly killed?: number;
    readonly effect_ms?: number;
    readonly last_used?: number;
    readonly last_source?: string;
    readonly used_today: number;
    readonly credentials: readonly { readonly id: string; readonly kind: string; readonly ends?: number }[];
    readonly own: boolean;
    readonly secret?: string;
}
export interface AppTerms {
    readonly name: string;
    readonly scopes: readonly string[];
    readonly rate: number;
    readonly quota: number;
}

const at = (id: string, verb = "") => `/apps/${encodeURIComponent(id)}${verb}`;

export const ask = {
    apps: () => call<{ apps: App[]; scopes: string[] }>("GET", "/apps"),
    make: (terms: AppTerms) => call<App>("POST", "/apps", terms),
    rotate: (id: string, overlap_s: number) => call<App>("POST", at(id, "/rotate"), { overlap_s }),
    kill: (id: string) => call<App>("POST", at(id, "/kill"), {}),
    restore: (id: string) => call<App>("POST", at(id, "/restore"), {}),
    remove: (id: string) => call<void>("DELETE", at(id)),
};
