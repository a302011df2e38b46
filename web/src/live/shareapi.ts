// What the pages know of sharing: keys as their faces, lists as values. Secrets but the link's own stay in the worker.

import type { Action, Credential, CredentialFault, KeyView } from "./api";

export type ShareAction = Exclude<Action, "manage"> | "download";

/** Why there is no owner channel. */
export type OwnerFault =
    | "needs-password" | "wrong-password" | "bad-credential" | "locked" | "has-owner" | "key-changed" | "offline"
    | "no-permission" | "not-owner" | "forked" | "too-many" | "refused" | "failed";

export type OwnerOpened =
    | { readonly ok: true }
    | { readonly ok: false; readonly why: OwnerFault; readonly fault?: CredentialFault };

/** How this browser may become an owner of a camera that has none. */
export interface OwnerHow { readonly simulated: boolean; readonly credential?: Credential }

export interface ShareTerms { readonly actions: readonly ShareAction[]; readonly not_after_ms: number }

export type Invited =
    | { readonly ok: true; readonly fragment: string; readonly expires_ms: number }
    | { readonly ok: false; readonly why: OwnerFault };

/** A claim as the box hands it on. */
export interface ClaimGiven {
    readonly id: string;
    readonly account: string;
    readonly public_key: string;
    readonly claim: string;
}

export interface ClaimJudged extends KeyView {
    readonly id: string;
    /** What was promised with the link; null: the claim fits no link of this browser, never accept it. */
    readonly terms: ShareTerms | null;
}

/** A changed list: where it is now. `list`: to be left with the box, because the camera does not have it yet. */
export type ListChanged =
    | { readonly ok: true; readonly version: number; readonly list: string | null }
    | { readonly ok: false; readonly why: OwnerFault };

export interface Listed extends KeyView {
    readonly public_key: string;
    readonly actions: readonly ShareAction[];
    readonly not_after_ms: number;
    /** First 16 bytes of SHA-256(account id), base64url. */
    readonly tag: string;
    readonly self: boolean;
    /** Camera's count since the entry was set; null = never, or the camera was not asked. */
    readonly last_ms: number | null;
    readonly count: number;
}

export interface ListShown {
    readonly version: number;
    /**
     * `in-step`: the camera holds it. `unsent`: signed here, the camera was not reached. `sent-again`: the camera had
     * not received our change and has it now. `forked`: another owner changed the list apart from us.
     * `kept`: as last seen; the camera was not asked.
     */
    readonly stand: "in-step" | "unsent" | "sent-again" | "forked" | "kept";
    readonly listed: readonly Listed[];
    /** Owner keys that the camera has; null = not asked. */
    readonly owners: number | null;
}

export type ListAnswer =
    | { readonly ok: true; readonly value: ListShown }
    | { readonly ok: false; readonly why: OwnerFault; readonly value: ListShown | null };

/** What a guest sends to the box, and the face of his own key. */
export interface GuestClaim extends KeyView { readonly public_key: string; readonly claim: string }

export interface Sharing {
    /** An owner channel to the camera; this browser becomes its owner if it has none and the password is right. */
    open(device: string, how: OwnerHow): Promise<OwnerOpened>;
    /** A new link; `terms` are kept with its secret in this browser for 24 h. */
    invite(device: string, terms: ShareTerms): Promise<Invited>;
    judge(device: string, claims: readonly ClaimGiven[]): Promise<readonly ClaimJudged[]>;
    /** Signs the list with the claimed key in it; refuses any claim that `judge` gives no terms for. */
    accept(device: string, claim: ClaimGiven): Promise<ListChanged>;
    /** Signs the list without that key. */
    drop(device: string, publicKey: string): Promise<ListChanged>;
    /** Who is on the list. `ask`: of the camera, else as this browser last saw it. */
    list(device: string, ask: boolean): Promise<ListAnswer>;
    /** Answer to `forked`. */
    merge(device: string): Promise<ListChanged>;
    /** A guest's side: keeps the camera's fingerprint and makes the claim. Null: the text is no invitation. */
    claim(fragment: string): Promise<GuestClaim | null>;
}
