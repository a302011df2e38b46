// The page's end of the worker: starts it once, hands out watches, and joins what the worker knows of
// the channel with what the player painted.

import {
    type ActResult, BESIDE_NONE, type BesideState, type ClaimResult, type Credential, type CredentialFault,
    type LabelImport, type Live, type LiveSession, PAST_NONE, type Past, type PastFound, type PastState, type PastView,
    type PlaySpeed, type RelayFacts, type Remembered, type SnapResult, type StreamName, type Watch, type WatchOptions,
    type WatchState,
} from "./api";
import type { Answers, Ask, ClockMap, FromWorker, ShareCall, ToWorker } from "./messages";
import { type PastPlayer, pastPlayerNew } from "./pastplayer";
import { type Player, playerNew } from "./player";
import type { Sharing } from "./shareapi";
import { type Sound, soundNew } from "./sound";
import { workerStart } from "./trusted";

const BEHIND_MS = 700;

interface View {
    readonly watch: Watch;
    take(message: Extract<FromWorker, { id: number }>): void;
    end(): void;
}

/** Starts the worker; one call per page and login. */
export function openLive(session: LiveSession): Live {
    const worker = workerStart();
    const views = new Map<number, View>();
    const calls = new Map<number, (value: Answers[keyof Answers]) => void>();
    const relayListeners = new Set<(facts: RelayFacts) => void>();
    let facts: RelayFacts = { signal: false, live: false, rtt_ms: null };
    let next = 1;
    const workerMse = typeof MediaSource !== "undefined" && MediaSource.canConstructInDedicatedWorker === true;

    function send(message: ToWorker, transfer: Transferable[] = []): void {
        worker.postMessage(message, transfer);
    }

    function call<N extends Ask["name"]>(ask: Extract<Ask, { name: N }>): Promise<Answers[N]> {
        const number = next++;
        send({ to: "call", call: number, ask });
        return new Promise((resolve) => calls.set(number, (value) => resolve(value as Answers[N])));
    }

    worker.onmessage = (event: MessageEvent<FromWorker>) => {
        const message = event.data;
        if (message.of === "answer") {
            calls.get(message.call)?.(message.value);
            calls.delete(message.call);
        } else if (message.of === "relay") {
            facts = message.facts;
            for (const listener of relayListeners) listener(facts);
        } else {
            views.get(message.id)?.take(message);
        }
    };

    function watch(options: WatchOptions): Watch {
        const id = next++;
        const view = viewNew(id, options, send, call, () => views.delete(id));
        views.set(id, view);
        send({ to: "watch", id, options });
        return view.watch;
    }

    function setSession(to: LiveSession): void {
        send({ to: "session", session: to, workerMse });
    }

    function onRelay(listener: (facts: RelayFacts) => void): () => void {
        relayListeners.add(listener);
        listener(facts);
        return () => relayListeners.delete(listener);
    }

    function close(): void {
        for (const view of [...views.values()]) view.end();
        views.clear();
        send({ to: "close" });
    }

    setSession(session);
    return {
        watch, setSession, onRelay, close,
        setLabelSeed: (seed) => send({ to: "seed", seed }),
        remembered: (): Promise<readonly Remembered[]> => call({ name: "remembered" }),
        remember: (device): Promise<boolean> => call({ name: "remember", device }),
        forget: async (device) => {
            await call({ name: "forget", device });
        },
        forgetAll: async () => {
            await call({ name: "forgetAll" });
        },
        claimOwner: (device): Promise<ClaimResult> => call({ name: "claimOwner", device }),
        importLabels: (text): Promise<LabelImport> => call({ name: "importLabels", text }),
        sharing: sharingOf((act) => call({ name: "share", act })),
        checkCredential: (device, credential: Credential): Promise<CredentialFault | null> =>
            call({ name: "checkCredential", device, credential }),
    };
}

