// What the pages know of the sealed layer and the player: these types and `openLive`.
//
// One worker per page holds every key and both sockets; nothing here carries a key, a frame or a
// parsed record. A page asks for a picture, gives a <video> element and draws the state it is told.
// Every duration is in ms, every instant in ms since the epoch, every text for people is made by
// the page from the codes below.

import type { Mark, PlaySpeed, Range } from "../seal/playback";
import type { Sharing } from "./shareapi";

export { PLAY_SPEEDS } from "../seal/playback";
export type { Mark, PlaySpeed, Range } from "../seal/playback";

export type StreamName = "main" | "sub";

/** Rights as `POST /api/v1/authorizations` and the access list name them. */
export type Action =
    | "live-main" | "live-sub" | "listen" | "talk" | "ptz" | "playback" | "snapshot" | "config"
    | "manage";

/** How the page proves that it may see a camera that does not know this browser yet. */
export type Credential =
    /** The label: 24 Crockford characters as typed, or the whole QR text (`skep:1?d=..&c=..&k=..`). */
    | { readonly kind: "label"; readonly text: string }
    /** A password that the owner chose. */
    | { readonly kind: "password"; readonly text: string };

/** Stages of opening, in order; the coil of the tile fills by `openingStep` of 4. */
export type OpeningStage = "asked" | "agreeing" | "key-agreed" | "waiting-picture";

/** Why the camera's key is believed. */
export interface Trust {
    /**
     * `label`: the label code or the label's fingerprint vouched for it. `link`: the owner's link
     * named its fingerprint. `pinned`: seen on an earlier day, vouched for by the chosen password.
     * `new`: first seen today, by password, not compared with the label.
     */
    readonly line: "label" | "link" | "pinned" | "new";
    /** When this browser first saw the key. */
    readonly since_ms: number;
    /** True if the label came from the seed of the simulated fleet. */
    readonly simulated: boolean;
}

/** Facts of the open channel, for the seal panel. Public values only. */
export interface SealFacts {
    /** `password`: SPAKE2+, first contact. `key`: Noise KK with this browser's enrolled key. */
    readonly channel: "password" | "key";
    /** Crockford fingerprint of the camera's seal key, 5 groups of 4. */
    readonly fingerprint: string;
    /** The first 16 bytes of the seal key's hash in hex, 8 groups of 4 (the panel's 4 x 2). */
    readonly fingerprint_hex: string;
    /** 24 bits for the woven skep, row by row from the top; true = ink. */
    readonly weave: readonly boolean[];
    /** This browser's viewer key, Crockford, 5 groups of 4. */
    readonly viewer_fingerprint: string;
    readonly trust: Trust;
    /** True if this browser's key is enrolled in the camera: no password will be asked again. */
    readonly remembered: boolean;
    /** True if this browser holds an owner key that the camera has accepted. */
    readonly owner: boolean;
    /** What the transcript binds (sealed.md 2.2, 5.5). */
    readonly binding: { readonly device: string; readonly account: string; readonly session: string };
    readonly opened_ms: number;
    readonly records: { readonly sent: number; readonly received: number };
    /** The content key of the picture: its KID in hex, how many there were in this view, age. */
    readonly key: { readonly kid: string; readonly turn: number; readonly since_ms: number } | null;
    /** Units that the relay withheld or the player refused, by reason; 0 is the healthy value. */
    readonly refused: { readonly withheld: number; readonly replaced_key: number; readonly unknown_key: number };
}

/** Measured by the player, about once a second. */
export interface Delay {
    /** Glass to glass in ms: camera's wall clock of the painted frame against ours. */
    readonly now_ms: number;
    readonly p50_ms: number;
    readonly p95_ms: number;
    /** True if our clock's offset to the server is not known yet. */
    readonly estimated: boolean;
    /** Jumps to the live edge since the start. */
    readonly resyncs: number;
    readonly painted: number;
    readonly dropped: number;
    readonly width: number;
    readonly height: number;
    readonly codec: string;
}

/** Why a view ended for good; `watch.retry()` starts anew. */
export type CutReason =
    | "revoked" | "logged-out" | "camera-gone" | "replaced" | "limit" | "protocol" | "shutdown"
    | "password-changed" | "superseded" | "expired" | "replay" | "gap" | "crypto" | "session-ended"
    | "internal";

