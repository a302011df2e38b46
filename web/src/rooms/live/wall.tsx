// The wall: what is happening now, and is every picture sealed?
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { may } from "../../app/access";
import type { Device } from "../../app/api";
import { ensureDevices, fleet, loadFleet, type Fleet } from "../../app/devices";
import { useKeys } from "../../app/keys";
import { navigate, setQuery, type PageProps } from "../../app/router";
import { gap, rich, t } from "../../i18n";
import { span } from "../../i18n/format";
import type { WatchState } from "../../live/api";
import { Icon } from "../../ui/icon";
import { Empty, Failure, Loading } from "../../ui/notes";
import { Head, Hint } from "../../ui/parts";
import { isPlaying, faceOf } from "./face";
import { Instruments } from "./instruments";
import { Tile } from "./tile";
import { useShown } from "./watch";

export const GRIDS = [1, 4, 9, 16] as const;
export type Grid = (typeof GRIDS)[number];

/** The smallest grid that shows all of `n`, at most 16. */
export const fittingGrid = (n: number): Grid => GRIDS.find((g) => g >= n) ?? 16;

export function gridOf(text: string | null, total: number): Grid {
    return GRIDS.find((g) => String(g) === text) ?? fittingGrid(total);
}

/** Where an arrow leads on a grid of `cols` columns; the same place if there is nothing. */
export function step(at: number, key: string, cols: number, n: number): number {
    const to = at + ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -cols, ArrowDown: cols }[key] ?? 0);
    return to >= 0 && to < n ? to : at;
}

const statesSignal = signal<ReadonlyMap<string, WatchState>>(new Map());

function setState(device: string, state: WatchState | null): void {
    const next = new Map(statesSignal.peek());
    if (state) next.set(device, state);
    else next.delete(device);
    statesSignal.value = next;
}

/** How many of the shown cameras play, open, wait below the screen's edge, and need a person. */
export function tally(devices: readonly Device[], states: ReadonlyMap<string, WatchState>) {
    let playing = 0;
    let opening = 0;
    let below = 0;
    let look = 0;
    for (const d of devices) {
        const s = states.get(d.id);
        if (d.state === "offline") look++;
        else if (!s || s.phase === "idle") below++;
        else if (s.phase === "opening") opening++;
        else {
            if (isPlaying(s)) playing++;
            if (faceOf(s, Date.now()).look) look++;
        }
    }
    return { playing, opening, below, look };
}

function answer(shown: readonly Device[], total: number) {
    const { playing, opening, below, look } = tally(shown, statesSignal.value);
    const slots = {
        a: (kids: ComponentChildren) => (
            <a href="#main" onClick={goToLook}>
                {kids}
            </a>
        ),
    };
    const vars = { playing, total: shown.length };
    const parts = [];
    if (!playing && opening + below) parts.push(...rich("live.opening", { n: opening + below }));
    else if (!playing) parts.push(...rich("live.none", { n: shown.length }));
    else parts.push(...rich(playing === shown.length ? "live.all" : "live.some", vars));
    if (playing && opening) parts.push(gap(), ...rich("live.more-opening", { n: opening }));
    if (playing && below) parts.push(gap(), ...rich("live.below", { n: below }));
    if (look) parts.push(gap(), ...rich("live.look", { n: look }, slots));
    if (total > shown.length)
        parts.push(gap(), ...rich("live.elsewhere", { n: total - shown.length }));
    return parts;
}

function goToLook(e: Event): void {
    e.preventDefault();
    const tile = document.querySelector<HTMLElement>(".tile[data-look]");
    tile?.querySelector<HTMLElement>("button,a")?.focus();
    tile?.scrollIntoView({ block: "nearest" });
}

export function WallPage({ query }: PageProps) {
    const f = fleet.value;
    if (f.is === "loading") {
        return (
            <>
                <Head title={t("nav.live")} answer={t("load.cameras")} />
                <Loading what={t("load.cameras-slow")}>
                    <div class="wall ghosts g16" aria-hidden="true">
                        {Array.from({ length: 12 }, (_, i) => (
                            <span key={i} />
                        ))}
                    </div>
                </Loading>
            </>
        );
    }
    if (f.is === "failed") {
        return (
            <>
                <Head title={t("nav.live")} answer={t("live.unknown")} />
                <Failure
                    what={t("problem.cameras")}
                    problem={f.problem}
                    again={() => void loadFleet()}
                />
            </>
        );
    }
    return f.value.total === 0 ? <NoCameras /> : <Wall fleet={f.value} query={query} />;
}

function NoCameras() {
    return (
        <>
            <Head title={t("nav.live")} answer={rich("cameras.none")} />
            <Empty
                title={t("cameras.none-title")}
                text={t(may("device.enrol") ? "cameras.none-why" : "cameras.none-yours")}
            >
                {may("device.enrol") && (
                    <a class="btn pri" href="/cameras?add=1">
                        <Icon name="plus" small />
                        {t("cameras.add")}
                    </a>
                )}
            </Empty>
        </>
    );
}

