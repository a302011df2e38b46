// The frame around every page: demonstration strip, rail, bottom bar, dialogs of the keyboard.
import { signal } from "@preact/signals";
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { pages } from "skep:rooms";
import { loadLater, t } from "../i18n";
import { Icon } from "../ui/icon";
import { Mark } from "../ui/mark";
import { StaleStrip } from "../ui/notes";
import { Toast } from "../ui/toast";
import { may } from "./access";
import { readyFleet } from "./devices";
import { startKeys } from "./keys";
import { Help, Palette } from "./palette";
import { navigate, place, type NavEntry, type PageDef } from "./router";
import { labelSeed, session } from "./session";

export const overlay = signal<"palette" | "help" | null>(null);

type Entry = PageDef & { readonly nav: NavEntry };
const allEntries: readonly Entry[] = pages
    .filter((p): p is Entry => p.nav !== undefined)
    .sort((a, b) => a.nav.order - b.nav.order);

/** The strip of an open emergency login comes when it is needed. */
const alarm = signal<ComponentType<{ until: number }> | null>(null);

function Emergency() {
    const until = session.value.is === "in" ? session.value.answer.emergency?.until : undefined;
    useEffect(() => {
        if (until && !alarm.value)
            void Promise.all([import("../rooms/org/alarm"), loadLater()]).then(([m]) => {
                alarm.value = m.Alarm;
            });
    }, [until]);
    const Strip = alarm.value;
    return until && Strip ? <Strip until={until} /> : null;
}

/** The entries of the navigation that I have something behind. */
export const entries = (): readonly Entry[] =>
    allEntries.filter((e) => !e.nav.needs || may(e.nav.needs));

const isHere = (entry: Entry, path: string) =>
    path === entry.path || path.startsWith(`${entry.path}/`);

/** The first letter of each of the first two words; one sign for Chinese names. */
export function initials(name: string): string {
    const words = name.trim().split(/\s+/).filter(Boolean);
    const first = [...(words[0] ?? "")][0] ?? "·";
    if (/\p{Script=Han}/u.test(first)) return first;
    return (first + ([...(words[1] ?? "")][0] ?? "")).toUpperCase();
}

export function SimStrip() {
    const n = readyFleet()?.simulated ?? 0;
    const seeded = session.value.is !== "in" && labelSeed() !== null;
    if (!n && !seeded) return null;
    const text = n ? t("sim.cameras", { n }) : t("sim.fleet");
    return (
        <aside class="sim-bar" aria-label={t("state.simulated")}>
            <span class="word">
                <Icon name="sim" small />
                <b>{t("state.simulated")}</b>
            </span>
            <span class="wide">{text}</span>
            <span class="narrow">{n ? t("sim.short", { n }) : t("sim.fleet-short")}</span>
            {session.value.is === "in" && (
                <a class="end wide" href="/settings/about">
                    {t("sim.what")}
                </a>
            )}
        </aside>
    );
}

function Rail({ path }: { readonly path: string }) {
    const state = session.value;
    const account = state.is === "in" ? state.answer.account : null;
    const list = entries();
    return (
        <aside class="rail">
            <a class="brand" href="/live">
                <Mark />
                <span>Skep</span>
            </a>
            <button
                type="button"
                class="find"
                onClick={() => {
                    overlay.value = "palette";
                }}
            >
                <Icon name="find" small />
                <span>{t("find.open")}</span>
                <kbd>Ctrl K</kbd>
            </button>
            <nav aria-label={t("nav.main")}>
                <ul class="nav">
                    {list.map((entry, i) => (
                        <>
                            {i > 0 && list[i - 1]?.nav.group !== entry.nav.group && (
                                <li class="gap" aria-hidden="true" />
                            )}
                            <li key={entry.path}>
                                <a
                                    href={entry.path}
                                    aria-current={isHere(entry, path) ? "page" : undefined}
                                    title={t(entry.nav.label)}
                                >
                                    <Icon name={entry.nav.icon} />
                                    <span>{t(entry.nav.label)}</span>
                                </a>
                            </li>
                        </>
                    ))}
                </ul>
            </nav>
            {account && (
                <a class="me" href="/me" aria-current={path === "/me" ? "page" : undefined}>
                    <span class="av" aria-hidden="true">
                        {initials(account.name)}
                    </span>
                    <p>
                        <span>{account.name}</span>
                        <span class="small quiet">
                            {t(`role.${account.role}`)}
                        </span>
                    </p>
                </a>
            )}
        </aside>
    );
}

function BottomBar({ path }: { readonly path: string }) {
    const own = entries().filter((e) => e.nav.phone);
    const elsewhere = !own.some((e) => isHere(e, path));
    return (
        <nav class="tabs-bottom" aria-label={t("nav.main")} data-n={own.length + 1}>
            {own.map((e) => (
                <a key={e.path} href={e.path} aria-current={isHere(e, path) ? "page" : undefined}>
                    <Icon name={e.nav.icon} />
                    {t(e.nav.label)}
                </a>
            ))}
            <a href="/more" aria-current={elsewhere ? "page" : undefined}>
                <Icon name="more" />
                {t("nav.more")}
            </a>
        </nav>
    );
}

function chord(letter: string): boolean {
    const entry = entries().find((e) => e.nav.chord === letter);
    if (entry) navigate(entry.path);
    else if (letter === "m") navigate("/me");
    else return false;
    return true;
}

export function Shell({ children }: { readonly children: ComponentChildren }) {
    const path = place.value.path;
    useEffect(
        () =>
            startKeys({
                palette: () => {
                    overlay.value = "palette";
                },
                help: () => {
                    overlay.value = "help";
                },
                chord,
            }),
        [],
    );
    const strip = (readyFleet()?.simulated ?? 0) > 0;
    return (
        <div class={strip ? "page with-strip" : "page"}>
            <a
                class="skip"
                href="#main"
                onClick={(e) => {
                    e.preventDefault();
                    document.getElementById("main")?.focus();
                }}
            >
                {t("nav.skip")}
            </a>
            <SimStrip />
            <Emergency />
            <StaleStrip />
            <div class="frame">
                <Rail path={path} />
                <main id="main" tabIndex={-1}>
                    {children}
                </main>
            </div>
            <BottomBar path={path} />
            <Toast />
            {overlay.value === "palette" && (
                <Palette
                    onClose={() => {
                        overlay.value = null;
                    }}
                />
            )}
            {overlay.value === "help" && (
                <Help
                    onClose={() => {
                        overlay.value = null;
                    }}
                />
            )}
        </div>
    );
}
