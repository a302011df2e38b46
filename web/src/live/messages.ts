// What page and worker say to each other. Typed on both ends; no key, no plaintext record, and frames
// only where this browser cannot run MSE inside a worker.

import type { PlaySpeed } from "../seal/playback";
import type {
    ActResult, BesideState, ClaimResult, Credential, CredentialFault, LabelImport, LiveSession, PastFound, PastState,
    PtzSpeed, RelayFacts, Remembered, SnapResult, StreamName, WatchOptions, WatchState,
} from "./api";
import type { Sharing } from "./shareapi";

export type ToWorker =
    | { readonly to: "session"; readonly session: LiveSession; readonly workerMse: boolean }
    | { readonly to: "watch"; readonly id: number; readonly options: WatchOptions }
    | { readonly to: "enter"; readonly id: number; readonly credential: Credential; readonly remember: boolean | null }
    | { readonly to: "accept"; readonly id: number; readonly fingerprint: string }
    | { readonly to: "stream"; readonly id: number; readonly stream: StreamName }
    | { readonly to: "retry"; readonly id: number }
    | { readonly to: "stop"; readonly id: number }
    /** A video element came or went. */
    | { readonly to: "attach"; readonly id: number; readonly on: boolean }
    /** Playback position in s on the sink's time line, for trimming. */
    | { readonly to: "position"; readonly id: number; readonly time_s: number }
    /** The page's decoder gave up: make a new source. */
    | { readonly to: "broken"; readonly id: number; readonly codec: boolean }
    | { readonly to: "sound"; readonly id: number; readonly on: boolean }
    | { readonly to: "soundBroken"; readonly id: number }
    | { readonly to: "steer"; readonly id: number; readonly speed: PtzSpeed }
    | { readonly to: "talkPacket"; readonly id: number; readonly packet: ArrayBuffer; readonly index: number }
    | { readonly to: "talkEnd"; readonly id: number }
    | { readonly to: "pastStop"; readonly id: number }
    | { readonly to: "seed"; readonly seed: string | null }
    | { readonly to: "call"; readonly call: number; readonly ask: Ask }
    | { readonly to: "close" };

export type Ask =
    | { readonly name: "remembered" }
    | { readonly name: "remember"; readonly device: string }
    | { readonly name: "forget"; readonly device: string }
    | { readonly name: "forgetAll" }
    | { readonly name: "claimOwner"; readonly device: string }
    | { readonly name: "importLabels"; readonly text: string }
    | { readonly name: "snap"; readonly id: number }
    | { readonly name: "place"; readonly id: number; readonly how: "go" | "set"; readonly place: number }
    | { readonly name: "talkStart"; readonly id: number }
    | { readonly name: "pastFind"; readonly id: number; readonly from_ms: number; readonly to_ms: number }
    | { readonly name: "pastStart"; readonly id: number; readonly at_ms: number; readonly speed: PlaySpeed }
    | { readonly name: "pastSeek"; readonly id: number; readonly at_ms: number }
    | { readonly name: "pastSpeed"; readonly id: number; readonly speed: PlaySpeed }
    | { readonly name: "share"; readonly act: ShareCall }
    | { readonly name: "checkCredential"; readonly device: string; readonly credential: Credential };

export interface Answers {
    remembered: readonly Remembered[];
    remember: boolean;
    forget: null;
    forgetAll: null;
    claimOwner: ClaimResult;
    importLabels: LabelImport;
    snap: SnapResult;
    place: ActResult;
    talkStart: ActResult;
    pastFind: PastFound;
    pastStart: ActResult;
    pastSeek: ActResult;
    pastSpeed: ActResult;
    share: Awaited<ReturnType<Sharing[ShareAct]>>;
    checkCredential: CredentialFault | null;
}

type ShareAct = keyof Sharing;
/** Any call of sharing; its answer has the type that the name says. */
export type ShareCall = { [N in ShareAct]: { readonly is: N; readonly with: Parameters<Sharing[N]> } }[ShareAct];

/** How PTS, the camera's wall clock and the sink's time line hang together. */
export interface ClockMap {
    /** PTS at 0 s of the sink's time line. */
    readonly origin_pts: number;
    /** One pair of the camera's clock. */
    readonly pts: number;
    readonly wall_ms: number;
    /** Time from one picture to the next. */
    readonly frame_ms: number;
    /** Server's wall clock minus ours; null = not measured yet. */
    readonly offset_ms: number | null;
    readonly codec: string;
}

export type FromWorker =
    | { readonly of: "state"; readonly id: number; readonly state: WatchState }
    | { readonly of: "source"; readonly id: number; readonly handle: MediaSourceHandle | null; readonly map: ClockMap }
    | { readonly of: "unit"; readonly id: number; readonly init: boolean; readonly key: boolean;
        readonly bytes: ArrayBuffer }
    | { readonly of: "beside"; readonly id: number; readonly state: BesideState }
    | { readonly of: "past"; readonly id: number; readonly state: PastState }
    /** Nothing before this place of the time line will be played any more. */
    | { readonly of: "cut"; readonly id: number; readonly time_s: number }
    /** Sound on the picture's time line; no map = the sound is over. */
    | { readonly of: "sound"; readonly id: number; readonly handle: MediaSourceHandle | null;
        readonly map: ClockMap | null }
    | { readonly of: "soundUnit"; readonly id: number; readonly init: boolean; readonly bytes: ArrayBuffer }
    | { readonly of: "map"; readonly id: number; readonly map: ClockMap }
    | { readonly of: "answer"; readonly call: number; readonly value: Answers[keyof Answers] }
    | { readonly of: "relay"; readonly facts: RelayFacts };
