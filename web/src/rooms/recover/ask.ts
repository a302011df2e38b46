// The questions of those who are not signed in and came by mail, or ask for mail.
import { call, Problem, secret, type SessionAnswer, type Strength } from "../../app/api";
import { currentLanguage } from "../../i18n";

export interface Entrance {
    readonly registration: "closed" | "invitation" | "open";
    readonly recovery: boolean;
    readonly sso?: { readonly name: string };
}

export const isGone = (e: unknown): boolean => e instanceof Problem && e.code === "gone";

const start = (what: "recover" | "register") => (mail: string) =>
    call<void>("POST", `/${what}/start`, { mail: mail.trim(), lang: currentLanguage() });

export const ask = {
    entrance: () => call<Entrance>("GET", "/entrance"),
    recoverStart: start("recover"),
    registerStart: start("register"),
    recoverCheck: (token: string) =>
        call<{ name: string; expires: number }>("POST", "/recover/check", { token }),
    recoverStrength: (token: string, password: string, signal: AbortSignal) =>
        call<Strength>(
            "POST",
            "/recover/strength",
            { token, password: secret(password) },
            signal,
        ),
    recover: (token: string, password: string) =>
        call<void>("POST", "/recover", { token, password: secret(password) }),
    registerCheck: (token: string) =>
        call<{ mail: string; expires: number }>("POST", "/register/check", { token }),
    registerStrength: (token: string, name: string, password: string, signal: AbortSignal) =>
        call<Strength>(
            "POST",
            "/register/strength",
            { token, name, password: secret(password) },
            signal,
        ),
    register: (token: string, name: string, password: string) =>
        call<SessionAnswer>("POST", "/register", {
            token,
            name: name.normalize("NFC").trim(),
            password: secret(password),
        }),
    verify: (token: string) => call<void>("POST", "/mail/verify", { token }),
};
