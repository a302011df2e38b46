// What goes beside the picture of one camera, through the channel that the picture uses: its sound, our
// voice, single pictures, steering. Ends with the channel; what a viewer wants to hear is kept.

import type { Action, ActResult, BesideState, SnapResult, SoundState, TalkState } from "./api";
import type { RelaySocket } from "./relaysocket";
import type { Session } from "./session";
import { type Steer, steerNew } from "./steer";
import { type LiveStream, type StreamFault, streamNew } from "./stream";
import type { Tile } from "./tile";
import type { Bytes } from "../seal/bytes";
import { Code, SealError } from "../seal/codes";
import type { CommandEvent, CommandResult } from "../seal/command";
import type { HighMarks } from "../seal/receive";
import {
    type PtzPlace, type PtzSpeed, type SnapStart, placeArg, ptzRead, snapRead, talkStartRead,
} from "../seal/shapes";
import { snapshotOpen } from "../seal/snapshot";
import { type TalkSender, talkSenderNew } from "../seal/talk";

const SNAP_MS = 10_000;
/** Packets that may wait for their turn: half a second of voice; then the network is behind. */
const TALK_WAITING = 25;

/** Rights of hello, bit by bit (sealed.md 5.3); bit 8 is manage, shown to owners alone. */
const RIGHTS: readonly Action[] = [
    "live-main", "live-sub", "listen", "talk", "ptz", "playback", "snapshot", "config", "manage",
];

export interface Beside {
    /** The channel is open and its key believed; `ready` resolves when the relay knows the camera. */
    opened(session: Session, ready: () => Promise<void>): void;
    closed(): void;
    event(event: CommandEvent): void;
    /** KEY brought something: a key of the sound that is gone ends the sound. */
    keys(): void;
    /** The relay's socket was opened anew. */
    subscribe(): void;
    tick(now_ms: number): void;
    removed(tile: Tile): void;
    sound(tile: Tile, on: boolean): void;
    soundFailed(tile: Tile): void;
    talkStart(tile: Tile): Promise<ActResult>;
    /** `index` counts packets of 20 ms. */
    talkPacket(tile: Tile, packet: Bytes, index: number): void;
    talkEnd(tile: Tile): void;
    snap(): Promise<SnapResult>;
    steer(speed: PtzSpeed): void;
    place(how: "go" | "set", place: number): Promise<ActResult>;
    state(): BesideState;
}

export interface BesideContext {
    readonly relay: RelaySocket;
    readonly marks: HighMarks;
    readonly changed: () => void;
}

interface Talk { readonly tile: Tile; readonly sender: TalkSender; readonly since_ms: number; waiting: number }

const failed = (code: string, retry_ms = 0): { readonly ok: false; readonly code: string; readonly retry_ms: number } =>
    ({ ok: false, code, retry_ms });

function resultOf(result: CommandResult): ActResult {
    return result.ok ? { ok: true } : failed(result.err.code, result.err.retry_ms);
}

