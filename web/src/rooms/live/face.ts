// What a tile says in each state; console.md 6. Pure: state in, words out.
import type { Device } from "../../app/api";
import {
    openingStep,
    type CredentialFault,
    type CutReason,
    type Delay,
    type KeyView,
    type SealFacts,
    type WatchState,
} from "../../live/api";
import { t, type Key } from "../../i18n";
import { clock, dayMonth, hourMinute, millis, span } from "../../i18n/format";
import type { IconName } from "../../ui/icon";
import type { StateTone } from "../../ui/parts";

export const LIMIT_MS = 700;

export type FaceAct = "enter" | "retry" | "history" | "compare" | "help";

export interface Face {
    /** The caption: icon, word and colour; `quiet` follows in grey. */
    readonly tone: StateTone;
    readonly icon: IconName;
    readonly word: string;
    readonly delay?: string;
    /** The reason behind the word, as tip. */
    readonly tip?: string;
    /** What covers the picture; absent while there is one. */
    readonly cover?: {
        readonly icon?: IconName;
        readonly coil?: number;
        readonly title: string;
        readonly sub?: string;
        readonly act?: FaceAct;
        readonly actText?: string;
        readonly keys?: readonly [KeyView, KeyView];
    };
    /** The last picture shows through, grey. */
    readonly dim?: boolean;
    /** Counts as "needs a look". */
    readonly look?: boolean;
}

const STAGE: Readonly<Record<string, Key>> = {
    asked: "open.asked",
    agreeing: "open.agreeing",
    "key-agreed": "open.key-agreed",
    "waiting-picture": "open.waiting-picture",
};

const CUT: Readonly<Record<CutReason, Key>> = {
    revoked: "cut.revoked",
    "logged-out": "cut.logged-out",
    "camera-gone": "cut.camera-gone",
    replaced: "cut.replaced",
    limit: "cut.limit",
    protocol: "cut.protocol",
    shutdown: "cut.shutdown",
    "password-changed": "cut.password-changed",
    superseded: "cut.superseded",
    expired: "cut.expired",
    replay: "cut.replay",
    gap: "cut.gap",
    crypto: "cut.crypto",
    "session-ended": "cut.session-ended",
    internal: "cut.internal",
};

const FAULT: Readonly<Record<CredentialFault, Key>> = {
    "label-length": "fault.label-length",
    "label-character": "fault.label-character",
    "label-check": "fault.label-check",
    "label-other-camera": "fault.label-other-camera",
    "qr-form": "fault.qr-form",
    "password-short": "fault.password-short",
    "password-long": "fault.password-long",
    "not-a-label": "fault.not-a-label",
};
export const faultText = (fault: CredentialFault): string => t(FAULT[fault]);

/** Only these ends are worth a button; a withdrawn right is not. */
const RETRY: ReadonlySet<CutReason> = new Set<CutReason>([
    "camera-gone",
    "replaced",
    "limit",
    "protocol",
    "shutdown",
    "replay",
    "gap",
    "crypto",
    "superseded",
    "internal",
]);

export const sealOf = (state: WatchState): SealFacts | null =>
    "seal" in state ? state.seal : null;
export const delayOf = (state: WatchState): Delay | null => ("delay" in state ? state.delay : null);
export const isPlaying = (state: WatchState): boolean =>
    state.phase === "playing" || state.phase === "behind" || state.phase === "delayed";

function playing(delay: Delay | null, tone: StateTone, word: string): Face {
    const shown = delay
        ? delay.estimated
            ? t("delay.about", { delay: millis(delay.now_ms) })
            : millis(delay.now_ms)
        : "";
    return {
        tone,
        icon: "sealed",
        word,
        ...(shown ? { delay: shown } : {}),
        tip: t("path.relay-why"),
    };
}

/** The face of a camera that the directory calls offline. */
export function offlineFace(device: Device, now: number): Face {
    return {
        tone: "unknown",
        icon: "off",
        word: t("state.offline"),
        look: true,
        cover: {
            icon: "off",
            title: t("tile.offline", { time: since(device.since, now) }),
            act: "history",
            actText: t("tile.history"),
        },
    };
}

const since = (ms: number, now: number): string =>
    now - ms < 20 * 3600_000 ? hourMinute(ms) : dayMonth(ms);