/** The worker's sharing, call by call. */
function sharingOf(ask: (act: ShareCall) => Promise<unknown>): Sharing {
    const act = <N extends keyof Sharing>(is: N) =>
        ((...args: Parameters<Sharing[N]>) => ask({ is, with: args } as unknown as ShareCall)) as unknown as Sharing[N];
    return {
        open: act("open"), invite: act("invite"), judge: act("judge"), accept: act("accept"), drop: act("drop"),
        list: act("list"), merge: act("merge"), claim: act("claim"),
    };
}

type Send = (message: ToWorker, transfer?: Transferable[]) => void;
type Call = <N extends Ask["name"]>(ask: Extract<Ask, { name: N }>) => Promise<Answers[N]>;

function viewNew(id: number, options: WatchOptions, send: Send, call: Call, gone: () => void): View {
    const listeners = new Set<(state: WatchState) => void>();
    const beside = besideOf(id, send, call);
    const past = pastOf(id, send, call);
    const isPast = options.stream === null;
    let base: WatchState = { phase: "idle" };
    let shown: WatchState = base;
    let player: Player | null = null;
    let over = false;

    function changed(): void {
        shown = isPast ? base : joined(base, player);
        for (const listener of listeners) listener(shown);
    }

    function take(message: Extract<FromWorker, { id: number }>): void {
        if (over) return;
        switch (message.of) {
            case "state":
                base = message.state;
                return changed();
            case "past": return past.state(message.state);
            case "cut": return past.player()?.cut(message.time_s);
            case "source": return (isPast ? past.player() : player)?.source(message.handle, message.map);
            case "map": return player?.map(message.map);
            case "beside": return beside.take(message.state);
            case "sound": return beside.source(message.handle, message.map);
            case "soundUnit": return beside.sound()?.unit(message.init, new Uint8Array(message.bytes));
            case "unit":
                return (isPast ? past.player() : player)
                    ?.unit({ init: message.init, key: message.key, bytes: new Uint8Array(message.bytes) });
        }
    }

    function attach(video: HTMLVideoElement | null): void {
        if (isPast) {
            past.attach(over ? null : video);
            send({ to: "attach", id, on: video !== null && !over });
            return;
        }
        player?.end();
        player = video === null || over ? null : playerNew({
            video, changed, position: (time_s) => send({ to: "position", id, time_s }),
            broken: (codec) => send({ to: "broken", id, codec }), sound: () => beside.sound()?.position() ?? null,
        });
        send({ to: "attach", id, on: player !== null });
        changed();
    }

    function end(): void {
        if (over) return;
        over = true;
        player?.end();
        player = null;
        listeners.clear();
        beside.end();
        past.end();
        send({ to: "stop", id });
        gone();
    }

    function onState(listener: (state: WatchState) => void): () => void {
        listeners.add(listener);
        listener(shown);
        return () => listeners.delete(listener);
    }

    const watch: Watch = {
        id, device: options.device, attach, onState, state: () => shown, stop: end,
        setStream: (stream: StreamName) => send({ to: "stream", id, stream }),
        enter: (credential, how) => send({ to: "enter", id, credential, remember: how?.remember ?? null }),
        acceptKey: (fingerprint) => send({ to: "accept", id, fingerprint }),
        retry: () => send({ to: "retry", id }), past: past.acts, ...beside.acts,
    };
    return { watch, take, end };
}

