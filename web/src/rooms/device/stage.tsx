// The picture with its deck: six fixed places, dashed where an ability is missing, and the 24 h bar below.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Device, HistoryEvent } from "../../app/api";
import type { Loaded } from "../../app/devices";
import { useKeys } from "../../app/keys";
import { navigate } from "../../app/router";
import { t } from "../../i18n";
import { bytes, clock, hourMinute, span } from "../../i18n/format";
import type { BesideState } from "../../live/api";
import { toast } from "../../ui/toast";
import { isPlaying, type Face, type FaceAct } from "../live/face";
import { Cover } from "../live/tile";
import type { Viewing } from "../live/watch";
import { missing, pictureName, refusedKey } from "./abilities";
import { DeckButton, TalkButton, type DeckPlace } from "./deck";
import { gaps, stretches, type Stretch } from "./history";
import { useTalk } from "./use-talk";

/** How long a reason stands before the day's line comes back. */
const WHY_MS = 12_000;

function save(blob: Blob, file: string): void {
    const a = document.createElement("a");
    a.href = URL.createObjectURL(blob);
    a.download = file;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}

/** The painted picture as a file; for cameras that take no picture of their own. */
function saveFrame(video: HTMLVideoElement, name: string): void {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    const file = pictureName(name, new Date());
    canvas.toBlob(
        (blob) => {
            if (!blob) return;
            save(blob, file);
            toast(t("deck.saved-frame", { file, size: bytes(blob.size) }));
        },
        "image/jpeg",
        0.92,
    );
}

export function Stage({
    device,
    viewing,
    beside,
    face,
    onAct,
    history,
}: {
    readonly device: Device;
    readonly viewing: Viewing;
    readonly beside: BesideState;
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
    const { watch } = viewing;
    const talking = useTalk(watch);
    const name = device.name;
    const lacks = {
        sound: missing(device, beside, "listen"),
        talk: missing(device, beside, "talk"),
        picture: missing(device, beside, "snapshot"),
        past: missing(device, beside, "playback"),
    };
    const snapshot = async () => {
        if (lacks.picture === "lack.snapshot") {
            if (video.current?.videoWidth) saveFrame(video.current, name);
            return;
        }
        if (lacks.picture) return setWhy(t(lacks.picture));
        if (!watch || beside.rights === null) return setWhy(t("refused.not-open"));
        const taken = await watch.snapshot();
        if (!taken.ok) return setWhy(t(refusedKey(taken.code), { code: taken.code }));
        const blob = new Blob([taken.jpeg], { type: "image/jpeg" });
        const file = pictureName(name, new Date());
        save(blob, file);
        const size = `${taken.width}×${taken.height}, ${bytes(blob.size)}`;
        toast(t("deck.saved", { file, size }));
    };
    const soundOn = beside.sound.is === "on" || beside.sound.is === "starting";
    const sound = () => {
        if (lacks.sound) return setWhy(t(lacks.sound));
        if (!watch || beside.rights === null) return setWhy(t("refused.not-open"));
        setWhy("");
        watch.setSound(!soundOn);
    };
    const talkKey = (e: KeyboardEvent) => {
        if (lacks.talk) return setWhy(t(lacks.talk));
        if (e.repeat) return;
        setWhy("");
        talking.down();
        const up = (released: KeyboardEvent) => {
            if (released.key.toLowerCase() !== "t") return;
            document.removeEventListener("keyup", up);
            talking.up();
        };
        document.addEventListener("keyup", up);
    };
    const back = () =>
        lacks.past ? setWhy(t(lacks.past)) : navigate(`/cameras/${device.id}/playback`);
    const full = () =>
        void (document.fullscreenElement
            ? document.exitFullscreen()
            : stage.current?.requestFullscreen());
    const isTalking = talking.hold.is !== "off";
    useKeys(
        [
            { key: " ", shown: t("key.space"), does: "deck.pause", act: pause },
            { key: "s", does: "deck.snapshot", act: () => void snapshot() },
            { key: "t", does: "deck.talk", act: talkKey },
            { key: "m", does: "deck.sound", act: sound },
            { key: "b", does: "deck.back", act: back },
            { key: "f", does: "keys.full", act: full },
            ...(isTalking
                ? [{ key: "Escape", does: "deck.talk-end" as const, act: talking.stop }]
                : []),
        ],
        [paused, hasPicture, name, watch, beside, isTalking],
    );
    useEffect(() => {
        if (isTalking) setWhy("");
    }, [isTalking]);
    useEffect(() => {
        if (!why) return;
        const timer = setTimeout(() => setWhy(""), WHY_MS);
        return () => clearTimeout(timer);
    }, [why]);
    useEffect(() => {
        if (talking.why) setWhy(t(refusedKey(talking.why), { code: talking.why }));
    }, [talking.why]);
    useEffect(() => {
        if (beside.sound.is === "ended")
            setWhy(t(refusedKey(beside.sound.code), { code: beside.sound.code }));
    }, [beside.sound]);
    const left: readonly DeckPlace[] = [
        {
            icon: paused === null ? "pause" : "play",
            text: paused === null ? "deck.pause" : "deck.resume",
            kbd: t("key.space"),
            act: pause,
            cls: "deskonly",
            pressed: paused !== null,
        },
        {
            icon: "shot",
            text: "deck.snapshot",
            kbd: "S",
            act: () => void snapshot(),
            missing: lacks.picture === "lack.snapshot" ? null : lacks.picture,
        },
    ];
    const talk: DeckPlace = {
        icon: "mic",
        text: "deck.talk",
        kbd: "T",
        missing: lacks.talk,
    };
    const right: readonly DeckPlace[] = [
        { icon: "rew", text: "deck.back", kbd: "B", act: back, missing: lacks.past },
        { icon: "full", text: "keys.full", kbd: "F", act: full, cls: "fs", bare: true },
    ];
    const button = (p: DeckPlace) => <DeckButton key={p.text} place={p} onWhy={setWhy} />;
    const status = () => {
        if (talking.hold.is === "latched" && talking.level !== null)
            return t("deck.heard-latched", { name });
        if (isTalking) return t(talking.level === null ? "deck.mic-asked" : "deck.heard", { name });
        if (why) return why;
        if (paused !== null) return t("deck.paused", { time: clock(paused) });
        if (viewing.state.phase === "delayed") return t("tile.delayed-why");
        return beside.sound.is === "starting" ? t("deck.sound-asked") : "";
    };
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
                {lacks.talk ? button(talk) : <TalkButton talking={talking} />}
                {button({
                    icon: soundOn ? "vol" : "mute",
                    text: "deck.sound",
                    kbd: "M",
                    act: sound,
                    missing: lacks.sound,
                    ...(lacks.sound ? {} : { pressed: soundOn }),
                })}
                <span class="sp" />
                {right.map(button)}
            </div>
            <DayBar device={device} history={history} status={status()} />
        </section>
    );
}