/** Everything a tile can show. Exactly one at a time. */
export type WatchState =
    | { readonly phase: "idle" }
    | { readonly phase: "opening"; readonly stage: OpeningStage; readonly attempt: number }
    | { readonly phase: "playing"; readonly delay: Delay | null; readonly seal: SealFacts }
    | { readonly phase: "behind"; readonly delay: Delay; readonly seal: SealFacts }
    | { readonly phase: "stalled"; readonly since_ms: number; readonly seal: SealFacts }
    /** Freshness, sealed.md 4.5: what is shown is old, and the network or the server made it so. */
    | { readonly phase: "delayed"; readonly delay: Delay | null; readonly seal: SealFacts }
    | { readonly phase: "not-live"; readonly since_ms: number; readonly seal: SealFacts }
    /** No enrolled key and no label known: ask the person. `why` tells the sentence. */
    | { readonly phase: "needs-password"; readonly why: "first" | "key-unknown" | "password-changed";
        readonly password_class: "label" | "chosen" | "unknown" }
    /** `tries_left` of this browser's 5 an hour; the camera counts its own and may lock. */
    | { readonly phase: "wrong-password"; readonly tries_left: number; readonly retry_at_ms: number | null }
    /** The text is not a label code or not a possible password: nothing was sent, no try spent. */
    | { readonly phase: "bad-credential"; readonly why: CredentialFault }
    | { readonly phase: "locked"; readonly until_ms: number }
    | { readonly phase: "offline"; readonly since_ms: number; readonly retry_at_ms: number }
    | { readonly phase: "no-permission" }
    /** The camera, or the server in its name, asks for parameters that are too weak or too costly. */
    | { readonly phase: "refused-parameters" }
    | { readonly phase: "cut"; readonly reason: CutReason; readonly at_ms: number }
    | { readonly phase: "key-changed"; readonly pinned: KeyView; readonly offered: KeyView;
        /** `password`: proven by a password just given, may be accepted. `directory`: only claimed. */
        readonly vouched: "password" | "directory" }
    | { readonly phase: "codec"; readonly codec: string }
    /** The camera, the server or the network did not answer; the next try is automatic. */
    | { readonly phase: "retrying"; readonly why: "timeout" | "busy" | "network"; readonly retry_at_ms: number };

export type CredentialFault =
    | "label-length" | "label-character" | "label-check" | "label-other-camera" | "qr-form"
    | "password-short" | "password-long" | "not-a-label";

export interface KeyView {
    readonly fingerprint: string;
    readonly fingerprint_hex: string;
    readonly weave: readonly boolean[];
}

export interface WatchOptions {
    readonly device: string;
    /** null: no live picture, the channel alone (playback). */
    readonly stream: StreamName | null;
    /** The seal key that the directory names (`device.seal`, base64url): compared, never trusted. */
    readonly directory_seal?: string;
    /** True lets the worker derive the label from the fleet's seed (`setLabelSeed`). */
    readonly simulated?: boolean;
    readonly credential?: Credential;
    /** Enrol this browser's key after a password was right. Default true. */
    readonly remember?: boolean;
    /** Default: live-main and live-sub. */
    readonly actions?: readonly Action[];
}

/** What came of an act; `code` as the camera's err.code, or `not-open`, `cut`, `timeout`, `crypto`, `network`. */
export type ActResult =
    | { readonly ok: true }
    | { readonly ok: false; readonly code: string; readonly retry_ms: number };

export type SnapResult =
    | { readonly ok: true; readonly jpeg: ArrayBuffer; readonly width: number; readonly height: number }
    | { readonly ok: false; readonly code: string; readonly retry_ms: number };

export type SoundState =
    | { readonly is: "off" } | { readonly is: "starting" } | { readonly is: "on" }
    /** `blocked`: the browser wants a click first. Else why the camera or the way ended it. */
    | { readonly is: "ended"; readonly code: string };

export type TalkState =
    /** `code`: why it ended, if the person did not end it. */
    | { readonly is: "off"; readonly code: string | null }
    | { readonly is: "on"; readonly since_ms: number };