export function besideNew(context: BesideContext): Beside {
    const { relay, marks, changed } = context;
    const listeners = new Set<Tile>();
    let session: Session | null = null;
    let relayReady: () => Promise<void> = () => Promise.resolve();
    let sound: LiveStream | null = null;
    let soundState: SoundState = { is: "off" };
    let talk: Talk | null = null;
    let talkAsked = false;
    let talkState: TalkState = { is: "off", code: null };
    let talkTail: Promise<unknown> = Promise.resolve();
    let snapping = false;
    let steering: Steer | null = null;
    let steerCode: string | null = null;
    let ptz: PtzPlace | null = null;

    // --- sound ---

    function soundSet(next: SoundState): void {
        soundState = next;
        changed();
    }

    function soundEnsure(): void {
        if (session === null || sound !== null || listeners.size === 0) return;
        soundSet({ is: "starting" });
        const stream: LiveStream = streamNew({
            name: "sound", session, relay, marks, ready: relayReady(), clocked: () => undefined,
            unit: (unit) => {
                if (soundState.is === "starting" && unit.key) soundSet({ is: "on" });
                for (const tile of listeners) tile.soundUnit(stream, unit);
            },
            ended: (fault) => {
                if (sound === stream) soundFault(fault);
            },
        });
        sound = stream;
    }

    function soundFault(fault: StreamFault): void {
        if (fault.why === "relay" && fault.end === "network") return; /* `subscribe` follows */
        soundEnd(fault.why === "refused" ? fault.code : fault.why === "relay" ? fault.end : "crypto");
    }

    /** Over until a person asks again. */
    function soundEnd(code: string | null): void {
        const old = sound;
        sound = null;
        old?.stop();
        for (const tile of listeners) tile.soundEnd();
        if (code !== null) listeners.clear();
        soundSet(code === null ? { is: "off" } : { is: "ended", code });
    }

    // --- talk ---

    function talkSet(next: TalkState): void {
        talkState = next;
        changed();
    }

    async function talkOpen(now: Session, tile: Tile): Promise<ActResult> {
        await relayReady();
        const result = await now.request("talk.start", { codec: "opus" });
        if (!result.ok) return resultOf(result);
        const { stream, slot } = talkStartRead(result.val);
        const sender = await talkSenderNew({ stream, slot, boot: now.hello.boot, now: Date.now });
        if (now !== session) {
            sender.end();
            return failed("cut");
        }
        talk = { tile, sender, since_ms: Date.now(), waiting: 0 };
        await now.sendKeys(sender.record());
        talkSet({ is: "on", since_ms: talk.since_ms });
        return { ok: true };
    }

    async function talkStart(tile: Tile): Promise<ActResult> {
        const now = session;
        if (now === null) return failed("not-open");
        if (talk !== null || talkAsked) return failed("busy");
        talkAsked = true;
        try {
            return await talkOpen(now, tile);
        } catch {
            return failed("failed");
        } finally {
            talkAsked = false;
        }
    }

    function talkPacket(tile: Tile, packet: Bytes, index: number): void {
        const now = talk;
        if (now === null || now.tile !== tile || now.waiting >= TALK_WAITING) return;
        now.waiting += 1;
        talkTail = talkTail.then(async () => {
            const frame = await now.sender.seal(packet, index);
            now.waiting -= 1;
            if (now === talk && !relay.send(frame)) talkStop("network");
        }).catch((error: unknown) => {
            if (now === talk) talkStop(error instanceof SealError && error.code === Code.limit ? "limit" : "failed");
        });
    }

    /** `code`: why, if it was not the person's wish. */
    function talkStop(code: string | null, isTold = false): void {
        const now = talk;
        if (now === null) return;
        talk = null;
        now.sender.end();
        if (!isTold) void session?.request("talk.stop", { stream: now.sender.stream });
        talkSet({ is: "off", code });
    }

    // --- snapshot ---

    async function snap(): Promise<SnapResult> {
        const now = session;
        if (now === null) return failed("not-open");
        if (snapping) return failed("busy");
        snapping = true;
        try {
            await relayReady();
            const result = await now.request("snap", {});
            if (!result.ok) return failed(result.err.code, result.err.retry_ms);
            return await snapTake(now, snapRead(result.val));
        } catch {
            return failed("crypto");
        } finally {
            snapping = false;
        }
    }

    async function snapTake(now: Session, start: SnapStart): Promise<SnapResult> {
        let timer: ReturnType<typeof setTimeout> | undefined;
        try {
            return await new Promise<SnapResult>((resolve, reject) => {
                timer = setTimeout(() => resolve(failed("timeout")), SNAP_MS);
                relay.subscribe(start.stream, {
                    frame: (frame) => {
                        const { width, height } = start;
                        snapshotOpen(frame, start.stream, now.keys, Date.now()).then(
                            (bytes) => resolve({ ok: true, width, height, jpeg: bytes.buffer }), reject);
                    },
                    skipped: () => undefined,
                    ended: (why) => resolve(failed(why)),
                });
            });
        } finally {
            clearTimeout(timer);
            relay.unsubscribe(start.stream);
        }
    }

    // --- steering ---

    async function place(how: "go" | "set", number: number): Promise<ActResult> {
        const arg = placeArg(how, number);
        if (session === null || arg === null) return failed(arg === null ? "bad-arg" : "not-open");
        return resultOf(await session.request("ptz.preset", arg, how === "set"));
    }

    function steer(speed: PtzSpeed): void {
        const now = session;
        if (now === null) return;
        steering ??= steerNew({
            now: Date.now, send: (name, arg) => now.request(name, arg),
            told: (refused) => {
                if (refused === steerCode) return;
                steerCode = refused;
                changed();
            },
        });
        steering.set(speed);
    }

    // --- the channel ---

    function event({ ev, val }: CommandEvent): void {
        if (ev === "ptz") {
            ptz = ptzRead(val);
            changed();
        } else if (ev === "talk.ended" && talk !== null && val["stream"] === talk.sender.stream) {
            talkStop("ended", true);
        }
    }

    function closed(): void {
        if (session === null) return;
        talkStop("cut", true);
        steering?.end();
        steering = null;
        session = null;
        sound?.stop();
        sound = null;
        ptz = null;
        steerCode = null;
        for (const tile of listeners) tile.soundEnd();
        soundSet(listeners.size > 0 ? { is: "starting" } : { is: "off" });
    }

    /** What both gates let through: the server by its authorization, the camera by its hello. */
    function rights(): readonly Action[] | null {
        const now = session;
        if (now === null) return null;
        return RIGHTS.filter((right, bit) => (now.hello.rights >> bit & 1) === 1 && now.actions.includes(right));
    }

    return {
        event, closed, talkStart, talkPacket, snap, place, steer,
        opened: (now, ready) => {
            session = now;
            relayReady = ready;
            soundEnsure();
            changed();
        },
        keys: () => {
            sound?.keysArrived();
            const info = sound?.info() ?? null;
            if (info !== null && session !== null && !session.keys.has(info.stream)) soundEnd("revoked");
        },
        subscribe: () => sound?.subscribe(),
        tick: (now_ms) => {
            steering?.tick();
            if (relay.isOpen()) sound?.nudge(now_ms);
        },
        removed: (tile) => {
            if (listeners.delete(tile) && listeners.size === 0) soundEnd(null);
            if (talk?.tile === tile) talkStop(null);
            steering?.set({ pan: 0, tilt: 0, zoom: 0 });
        },
        sound: (tile, on) => {
            if (on) listeners.add(tile);
            else listeners.delete(tile);
            if (!on) tile.soundEnd();
            if (listeners.size > 0) soundEnsure();
            else soundEnd(null);
        },
        soundFailed: (tile) => {
            if (listeners.has(tile)) soundEnd("codec");
        },
        talkEnd: (tile) => {
            if (talk?.tile === tile) talkStop(null);
        },
        state: () => ({
            rights: rights(),
            features: session?.hello.features ?? [], sound: soundState, talk: talkState, ptz, steer: steerCode,
        }),
    };
}
