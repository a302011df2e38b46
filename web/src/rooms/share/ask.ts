// What the pages of sharing ask of the box; docs/design/api.md, Shares.
import { call } from "../../app/api";
import type { ClaimGiven, ShareAction } from "../../live/shareapi";

export interface Party {
    readonly id: string;
    readonly name: string;
    readonly organization: string;
}
export interface Claim {
    readonly id: string;
    readonly account: Party;
    readonly public_key: string;
    readonly claim: string;
    readonly created: number;
    readonly expires: number;
}
export interface Share {
    readonly id: string;
    readonly device: string;
    readonly account: Party;
    readonly public_key: string;
    readonly key: string;
    readonly actions: readonly ShareAction[];
    readonly not_after: number;
    readonly created: number;
    readonly active: boolean;
    readonly keys: readonly { readonly id: string; readonly public_key: string }[];
}
export interface Received {
    readonly id: string;
    readonly device: string;
    readonly organization: string;
    readonly key: string;
    readonly actions: readonly ShareAction[];
    readonly not_after: number;
    readonly created: number;
    readonly active: boolean;
}
export interface OwnClaim {
    readonly id: string;
    readonly device: string;
    readonly key: string;
    readonly created: number;
    readonly expires: number;
    readonly state: "waiting" | "accepted" | "refused";
}
export interface Left {
    readonly version: number;
    readonly hash: string;
    readonly left: number;
    readonly sent?: number;
}

const id = encodeURIComponent;
const of = (device: string) => `/devices/${id(device)}`;

export const ask = {
    shares: () => call<{ given: Share[]; received: Received[] }>("GET", "/shares"),
    giveUp: (share: string) => call<void>("DELETE", `/shares/${id(share)}`),
    claims: (device: string) => call<{ claims: Claim[] }>("GET", `${of(device)}/claims`),
    refuse: (device: string, claim: string) =>
        call<void>("DELETE", `${of(device)}/claims/${id(claim)}`),
    accept: (
        device: string,
        claim: string,
        body: { actions: readonly ShareAction[]; not_after: number; list?: string },
    ) => call<Share>("POST", `${of(device)}/claims/${id(claim)}/accept`, body),
    sharesOf: (device: string) =>
        call<{ shares: Share[]; list?: Left }>("GET", `${of(device)}/shares`),
    end: (device: string, share: string) =>
        call<void>("DELETE", `${of(device)}/shares/${id(share)}`),
    leave: (device: string, list: string) => call<Left>("PUT", `${of(device)}/list`, { list }),
    unleave: (device: string) => call<void>("DELETE", `${of(device)}/list`),
    claim: (body: { device: string; public_key: string; claim: string }) =>
        call<void>("POST", "/shares/claims", body),
    myClaims: () => call<{ claims: OwnClaim[] }>("GET", "/shares/claims"),
};

export const given = (claim: Claim): ClaimGiven => ({
    id: claim.id,
    account: claim.account.id,
    public_key: claim.public_key,
    claim: claim.claim,
});
