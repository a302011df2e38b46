// Who is signed in, in which language and theme, and what the link brought along in its fragment.
import { signal, type ReadonlySignal } from "@preact/signals";
import { api, Problem, setCsrf, whenSignedOut, type Prefs, type SessionAnswer } from "./api";
import { loadLanguage, type Language } from "../i18n";

export type Theme = "auto" | "light" | "dark";
export type SessionState =
    | { readonly is: "loading" }
    | { readonly is: "in"; readonly answer: SessionAnswer }
    | { readonly is: "out" }
    | { readonly is: "setup" }
    | { readonly is: "unreachable" };

const stateSignal = signal<SessionState>({ is: "loading" });
export const session: ReadonlySignal<SessionState> = stateSignal;
const themeSignal = signal<Theme>("auto");
export const theme: ReadonlySignal<Theme> = themeSignal;
const lettersSignal = signal(true);
/** Single-letter keys; people who use speech input switch them off. */
export const letterKeys: ReadonlySignal<boolean> = lettersSignal;

/** What storage would not take: then it lives as long as the page. */
const unstored = new Map<string, string>();

function kept(area: "localStorage" | "sessionStorage", name: string): string | null {
    const here = unstored.get(name);
    if (here !== undefined) return here;
    try {
        return globalThis[area].getItem(`skep.${name}`);
    } catch {
        return null;
    }
}
function keep(area: "localStorage" | "sessionStorage", name: string, value: string | null): void {
    unstored.delete(name);
    try {
        if (value === null) globalThis[area].removeItem(`skep.${name}`);
        else globalThis[area].setItem(`skep.${name}`, value);
    } catch {
        if (value !== null) unstored.set(name, value);
    }
}

export interface Fragment {
    readonly token: string | null;
    readonly seed: string | null;
    readonly invitation: string | null;
    /** Of a link that came by mail: registration, recovery (`#r=`), confirmation (`#v=`). */
    readonly mailed: string | null;
    /** Of a share of one camera: `d=..&s=..&k=..` as it came. */
    readonly share: string | null;
}

/**
 * Links that bring secrets, by the name of their first part: setup `#t=..&s=..`, label seed `#s=..`, invitation `#i=..`, mailed `#r=..`, `#v=..`;
 * a share of one camera `#d=..&s=..&k=..` is kept whole, the sealed worker reads it.
 * A part means what it means in that link only; a further kind of link is a further row.
 */
const LINKS: Readonly<Record<string, Readonly<Record<string, keyof Fragment>>>> = {
    t: { t: "token", s: "seed" },
    s: { s: "seed" },
    i: { i: "invitation" },
    r: { r: "mailed" },
    v: { v: "mailed" },
};

