// Everything between this page and one camera: which way to open, one session, its streams, the tiles
// that look at it, and what happens when it ends. Keys never fall back to passwords here.

import type { Action, ClaimResult, Credential, LiveSession, StreamName, WatchState } from "./api";
import { type Beside, besideNew } from "./beside";
import { jitterDelay } from "./jitter";
import type { CameraEntry, Keyring } from "./keyring";
import { type Labels, type Proof, proofRead } from "./labels";
import { keyViewOf, sealFacts, trustOf } from "./facts";
import { type Past, pastNew } from "./past";
import { ownerKeyNew, proofFor } from "./owner";
import type { RelaySocket } from "./relaysocket";
import { type Handshake, type Session, type SessionEnd, type SessionFailure, sessionOpen } from "./session";
import type { Signal } from "./signal";
import { type Next, afterEnd, afterFailure, afterStream } from "./states";
import { type LiveStream, type StreamFault, streamNew } from "./stream";
import type { Tile } from "./tile";
import { base64Decode, base64Encode, bytesEqual } from "../seal/bytes";
import { Role, fingerprintIs, keyName } from "../seal/fingerprint";
import { triesLeft } from "../seal/limits";
import type { HighMarks } from "../seal/receive";
import { clockRead, keyArg } from "../seal/shapes";

const TICK_MS = 400;
const LINGER_MS = 3_000;
const UNENROL_MS = 2_000;
const DEFAULT_ACTIONS: readonly Action[] = ["live-main", "live-sub"];
/** After this many tries that failed for no reason of the person's, the pause is at its longest. */
const CALM_MS = 60_000;

export interface LinkContext {
    readonly device: string;
    readonly account: () => LiveSession;
    readonly keyring: Keyring;
    readonly labels: Labels;
    readonly signal: Signal;
    readonly relay: RelaySocket;
    /** No tile is left and the channel is closed. */
    readonly gone: () => void;
}

export interface Link {
    /** Sound, voice, single pictures, steering. */
    readonly beside: Beside;
    /** The playback of a tile that shows no live picture; null for the others. */
    past(tile: Tile): Past | null;
    add(tile: Tile): void;
    remove(tile: Tile): void;
    /** A tile wants another stream. */
    wanted(tile: Tile): void;
    enter(tile: Tile, credential: Credential, remember: boolean | null): Promise<void>;
    accept(fingerprint: string): Promise<void>;
    /** A person asked again. Where a password is wanted, a label that is known now answers. */
    retry(): Promise<void>;
    attach(tile: Tile, on: boolean): void;
    codecFailed(tile: Tile, codec: string): void;
    offsetChanged(): void;
    remember(): Promise<boolean>;
    claimOwner(): Promise<ClaimResult>;
    /** Drops our enrolment in the camera where we may (as owner), before the keyring forgets. */
    unenrol(): Promise<void>;
    /** The keyring forgot this camera. */
    forgotten(): Promise<void>;
    /** The keyring was changed beside us: by sharing. */
    keysChanged(): Promise<void>;
    end(): void;
}

/** A key that waits for the person's yes. */
interface Offer { readonly session: Session; readonly fingerprint: string }

