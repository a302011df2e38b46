import { call, secret } from "../../app/api";
import type {
    Assertion,
    Attestation,
    PasskeyCreation,
    PasskeyRequest,
} from "../../app/passkey";

export interface Passkey {
    readonly id: string;
    readonly name: string;
    readonly created: number;
    readonly last_used?: number;
    readonly backed_up: boolean;
}
export interface Factors {
    readonly totp?: { readonly since: number };
    readonly recovery: { readonly left: number; readonly made?: number };
    readonly passkeys: readonly Passkey[];
    readonly offer: { readonly rp: string; readonly passkeys: boolean };
    readonly required: boolean;
    readonly fresh_until: number;
}
export interface Codes {
    readonly codes: readonly string[];
}
export interface ReauthAsked {
    readonly kinds: readonly ("password" | "totp" | "passkey")[];
    readonly passkey?: PasskeyRequest;
}
export type Proof = { password: string } | { totp: string } | { passkey: Assertion };

const one = (id: string) => `/me/passkeys/${encodeURIComponent(id)}`;

export const factorApi = {
    factors: () => call<Factors>("GET", "/me/factors"),
    reauthAsk: () => call<ReauthAsked>("POST", "/me/reauth/request", {}),
    reauth: (proof: Proof) =>
        call<{ fresh_until: number }>(
            "POST",
            "/me/reauth",
            "password" in proof ? { password: secret(proof.password) } : proof,
        ),
    totpBegin: () => call<{ secret: string; uri: string }>("POST", "/me/totp", {}),
    totpConfirm: (code: string) => call<Codes>("POST", "/me/totp/confirm", { code }),
    totpOff: (password: string) =>
        call<void>("POST", "/me/totp/off", { password: secret(password) }),
    recovery: () => call<Codes>("POST", "/me/recovery", {}),
    passkeyAsk: () => call<{ passkey: PasskeyCreation }>("POST", "/me/passkeys/request", {}),
    passkeyAdd: (name: string, made: Attestation) =>
        call<Codes & { passkey: Passkey }>("POST", "/me/passkeys", { name, ...made }),
    passkeyRename: (id: string, name: string) => call<Passkey>("PATCH", one(id), { name }),
    passkeyRemove: (id: string) => call<void>("DELETE", one(id)),
};
