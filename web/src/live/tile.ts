// A watch as the worker sees it: what the page asked for, its media source, its state.

import type { BesideState, PastState, StreamName, WatchOptions, WatchState } from "./api";
import type { ClockMap, FromWorker } from "./messages";
import type { PastSink } from "./past";
import { type Sink, mimeOf, sinkNew } from "./sink";
import type { LiveStream } from "./stream";
import type { Unit } from "../seal/receive";

const TICKS_PER_S = 90_000;
const FAILURE_WINDOW_MS = 30_000;
const FAILURES_MAX = 3;

export interface Tile {
    readonly id: number;
    readonly options: WatchOptions;
    /** null: playback alone. */
    stream: StreamName | null;
    /** Posts a state if it differs from the last one. */
    show(state: WatchState): void;
    /** A unit of a stream; the source is made at the first KEY unit of a stream not shown yet. */
    unit(stream: LiveStream, unit: Unit): void;
    /** The camera's clock or ours moved. */
    mapChanged(): void;
    /** An element came or went; `stream` is what it should show at once. */
    attach(on: boolean, stream: LiveStream | null): void;
    position(time_s: number): void;
    /** The page's sink or element broke. */
    broken(codec: boolean): void;
    /** Posts what is beside the picture if it differs. */
    beside(state: BesideState): void;
    /** A unit of the sound; its source is made once there is a picture whose time line it shares. */
    soundUnit(stream: LiveStream, unit: Unit): void;
    soundEnd(): void;
    /** Where a playback goes. */
    readonly pastSink: PastSink;
    past(state: PastState): void;
    /** The stream is over; the last picture stays. */
    release(): void;
    /** The stream that plays now. */
    playing(): LiveStream | null;
    end(): void;
}

export interface TileOptions {
    readonly id: number;
    readonly options: WatchOptions;
    readonly workerMse: boolean;
    readonly post: (message: FromWorker, transfer?: Transferable[]) => void;
    readonly offset_ms: () => number | null;
    /** This browser cannot play it. */
    readonly codecFailed: (codec: string) => void;
    /** Nor the sound. */
    readonly soundFailed: () => void;
    /** Nor what was recorded. */
    readonly pastFailed: (why: "codec" | "decode") => void;
}