/** Null: of none of these forms, to be left alone. A part that is not base64url is as good as absent. */
export function parseFragment(hash: string): Fragment | null {
    const text = hash.replace(/^#/, "");
    const share = /^d=[a-z2-7]{26}&[\w&=-]{1,100}$/.test(text) ? text : null;
    const parts = new URLSearchParams(text);
    const link = LINKS[[...parts.keys()][0] ?? ""];
    if (!link && !share) return null;
    const out = { token: null, seed: null, invitation: null, mailed: null, share } as Record<
        keyof Fragment,
        string | null
    >;
    for (const [name, as] of Object.entries(link ?? {})) {
        const value = parts.get(name) ?? "";
        if (/^[A-Za-z0-9_-]{1,128}$/.test(value)) out[as] = value;
    }
    return out;
}

const seedSignal = signal<string | null>(null);

/**
 * Takes the secrets out of the address bar, once, before anything else runs, and again if such a link is opened in a
 * page that stands. They stay in this tab.
 */
export function takeFragment(): void {
    seedSignal.value ??= kept("sessionStorage", "seed");
    const found = parseFragment(location.hash);
    if (!found) return;
    const { token, seed, invitation, mailed, share } = found;
    history.replaceState(null, "", location.pathname + location.search);
    if (token) keep("sessionStorage", "token", token);
    // The two kinds of invitation lead to one page: the newer counts.
    if (invitation || share) {
        keep("sessionStorage", "invitation", invitation);
        keep("sessionStorage", "share", share);
    }
    if (mailed) keep("sessionStorage", "mailed", mailed);
    if (seed) keep("sessionStorage", "seed", seed);
    if (seed) seedSignal.value = seed;
}
export const setupToken = (): string | null => kept("sessionStorage", "token");
export const dropSetupToken = (): void => keep("sessionStorage", "token", null);
export const invitationToken = (): string | null => kept("sessionStorage", "invitation");
export const dropInvitation = (): void => keep("sessionStorage", "invitation", null);
export const shareLink = (): string | null => kept("sessionStorage", "share");
export const dropShareLink = (): void => keep("sessionStorage", "share", null);
export const mailedToken = (): string | null => kept("sessionStorage", "mailed");
export const dropMailed = (): void => keep("sessionStorage", "mailed", null);
export const labelSeed = (): string | null => seedSignal.value;

/** The step of setup that comes next, so that a reload resumes it; per tab. */
export const setupStep = (): string | null => kept("sessionStorage", "step");
export const keepSetupStep = (step: string | null): void => keep("sessionStorage", "step", step);

export function chosenLanguage(): Language {
    return (kept("localStorage", "lang") ?? navigator.language).startsWith("zh") ? "zh-CN" : "en";
}

export function showTheme(next: Theme): void {
    themeSignal.value = next;
    keep("localStorage", "theme", next === "auto" ? null : next);
    if (next === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = next;
}

export function setLetterKeys(on: boolean): void {
    lettersSignal.value = on;
    keep("localStorage", "letters", on ? null : "off");
}

function prefsNow(change: Prefs): Required<Prefs> {
    return { lang: change.lang ?? chosenLanguage(), theme: change.theme ?? themeSignal.value };
}

export async function setTheme(next: Theme): Promise<void> {
    showTheme(next);
    if (stateSignal.value.is === "in")
        await api.prefs(prefsNow({ theme: next })).catch(() => undefined);
}

/** One language per load: the page starts again in the other one. */
export async function setLanguage(lang: Language): Promise<void> {
    keep("localStorage", "lang", lang);
    if (stateSignal.value.is === "in") await api.prefs(prefsNow({ lang })).catch(() => undefined);
    location.reload();
}

export function enter(answer: SessionAnswer): void {
    setCsrf(answer.csrf);
    keep("localStorage", "entered", "1");
    stateSignal.value = { is: "in", answer };
    const prefs = answer.prefs ?? {};
    if (prefs.theme && kept("localStorage", "theme") === null && prefs.theme !== "auto")
        showTheme(prefs.theme);
    if (prefs.lang && kept("localStorage", "lang") === null && prefs.lang !== chosenLanguage()) {
        keep("localStorage", "lang", prefs.lang);
        location.reload();
    }
}

export function signedOut(): void {
    setCsrf("");
    keep("localStorage", "entered", null);
    if (stateSignal.value.is !== "out") stateSignal.value = { is: "out" };
}

export async function logout(): Promise<void> {
    try {
        await api.logout();
    } finally {
        signedOut();
    }
}

/** Finds out where this browser stands; called at start and by "Try again". */
export async function findSession(): Promise<void> {
    try {
        // Whoever never entered here is asked about last: a box that has no owner yet knows of no session.
        if (kept("localStorage", "entered") === null && (await api.setup()).needed) {
            stateSignal.value = { is: "setup" };
            return;
        }
        enter(await api.me());
    } catch (e) {
        if (!(e instanceof Problem) || e.code !== "auth-required") {
            stateSignal.value = { is: "unreachable" };
            return;
        }
        try {
            stateSignal.value = { is: (await api.setup()).needed ? "setup" : "out" };
        } catch {
            stateSignal.value = { is: "unreachable" };
        }
    }
}

export async function startSession(): Promise<void> {
    whenSignedOut(() => {
        if (stateSignal.value.is === "in") signedOut();
    });
    const saved = kept("localStorage", "theme");
    themeSignal.value = saved === "light" || saved === "dark" ? saved : "auto";
    lettersSignal.value = kept("localStorage", "letters") !== "off";
    await Promise.all([loadLanguage(chosenLanguage()), findSession()]);
}
