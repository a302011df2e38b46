// A tile's view of a camera: started when it may be seen, stopped when it may not, its state as a value.
import { effect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Device } from "../../app/api";
import { live } from "../../app/live";
import { labelSeed } from "../../app/session";
import {
    BESIDE_NONE,
    type Action,
    type BesideState,
    type StreamName,
    type Watch,
    type WatchState,
} from "../../live/api";

/** Views that are open on this page; a label file answers several of them at once. */
const open = new Set<Watch>();

/** Starts again every view that waits for a password. */
export function retryWaiting(devices: readonly string[]): void {
    for (const watch of open) {
        const phase = watch.state().phase;
        const waits =
            phase === "needs-password" || phase === "wrong-password" || phase === "bad-credential";
        if (waits && devices.includes(watch.device)) watch.retry();
    }
}

// A seed that comes while cameras wait for their passwords (its link opened in a page that stands): once the worker has it.
effect(() => {
    if (labelSeed() === null) return;
    queueMicrotask(() => {
        for (const watch of open) if (watch.state().phase === "needs-password") watch.retry();
    });
});

export interface Viewing {
    readonly watch: Watch | null;
    readonly state: WatchState;
    readonly video: (element: HTMLVideoElement | null) => void;
}

const IDLE: WatchState = { phase: "idle" };

/** Offline cameras are not asked: the directory knows, and says when they are back. */
export const mayOpen = (device: Device, wanted: boolean): boolean =>
    wanted && device.state === "online";

/**
 * What is asked for when a camera is opened: watching, and whatever else it can. The wall asks for the same, because
 * the camera's page takes its channel over.
 */
export function actionsOf(device: Device): readonly Action[] {
    const more: readonly Action[] = ["listen", "talk", "ptz", "snapshot", "playback"];
    const may = (one: Action) => device.rights?.includes(one) !== false;
    return ["live-main", "live-sub", ...more.filter((one) => device.caps.includes(one) && may(one))];
}

/** Sound, talk, steering of a watch. */
export function useBeside(watch: Watch | null): BesideState {
    const [state, setState] = useState<BesideState>(BESIDE_NONE);
    useEffect(() => {
        setState(BESIDE_NONE);
        return watch?.onBeside(setState);
    }, [watch]);
    return watch ? state : BESIDE_NONE;
}

/** `stream` null: the channel alone, for playback. */
export function useWatch(device: Device, stream: StreamName | null, wanted: boolean): Viewing {
    const [state, setState] = useState<WatchState>(IDLE);
    const [watch, setWatch] = useState<Watch | null>(null);
    const element = useRef<HTMLVideoElement | null>(null);
    const current = useRef<Watch | null>(null);
    const asked = useRef(stream);
    const on = mayOpen(device, wanted);
    const worker = live.value;
    useEffect(() => {
        if (!worker || !on) return;
        const w = worker.watch({
            device: device.id,
            stream,
            simulated: device.simulated,
            actions: actionsOf(device),
            ...(device.seal ? { directory_seal: device.seal } : {}),
        });
        current.current = w;
        asked.current = stream;
        open.add(w);
        setWatch(w);
        if (element.current) w.attach(element.current);
        const off = w.onState(setState);
        return () => {
            off();
            open.delete(w);
            current.current = null;
            w.stop();
            setWatch(null);
            setState(IDLE);
        };
    }, [worker, device.id, device.seal, on]);
    useEffect(() => {
        if (!watch || stream === null || asked.current === stream) return;
        asked.current = stream;
        watch.setStream(stream);
    }, [watch, stream]);
    const video = useRef((el: HTMLVideoElement | null) => {
        element.current = el;
        current.current?.attach(el);
    });
    return { watch, state: on ? state : IDLE, video: video.current };
}

/** False 30 s after the tab was hidden; true again when it is shown. `away` tells how long it was. */
export function useShown(): { readonly shown: boolean; readonly awayMs: number } {
    const [shown, setShown] = useState(true);
    const [awayMs, setAway] = useState(0);
    useEffect(() => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        let left = 0;
        const onChange = () => {
            clearTimeout(timer);
            if (document.hidden) {
                left = Date.now();
                timer = setTimeout(() => setShown(false), 30_000);
            } else {
                setShown((before) => {
                    if (!before) setAway(Date.now() - left);
                    return true;
                });
            }
        };
        document.addEventListener("visibilitychange", onChange);
        return () => {
            clearTimeout(timer);
            document.removeEventListener("visibilitychange", onChange);
        };
    }, []);
    useEffect(() => {
        if (!awayMs) return;
        const timer = setTimeout(() => setAway(0), 8000);
        return () => clearTimeout(timer);
    }, [awayMs]);
    return { shown, awayMs };
}
