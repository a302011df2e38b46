// One camera on the wall: picture, caption, and whatever covers the picture when there is none.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Device } from "../../app/api";
import { live } from "../../app/live";
import { t } from "../../i18n";
import type { StreamName, WatchState } from "../../live/api";
import { Coil } from "../../ui/coil";
import { Icon } from "../../ui/icon";
import { KeyWeave, Weave } from "../../ui/weave";
import { useTick } from "../../ui/parts";
import { faceOf, isPlaying, offlineFace, type Face, type FaceAct } from "./face";
import { sharedWithMe } from "../share/received";
import { CodecDialog } from "./codec";
import { PasswordDialog } from "./password";
import { KeyDialog } from "./new-key";
import { useWatch, type Viewing } from "./watch";

/** True while the element is near the screen: only tiles that can be seen play. */
function useOnScreen(ref: { readonly current: HTMLElement | null }): boolean {
    const [on, setOn] = useState(false);
    useEffect(() => {
        const el = ref.current;
        if (!el) return;
        const watcher = new IntersectionObserver(
            (list) => {
                for (const e of list) setOn(e.isIntersecting);
            },
            { rootMargin: "64px" },
        );
        watcher.observe(el);
        return () => watcher.disconnect();
    }, []);
    return on;
}

export function Cover({
    face,
    device,
    onAct,
}: {
    readonly face: Face;
    readonly device: Device;
    readonly onAct: (act: FaceAct) => void;
}) {
    const c = face.cover;
    if (!c) return null;
    return (
        <div class="cover">
            {c.icon && <Icon name={c.icon} />}
            {c.coil !== undefined && <Coil of={4} on={c.coil} tone="straw" seg={14} gap={4} />}
            {c.keys && (
                <span class="two-keys">
                    <Weave bits={c.keys[0].weave} size={52} />
                    <Icon name="arrow" small />
                    <Weave bits={c.keys[1].weave} size={52} />
                </span>
            )}
            <b>{c.title}</b>
            {c.sub && <span class="sub">{c.sub}</span>}
            {c.act === "history" && (
                <a class="btn sm" href={`/cameras/${device.id}#history`}>
                    {c.actText}
                </a>
            )}
            {c.act && c.act !== "history" && (
                <button type="button" class="btn sm" onClick={() => c.act && onAct(c.act)}>
                    {c.actText}
                </button>
            )}
        </div>
    );
}

/** The dialogs that a covered picture can open; shared by the wall and the camera's page. */
export function useFaceActs(device: Device, viewing: Viewing) {
    const [dialog, setDialog] = useState<"enter" | "compare" | "help" | null>(null);
    const close = () => setDialog(null);
    const onAct = (act: FaceAct) => {
        if (act === "retry") viewing.watch?.retry();
        else if (act === "enter" || act === "compare" || act === "help") setDialog(act);
    };
    const state = viewing.state;
    const shown =
        dialog === "enter" && viewing.watch && live.value ? (
            <PasswordDialog
                device={device}
                watch={viewing.watch}
                state={state}
                live={live.value}
                onClose={close}
            />
        ) : dialog === "compare" && viewing.watch && state.phase === "key-changed" ? (
            <KeyDialog device={device} watch={viewing.watch} state={state} onClose={close} />
        ) : dialog === "help" ? (
            <CodecDialog device={device} onClose={close} />
        ) : null;
    return { onAct, shown };
}

export function Tile({
    device,
    stream,
    wanted,
    onState,
    selected,
    onFocus,
}: {
    readonly device: Device;
    readonly stream: StreamName;
    readonly wanted: boolean;
    readonly selected: boolean;
    readonly onState: (device: string, state: WatchState | null) => void;
    readonly onFocus: () => void;
}) {
    const ref = useRef<HTMLElement>(null);
    const onScreen = useOnScreen(ref);
    const viewing = useWatch(device, stream, wanted && onScreen);
    const { state } = viewing;
    const now = useTick(state.phase === "stalled" || state.phase === "retrying" ? 1000 : 15_000);
    const acts = useFaceActs(device, viewing);
    useEffect(() => {
        onState(device.id, device.state === "offline" ? null : state);
    }, [state, device.state]);
    useEffect(() => () => onState(device.id, null), []);
    const face = device.state === "offline" ? offlineFace(device, now) : faceOf(state, now);
    const hasPicture = isPlaying(state) || face.dim === true;
    return (
        <article
            class={selected ? "tile sel" : "tile"}
            ref={ref}
            id={`tile-${device.id}`}
            data-look={face.look ? "" : undefined}
        >
            <div class={face.dim ? "pic dim" : "pic"}>
                <video
                    ref={viewing.video}
                    class={hasPicture ? "" : "away"}
                    muted
                    playsInline
                    disablePictureInPicture
                    aria-label={t("tile.picture", { name: device.name })}
                />
                <Cover face={face} device={device} onAct={acts.onAct} />
            </div>
            <div class="cap">
                <KeyWeave seal={device.seal} />
                <a class="nm" href={`/cameras/${device.id}`} title={device.name} onFocus={onFocus}>
                    {device.name}
                </a>
                {sharedWithMe.value.has(device.id) && (
                    <span class="shared" title={t("tile.shared")}>
                        <Icon name="people" small />
                        <span class="vh">{t("tile.shared")}</span>
                    </span>
                )}
                <span class={`word ${face.tone}`} title={face.tip}>
                    <Icon name={face.icon} small />
                    {face.word}
                    {face.delay && (
                        <span class={face.tone === "warn" ? "lat" : "lat quiet"}>{face.delay}</span>
                    )}
                </span>
            </div>
            {acts.shown}
        </article>
    );
}