export function tileNew(setup: TileOptions): Tile {
    const { id, post } = setup;
    let live: LiveStream | null = null;
    let sink: Sink | null = null;
    let attached = false;
    let failures: number[] = [];
    let shown = "";
    let besideShown = "";
    let heard: LiveStream | null = null;
    let soundSink: Sink | null = null;
    let over = false;

    function show(state: WatchState): void {
        const text = JSON.stringify(state);
        if (over || text === shown) return;
        shown = text;
        post({ of: "state", id, state });
    }

    function beside(state: BesideState): void {
        const text = JSON.stringify(state);
        if (over || text === besideShown) return;
        besideShown = text;
        post({ of: "beside", id, state });
    }

    function map(): ClockMap | null {
        const known = live?.map() ?? null;
        return known === null ? null : { ...known, offset_ms: setup.offset_ms() };
    }

    /** A decoder that broke gets a new source at the next KEY unit; one that keeps breaking is no decoder. */
    function failed(codec: boolean): void {
        sink?.end();
        sink = null;
        const playing = live;
        live = null;
        failures = [...failures.filter((at) => at > Date.now() - FAILURE_WINDOW_MS), Date.now()];
        if (codec || failures.length > FAILURES_MAX) setup.codecFailed(playing?.info()?.codec ?? "");
        else playing?.keyframe();
    }

    /** A new source for the stream, filled with what came since the newest KEY unit. */
    function sourceMake(stream: LiveStream): void {
        sink?.end();
        sink = null;
        live = stream;
        const place = map();
        if (place === null) return;
        if (!setup.workerMse) {
            post({ of: "source", id, handle: null, map: place });
        } else {
            if (!MediaSource.isTypeSupported(mimeOf(place.codec))) return failed(true);
            sink = sinkNew({
                codec: place.codec, origin_s: place.origin_pts / TICKS_PER_S, failed: (why) => failed(why === "codec"),
            });
            const handle = (sink.source as MediaSource & { readonly handle: MediaSourceHandle }).handle;
            post({ of: "source", id, handle, map: place }, [handle]);
        }
        for (const unit of stream.recent()) append(unit);
        if (heard !== null) soundMake(heard);
    }

    function append(unit: Unit): void {
        if (sink !== null) return sink.append(unit);
        if (setup.workerMse) return;
        const bytes = unit.bytes.slice().buffer;
        post({ of: "unit", id, init: unit.init, key: unit.key, bytes }, [bytes]);
    }

    function soundClear(): void {
        soundSink?.end();
        soundSink = null;
        heard = null;
    }

    function soundEnd(): void {
        if (heard !== null && !over) post({ of: "sound", id, handle: null, map: null });
        soundClear();
    }

    /** A source of its own, but on the picture's time line: the page plays both at one position. */
    function soundMake(stream: LiveStream): void {
        const place = map();
        const codec = stream.info()?.codec;
        if (place === null || codec === undefined) return;
        soundClear();
        const shared = { ...place, codec };
        heard = stream;
        if (!setup.workerMse) {
            post({ of: "sound", id, handle: null, map: shared });
        } else {
            if (!MediaSource.isTypeSupported(mimeOf(codec))) return setup.soundFailed();
            soundSink = sinkNew({ codec, origin_s: place.origin_pts / TICKS_PER_S, failed: () => setup.soundFailed() });
            const handle = (soundSink.source as MediaSource & { readonly handle: MediaSourceHandle }).handle;
            post({ of: "sound", id, handle, map: shared }, [handle]);
        }
        for (const unit of stream.recent()) soundAppend(unit);
    }

    function soundAppend(unit: Unit): void {
        if (soundSink !== null) return soundSink.append(unit);
        if (setup.workerMse) return;
        const bytes = unit.bytes.slice().buffer;
        post({ of: "soundUnit", id, init: unit.init, bytes }, [bytes]);
    }

    function soundUnit(stream: LiveStream, unit: Unit): void {
        if (over || !attached || live === null) return;
        if (stream === heard) soundAppend(unit);
        else if (unit.key) soundMake(stream);
    }

    function unitTake(stream: LiveStream, unit: Unit): void {
        if (over || !attached) return;
        if (stream === live) append(unit);
        else if (unit.key) sourceMake(stream);
    }

    // --- playback: a source of its own, in which every unit counts ---

    function pastBegin(place: ClockMap): void {
        sink?.end();
        sink = null;
        if (over) return;
        if (!setup.workerMse) return post({ of: "source", id, handle: null, map: place });
        if (!MediaSource.isTypeSupported(mimeOf(place.codec))) return queueMicrotask(() => setup.pastFailed("codec"));
        const origin_s = place.origin_pts / TICKS_PER_S;
        sink = sinkNew({ codec: place.codec, origin_s, all: true, failed: setup.pastFailed });
        const handle = (sink.source as MediaSource & { readonly handle: MediaSourceHandle }).handle;
        post({ of: "source", id, handle, map: place }, [handle]);
    }

    const pastSink: PastSink = {
        begin: pastBegin,
        append: (unit) => {
            if (sink !== null) return sink.append(unit);
            if (setup.workerMse || over) return;
            const bytes = unit.bytes.slice().buffer;
            post({ of: "unit", id, init: unit.init, key: unit.key, bytes }, [bytes]);
        },
        cut: (time_s) => {
            if (sink !== null) sink.cut(time_s);
            else if (!setup.workerMse && !over) post({ of: "cut", id, time_s });
        },
        end: () => {
            sink?.end();
            sink = null;
        },
    };

    function past(state: PastState): void {
        if (!over) post({ of: "past", id, state });
    }

    function attach(on: boolean, stream: LiveStream | null): void {
        attached = on;
        sink?.end();
        sink = null;
        live = null;
        if (!on) soundClear();
        if (on && stream !== null && stream.recent().some((unit) => unit.key)) sourceMake(stream);
    }

    return {
        id, options: setup.options, stream: setup.options.stream, show, unit: unitTake,
        mapChanged: () => {
            const place = map();
            if (place !== null && !over) post({ of: "map", id, map: place });
        },
        attach,
        position: (time_s) => {
            sink?.position(time_s);
            soundSink?.position(time_s);
        },
        beside, soundUnit, soundEnd, pastSink, past,
        broken: failed,
        release: () => {
            live = null;
        },
        playing: () => live,
        end: () => {
            over = true;
            sink?.end();
            sink = null;
            live = null;
            soundClear();
        },
    };
}
