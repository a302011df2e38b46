// The picture with its deck: six fixed places, dashed where an ability is missing, and the 24 h bar below.
import { useCallback, useRef, useState } from "preact/hooks";
import type { Device, HistoryEvent } from "../../app/api";
import type { Loaded } from "../../app/devices";
import { useKeys } from "../../app/keys";
import { t, type Key } from "../../i18n";
import { clock, hourMinute, span } from "../../i18n/format";
import { Icon, type IconName } from "../../ui/icon";
import { toast } from "../../ui/toast";
import { isPlaying, type Face, type FaceAct } from "../live/face";
import { Cover } from "../live/tile";
import type { Viewing } from "../live/watch";
import { gaps, stretches } from "./history";

interface DeckPlace {
    readonly icon: IconName;
    readonly text: Key;
    readonly kbd: string;
    readonly act?: () => void;
    /** Why the place is empty; it is kept, dashed. */
    readonly missing?: Key;
    readonly cls?: string;
    readonly pressed?: boolean;
}

function DeckButton({
    place,
    onWhy,
}: {
    readonly place: DeckPlace;
    readonly onWhy: (why: string) => void;
}) {
    const why = place.missing ? t(place.missing) : undefined;
    return (
        <button
            type="button"
            class={`btn ${place.cls ?? ""}${why ? " off" : ""}`}
            aria-label={place.cls === "fs" ? t(place.text) : undefined} // its word is hidden when wide
            aria-disabled={why ? true : undefined}
            title={why}
            aria-pressed={place.pressed}
            aria-describedby={why ? "deck-why" : undefined}
            onFocus={() => onWhy(why ?? "")}
            onBlur={() => onWhy("")}
            onClick={() => (why ? onWhy(why) : place.act?.())}
        >
            <Icon name={place.icon} />
            <span>{t(place.text)}</span>
            <kbd aria-hidden="true">{place.kbd}</kbd>
        </button>
    );
}

/** The painted picture as a file; it never leaves this browser. */
function saveFrame(video: HTMLVideoElement, name: string): void {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
        if (!blob) return;
        const a = document.createElement("a");
        a.href = URL.createObjectURL(blob);
        a.download = `${name.replace(/[^\p{L}\p{N}_-]+/gu, "-")}-${new Date().toISOString().replace(/[:.]/g, "-")}.png`;
        a.click();
        setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
        toast(t("deck.saved", { file: a.download }));
    }, "image/png");
}

