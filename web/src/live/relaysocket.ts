// /ws/live: relay frames of all streams of all cameras on one socket (wire.md 3, sealed.md 6).

import { member } from "./ask";
import { type Bytes, getU32, u64 } from "../seal/bytes";
import { RelayKind, type RelayFrame, relayControl, relayDecode } from "../seal/relay";
import { type SocketEnd, socketNew } from "./socket";

const PING_MS = 20_000;
const READY_MS = 10_000;

export type StreamEnd =
    | "revoked" | "logged-out" | "camera-gone" | "replaced" | "limit" | "protocol" | "shutdown" | "network"
    | "session-ended";

export interface StreamHandlers {
    frame(frame: RelayFrame): void;
    /** The relay's own word: units that it left out for this slow viewer. */
    skipped(units: number): void;
    ended(why: StreamEnd): void;
}

export interface RelaySocket {
    /** Makes a camera's streams available by its authorization code; null = ready. */
    ready(device: string, code: string): Promise<StreamEnd | null>;
    subscribe(stream: number, handlers: StreamHandlers): void;
    unsubscribe(stream: number): void;
    /** One media frame of ours (talk). False if the socket is closed; nothing is kept for later. */
    send(frame: Bytes): boolean;
    isOpen(): boolean;
    close(): void;
}

const CUTS: readonly StreamEnd[] = [
    "protocol", "revoked", "logged-out", "camera-gone", "replaced", "limit", "protocol", "shutdown",
];
const ENDS: Readonly<Record<SocketEnd, StreamEnd>> = {
    network: "network", "session-ended": "session-ended", "not-allowed": "revoked", limit: "limit",
    protocol: "protocol", shutdown: "shutdown",
};

interface Waiting { readonly device: string; readonly done: (why: StreamEnd | null) => void }

export function relaySocketNew(changed: () => void): RelaySocket {
    const streams = new Map<number, StreamHandlers>();
    let waiting: Waiting[] = [];
    let pingTimer: ReturnType<typeof setInterval> | undefined;
    const socket = socketNew("/ws/live", "skep.live.1", { text, binary, ended });

    function ended(why: SocketEnd): void {
        clearInterval(pingTimer);
        const handlers = [...streams.values()];
        const asked = waiting;
        streams.clear();
        waiting = [];
        for (const one of asked) one.done(ENDS[why]);
        for (const one of handlers) one.ended(ENDS[why]);
        changed();
    }

    /** Answers come in the order of the codes; `ready` names the device as well. */
    function text(message: string): void {
        let value: unknown = null;
        try {
            value = JSON.parse(message) as unknown;
        } catch {
            return socket.close();
        }
        const device = member(member(value, "ready"), "device");
        const index = typeof device === "string" ? waiting.findIndex((one) => one.device === device) : 0;
        const refused = member(value, "refused") !== undefined;
        const one = waiting[index];
        if (one === undefined || (device === undefined && !refused)) return;
        waiting = waiting.filter((other) => other !== one);
        one.done(refused ? refusal(member(member(value, "refused"), "reason")) : null);
    }

    function binary(bytes: Bytes): void {
        try {
            frameTake(relayDecode(bytes));
        } catch {
            socket.close();
        }
    }

    function frameTake(frame: RelayFrame): void {
        const named = streams.get(frame.stream);
        switch (frame.kind) {
            case RelayKind.ping:
                socket.send(relayControl(RelayKind.pong, 0, frame.body));
                return;
            case RelayKind.cut:
                cut(frame.stream, CUTS[frame.body[0] ?? 0] ?? "protocol");
                return;
            case RelayKind.skipped:
                named?.skipped(getU32(frame.body, 0));
                return;
            default:
                if (frame.kind < RelayKind.hello) named?.frame(frame);
        }
    }

    function cut(stream: number, why: StreamEnd): void {
        const hit = stream === 0 ? [...streams.keys()] : [stream];
        for (const id of hit) {
            const handlers = streams.get(id);
            streams.delete(id);
            handlers?.ended(why);
        }
    }

    async function ready(device: string, code: string): Promise<StreamEnd | null> {
        const wasOpen = socket.isOpen();
        try {
            await socket.need();
        } catch {
            return "network";
        }
        if (!wasOpen) {
            clearInterval(pingTimer);
            pingTimer = setInterval(() => socket.send(relayControl(RelayKind.ping, 0, u64(Date.now()))), PING_MS);
            changed();
        }
        const answer = new Promise<StreamEnd | null>((done) => waiting.push({ device, done }));
        socket.send(JSON.stringify({ code }));
        const timer = setTimeout(() => {
            waiting.find((one) => one.device === device)?.done("network");
            waiting = waiting.filter((one) => one.device !== device);
        }, READY_MS);
        const result = await answer;
        clearTimeout(timer);
        return result;
    }

    return {
        ready, isOpen: socket.isOpen, close: socket.close,
        send: (frame) => socket.send(frame),
        subscribe: (stream, handlers) => {
            streams.set(stream, handlers);
            socket.send(relayControl(RelayKind.subscribe, stream));
        },
        unsubscribe: (stream) => {
            if (streams.delete(stream)) socket.send(relayControl(RelayKind.unsubscribe, stream));
        },
    };
}

/** A code that is no longer good wants a new session, not a person. */
const REFUSALS: Readonly<Record<string, StreamEnd>> = {
    code: "network", limit: "limit", grant: "revoked", offline: "camera-gone",
};

function refusal(reason: unknown): StreamEnd {
    return REFUSALS[String(reason)] ?? "protocol";
}
