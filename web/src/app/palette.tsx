// Find or do: one list of pages, cameras and actions; and the help of keys.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { Dialog } from "../ui/dialog";
import { Icon, type IconName } from "../ui/icon";
import { may } from "./access";
import { api, type Device } from "./api";
import { readyFleet } from "./devices";
import { keyRows } from "./keys";
import { navigate } from "./router";
import { currentLanguage } from "../i18n";
import { logout, setLanguage, setTheme } from "./session";
import { entries } from "./shell";

export interface Choice {
    readonly icon: IconName;
    readonly text: string;
    readonly kind: string;
    readonly act: () => void;
}

/** Word starts count more than what stands inside; null = no match. Pure. */
export function rank(text: string, query: string): number | null {
    const have = text.toLocaleLowerCase();
    let score = 0;
    for (const word of query.toLocaleLowerCase().split(/\s+/).filter(Boolean)) {
        const at = have.indexOf(word);
        if (at < 0) return null;
        score += at === 0 ? 3 : /[\s\-_/]/.test(have[at - 1] ?? "") ? 2 : 1;
    }
    return score;
}

export function ranked<T extends { readonly text: string }>(
    list: readonly T[],
    query: string,
): T[] {
    return list
        .map((item, i) => ({ item, i, score: rank(item.text, query) }))
        .filter((x): x is typeof x & { score: number } => x.score !== null)
        .sort((a, b) => b.score - a.score || a.i - b.i)
        .map((x) => x.item);
}

function fixedChoices(): Choice[] {
    const page = t("find.page");
    const act = t("find.action");
    const other = currentLanguage() === "en" ? "zh-CN" : "en";
    return [
        ...entries().map((e): Choice => ({
            icon: e.nav.icon,
            text: t(e.nav.label),
            kind: page,
            act: () => navigate(e.path),
        })),
        { icon: "people", text: t("me.title"), kind: page, act: () => navigate("/me") },
        ...(may("device.enrol")
            ? [
                  {
                      icon: "plus" as const,
                      text: t("cameras.add"),
                      kind: act,
                      act: () => navigate("/cameras?add=1"),
                  },
              ]
            : []),
        { icon: "set", text: t("find.theme-light"), kind: act, act: () => void setTheme("light") },
        { icon: "set", text: t("find.theme-dark"), kind: act, act: () => void setTheme("dark") },
        { icon: "set", text: t("find.theme-auto"), kind: act, act: () => void setTheme("auto") },
        { icon: "globe", text: t("lang.other"), kind: act, act: () => void setLanguage(other) },
        { icon: "log-out", text: t("act.log-out"), kind: act, act: () => void logout() },
    ];
}

const cameraChoice = (d: Device): Choice => ({
    icon: "cam",
    text: d.name,
    kind: t("find.camera"),
    act: () => navigate(`/cameras/${d.id}`),
});

export function Palette({ onClose }: { readonly onClose: () => void }) {
    const [query, setQuery] = useState("");
    const [found, setFound] = useState<readonly Device[]>([]);
    const [at, setAt] = useState(0);
    const fixed = useMemo(fixedChoices, []);
    const list = useRef<HTMLUListElement>(null);
    const known = readyFleet();

    // Cameras beyond the loaded ones are asked from the server.
    useEffect(() => {
        if (!query.trim() || !known?.next) return setFound([]);
        const stop = new AbortController();
        const timer = setTimeout(() => {
            api.devices({ q: query.trim(), limit: 8 }, stop.signal).then(
                (p) => setFound(p.devices),
                () => undefined,
            );
        }, 150);
        return () => {
            clearTimeout(timer);
            stop.abort();
        };
    }, [query]);

    const cameras = [
        ...(known?.devices ?? []),
        ...found.filter((d) => !known?.devices.some((k) => k.id === d.id)),
    ];
    const choices = ranked([...fixed, ...cameras.map(cameraChoice)], query).slice(0, 12);
    const now = Math.min(at, choices.length - 1);
    const run = (c: Choice | undefined) => {
        if (c) {
            onClose();
            c.act();
        }
    };
    const onKey = (e: KeyboardEvent) => {
        const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
        if (step && choices.length) {
            e.preventDefault();
            setAt((now + step + choices.length) % choices.length);
        }
        if (e.key === "Enter" && !e.isComposing) {
            e.preventDefault();
            run(choices[now]);
        }
    };
    useEffect(() => {
        list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
    }, [now, query]);
    return (
        <Dialog title={t("find.open")} onClose={onClose}>
            <div class="field">
                <div class="in">
                    <Icon name="find" small />
                    <input
                        role="combobox"
                        aria-expanded="true"
                        aria-controls="find-list"
                        aria-label={t("find.open")}
                        autocomplete="off"
                        spellcheck={false}
                        aria-activedescendant={choices.length ? `find-${now}` : undefined}
                        placeholder={t("find.hint")}
                        value={query}
                        onInput={(e) => {
                            setQuery(e.currentTarget.value);
                            setAt(0);
                        }}
                        onKeyDown={onKey}
                    />
                </div>
            </div>
            <ul class="found" id="find-list" role="listbox" aria-label={t("find.open")} ref={list}>
                {choices.map((c, i) => (
                    <li
                        key={`${c.kind}${c.text}${i}`}
                        id={`find-${i}`}
                        role="option"
                        aria-selected={i === now}
                        onClick={() => run(c)}
                        onMouseMove={() => setAt(i)}
                    >
                        <Icon name={c.icon} />
                        <span class="nm">{c.text}</span>
                        <span class="small quiet">{c.kind}</span>
                    </li>
                ))}
            </ul>
            {choices.length === 0 && (
                <p class="quiet" role="status">
                    {t("find.none")}
                </p>
            )}
        </Dialog>
    );
}

export function Help({ onClose }: { readonly onClose: () => void }) {
    const everywhere: readonly (readonly [string, string])[] = [
        ["Ctrl K", t("find.open")],
        ["/", t("find.open")],
        ["?", t("keys.help")],
        ["Esc", t("keys.close")],
        ...entries().map((e) => [`g ${e.nav.chord}`, t(e.nav.label)] as const),
        ["g m", t("me.title")],
    ];
    const rows = (list: readonly (readonly [string, string])[]) =>
        list.map(([key, text]) => (
            <div key={key + text}>
                <dt>
                    <kbd>{key}</kbd>
                </dt>
                <dd>{text}</dd>
            </div>
        ));
    return (
        <Dialog title={t("keys.title")} onClose={onClose}>
            {keyRows.value.length > 0 && (
                <>
                    <h3 class="h3">{t("keys.page")}</h3>
                    <dl class="keys">
                        {rows(
                            keyRows.value
                                .filter((r) => r.shown !== "")
                                .map((r) => [r.shown ?? r.key, t(r.does)] as const),
                        )}
                    </dl>
                </>
            )}
            <h3 class="h3">{t("keys.everywhere")}</h3>
            <dl class="keys">{rows(everywhere)}</dl>
        </Dialog>
    );
}
