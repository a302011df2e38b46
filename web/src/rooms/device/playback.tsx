// What a camera has kept: the day as a band, the picture of a moment, what can be done with time.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Device } from "../../app/api";
import { readyFleet } from "../../app/devices";
import { useKeys } from "../../app/keys";
import { navigate, setQuery, type PageProps } from "../../app/router";
import { setTitle } from "../../app/title";
import { rich, t } from "../../i18n";
import { clock, dayMonth, hourMinute, zoneName } from "../../i18n/format";
import { PLAY_SPEEDS, type PlaySpeed } from "../../live/api";
import { Icon } from "../../ui/icon";
import { Failure, Loading } from "../../ui/notes";
import { Head, SimChip, useTick } from "../../ui/parts";
import { faceOf, offlineFace, type Face } from "../live/face";
import { Cover, useFaceActs } from "../live/tile";
import { useBeside, useShown, useWatch } from "../live/watch";
import { missing, refusedKey } from "./abilities";
import { Band } from "./band-view";
import { dayOf, gapsOf, markBeside, sameTime, showing, within, zoom, type Window } from "./band";
import { DeckButton, type DeckPlace } from "./deck";
import { DayPanel, KeptPanel } from "./past-panels";
import { SealPanel } from "./seal-panel";
import { CameraTabs } from "./tabs";
import { useDevice } from "./use-device";
import { useFound, usePlaying, type Asked, type Playing } from "./use-past";

const MINUTE = 60_000;
const ZOOM_KEY = 0.5;
const WHY_MS = 8000;

/** "?at=" in ms; else a minute ago. */
function atOf(query: URLSearchParams): number {
    const text = query.get("at") ?? "";
    const at = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    return Number.isFinite(at) && at < Date.now() ? at : Date.now() - MINUTE;
}

export function PlaybackPage({ params, query }: PageProps) {
    const id = params["id"] ?? "";
    const device = useDevice(id);
    if (device.is === "ready") return <Playback key={id} device={device.value} query={query} />;
    return (
        <>
            <Head
                title={t("past.title")}
                crumb={{ href: `/cameras/${id}`, text: id }}
                answer={device.is === "loading" ? t("load.camera") : t("camera.unknown")}
            />
            {device.is === "loading" ? (
                <Loading what={t("load.camera-slow")} bars={6} />
            ) : (
                <Failure what={t("problem.camera")} problem={device.problem} again={device.again} />
            )}
        </>
    );
}

const cover = (title: string, more: Partial<NonNullable<Face["cover"]>> = {}): Face => ({
    tone: "unknown",
    icon: "film",
    word: "",
    cover: { title, ...more },
});

const refusedText = (code: string) =>
    code === "not-found" ? t("past.nothing-later") : t(refusedKey(code), { code });

/** What covers the picture; null = the picture itself. */
function pastFace(asked: Asked, playing: Playing, lack: string | null): Face | null {
    const { view, refused } = playing;
    const { state } = view;
    if (lack) return cover(lack, { icon: "lock", sub: t("past.no-right") });
    if (asked.is === "refused")
        return cover(refusedText(asked.code), {
            icon: "error",
            act: "retry",
            actText: t("act.again"),
        });
    if (asked.is !== "found") return cover(t("past.asking"), { coil: 2 });
    if (state.is === "off") {
        const code = refused ?? state.code;
        if (asked.found.ranges.length === 0)
            return cover(t("past.none-day"), {
                icon: "film",
                ...(asked.found.last_ms > 0
                    ? { act: "retry" as const, actText: t("past.newest") }
                    : {}),
            });
        if (code === null) return cover(t("past.opening"), { coil: 3 });
        if (code === "idle")
            return cover(t("past.idle"), {
                icon: "pause",
                act: "retry",
                actText: t("past.play"),
            });
        return cover(refusedText(code), {
            icon: "error",
            act: "retry",
            actText: t("act.again"),
        });
    }
    return view.at_ms === null ? cover(t("past.opening"), { coil: 3 }) : null;
}