export function Stage({
    device,
    viewing,
    face,
    onAct,
    history,
}: {
    readonly device: Device;
    readonly viewing: Viewing;
    readonly face: Face;
    readonly onAct: (act: FaceAct) => void;
    readonly history: {
        readonly events: Loaded<readonly HistoryEvent[]>;
        readonly from: number;
        readonly to: number;
    };
}) {
    const stage = useRef<HTMLElement>(null);
    const video = useRef<HTMLVideoElement | null>(null);
    const still = useRef<HTMLCanvasElement>(null);
    // One function for life: a new one would detach and attach the player at every paint.
    const setVideo = useCallback(
        (el: HTMLVideoElement | null) => {
            video.current = el;
            viewing.video(el);
        },
        [viewing.video],
    );
    const [paused, setPaused] = useState<number | null>(null);
    const [why, setWhy] = useState("");
    const hasPicture = isPlaying(viewing.state) || face.dim === true;

    // Pausing holds a copy of the frame over the picture; the stream goes on, so that it resumes at the live edge.
    const pause = () => {
        const v = video.current;
        const c = still.current;
        if (paused !== null) return setPaused(null);
        if (!v || !c || !hasPicture || !v.videoWidth) return;
        c.width = v.videoWidth;
        c.height = v.videoHeight;
        c.getContext("2d")?.drawImage(v, 0, 0);
        setPaused(Date.now());
    };
    const snapshot = () => {
        if (video.current?.videoWidth) saveFrame(video.current, device.name);
    };
    const full = () =>
        void (document.fullscreenElement
            ? document.exitFullscreen()
            : stage.current?.requestFullscreen());
    useKeys(
        [
            { key: " ", shown: t("key.space"), does: "deck.pause", act: pause },
            { key: "s", does: "deck.snapshot", act: snapshot },
            { key: "t", does: "deck.talk", act: () => setWhy(t("deck.no-talk")) },
            { key: "m", does: "deck.sound", act: () => setWhy(t("deck.no-sound")) },
            { key: "b", does: "deck.back", act: () => setWhy(t("deck.no-back")) },
            { key: "f", does: "keys.full", act: full },
        ],
        [paused, hasPicture, device.name],
    );
    const left: readonly DeckPlace[] = [
        {
            icon: paused === null ? "pause" : "play",
            text: paused === null ? "deck.pause" : "deck.resume",
            kbd: t("key.space"),
            act: pause,
            cls: "deskonly",
            pressed: paused !== null,
        },
        { icon: "shot", text: "deck.snapshot", kbd: "S", act: snapshot },
        { icon: "mic", text: "deck.talk", kbd: "T", missing: "deck.no-talk" },
        { icon: "vol", text: "deck.sound", kbd: "M", missing: "deck.no-sound" },
    ];
    const right: readonly DeckPlace[] = [
        { icon: "rew", text: "deck.back", kbd: "B", missing: "deck.no-back" },
        { icon: "full", text: "keys.full", kbd: "F", act: full, cls: "fs" },
    ];
    const button = (p: DeckPlace) => <DeckButton key={p.text} place={p} onWhy={setWhy} />;
    return (
        <section class="stage" ref={stage} aria-label={t("tile.picture", { name: device.name })}>
            <div class={face.dim ? "pic dim" : "pic"}>
                <video
                    ref={setVideo}
                    class={hasPicture ? "" : "away"}
                    muted
                    playsInline
                    disablePictureInPicture
                    aria-label={t("tile.picture", { name: device.name })}
                />
                <canvas
                    ref={still}
                    class={paused === null ? "still away" : "still"}
                    aria-hidden="true"
                />
                <Cover face={face} device={device} onAct={onAct} />
            </div>
            <div class="deck">
                {left.map(button)}
                <span class="sp" />
                {right.map(button)}
            </div>
            <p class="deck-why small" id="deck-why" role="status">
                {why ||
                    (paused !== null
                        ? t("deck.paused", { time: clock(paused) })
                        : viewing.state.phase === "delayed"
                          ? t("tile.delayed-why")
                          : "")}
            </p>
            <DayBar device={device} history={history} />
        </section>
    );
}

function DayBar({
    device,
    history,
}: {
    readonly device: Device;
    readonly history: {
        readonly events: Loaded<readonly HistoryEvent[]>;
        readonly from: number;
        readonly to: number;
    };
}) {
    const { events, from, to } = history;
    if (events.is === "loading")
        return (
            <div class="line24" id="history">
                <svg class="day" viewBox="0 0 840 16" aria-hidden="true">
                    <rect class="none" y="4" width="840" height="8" rx="4" />
                </svg>
                <p class="small quiet">{t("history.loading")}</p>
            </div>
        );
    if (events.is === "failed")
        return (
            <div class="line24" id="history">
                <p class="small quiet">{t("history.failed")}</p>
            </div>
        );
    const list = stretches(events.value, from, to, {
        online: device.state === "online",
        since: device.since,
    });
    const off = gaps(list);
    const x = (ms: number) => ((ms - from) / (to - from)) * 840;
    const text = off.n ? t("history.gaps", { n: off.n, span: span(off.ms) }) : t("history.whole");
    return (
        <div class="line24" id="history">
            <svg
                class="day"
                viewBox="0 0 840 16"
                preserveAspectRatio="none"
                role="img"
                aria-label={`${t("history.day")}: ${text}`}
            >
                {list.map((s) => (
                    <rect
                        key={s.from}
                        class={s.online === null ? "none" : s.online ? "on" : "gap"}
                        x={x(s.from)}
                        y="4"
                        width={Math.max(s.online === false ? 3 : 0, x(s.to) - x(s.from))}
                        height="8"
                        rx={s.online === false ? 0 : 3}
                    />
                ))}
            </svg>
            <div class="row small quiet">
                <span>{t("history.day")}</span>
                <span>{text}</span>
            </div>
            {off.n > 0 && (
                <details class="small">
                    <summary>{t("history.list")}</summary>
                    <ul>
                        {list
                            .filter((s) => s.online === false)
                            .reverse()
                            .map((s) => (
                                <li key={s.from}>
                                    {t("history.gap", {
                                        from: hourMinute(s.from),
                                        to: s.to === to ? t("history.now") : hourMinute(s.to),
                                        span: span(s.to - s.from),
                                    })}
                                </li>
                            ))}
                    </ul>
                </details>
            )}
        </div>
    );
}