/** Where the camera looks, as it says, and who steers. */
export interface PtzPlace {
    readonly pan: number;
    readonly tilt: number;
    readonly zoom: number;
    readonly by: string | null;
}

/** How fast to turn, each -1..1; all 0 = stand still. */
export interface PtzSpeed { readonly pan: number; readonly tilt: number; readonly zoom: number }

/** Everything beside the picture. */
export interface BesideState {
    /** Of the open channel; null = none is open. */
    readonly rights: readonly Action[] | null;
    /** What the camera's hello names beyond `device.caps`. */
    readonly features: readonly string[];
    readonly sound: SoundState;
    readonly talk: TalkState;
    readonly ptz: PtzPlace | null;
    /** The code of the last refused move. */
    readonly steer: string | null;
}

export const BESIDE_NONE: BesideState = {
    rights: null, features: [], sound: { is: "off" }, talk: { is: "off", code: null }, ptz: null, steer: null,
};

/** What a camera has kept between two moments. */
export type PastFound =
    | { readonly ok: true; readonly first_ms: number; readonly last_ms: number; readonly ranges: readonly Range[];
        readonly marks: readonly Mark[]; readonly source: "card" | "simulated" }
    | { readonly ok: false; readonly code: string; readonly retry_ms: number };

/** A playback as the worker knows it. `_s` are places of the player's time line. */
export type PastState =
    /** `code`: why it ended, if nobody asked for that. */
    | { readonly is: "off"; readonly code: string | null }
    | { readonly is: "starting" }
    | {
        readonly is: "on";
        readonly speed: PlaySpeed;
        /** Key pictures alone come at this speed. */
        readonly keysOnly: boolean;
        /** From each place on, when it was filmed; rising. */
        readonly clock: readonly { readonly at_s: number; readonly wall_ms: number }[];
        readonly gaps: readonly { readonly at_s: number; readonly from_ms: number; readonly to_ms: number }[];
        /** Where what is recorded ends, once that is known. */
        readonly end_s: number | null;
        /** Rises with every start and seek: go to `at_s`. */
        readonly jump: { readonly turn: number; readonly at_s: number };
    };

/** What the eye gets of it. */
export interface PastView {
    readonly state: PastState;
    /** When the picture on the screen was filmed; null = none is. */
    readonly at_ms: number | null;
    readonly paused: boolean;
    /** It should move but nothing has come yet. */
    readonly waiting: boolean;
    /** The end of what is recorded is reached. */
    readonly ended: boolean;
    /** The gap that was passed last, for a few seconds. */
    readonly gap: { readonly from_ms: number; readonly to_ms: number } | null;
}

export const PAST_NONE: PastView = {
    state: { is: "off", code: null }, at_ms: null, paused: false, waiting: false, ended: false, gap: null,
};

/** Playback of one camera; one at a time. */
export interface Past {
    view(): PastView;
    /** Called once at once and then with every change. */
    onView(listener: (view: PastView) => void): () => void;
    find(from_ms: number, to_ms: number): Promise<PastFound>;
    /** Begins at that moment, or with what was recorded next. */
    start(at_ms: number, speed: PlaySpeed): Promise<ActResult>;
    seek(at_ms: number): Promise<ActResult>;
    setSpeed(speed: PlaySpeed): Promise<ActResult>;
    play(): void;
    pause(): void;
    /** One picture on or back, paused. False if that one is not here any more. */
    step(by: 1 | -1): boolean;
    stop(): void;
}

