// Starts the console: secrets out of the address bar first, then language and session, then the page.
import { effect, untracked } from "@preact/signals";
import { render, type ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { pages } from "skep:rooms";
import { loadLater, rich, t } from "../i18n";
import { clock } from "../i18n/format";
import { Mark } from "../ui/mark";
import { ErrorNote, Loading } from "../ui/notes";
import { startAccess } from "./access";
import { clearFleet, readyFleet, startFleet } from "./devices";
import { startNews, stopNews } from "./events";
import { startShared } from "../rooms/share/received";
import { startLive, stopLive } from "./live";
import {
    findPage,
    navigate,
    place,
    safeNext,
    startRouter,
    type PageDef,
    type PageProps,
} from "./router";
import { findSession, session, setupStep, startSession, takeFragment } from "./session";
import { Shell, SimStrip } from "./shell";
import { setTitle } from "./title";
import { NotFound } from "./not-found";

takeFragment();
addEventListener("hashchange", takeFragment);

function usePage(page: PageDef | null): ComponentType<PageProps> | null | "failed" {
    const [loaded, setLoaded] = useState<{
        page: PageDef;
        Body: ComponentType<PageProps> | "failed";
    } | null>(null);
    useEffect(() => {
        let alive = true;
        if (page)
            Promise.all([page.load(), page.first ? null : loadLater()]).then(
                ([Body]) => {
                    if (alive) setLoaded({ page, Body });
                },
                () => {
                    if (alive) setLoaded({ page, Body: "failed" });
                },
            );
        return () => {
            alive = false;
        };
    }, [page]);
    return loaded && loaded.page === page ? loaded.Body : null;
}

function CurrentPage() {
    const { path, query } = place.value;
    const hit = findPage(pages, path);
    const Body = usePage(hit?.page ?? null);
    const simulated = readyFleet()?.simulated ?? 0;
    const arrived = useRef<string | null>(null);
    useEffect(() => {
        if (hit && !hit.params["id"]) setTitle(t(hit.page.title));
        if (!Body && hit) return;
        const moved = arrived.current !== null && arrived.current !== path;
        arrived.current = path;
        if (moved) document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
    }, [path, Body, simulated > 0]);
    if (!hit) return <NotFound />;
    if (Body === "failed")
        return (
            <ErrorNote what={t("problem.part")} problem={null} again={() => location.reload()} />
        );
    return Body ? <Body params={hit.params} query={query} /> : <Loading what={t("load.page")} />;
}

function Unreachable() {
    const [since] = useState(Date.now());
    useEffect(() => {
        const timer = setInterval(() => void findSession(), 5000);
        return () => clearInterval(timer);
    }, []);
    return (
        <main class="alone">
            <Mark />
            <h1>Skep</h1>
            <p class="answer" role="status">
                {rich("offline.answer", { time: clock(since) })}
            </p>
            <button type="button" class="btn" onClick={() => void findSession()}>
                {t("act.again")}
            </button>
        </main>
    );
}

const PUBLIC = ["/setup", "/login", "/join", "/recover", "/register", "/verify", "/emergency"];

const owesFactor = (): boolean =>
    session.value.is === "in" && session.value.answer.owes === "factor";

/** Where this session must be: setup while nobody owns the box, login while nobody is signed in. */
function wantedPath(): string | null {
    const path = place.value.path;
    const is = session.value.is;
    if (is === "setup") return path === "/setup" ? null : "/setup";
    if (is === "out")
        return PUBLIC.includes(path)
            ? null
            : `/login?next=${encodeURIComponent(path + location.search)}`;
    if (owesFactor()) return path === "/me/factor" ? null : "/me/factor";
    if (is === "in" && path === "/me/factor") return "/me";
    if (is === "in" && path === "/login") return safeNext(place.value.query.get("next"));
    if (is === "in" && path === "/setup" && !setupStep()) return "/live";
    return is === "in" && path === "/" ? "/live" : null;
}

function App() {
    const state = session.value;
    const to = wantedPath();
    useEffect(() => {
        if (to) navigate(to, { replace: true });
    }, [to]);
    if (state.is === "unreachable") return <Unreachable />;
    if (state.is === "loading" || to)
        return (
            <div class="alone">
                <Loading what={t("load.session")} bars={0} />
            </div>
        );
    const hit = findPage(pages, place.value.path);
    if (hit?.page.open)
        return (
            <div class="page">
                <SimStrip />
                <CurrentPage />
            </div>
        );
    return (
        <Shell>
            <CurrentPage />
        </Shell>
    );
}

function startAll(...starts: readonly (() => () => void)[]): () => void {
    const stops = starts.map((start) => start());
    return () => stops.forEach((stop) => stop());
}

/** What lives exactly as long as the session: the socket, the list of cameras, the sealed worker. */
function followSession(): void {
    let stop: (() => void) | null = null;
    effect(() => {
        const state = session.value;
        untracked(() => {
            if (state.is === "in" && state.answer.owes) return; // nothing of it would be answered
            if (state.is === "in") {
                startLive(state.answer);
                stop ??= startAll(startFleet, startAccess, startShared);
                startNews();
            } else if (stop) {
                stop();
                stop = null;
                stopNews();
                stopLive();
                clearFleet();
            }
        });
    });
}

export async function start(): Promise<void> {
    startRouter();
    followSession();
    await startSession();
    const root = document.getElementById("app");
    if (root) render(<App />, root);
}

void start();