/** "Recorded today from 06:12, 3 gaps." */
function answerOf(device: Device, asked: Asked, day: Window, lack: string | null) {
    const name = device.name;
    if (device.state === "offline")
        return rich("past.offline", { name, time: hourMinute(device.since) });
    if (lack) return rich("past.not-yours", { name });
    if (asked.is === "refused") return rich("past.unread", { name });
    if (asked.is !== "found") return rich("past.reading", { name });
    const { ranges, first_ms } = asked.found;
    const first = ranges[0];
    const last = ranges[ranges.length - 1];
    if (first_ms === 0) return rich("past.empty", { name });
    const isToday = day.to > Date.now();
    const date = dayMonth(day.from);
    if (!first || !last) return rich(isToday ? "past.none-today" : "past.none", { date });
    const until = isToday ? last[1] : day.to;
    const n = gapsOf(ranges, first[0], Math.max(until, last[1])).length;
    const from = hourMinute(first[0]);
    if (isToday) return rich(n ? "past.today-gaps" : "past.today", { n, from });
    const isWhole = first[0] === day.from && n === 0;
    if (isWhole) return rich("past.day-whole", { date });
    return rich(n ? "past.day-gaps" : "past.day", { n, from, to: hourMinute(last[1]), date });
}

function Playback({ device, query }: { readonly device: Device; readonly query: URLSearchParams }) {
    const asksFor = query.get("at") ?? "";
    const [start] = useState(() => atOf(query));
    const [day, setDay] = useState<Window>(() => dayOf(start));
    const [window, setWindow] = useState<Window>(() => dayOf(start));
    const [dragged, setDragged] = useState<number | null>(null);
    const [why, setWhy] = useState("");
    const { shown } = useShown();
    const viewing = useWatch(device, null, shown);
    const beside = useBeside(viewing.watch);
    const acts = useFaceActs(device, viewing);
    const now = useTick(1000);
    const isOpen = viewing.state.phase === "playing";
    const lackKey = missing(device, beside, "playback");
    const lack = lackKey && t(lackKey);
    const mayAsk = isOpen && beside.rights !== null && !lack;
    const asked = useFound(viewing.watch, mayAsk, day);
    const playing = usePlaying(device, viewing.watch, asked, mayAsk, start);
    const { view, moment } = playing;
    const sim = (readyFleet()?.simulated ?? 0) > 0;
    const name = device.name;
    useEffect(() => setTitle(t("past.title"), name), [name, sim]);

    const found = asked.is === "found" && asked.day.from === day.from ? asked.found : null;
    const known: Asked = asked.is === "found" && !found ? { is: "asking" } : asked;
    const marks = found?.marks ?? [];
    const until = Math.min(day.to, now);

    /** The page's address names the moment that was chosen, so that a link shows the same. */
    const chosen = useRef(asksFor);
    const go = (ms: number) => {
        const at = Math.round(Math.max(0, Math.min(ms, Date.now() - 2000)));
        const of = dayOf(at);
        if (of.from !== day.from) {
            setDay(of);
            setWindow(of);
        } else {
            setWindow((w) => showing(w, at, of));
        }
        chosen.current = String(at);
        setQuery({ at: String(at) });
        playing.go(at);
    };
    useEffect(() => {
        if (asksFor !== "" && asksFor !== chosen.current) go(atOf(query));
    }, [asksFor]);
    // The head that leaves the window or the day takes them along.
    useEffect(() => {
        if (view.at_ms === null || dragged !== null) return;
        const of = dayOf(view.at_ms);
        if (of.from !== day.from) {
            setDay(of);
            setWindow(of);
        } else if (window.to - window.from < of.to - of.from) {
            setWindow((w) => showing(w, view.at_ms ?? w.from, of));
        }
    }, [view.at_ms === null ? 0 : Math.floor(view.at_ms / 1000)]);

    const zoomBy = (factor: number) => setWindow((w) => zoom(w, factor, moment, day));
    const speedBy = (by: 1 | -1) => {
        const to = PLAY_SPEEDS[PLAY_SPEEDS.indexOf(playing.speed) + by];
        if (to) playing.setSpeed(to);
    };
    const markGo = (by: 1 | -1) => {
        const at = markBeside(marks, moment, by);
        if (at === null) setWhy(t(by > 0 ? "past.no-later" : "past.no-earlier"));
        else go(at - 1000);
    };
    const live = () => navigate(`/cameras/${device.id}`);
    const stage = useRef<HTMLElement>(null);
    const full = () =>
        void (document.fullscreenElement
            ? document.exitFullscreen()
            : stage.current?.requestFullscreen());
    useKeys(
        [
            { key: " ", shown: t("key.space"), does: "past.toggle", act: playing.toggle },
            { key: "ArrowLeft", shown: "←", does: "past.earlier", act: () => go(moment - 10_000) },
            { key: "ArrowRight", shown: "→", does: "past.later", act: () => go(moment + 10_000) },
            { key: ",", does: "past.step-back", act: () => playing.step(-1) },
            { key: ".", does: "past.step-on", act: () => playing.step(1) },
            { key: "<", does: "past.slower", act: () => speedBy(-1) },
            { key: ">", does: "past.faster", act: () => speedBy(1) },
            { key: "+", does: "past.closer", act: () => zoomBy(ZOOM_KEY) },
            { key: "=", shown: "", does: "past.closer", act: () => zoomBy(ZOOM_KEY) },
            { key: "-", does: "past.wider", act: () => zoomBy(1 / ZOOM_KEY) },
            { key: "e", does: "past.next-event", act: (e) => markGo(e.shiftKey ? -1 : 1) },
            { key: "b", does: "past.live", act: live },
            { key: "f", does: "keys.full", act: full },
        ],
        [moment, playing, day, marks, window],
    );
    useEffect(() => {
        if (!why) return;
        const timer = setTimeout(() => setWhy(""), WHY_MS);
        return () => clearTimeout(timer);
    }, [why]);

    const channel =
        device.state === "offline"
            ? offlineFace(device, now)
            : isOpen
              ? null
              : faceOf(viewing.state, now);
    const face = channel ?? pastFace(asked, playing, lack) ?? null;
    const onAct = (act: Parameters<typeof acts.onAct>[0]) => {
        if (channel || act !== "retry") return acts.onAct(act);
        if (asked.is === "refused") asked.again();
        else if (found && found.ranges.length === 0) go(found.last_ms - MINUTE);
        else playing.again();
    };
    // One function for life: a new one would detach and attach the player at every paint.
    const setVideo = useCallback(
        (el: HTMLVideoElement | null) => viewing.video(el),
        [viewing.video],
    );
    const isHeld = view.paused || view.ended || view.state.is !== "on";
    const off = view.state.is !== "on" ? ("past.nothing-plays" as const) : null;
    const places: readonly DeckPlace[] = [
        {
            icon: isHeld ? "play" : "pause",
            text: isHeld ? "past.play" : "past.pause",
            kbd: t("key.space"),
            act: playing.toggle,
            missing: off,
        },
        {
            icon: "step-back",
            text: "past.step-back",
            kbd: ",",
            act: () => playing.step(-1),
            missing: off,
            bare: true,
            cls: "bare",
        },
        {
            icon: "step-on",
            text: "past.step-on",
            kbd: ".",
            act: () => playing.step(1),
            missing: off,
            bare: true,
            cls: "bare",
        },
    ];
    const status = useMemo(() => {
        if (why) return why;
        if (playing.refused) return refusedText(playing.refused);
        if (face) return "";
        if (view.ended) return t("past.ended");
        if (view.gap)
            return t("past.gap", { from: clock(view.gap.from_ms), to: clock(view.gap.to_ms) });
        if (view.waiting) return t("past.waiting");
        if (view.state.is === "on" && view.state.keysOnly) return t("past.keys-only");
        return "";
    }, [
        why,
        playing.refused,
        face !== null,
        view.ended,
        view.gap?.to_ms,
        view.waiting,
        view.state,
    ]);
    const button = (p: DeckPlace) => <DeckButton key={p.text} place={p} onWhy={setWhy} />;
    const shownAt = dragged ?? moment;
    const isDrawn = found?.source === "simulated";
    return (
        <>
            <Head
                title={t("past.title")}
                crumb={{ href: `/cameras/${device.id}`, text: name }}
                answer={answerOf(device, known, day, lack)}
            />
            <CameraTabs id={device.id} here="playback" />
            <div class="cam past">
                <div class="left">
                    <section class="stage" ref={stage} aria-label={t("past.picture", { name })}>
                        <div class="pic">
                            <video
                                ref={setVideo}
                                class={face ? "away" : ""}
                                muted
                                playsInline
                                disablePictureInPicture
                                aria-label={t("past.picture", { name })}
                            />
                            {face && <Cover face={face} device={device} onAct={onAct} />}
                        </div>
                        <div class="deck">
                            {places.map(button)}
                            <label class="speed">
                                <span class="vh">{t("past.speed")}</span>
                                <select
                                    value={String(playing.speed)}
                                    onChange={(e) =>
                                        playing.setSpeed(Number(e.currentTarget.value) as PlaySpeed)
                                    }
                                >
                                    {PLAY_SPEEDS.map((s) => (
                                        <option key={s} value={String(s)}>
                                            {t("past.times", { n: s })}
                                        </option>
                                    ))}
                                </select>
                            </label>
                            <span class="sp" />
                            {button({ icon: "live", text: "past.live", kbd: "B", act: live })}
                            {button({
                                icon: "full",
                                text: "keys.full",
                                kbd: "F",
                                act: full,
                                cls: "fs",
                                bare: true,
                            })}
                        </div>
                        <div class="line24">
                            <div class="moment">
                                <p class="at">
                                    <time dateTime={new Date(shownAt).toISOString()}>
                                        <span class="quiet">{dayMonth(shownAt)}</span>{" "}
                                        <b>{clock(shownAt)}</b>
                                    </time>
                                    <span class="quiet small zone">{zoneName()}</span>
                                </p>
                                <div class="zooms">
                                    <button
                                        type="button"
                                        class="btn ico sm"
                                        aria-label={t("past.wider")}
                                        onClick={() => zoomBy(1 / ZOOM_KEY)}
                                    >
                                        <Icon name="minus" small />
                                    </button>
                                    <button
                                        type="button"
                                        class="btn ico sm"
                                        aria-label={t("past.closer")}
                                        onClick={() => zoomBy(ZOOM_KEY)}
                                    >
                                        <Icon name="plus" small />
                                    </button>
                                    <button
                                        type="button"
                                        class="btn sm"
                                        onClick={() => setWindow(within(day, day))}
                                    >
                                        {t("past.whole-day")}
                                    </button>
                                </div>
                            </div>
                            <Band
                                day={day}
                                window={window}
                                ranges={found?.ranges ?? []}
                                marks={marks}
                                simulated={isDrawn}
                                moment={moment}
                                until={until}
                                loading={found === null}
                                onWindow={setWindow}
                                onPick={go}
                                onDrag={setDragged}
                            />
                            <div class="under small">
                                <p class="deck-why" id="deck-why" role="status">
                                    {status}
                                </p>
                                {!status && (
                                    <p class="legend quiet">
                                        <span class={isDrawn ? "key sim" : "key kept"} />
                                        {t("past.recorded")}
                                        <span class="key event" />
                                        {t("past.event")}
                                        <span class="key none" />
                                        {t("past.gap-key")}
                                        {isDrawn && <SimChip />}
                                    </p>
                                )}
                            </div>
                        </div>
                    </section>
                </div>
                <aside class="sheet" aria-label={t("past.day-title")}>
                    <DayPanel
                        day={day}
                        found={found}
                        now={now}
                        onDay={(ms) => go(Math.min(ms, Date.now() - MINUTE))}
                        onShift={(by) => go(sameTime(moment, by))}
                    />
                    <KeptPanel found={found} marks={marks} moment={moment} onGo={go} />
                    <SealPanel
                        device={device}
                        state={viewing.state}
                        onCompare={() => acts.onAct("compare")}
                    />
                </aside>
            </div>
            {acts.shown}
        </>
    );
}
