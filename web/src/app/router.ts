// The whole router: a table of paths, one signal for the place, links that stay links.
import { signal, type ReadonlySignal } from "@preact/signals";
import type { ComponentType } from "preact";
import type { IconName } from "../ui/icon";
import type { Key } from "../i18n";
import type { Permission } from "./access";

export interface PageProps {
    readonly params: Readonly<Record<string, string>>;
    readonly query: URLSearchParams;
}

/** Where a page stands in the navigation. `phone` = has a place of its own in the bottom bar. */
export interface NavEntry {
    readonly label: Key;
    readonly icon: IconName;
    readonly order: number;
    readonly group: number;
    readonly chord: string;
    readonly phone?: boolean;
    /** Without this the entry is absent. */
    readonly needs?: Permission;
}

export interface PageDef {
    /** `/cameras/:id`; a part after a colon is a parameter. */
    readonly path: string;
    readonly title: Key;
    readonly load: () => Promise<ComponentType<PageProps>>;
    readonly nav?: NavEntry;
    /** Needs no string of the later tables: shown without waiting for them. */
    readonly first?: boolean;
    /** Public pages have no rail and need no session. */
    readonly open?: boolean;
}

export interface Place {
    readonly path: string;
    readonly query: URLSearchParams;
}

/** Parameters if `path` fits `pattern`, else null. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
    const want = pattern.split("/");
    const have = path.replace(/(.)\/$/, "$1").split("/");
    if (want.length !== have.length) return null;
    const params: Record<string, string> = {};
    for (let i = 0; i < want.length; i++) {
        const w = want[i] ?? "";
        const h = have[i] ?? "";
        if (!w.startsWith(":")) {
            if (w !== h) return null;
            continue;
        }
        if (!h) return null;
        try {
            params[w.slice(1)] = decodeURIComponent(h);
        } catch {
            return null;
        }
    }
    return params;
}

export function findPage<T extends { readonly path: string }>(pages: readonly T[], path: string) {
    for (const page of pages) {
        const params = matchPath(page.path, path);
        if (params) return { page, params };
    }
    return null;
}

/** Where to go after signing in: only a path of our own. */
export function safeNext(next: string | null): string {
    return next && /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : "/live";
}

const here = (): Place => ({
    path: location.pathname,
    query: new URLSearchParams(location.search),
});
const placeSignal = signal<Place>({ path: "/", query: new URLSearchParams() });
export const place: ReadonlySignal<Place> = placeSignal;

export function navigate(href: string, options: { readonly replace?: boolean } = {}): void {
    if (href === location.pathname + location.search) return;
    if (options.replace) history.replaceState(null, "", href);
    else history.pushState(null, "", href);
    placeSignal.value = here();
    if (!options.replace) scrollTo(0, 0);
}

/** Changes some parts of the query in place: filters and pages are shareable, not history entries. */
export function setQuery(changes: Readonly<Record<string, string | null>>): void {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === "") query.delete(name);
        else query.set(name, value);
    }
    const text = query.toString();
    navigate(location.pathname + (text ? `?${text}` : ""), { replace: true });
}

/** Plain clicks on own links become navigation; everything else stays the browser's. */
function onClick(e: MouseEvent): void {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey)
        return;
    const a = (e.target as Element | null)?.closest("a");
    if (!a || a.target || a.hasAttribute("download") || a.origin !== location.origin) return;
    if (a.hash && a.pathname === location.pathname) return;
    e.preventDefault();
    navigate(a.pathname + a.search);
}

export function startRouter(): void {
    placeSignal.value = here();
    addEventListener("popstate", () => {
        placeSignal.value = here();
    });
    document.addEventListener("click", onClick);
}