/** One tile's view. All calls may be made in any state; the state tells what came of them. */
export interface Watch {
    readonly id: number;
    readonly device: string;
    /** The state now; `onState` is called once at once and then with every change. */
    state(): WatchState;
    onState(listener: (state: WatchState) => void): () => void;
    /** Give the element to play into (muted, playsinline); null takes it away. */
    attach(video: HTMLVideoElement | null): void;
    /** main <-> sub inside the same channel. */
    setStream(stream: StreamName): void;
    /** Answer to needs-password, wrong-password, bad-credential, key-changed. */
    enter(credential: Credential, options?: { readonly remember?: boolean }): void;
    /** Answer to key-changed with `vouched: "password"`; the text is the offered fingerprint. */
    acceptKey(fingerprint: string): void;
    /** Try again now (after cut, offline, retrying, codec). */
    retry(): void;
    beside(): BesideState;
    /** Called once at once and then with every change. */
    onBeside(listener: (state: BesideState) => void): () => void;
    /** Off at first. Call it in the person's own turn (click, key): browsers want that before they sound. */
    setSound(on: boolean): void;
    /** A full picture from the camera itself, as JPEG. */
    snapshot(): Promise<SnapResult>;
    /** May be called at any rate; the newest counts. Say 0 on release. */
    steer(speed: PtzSpeed): void;
    /** Turn to a kept place 1..9, or keep where it looks now under that number. */
    place(how: "go" | "set", place: number): Promise<ActResult>;
    /** Asks the camera to listen to us; then packets may follow. */
    talkStart(): Promise<ActResult>;
    /** One Opus packet of 20 ms, already of the one size (`opusPad`); `index` counts steps of 20 ms. */
    talkPacket(packet: Uint8Array<ArrayBuffer>, index: number): void;
    talkEnd(): void;
    /** Of a watch with `stream: null`. */
    readonly past: Past;
    /** Stop playing and close the channel when no other watch uses it. The handle is dead after. */
    stop(): void;
}

/** What this browser remembers of a camera. */
export interface Remembered {
    readonly device: string;
    readonly fingerprint: string;
    readonly weave: readonly boolean[];
    readonly trust: Trust;
    readonly remembered: boolean;
    readonly owner: boolean;
    readonly last_used_ms: number;
}

export interface LabelImport {
    readonly accepted: readonly string[];
    readonly refused: readonly { readonly line: number; readonly fault: CredentialFault }[];
}

export type ClaimResult =
    | { readonly ok: true }
    | { readonly ok: false; readonly code: "not-open" | "has-owner" | "denied" | "failed" };

export interface LiveSession {
    /** `account.id` and `csrf` of the session answer. */
    readonly account: string;
    readonly csrf: string;
}

export interface RelayFacts { readonly signal: boolean; readonly live: boolean; readonly rtt_ms: number | null }

export interface Live {
    watch(options: WatchOptions): Watch;
    /** 16 bytes of the link's fragment, base64url; null forgets it. Stays in the worker's memory. */
    setLabelSeed(seed: string | null): void;
    /**
     * Labels from a file or a scanned QR: one per line, `skep:1?..` or `<device id> <code>`. Kept in
     * the worker's memory until they opened their camera once (then the enrolled key serves).
     */
    importLabels(text: string): Promise<LabelImport>;
    /** Form and check characters only, nothing is sent; null = may be tried. */
    checkCredential(device: string, credential: Credential): Promise<CredentialFault | null>;
    /** A new CSRF token after a new login of the same account. */
    setSession(session: LiveSession): void;
    /** Cameras that this browser has a pin or an enrolled key for. */
    remembered(): Promise<readonly Remembered[]>;
    /** Enrol this browser's key now, if the open channel was born of a password. */
    remember(device: string): Promise<boolean>;
    /**
     * Forget pin, owner key and enrolment of one camera. Where this browser owns the camera and the
     * channel is open, the camera forgets this browser's key too; else an owner removes it there.
     */
    forget(device: string): Promise<void>;
    /** As `forget` for every camera; the viewer key itself is erased too. */
    forgetAll(): Promise<void>;
    /** Make this browser an owner of a camera that has none (needs a password-born channel). */
    claimOwner(device: string): Promise<ClaimResult>;
    readonly sharing: Sharing;
    /** State of the sockets, for the shell's strip. */
    onRelay(listener: (facts: RelayFacts) => void): () => void;
    /** Stop everything, wipe keys, end the worker (log-out). */
    close(): void;
}

export const OPENING_STAGES: readonly OpeningStage[] = ["asked", "agreeing", "key-agreed", "waiting-picture"];

/** 1..4, for the coil. */
export function openingStep(stage: OpeningStage): number {
    return OPENING_STAGES.indexOf(stage) + 1;
}

export { openLive } from "./page";