function Wall({ fleet: f, query }: { readonly fleet: Fleet; readonly query: URLSearchParams }) {
    const grid = gridOf(query.get("grid"), f.total);
    const pages = Math.max(1, Math.ceil(f.total / grid));
    const page = Math.min(pages, Math.max(1, Number(query.get("page")) || 1));
    const shown = f.devices.slice((page - 1) * grid, page * grid);
    const [at, setAt] = useState(0);
    const [rotating, setRotating] = useState(false);
    const ref = useRef<HTMLDivElement>(null);
    const { shown: tabShown, awayMs } = useShown();
    useEffect(() => {
        void ensureDevices(page * grid).catch(() => undefined);
    }, [page, grid, f.total]);

    const setGrid = (g: Grid) => setQuery({ grid: String(g), page: null });
    const setPage = (p: number) => setQuery({ page: p === 1 ? null : String(p) });
    const nextPage = () => setPage((page % pages) + 1);
    useEffect(() => {
        if (!rotating || pages < 2) return;
        const timer = setInterval(nextPage, 15_000);
        return () => clearInterval(timer);
    }, [rotating, page, pages, grid]);

    const focusTile = (n: number) => {
        setAt(n);
        ref.current?.querySelectorAll<HTMLElement>("a.nm")[n]?.focus();
    };
    /** As laid out: narrow windows have fewer columns than the grid's name says. */
    const columns = () =>
        ref.current ? getComputedStyle(ref.current).gridTemplateColumns.split(" ").length : 1;
    const arrow = (e: KeyboardEvent) =>
        focusTile(step(Math.min(at, shown.length - 1), e.key, columns(), shown.length));
    const full = () =>
        void (document.fullscreenElement
            ? document.exitFullscreen()
            : ref.current?.requestFullscreen());
    useKeys(
        [
            { key: "1", does: "keys.grid1", act: () => setGrid(1) },
            { key: "4", does: "keys.grid4", act: () => setGrid(4) },
            { key: "9", does: "keys.grid9", act: () => setGrid(9) },
            { key: "0", does: "keys.grid16", act: () => setGrid(16) },
            { key: "ArrowLeft", shown: "←", does: "keys.left", act: arrow },
            { key: "ArrowRight", shown: "→", does: "keys.right", act: arrow },
            { key: "ArrowUp", shown: "↑", does: "keys.up", act: arrow },
            { key: "ArrowDown", shown: "↓", does: "keys.down", act: arrow },
            {
                key: "Enter",
                does: "keys.open",
                act: () => {
                    const d = shown[at];
                    if (d) navigate(`/cameras/${d.id}`);
                },
            },
            { key: "f", does: "keys.full", act: full },
            ...(pages > 1
                ? [
                      { key: "n", does: "keys.next-page" as const, act: nextPage },
                      { key: "]", does: "keys.next-page" as const, act: nextPage },
                      {
                          key: "[",
                          does: "keys.previous-page" as const,
                          act: () => setPage(page === 1 ? pages : page - 1),
                      },
                      { key: "r", does: "keys.rotate" as const, act: () => setRotating((r) => !r) },
                  ]
                : []),
        ],
        [grid, page, pages, at, shown.length],
    );

    const onState = useCallback(setState, []);
    return (
        <>
            <Head
                title={t("nav.live")}
                answer={answer(shown, f.total)}
                tools={
                    <>
                        {pages > 1 && (
                            <span class="pager">
                                <button
                                    type="button"
                                    class="btn sm"
                                    onClick={() => setPage(page === 1 ? pages : page - 1)}
                                    aria-label={t("keys.previous-page")}
                                >
                                    ←
                                </button>
                                <span class="small quiet nw">
                                    {t("live.page", { page, pages })}
                                </span>
                                <button
                                    type="button"
                                    class="btn sm"
                                    onClick={nextPage}
                                    aria-label={t("keys.next-page")}
                                >
                                    →
                                </button>
                                <button
                                    type="button"
                                    class="btn sm wide"
                                    aria-pressed={rotating}
                                    onClick={() => setRotating(!rotating)}
                                >
                                    {t("live.rotate")}
                                </button>
                            </span>
                        )}
                        <span class="seg wide" role="group" aria-label={t("live.grid")}>
                            {GRIDS.map((g) => (
                                <button
                                    key={g}
                                    type="button"
                                    aria-pressed={g === grid}
                                    onClick={() => setGrid(g)}
                                >
                                    {g}
                                </button>
                            ))}
                        </span>
                        <button
                            type="button"
                            class="btn ico wide"
                            aria-label={t("keys.full")}
                            title={t("keys.full")}
                            onClick={full}
                        >
                            <Icon name="full" />
                        </button>
                    </>
                }
            />
            {awayMs > 0 && <Hint icon="clock">{t("live.away", { span: span(awayMs) })}</Hint>}
            <div class={`wall g${grid}`} ref={ref} role="group" aria-label={t("nav.live")}>
                {shown.map((d, i) => (
                    <Tile
                        key={d.id}
                        device={d}
                        stream={grid === 1 ? "main" : "sub"}
                        wanted={tabShown}
                        onState={onState}
                        selected={i === Math.min(at, shown.length - 1)}
                        onFocus={() => setAt(i)}
                    />
                ))}
            </div>
            <Instruments states={statesSignal.value} />
        </>
    );
}