export function linkNew(context: LinkContext): Link {
    const { device, keyring, labels, relay } = context;
    const tiles = new Set<Tile>();
    const streams = new Map<LiveStream["name"], LiveStream>();
    const pasts = new Map<Tile, Past>();
    const marks: HighMarks = new Map();
    const beside = besideNew({
        relay, marks,
        changed: () => {
            const what = beside.state();
            for (const tile of tiles) tile.beside(what);
        },
    });
    let session: Session | null = null;
    let proof: Proof | null = null;
    let offer: Offer | null = null;
    /** What the keyring holds of this camera while its channel is open. */
    let entryNow: CameraEntry | null = null;
    const unplayable = new Set<Tile>();
    let remember = true;
    let attempt = 0;
    let openSince_ms = 0;
    /** Rises with every connect or end; what was begun under an older one is void. */
    let turn = 0;
    let state: WatchState = { phase: "idle" };
    let retryTimer: ReturnType<typeof setTimeout> | undefined;
    let lingerTimer: ReturnType<typeof setTimeout> | undefined;
    const ticker = setInterval(tick, TICK_MS);

    function show(next: WatchState): void {
        state = next;
        for (const tile of tiles) tile.show(next);
    }

    /** One camera, several tiles: the first one that says something different wins. */
    function option<T>(read: (tile: Tile) => T | undefined, fallback: T): T {
        for (const tile of tiles) {
            const value = read(tile);
            if (value !== undefined) return value;
        }
        return fallback;
    }

    const isSimulated = (): boolean => option((tile) => tile.options.simulated, false);

    async function entryChange(change: Parameters<Keyring["change"]>[1]): Promise<void> {
        await keyring.change(device, change);
        entryNow = await keyring.camera(device);
    }

    function sessionDrop(): void {
        turn += 1;
        clearTimeout(retryTimer);
        for (const stream of streams.values()) stream.stop();
        streams.clear();
        for (const tile of tiles) tile.release();
        beside.closed();
        pasts.forEach((past) => past.closed());
        session?.close();
        session = null;
        offer = null;
    }

    // --- opening ---

    async function handshakeChoose(entry: CameraEntry | null): Promise<Handshake | null> {
        if (proof === null && entry?.seal !== null && entry?.enrolled === true) {
            const viewer = await keyring.viewer();
            return { by: "key", viewer, keyId: (await keyName(Role.viewer, viewer.publicKey)).id, seal: entry.seal };
        }
        proof ??= await labels.find(device, isSimulated());
        return proof === null ? null : { by: "password", proof, params: entry?.params ?? null };
    }

    /** Opens by what is at hand. `byHand`: a person asked just now, so a known label may be used. */
    async function connect(byHand: boolean): Promise<void> {
        sessionDrop();
        const mine = turn;
        const entry = await pinByLink(await keyring.camera(device));
        if (entry === "alarm" || mine !== turn) return;
        if (!byHand && entry?.enrolled !== true) return show(needsPassword("first", entry));
        const how = await handshakeChoose(entry);
        if (mine !== turn) return;
        if (how === null) return show(needsPassword("first", entry));
        if (how.by === "password") {
            const limit = triesLeft(entry?.bad ?? [], Date.now());
            if (limit.left === 0) return wrongShow(limit);
        }
        show({ phase: "opening", stage: "asked", attempt });
        const result = await sessionOpen({
            account: context.account(), device, signal: context.signal, how,
            actions: option((tile) => tile.options.actions, DEFAULT_ACTIONS),
            ownerProof: (channelId) => proofFor(entry?.owner ?? null, channelId),
            handlers: {
                stage: (stage) => {
                    if (mine === turn) show({ phase: "opening", stage, attempt });
                },
                event: (event) => {
                    if (event.ev === "clock") clockTake(clockRead(event.val));
                    else if (event.ev.startsWith("play.")) pasts.forEach((past) => past.event(event));
                    else beside.event(event);
                },
                keys: () => {
                    streams.forEach((stream) => stream.keysArrived());
                    beside.keys();
                    pasts.forEach((past) => past.keys());
                },
                pong: () => streams.forEach((stream) => stream.freshness.pongTaken(Date.now())),
                ended: (end) => {
                    if (mine === turn) sessionEnded(end);
                },
            },
        });
        if (mine !== turn) {
            if (result.ok) result.session.close();
            return;
        }
        if (result.ok) await opened(result.session, entry);
        else await failed(result.failure, how.by, entry);
    }

    /** A guest's first time: the directory's key counts only if the link named its fingerprint. */
    async function pinByLink(entry: CameraEntry | null): Promise<CameraEntry | null | "alarm"> {
        const named = entry?.sharing?.link ?? null;
        const text = option((tile) => tile.options.directory_seal, "");
        const seal = text === "" ? null : base64Decode(text, 65);
        if (named === null || entry === null || entry.seal !== null || seal === null || proof !== null) return entry;
        const offered = await keyViewOf(seal);
        if (offered.fingerprint !== named) {
            const pinned = { fingerprint: named, fingerprint_hex: "", weave: [] };
            show({ phase: "key-changed", pinned, offered, vouched: "directory" });
            return "alarm";
        }
        await entryChange({ seal, via: "link", enrolled: true, first_seen_ms: Date.now(), simulated: isSimulated() });
        return keyring.camera(device);
    }

    function needsPassword(why: "first" | "key-unknown" | "password-changed", entry: CameraEntry | null): WatchState {
        const known = entry?.params ?? null;
        const password_class = known === null ? "unknown" : known[1] === 1 ? "label" : "chosen";
        return { phase: "needs-password", why, password_class };
    }

    function wrongShow(limit: ReturnType<typeof triesLeft>): void {
        show({ phase: "wrong-password", tries_left: limit.left, retry_at_ms: limit.retry_at_ms });
    }

    async function failed(failure: SessionFailure, by: "key" | "password", entry: CameraEntry | null): Promise<void> {
        const next = afterFailure(failure, by);
        if (next.then === "ask" && by === "key" && await directoryDiffers(entry)) return;
        await follow(next, entry);
    }

    async function follow(next: Next, entry: CameraEntry | null): Promise<void> {
        switch (next.then) {
            case "stop":
                proof = null;
                show(next.state);
                if (next.state.phase === "locked") lockWait(next.state.until_ms, entry);
                return;
            case "wrong":
                proof = null;
                labels.drop(device);
                await keyring.badAdd(device, Date.now());
                wrongShow(triesLeft((await keyring.camera(device))?.bad ?? [], Date.now()));
                return;
            case "ask":
                proof = null;
                show(needsPassword(next.why, entry));
                return;
            case "retry":
                retryLater(next.why, next.floor_ms);
        }
    }

    /** Nothing is tried when the lock ends; the person is asked again. */
    function lockWait(until_ms: number, entry: CameraEntry | null): void {
        clearTimeout(retryTimer);
        retryTimer = setTimeout(() => show(needsPassword("first", entry)), until_ms - Date.now());
    }

    function retryLater(why: "timeout" | "busy" | "network" | "offline", floor_ms: number): void {
        if (Date.now() - openSince_ms > CALM_MS && openSince_ms > 0) attempt = 0;
        openSince_ms = 0;
        const delay = Math.max(floor_ms, jitterDelay(attempt++));
        const retry_at_ms = Date.now() + delay;
        // A password just given stays for tries that never reached the camera, and for two that did.
        if (!(state.phase === "opening" && state.stage === "asked") && attempt > 2) proof = null;
        const byHand = proof !== null;
        show(why === "offline"
            ? { phase: "offline", since_ms: state.phase === "offline" ? state.since_ms : Date.now(), retry_at_ms }
            : { phase: "retrying", why, retry_at_ms });
        clearTimeout(retryTimer);
        retryTimer = setTimeout(() => void connect(byHand), delay);
    }

    /** The directory names another key than the pinned one: say so, show both, believe neither. */
    async function directoryDiffers(entry: CameraEntry | null): Promise<boolean> {
        const text = option((tile) => tile.options.directory_seal, "");
        const claimed = text === "" ? null : base64Decode(text, 65);
        if (claimed === null || entry?.seal === null || entry === null || bytesEqual(claimed, entry.seal)) return false;
        show({
            phase: "key-changed", pinned: await keyViewOf(entry.seal), offered: await keyViewOf(claimed),
            vouched: "directory",
        });
        return true;
    }

    // --- open ---

    async function opened(now: Session, entry: CameraEntry | null): Promise<void> {
        const mine = turn;
        const name = await keyName(Role.seal, now.hello.seal);
        if (mine !== turn) return now.close();
        const printed = proof?.fingerprint ?? null;
        if (printed !== null && !fingerprintIs(name, printed)) {
            now.close();
            const label = { fingerprint: printed.replace(/.{4}(?=.)/g, "$&-"), fingerprint_hex: "", weave: [] };
            const offered = await keyViewOf(now.hello.seal);
            return show({ phase: "key-changed", pinned: label, offered, vouched: "directory" });
        }
        session = now;
        const pinned = entry?.seal ?? null;
        if (pinned !== null && !bytesEqual(pinned, now.hello.seal)) {
            offer = { session: now, fingerprint: name.fingerprint };
            return show({
                phase: "key-changed", pinned: await keyViewOf(pinned), offered: await keyViewOf(now.hello.seal),
                vouched: "password",
            });
        }
        await settle(now, entry);
    }

    /** The key is believed: remember what may be, enrol, play. */
    async function settle(now: Session, entry: CameraEntry | null): Promise<void> {
        const known = entry !== null && entry.seal !== null && bytesEqual(entry.seal, now.hello.seal);
        const byLabel = proof?.via === "label";
        openSince_ms = Date.now();
        const mine = turn;
        await entryChange({
            seal: now.hello.seal, last_used_ms: Date.now(),
            first_seen_ms: known ? entry.first_seen_ms : Date.now(),
            via: byLabel || (known && entry.via === "label") ? "label" : known && now.by === "key" ? entry.via : "password",
            simulated: proof?.simulated ?? entry?.simulated ?? false,
            ...(now.params === null ? {} : { params: now.params }),
            ...(known ? {} : { enrolled: false, owner: null }),
        });
        if (mine !== turn) return;
        for (const tile of tiles) streamEnsure(tile.stream);
        beside.opened(now, () => relayReady(now));
        pasts.forEach((past) => past.opened(now, () => relayReady(now)));
        if (now.by === "password" && remember) void enrol(now);
        if (now.by === "key") proof = null;
        await showOpen();
    }

    async function enrol(now: Session): Promise<boolean> {
        const viewer = await keyring.viewer();
        const result = await now.request("enrol", keyArg(viewer.publicKey), true);
        if (!result.ok || now !== session) return false;
        await entryChange({ enrolled: true });
        proof = null;
        labels.drop(device);
        await showOpen();
        return true;
    }

    function sessionEnded(end: SessionEnd): void {
        sessionDrop();
        proof = null;
        void keyring.camera(device).then((entry) => follow(afterEnd(end), entry));
    }

    // --- streams ---

    const streamOf = (tile: Tile): LiveStream | null =>
        (tile.stream === null ? null : streams.get(tile.stream) ?? null);

    function streamEnsure(name: StreamName | null): void {
        if (name === null || session === null || offer !== null || streams.has(name)) return;
        const owner = session;
        const stream: LiveStream = streamNew({
            name, session: owner, relay, marks, ready: relayReady(owner),
            unit: (unit) => {
                for (const tile of tiles) {
                    if (tile.stream === name || tile.playing() === stream) tile.unit(stream, unit);
                }
                if (!unit.key) return;
                streamsPrune();
                void showOpen();
            },
            clocked: () => offsetChanged(),
            ended: (fault) => streamEnded(stream, fault),
        });
        streams.set(name, stream);
    }

    /** The media socket learns the code once per session and connection. */
    let readyFor: { session: Session; done: Promise<void> } | null = null;

    function relayReady(owner: Session): Promise<void> {
        if (readyFor?.session === owner && relay.isOpen()) return readyFor.done;
        const done = relay.ready(device, owner.code).then((refused) => {
            if (owner === session && refused !== null) {
                void sessionRestart(afterStream({ why: "relay", end: refused }));
            }
        });
        readyFor = { session: owner, done };
        return done;
    }

    /** The media socket broke under a channel that lives: once for all its streams. */
    function relayAgain(owner: Session): void {
        if (readyFor === null) return;
        readyFor = null;
        setTimeout(() => {
            if (owner !== session) return;
            void relayReady(owner).then(() => {
                if (owner !== session) return;
                streams.forEach((stream) => stream.subscribe());
                beside.subscribe();
            });
        }, jitterDelay(0));
    }

    async function sessionRestart(next: Next): Promise<void> {
        sessionDrop();
        await follow(next, await keyring.camera(device));
    }

    /** Streams that no tile shows or is about to show. */
    function streamsPrune(): void {
        const used = new Set<LiveStream | null>();
        for (const tile of tiles) {
            used.add(streamOf(tile));
            const playing = tile.playing();
            if (playing !== null && playing.name !== tile.stream) used.add(playing);
        }
        for (const [name, stream] of streams) {
            if (used.has(stream)) continue;
            stream.stop();
            streams.delete(name);
        }
    }

    function streamEnded(stream: LiveStream, fault: StreamFault): void {
        if (streams.get(stream.name) !== stream) return;
        const next = afterStream(fault);
        if (fault.why === "relay" && fault.end === "network" && session !== null) {
            return relayAgain(session);
        }
        stream.stop();
        streams.delete(stream.name);
        if (next.then === "retry") return void sessionRestart(next);
        if (next.then !== "stop") return;
        for (const tile of tiles) {
            if (tile.stream !== stream.name) continue;
            tile.release();
            tile.show(next.state);
        }
        if (streams.size === 0) {
            sessionDrop();
            state = next.state;
        }
    }

    function clockTake(event: ReturnType<typeof clockRead>): void {
        streams.forEach((stream) => stream.clock(event));
    }

    function offsetChanged(): void {
        for (const tile of tiles) tile.mapChanged();
    }

    function tick(): void {
        if (session === null || (streams.size === 0 && pasts.size === 0)) return;
        const now = Date.now();
        const due = [...streams.values()].some((stream) => stream.freshness.pingDue(now));
        if (due) {
            session.ping();
            streams.forEach((stream) => stream.freshness.pingSent(now));
        }
        if (relay.isOpen()) streams.forEach((stream) => stream.nudge(now));
        beside.tick(now);
        void showOpen();
    }

    /** Opening until the first unit, then playing as the freshness rules judge it. */
    async function showOpen(): Promise<void> {
        const now = session;
        if (now === null || offer !== null) return;
        const entry = entryNow;
        const viewer = (await keyring.viewer()).publicKey;
        if (now !== session || entry === null || entry.seal === null) return;
        const factsOf = (stream: Pick<LiveStream, "key" | "counts">) => sealFacts({
            session: now, entry, stream, viewer, device, account: context.account().account, trust: trustOf(entry),
        });
        for (const tile of tiles) {
            const past = pasts.get(tile);
            if (past !== undefined) {
                tile.show({ phase: "playing", delay: null, seal: await factsOf(past) });
                continue;
            }
            const stream = streamOf(tile);
            if (stream === null || unplayable.has(tile)) continue;
            if (stream.key() === null) {
                tile.show({ phase: "opening", stage: "waiting-picture", attempt });
                continue;
            }
            const seal = await factsOf(stream);
            const verdict = stream.verdict();
            if (verdict === "live") tile.show({ phase: "playing", delay: null, seal });
            else if (verdict === "delayed") tile.show({ phase: "delayed", delay: null, seal });
            else tile.show({ phase: "not-live", since_ms: stream.freshness.liveUntil_ms(), seal });
        }
    }

    // --- what the page asks ---

    function add(tile: Tile): void {
        clearTimeout(lingerTimer);
        const first = tiles.size === 0;
        tiles.add(tile);
        tile.beside(beside.state());
        if (tile.stream === null) return pastAdd(tile);
        if (tile.options.remember !== undefined) remember = tile.options.remember;
        if (tile.options.credential !== undefined) return void enter(tile, tile.options.credential, null);
        if (session !== null && offer === null) {
            streamEnsure(tile.stream);
            return void showOpen();
        }
        if (state.phase === "idle" || (first && state.phase === "cut")) void connect(true);
        else tile.show(state);
    }

    /** A channel that was opened without the right to the past is opened anew, once. */
    function pastAdd(tile: Tile): void {
        const past = pastNew({ relay, sink: tile.pastSink, changed: (now) => tile.past(now) });
        pasts.set(tile, past);
        if (session === null || offer !== null) {
            if (state.phase === "idle" || state.phase === "cut") void connect(true);
            else tile.show(state);
            return;
        }
        const owner = session;
        if (!owner.actions.includes("playback")) return void connect(true);
        past.opened(owner, () => relayReady(owner));
        void showOpen();
    }

    function remove(tile: Tile): void {
        beside.removed(tile);
        pasts.get(tile)?.stop(null);
        pasts.delete(tile);
        tiles.delete(tile);
        unplayable.delete(tile);
        streamsPrune();
        if (tiles.size > 0) return;
        clearTimeout(lingerTimer);
        lingerTimer = setTimeout(end, LINGER_MS);
    }

    async function enter(tile: Tile, credential: Credential, keep: boolean | null): Promise<void> {
        const read = await proofRead(device, credential);
        if (!read.ok) return tile.show({ phase: "bad-credential", why: read.fault });
        if (keep !== null) remember = keep;
        attempt = 0;
        proof = read.proof;
        await connect(true);
    }

    async function accept(fingerprint: string): Promise<void> {
        const waiting = offer;
        if (waiting === null || waiting.fingerprint !== fingerprint || waiting.session !== session) return;
        offer = null;
        await settle(waiting.session, await keyring.camera(device));
    }

    async function claimOwner(): Promise<ClaimResult> {
        const now = session;
        if (now === null || now.by !== "password" || offer !== null) return { ok: false, code: "not-open" };
        const { pair, publicKey } = await ownerKeyNew();
        await entryChange({ owner: { pair, publicKey, accepted: false } });
        const result = await now.request("owner.add", keyArg(publicKey), true);
        if (result.ok) {
            await entryChange({ owner: { pair, publicKey, accepted: true }, sharing: null });
            await showOpen();
            return { ok: true };
        }
        await entryChange({ owner: null });
        // This channel was born of a password, so only an owner before us can be the reason of a "denied".
        const isOwned = result.err.code === "denied" || result.err.code === "conflict";
        return { ok: false, code: isOwned ? "has-owner" : "failed" };
    }

    function end(): void {
        clearInterval(ticker);
        clearTimeout(lingerTimer);
        sessionDrop();
        proof = null;
        state = { phase: "idle" };
        context.gone();
    }

    return {
        beside, add, remove, enter, accept, claimOwner, offsetChanged, end,
        wanted: (tile) => {
            streamEnsure(tile.stream);
            void showOpen();
        },
        retry: async () => {
            attempt = 0;
            unplayable.clear();
            if (state.phase === "needs-password") proof = await labels.find(device, isSimulated());
            await connect(true);
        },
        past: (tile) => pasts.get(tile) ?? null,
        attach: (tile, on) => {
            tile.attach(on, streamOf(tile));
            if (!on) pasts.get(tile)?.stop(null);
        },
        codecFailed: (tile, codec) => {
            const stream = streamOf(tile);
            unplayable.add(tile);
            tile.show({ phase: "codec", codec });
            if (stream !== null && tiles.size === 1) {
                stream.stop();
                streams.delete(stream.name);
            }
        },
        remember: async () => session !== null && session.by === "password" && offer === null && enrol(session),
        unenrol: async () => {
            if (session === null || entryNow?.owner?.accepted !== true || !entryNow.enrolled) return;
            const id = (await keyName(Role.viewer, (await keyring.viewer()).publicKey)).id;
            const dropped = session.request("enrol.drop", { id: base64Encode(id) }, true);
            await Promise.race([dropped, new Promise((resolve) => setTimeout(resolve, UNENROL_MS))]);
        },
        keysChanged: async () => {
            entryNow = await keyring.camera(device);
            await showOpen();
        },
        forgotten: async () => {
            sessionDrop();
            proof = null;
            show(needsPassword("first", await keyring.camera(device)));
        },
    };
}
