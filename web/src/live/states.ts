// From what went wrong below to what a tile says and whether anything is tried again by itself.

import type { CutReason, WatchState } from "./api";
import type { PipeEnd } from "./signal";
import type { SessionEnd, SessionFailure } from "./session";
import type { StreamFault } from "./stream";
import { Code } from "../seal/codes";

export type Next =
    /** Shown until the person acts. */
    | { readonly then: "stop"; readonly state: WatchState }
    /** Tried again, by the viewer key or where no try is at stake, after a back-off. */
    | { readonly then: "retry"; readonly why: "timeout" | "busy" | "network" | "offline"; readonly floor_ms: number }
    /** A wrong confirmV: count it, say so, and wait for the person. */
    | { readonly then: "wrong" }
    /** The key was not accepted: ask, never fall back. */
    | { readonly then: "ask"; readonly why: "key-unknown" | "password-changed" };

function cut(reason: CutReason): Next {
    return { then: "stop", state: { phase: "cut", reason, at_ms: Date.now() } };
}

function again(why: "timeout" | "busy" | "network" | "offline", floor_ms = 0): Next {
    return { then: "retry", why, floor_ms };
}

export function afterPipe(why: PipeEnd, retry_ms = 0): Next {
    switch (why) {
        case "offline": return again("offline");
        case "no-permission": return { then: "stop", state: { phase: "no-permission" } };
        case "revoked": return cut("revoked");
        case "session-ended": return cut("session-ended");
        case "timeout": return again("timeout");
        case "busy": return again("busy", retry_ms);
        case "protocol":
        case "closed":
        case "network":
        case "shutdown": return again("network", retry_ms);
    }
}

/** A handshake that did not open. */
export function afterFailure(failure: SessionFailure, by: "key" | "password"): Next {
    if (failure.why !== "abort") return afterPipe(failure.why, failure.retry_ms);
    if (failure.guess) return { then: "wrong" };
    switch (failure.code) {
        case Code.locked:
            return { then: "stop", state: { phase: "locked", until_ms: Date.now() + failure.retry_ms } };
        case Code.parameters: return { then: "stop", state: { phase: "refused-parameters" } };
        case Code.busy: return again("busy", failure.retry_ms);
        case Code.keyUnknown: return { then: "ask", why: "key-unknown" };
        case Code.confirmFailed: return by === "key" ? { then: "ask", why: "key-unknown" } : cut("crypto");
        case Code.expired: return cut("expired");
        case Code.revoked: return cut("revoked");
        case Code.passwordChanged: return { then: "ask", why: "password-changed" };
        case Code.crypto: return cut("crypto");
        default: return again("network", failure.retry_ms);
    }
}

/** An open channel that ended. */
export function afterEnd(end: SessionEnd): Next {
    if (end.why !== "close") return afterPipe(end.why);
    switch (end.code) {
        case Code.revoked: return cut("revoked");
        case Code.expired: return cut("expired");
        case Code.superseded: return cut("superseded");
        case Code.passwordChanged: return { then: "ask", why: "password-changed" };
        case Code.replay: return cut("replay");
        case Code.crypto: return cut("crypto");
        case Code.version:
        case Code.malformed: return cut("protocol");
        case Code.busy: return again("busy");
        case Code.idle: return again("timeout");
        default: return again("network");
    }
}

/** A stream that ended inside an open channel. */
export function afterStream(fault: StreamFault): Next {
    if (fault.why === "refused") {
        if (fault.code === "denied") return { then: "stop", state: { phase: "no-permission" } };
        if (fault.code === "busy" || fault.code === "rate") return again("busy", fault.retry_ms);
        return cut("internal");
    }
    if (fault.why === "seal") {
        if (fault.code === Code.replay) return cut("replay");
        return cut(fault.code === Code.crypto ? "crypto" : "protocol");
    }
    switch (fault.end) {
        case "revoked": return cut("revoked");
        case "logged-out": return cut("logged-out");
        case "session-ended": return cut("session-ended");
        case "limit": return cut("limit");
        case "protocol": return cut("protocol");
        case "camera-gone": return again("offline");
        case "replaced":
        case "shutdown":
        case "network": return again("network");
    }
}
