// One camera: the stage and its deck on the left, what seals the picture and how late it is on the right.
import { useEffect, useState } from "preact/hooks";
import { api, type Device, type HistoryEvent } from "../../app/api";
import { readyFleet, type Loaded } from "../../app/devices";
import { useKeys } from "../../app/keys";
import { navigate, type PageProps } from "../../app/router";
import { setTitle } from "../../app/title";
import { rich, t } from "../../i18n";
import { hourMinute, millis, span } from "../../i18n/format";
import type { WatchState } from "../../live/api";
import { Failure, Loading } from "../../ui/notes";
import { AskFor } from "../org/ask-for";
import { Icon } from "../../ui/icon";
import { Head, useTick, Word } from "../../ui/parts";
import { delayOf, faceOf, isPlaying, LIMIT_MS, offlineFace, sealOf } from "../live/face";
import { useFaceActs } from "../live/tile";
import { useBeside, useShown, useWatch } from "../live/watch";
import { DelayPanel } from "./delay";
import { Facts } from "./facts";
import { PtzPanel } from "./ptz";
import { SealPanel } from "./seal-panel";
import { sharedWithMe } from "../share/received";
import { Stage } from "./stage";
import { CameraTabs } from "./tabs";
import { useDevice } from "./use-device";

const DAY = 86_400_000;

function useHistory(device: Device): {
    events: Loaded<readonly HistoryEvent[]>;
    from: number;
    to: number;
} {
    const [events, setEvents] = useState<Loaded<readonly HistoryEvent[]>>({ is: "loading" });
    const [to, setTo] = useState(Date.now());
    useEffect(() => {
        let alive = true;
        const end = Date.now();
        api.history(device.id, end - DAY, end).then(
            (a) => {
                if (alive) {
                    setEvents({ is: "ready", value: a.events });
                    setTo(end);
                }
            },
            (problem: unknown) => {
                if (alive) setEvents({ is: "failed", problem });
            },
        );
        return () => {
            alive = false;
        };
    }, [device.id, device.state]);
    return { events, from: to - DAY, to };
}

export function CameraPage({ params }: PageProps) {
    const id = params["id"] ?? "";
    const device = useDevice(id);
    const crumb = { href: "/cameras", text: t("nav.cameras") };
    if (device.is === "ready") return <Camera key={id} device={device.value} />;
    return (
        <>
            <Head
                title={id}
                crumb={crumb}
                answer={device.is === "loading" ? t("load.camera") : t("camera.unknown")}
            />
            {device.is === "loading" ? (
                <Loading what={t("load.camera-slow")} bars={6} />
            ) : (
                <>
                    <Failure
                        what={t("problem.camera")}
                        problem={device.problem}
                        again={device.again}
                    />
                    <AskFor device={id} problem={device.problem} />
                </>
            )}
        </>
    );
}

function answer(device: Device, state: WatchState) {
    const name = device.name;
    if (device.state === "offline")
        return rich("camera.offline", { name, time: hourMinute(device.since) });
    const delay = delayOf(state);
    if (isPlaying(state) && sealOf(state)) {
        if (!delay) return rich("camera.live", { name });
        return rich(delay.now_ms > LIMIT_MS ? "camera.behind" : "camera.live-delay", {
            name,
            delay: millis(delay.now_ms),
        });
    }
    if (state.phase === "idle" || state.phase === "opening")
        return rich("camera.opening", { name });
    return rich("camera.not-playing", {
        name,
        why: faceOf(state, Date.now()).cover?.title ?? faceOf(state, Date.now()).word,
    });
}

function Camera({ device }: { readonly device: Device }) {
    const { shown } = useShown();
    const viewing = useWatch(device, "main", shown);
    const beside = useBeside(viewing.watch);
    const acts = useFaceActs(device, viewing);
    const now = useTick(1000);
    const history = useHistory(device);
    const sim = (readyFleet()?.simulated ?? 0) > 0;
    useEffect(() => setTitle(device.name, t("nav.cameras")), [device.name, sim]);
    useEffect(() => {
        if (location.hash === "#history")
            document.getElementById("history")?.scrollIntoView({ block: "center" });
    }, []);
    const go = (by: number) => {
        const list = readyFleet()?.devices ?? [];
        const to = list[list.findIndex((d) => d.id === device.id) + by];
        if (to) navigate(`/cameras/${to.id}`);
    };
    useKeys(
        [
            { key: "[", does: "keys.previous-camera", act: () => go(-1) },
            { key: "]", does: "keys.next-camera", act: () => go(1) },
        ],
        [device.id],
    );
    const { state } = viewing;
    const face = device.state === "offline" ? offlineFace(device, now) : faceOf(state, now);
    return (
        <>
            <Head
                title={device.name}
                crumb={{ href: "/cameras", text: t("nav.cameras") }}
                answer={answer(device, state)}
                tools={
                    <>
                        {sharedWithMe.value.has(device.id) && (
                            <Word icon="people">{t("tile.shared")}</Word>
                        )}
                        {device.rights?.includes("manage") && (
                            <a class="btn" href={`/cameras/${device.id}/access?share=1`}>
                                <Icon name="key" small />
                                {t("share.act")}
                            </a>
                        )}
                    </>
                }
            />
            <CameraTabs id={device.id} here="view" />
            <div class="cam">
                <div class="left">
                    <Stage
                        device={device}
                        viewing={viewing}
                        beside={beside}
                        face={face}
                        onAct={acts.onAct}
                        history={history}
                    />
                    <Facts device={device} />
                </div>
                <aside class="sheet" aria-label={t("seal.title")}>
                    <SealPanel
                        device={device}
                        state={state}
                        onCompare={() => acts.onAct("compare")}
                    />
                    <DelayPanel state={state} />
                    <PtzPanel device={device} watch={viewing.watch} beside={beside} />
                </aside>
            </div>
            {acts.shown}
            <p class="vh" role="status">
                {state.phase === "stalled" ? t("tile.stalled-for", { span: span(2000) }) : ""}
            </p>
        </>
    );
}