/** Playback: the worker receives, the player here plays. */
function pastOf(id: number, send: Send, call: Call) {
    const listeners = new Set<(view: PastView) => void>();
    let known: PastState = PAST_NONE.state;
    let player: PastPlayer | null = null;
    let shown: PastView = PAST_NONE;

    function changed(): void {
        shown = player?.view() ?? { ...PAST_NONE, state: known };
        for (const listener of listeners) listener(shown);
    }

    const acts: Past = {
        view: () => shown,
        onView: (listener) => {
            listeners.add(listener);
            listener(shown);
            return () => listeners.delete(listener);
        },
        find: (from_ms, to_ms): Promise<PastFound> => call({ name: "pastFind", id, from_ms, to_ms }),
        start: (at_ms: number, speed: PlaySpeed): Promise<ActResult> => call({ name: "pastStart", id, at_ms, speed }),
        seek: (at_ms): Promise<ActResult> => call({ name: "pastSeek", id, at_ms }),
        setSpeed: (speed): Promise<ActResult> => call({ name: "pastSpeed", id, speed }),
        play: () => player?.play(),
        pause: () => player?.pause(),
        step: (by) => player?.step(by) ?? false,
        stop: () => send({ to: "pastStop", id }),
    };

    return {
        acts, player: () => player,
        state: (state: PastState): void => {
            known = state;
            player?.state(state);
            changed();
        },
        attach: (video: HTMLVideoElement | null): void => {
            player?.end();
            player = video === null ? null : pastPlayerNew({
                video, changed, position: (time_s) => send({ to: "position", id, time_s }),
                broken: (codec) => send({ to: "broken", id, codec }),
            });
            player?.state(known);
            changed();
        },
        end: (): void => {
            player?.end();
            player = null;
            listeners.clear();
        },
    };
}

/** What a watch can beside the picture; the <audio> of it lives here. */
function besideOf(id: number, send: Send, call: Call) {
    const listeners = new Set<(state: BesideState) => void>();
    let known: BesideState = BESIDE_NONE;
    let shown: BesideState = BESIDE_NONE;
    let audio: Sound | null = null;
    let isBlocked = false;

    function changed(): void {
        shown = isBlocked ? { ...known, sound: { is: "ended", code: "blocked" } } : known;
        for (const listener of listeners) listener(shown);
    }

    function setSound(on: boolean): void {
        isBlocked = false;
        audio?.end();
        audio = !on ? null : soundNew({
            blocked: () => {
                setSound(false);
                isBlocked = true;
                changed();
            },
            broken: () => send({ to: "soundBroken", id }),
        });
        send({ to: "sound", id, on });
    }

    const acts = {
        setSound, beside: () => shown,
        onBeside: (listener: (state: BesideState) => void): (() => void) => {
            listeners.add(listener);
            listener(shown);
            return () => listeners.delete(listener);
        },
        snapshot: (): Promise<SnapResult> => call({ name: "snap", id }),
        steer: (speed: { readonly pan: number; readonly tilt: number; readonly zoom: number }) =>
            send({ to: "steer", id, speed }),
        place: (how: "go" | "set", place: number): Promise<ActResult> => call({ name: "place", id, how, place }),
        talkStart: (): Promise<ActResult> => call({ name: "talkStart", id }),
        talkPacket: (packet: Uint8Array<ArrayBuffer>, index: number) =>
            send({ to: "talkPacket", id, packet: packet.buffer, index }, [packet.buffer]),
        talkEnd: () => send({ to: "talkEnd", id }),
    };

    return {
        acts, sound: () => audio,
        take: (state: BesideState): void => {
            known = state;
            changed();
        },
        source: (handle: MediaSourceHandle | null, map: ClockMap | null): void => {
            if (map !== null) audio?.source(handle, map);
        },
        end: (): void => {
            audio?.end();
            audio = null;
            listeners.clear();
        },
    };
}

/** The worker says what the channel does, the player what the eye gets. */
function joined(base: WatchState, player: Player | null): WatchState {
    if (base.phase !== "playing" && base.phase !== "delayed" && base.phase !== "not-live") return base;
    const painted = player?.painted();
    if (painted === undefined || !painted.any) return { phase: "opening", stage: "waiting-picture", attempt: 0 };
    if (base.phase === "not-live") return base;
    if (base.phase === "delayed") return { ...base, delay: painted.delay };
    if (painted.stalled_since_ms !== null) {
        return { phase: "stalled", since_ms: painted.stalled_since_ms, seal: base.seal };
    }
    const delay = painted.delay;
    if (delay !== null && delay.now_ms > BEHIND_MS) return { phase: "behind", delay, seal: base.seal };
    return { phase: "playing", delay, seal: base.seal };
}
