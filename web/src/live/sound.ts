// The page's half of sound: one <audio> on the picture's time line. The browser decodes ahead by about
// 200 ms before it sounds, so the picture waits for the sound (`position`), never the other way round.

import type { ClockMap } from "./messages";
import { type Sink, sinkNew } from "./sink";

const CHECK_MS = 100;
/** Where to begin behind the newest sound: less, and the decoder waits for more anyway. */
const START_S = 0.25;
const FAST_AT_S = 0.6;
const JUMP_AT_S = 1.5;
const TICKS_PER_S = 90_000;

export interface Sound {
    /** MSE in the worker: its handle; else the page's own source is made here. */
    source(handle: MediaSourceHandle | null, map: ClockMap): void;
    unit(init: boolean, bytes: Uint8Array<ArrayBuffer>): void;
    /** Where the sound is on the time line, in s; null while it does not sound. */
    position(): number | null;
    end(): void;
}

export interface SoundOptions {
    /** The browser wants a click before it sounds. */
    readonly blocked: () => void;
    readonly broken: () => void;
}

/** Call it in the person's own turn. */
export function soundNew(options: SoundOptions): Sound {
    const audio = new Audio();
    let sink: Sink | null = null;
    let url: string | null = null;
    let hasStarted = false;
    let over = false;
    const timer = setInterval(check, CHECK_MS);
    audio.addEventListener("error", failed);
    void audio.play().catch(() => undefined); // spends the click on this element, before it has a source

    function failed(): void {
        if (!over && audio.error !== null) options.broken();
    }

    function play(): void {
        audio.play().catch((error: unknown) => {
            if (!over && error instanceof DOMException && error.name === "NotAllowedError") options.blocked();
        });
    }

    function check(): void {
        const spans = audio.buffered;
        if (over || spans.length === 0) return;
        const start = spans.start(spans.length - 1);
        const end = spans.end(spans.length - 1);
        const lag = end - audio.currentTime;
        if (!hasStarted || lag > JUMP_AT_S || audio.currentTime < start || lag < 0) {
            if (end - start < START_S) return;
            hasStarted = true;
            audio.currentTime = end - START_S;
        }
        audio.playbackRate = lag > FAST_AT_S ? 1.05 : 1;
        sink?.position(audio.currentTime);
        if (audio.paused) play();
    }

    function clear(): void {
        sink?.end();
        sink = null;
        if (url !== null) URL.revokeObjectURL(url);
        url = null;
    }

    return {
        source: (handle, map) => {
            clear();
            hasStarted = false;
            if (handle !== null) {
                audio.srcObject = handle as MediaProvider;
                return;
            }
            sink = sinkNew({ codec: map.codec, origin_s: map.origin_pts / TICKS_PER_S, failed: options.broken });
            audio.srcObject = null;
            url = URL.createObjectURL(sink.source);
            audio.src = url;
        },
        unit: (init, bytes) => sink?.append({ init, key: !init, bytes }),
        position: () => {
            const isHeard = hasStarted && !audio.paused && !audio.seeking && audio.readyState >= audio.HAVE_FUTURE_DATA;
            return isHeard ? audio.currentTime : null;
        },
        end: () => {
            over = true;
            clearInterval(timer);
            audio.removeEventListener("error", failed);
            audio.pause();
            clear();
            audio.srcObject = null;
            audio.removeAttribute("src");
            audio.load();
        },
    };
}