/** The bar of the day; what the deck has to say stands in the line under it, so that nothing moves. */
function DayBar({
    device,
    history,
    status,
}: {
    readonly device: Device;
    readonly status: string;
    readonly history: {
        readonly events: Loaded<readonly HistoryEvent[]>;
        readonly from: number;
        readonly to: number;
    };
}) {
    const { events, from, to } = history;
    const list =
        events.is === "ready"
            ? stretches(events.value, from, to, {
                  online: device.state === "online",
                  since: device.since,
              })
            : [];
    const off = gaps(list);
    const x = (ms: number) => ((ms - from) / (to - from)) * 840;
    const text = off.n ? t("history.gaps", { n: off.n, span: span(off.ms) }) : t("history.whole");
    return (
        <div class="line24" id="history">
            {events.is !== "failed" && (
                <svg
                    class="day"
                    viewBox="0 0 840 16"
                    preserveAspectRatio="none"
                    role="img"
                    aria-label={`${t("history.day")}: ${text}`}
                >
                    {events.is === "loading" && (
                        <rect class="none" y="4" width="840" height="8" rx="4" />
                    )}
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
            )}
            <div class="under small">
                <p class="deck-why" id="deck-why" role="status">
                    {status}
                </p>
                {!status && events.is === "loading" && <p class="quiet">{t("history.loading")}</p>}
                {!status && events.is === "failed" && <p class="quiet">{t("history.failed")}</p>}
                {!status && events.is === "ready" && <p class="quiet">{t("history.day")}</p>}
                {!status && events.is === "ready" && <Gaps list={list} to={to} text={text} />}
            </div>
        </div>
    );
}

/** How many gaps; opens to the list of them. */
function Gaps({
    list,
    to,
    text,
}: {
    readonly list: readonly Stretch[];
    readonly to: number;
    readonly text: string;
}) {
    const off = list.filter((s) => s.online === false);
    if (off.length === 0) return <p class="quiet">{text}</p>;
    return (
        <details>
            <summary>{text}</summary>
            <ul>
                {[...off].reverse().map((s) => (
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
    );
}