export function faceOf(state: WatchState, now: number): Face {
    switch (state.phase) {
        case "idle":
            return { tone: "unknown", icon: "clock", word: t("tile.idle") };
        case "opening":
            return {
                tone: "unknown",
                icon: "clock",
                word: t("tile.opening"),
                cover: {
                    coil: openingStep(state.stage),
                    title: t(STAGE[state.stage] ?? "open.asked"),
                },
            };
        case "playing":
            return playing(state.delay, "sealed", t("path.relay"));
        case "behind":
            return playing(state.delay, "warn", t("path.relay"));
        case "delayed":
            return {
                ...playing(state.delay, "warn", t("tile.delayed")),
                icon: "clock",
                tip: t("tile.delayed-why"),
                look: true,
            };
        case "stalled":
            return {
                tone: "warn",
                icon: "stall",
                word: t("tile.stalled"),
                dim: true,
                look: true,
                cover: {
                    icon: "stall",
                    title: t("tile.stalled-for", { span: span(now - state.since_ms) }),
                    sub: t("tile.stalled-next"),
                },
            };
        case "not-live":
            return {
                tone: "error",
                icon: "clock",
                word: t("tile.not-live"),
                dim: true,
                look: true,
                cover: {
                    icon: "clock",
                    title: t("tile.not-live-since", { time: clock(state.since_ms) }),
                    sub: t("tile.not-live-why"),
                },
            };
        case "needs-password":
            return {
                tone: "warn",
                icon: "key",
                word: t("tile.password"),
                look: true,
                cover: {
                    icon: "key",
                    title: t("tile.needs-password"),
                    act: "enter",
                    actText: t("tile.enter"),
                    ...(state.why === "first"
                        ? {}
                        : {
                              sub: t(
                                  state.why === "key-unknown"
                                      ? "tile.key-unknown"
                                      : "tile.password-changed",
                              ),
                          }),
                },
            };
        case "wrong-password":
            return {
                tone: "warn",
                icon: "key",
                word: t("tile.password"),
                look: true,
                cover: {
                    icon: "key",
                    title: t("tile.wrong-password"),
                    act: "enter",
                    actText: t("tile.enter-again"),
                    sub:
                        state.retry_at_ms !== null && state.retry_at_ms > now
                            ? t("tile.tries-at", { time: hourMinute(state.retry_at_ms) })
                            : t("tile.tries-left", { n: state.tries_left }),
                },
            };
        case "bad-credential":
            return {
                tone: "warn",
                icon: "key",
                word: t("tile.password"),
                look: true,
                cover: {
                    icon: "key",
                    title: t("tile.not-sent"),
                    sub: faultText(state.why),
                    act: "enter",
                    actText: t("tile.enter-again"),
                },
            };
        case "locked":
            return {
                tone: "error",
                icon: "lock",
                word: t("tile.locked"),
                look: true,
                cover: {
                    icon: "lock",
                    title: t("tile.locked-by"),
                    sub: t("tile.locked-until", { time: hourMinute(state.until_ms) }),
                },
            };
        case "offline":
            return {
                tone: "unknown",
                icon: "off",
                word: t("state.offline"),
                look: true,
                cover: {
                    icon: "off",
                    title: t("tile.offline", { time: since(state.since_ms, now) }),
                    act: "history",
                    actText: t("tile.history"),
                },
            };
        case "no-permission":
            return {
                tone: "unknown",
                icon: "lock",
                word: t("tile.refused"),
                look: true,
                cover: {
                    icon: "lock",
                    title: t("tile.no-permission"),
                    sub: t("tile.no-permission-why"),
                },
            };
        case "refused-parameters":
            return {
                tone: "error",
                icon: "error",
                word: t("tile.refused"),
                look: true,
                cover: {
                    icon: "error",
                    title: t("tile.parameters"),
                    sub: t("tile.parameters-why"),
                },
            };
        case "cut":
            return {
                tone: "error",
                icon: "off",
                word: t("tile.cut"),
                look: true,
                cover: {
                    icon: "off",
                    title: t("tile.cut-at", { time: clock(state.at_ms) }),
                    sub: t(CUT[state.reason]),
                    ...(RETRY.has(state.reason)
                        ? { act: "retry" as const, actText: t("act.again") }
                        : {}),
                },
            };
        case "key-changed":
            return {
                tone: "error",
                icon: "key",
                word: t("tile.new-key"),
                look: true,
                cover: {
                    title: t("tile.key-changed"),
                    keys: [state.pinned, state.offered],
                    act: "compare",
                    actText: t("tile.compare"),
                },
            };
        case "codec":
            return {
                tone: "error",
                icon: "film",
                word: t("tile.codec"),
                look: true,
                cover: {
                    icon: "film",
                    title: t("tile.codec-which", { codec: codecName(state.codec) }),
                    act: "help",
                    actText: t("tile.codec-help"),
                },
            };
        case "retrying":
            return {
                tone: "unknown",
                icon: "clock",
                word: t("tile.retrying"),
                look: true,
                cover: {
                    icon: "clock",
                    title: t(
                        (
                            {
                                timeout: "retry.timeout",
                                busy: "retry.busy",
                                network: "retry.network",
                            } as const
                        )[state.why],
                    ),
                    sub: t("retry.at", { span: span(Math.max(1000, state.retry_at_ms - now)) }),
                },
            };
    }
}

/** "avc1.640028" is what people know as H.264 High. */
export function codecName(codec: string): string {
    const profile = /^avc[13]\.([0-9a-f]{2})/i.exec(codec)?.[1]?.toLowerCase();
    const names: Readonly<Record<string, string>> = {
        "42": "H.264 Baseline",
        "4d": "H.264 Main",
        "58": "H.264 Extended",
        "64": "H.264 High",
    };
    return (profile && names[profile]) ?? codec;
}
