// /ws/signal: sessions to cameras, envelopes in order, and the server's clock (wire.md 2, 3).

import { member } from "./ask";
import { type Bytes, base64Encode, hexEncode } from "../seal/bytes";
import { deviceIdDecode } from "../seal/crockford";
import { EnvelopeReason, EnvelopeType, envelopeDecode, envelopeEncode } from "../seal/envelope";
import { type SocketEnd, socketNew } from "./socket";

const TTL = 100;
const PING_FAST_MS = 500;
const PING_MS = 15_000;
const SAMPLES = 8;
const OPEN_MS = 10_000;

export type PipeEnd =
    | "offline" | "no-permission" | "revoked" | "timeout" | "busy" | "protocol" | "closed" | "session-ended"
    | "network" | "shutdown";

export interface PipeHandlers {
    body(body: Bytes): void;
    ended(why: PipeEnd): void;
}

/** One session: bodies out, in order. */
export interface Pipe {
    send(body: Bytes): void;
    /** Says end of session and forgets it; `ended` is not called. */
    close(): void;
}

export type PipeResult = { readonly ok: true; readonly pipe: Pipe } | { readonly ok: false; readonly why: PipeEnd };

export interface Signal {
    open(session: Bytes, device: string, code: string, handlers: PipeHandlers): Promise<PipeResult>;
    /** Server's clock minus ours, of the fastest of the last rounds; null = not measured. */
    offset_ms(): number | null;
    rtt_ms(): number | null;
    isOpen(): boolean;
    close(): void;
}

interface Entry {
    readonly handlers: PipeHandlers;
    readonly opened: (result: PipeResult) => void;
    readonly session: Bytes;
    readonly device: Bytes;
    ready: boolean;
    sent: number;
    taken: number;
}

const REASONS: Readonly<Record<number, PipeEnd>> = {
    [EnvelopeReason.offline]: "offline", [EnvelopeReason.ttl]: "timeout", [EnvelopeReason.noGrant]: "no-permission",
    [EnvelopeReason.revoked]: "revoked", [EnvelopeReason.overload]: "busy", [EnvelopeReason.protocol]: "protocol",
    [EnvelopeReason.closed]: "closed",
};
const REFUSED: Readonly<Record<string, PipeEnd>> = {
    code: "protocol", offline: "offline", limit: "busy", grant: "no-permission",
};
const ENDS: Readonly<Record<SocketEnd, PipeEnd>> = {
    network: "network", "session-ended": "session-ended", "not-allowed": "no-permission", limit: "busy",
    protocol: "protocol", shutdown: "shutdown",
};

export function signalNew(changed: () => void): Signal {
    const entries = new Map<string, Entry>();
    let samples: { rtt: number; offset: number }[] = [];
    let pingSent = 0;
    let pingNumber = 0;
    let isPinging = false;
    let pingTimer: ReturnType<typeof setTimeout> | undefined;
    const socket = socketNew("/ws/signal", "skep.signal.1", { text, binary, ended });

    function finish(key: string, why: PipeEnd): void {
        const entry = entries.get(key);
        if (entry === undefined) return;
        entries.delete(key);
        if (entry.ready) entry.handlers.ended(why);
        else entry.opened({ ok: false, why });
    }

    function ended(why: SocketEnd): void {
        clearTimeout(pingTimer);
        isPinging = false;
        for (const key of [...entries.keys()]) finish(key, ENDS[why]);
        changed();
    }

    function ping(): void {
        pingSent = Date.now();
        pingNumber += 1;
        if (!socket.send(JSON.stringify({ ping: pingNumber }))) return;
        pingTimer = setTimeout(ping, samples.length < 4 ? PING_FAST_MS : PING_MS);
    }

    function pong(number: unknown, wall: unknown): void {
        if (number !== pingNumber || typeof wall !== "number") return;
        const now = Date.now();
        samples = [...samples, { rtt: now - pingSent, offset: wall - (now + pingSent) / 2 }].slice(-SAMPLES);
        changed();
    }

    function text(message: string): void {
        const value = parsed(message);
        if (member(value, "pong") !== undefined) return pong(member(value, "pong"), member(value, "wall"));
        const opened = member(member(value, "opened"), "session");
        const refused = member(value, "refused");
        if (typeof opened === "string") pipeReady(opened);
        const key = member(refused, "session");
        if (typeof key === "string") finish(key, REFUSED[String(member(refused, "reason"))] ?? "protocol");
    }

    function pipeReady(key: string): void {
        const entry = entries.get(key);
        if (entry === undefined || entry.ready) return;
        entry.ready = true;
        entry.opened({ ok: true, pipe: pipeOf(key, entry) });
    }

    function pipeOf(key: string, entry: Entry): Pipe {
        function put(type: number, body: Bytes): void {
            if (entries.get(key) !== entry) return;
            const { session, device } = entry;
            socket.send(envelopeEncode({ type, ttl: TTL, seq: entry.sent++, session, device, body }));
        }
        return {
            send: (body) => put(EnvelopeType.body, body),
            close: () => {
                put(EnvelopeType.end, Uint8Array.of(EnvelopeReason.closed));
                entries.delete(key);
            },
        };
    }

    function binary(bytes: Bytes): void {
        try {
            const envelope = envelopeDecode(bytes);
            const key = base64Encode(envelope.session);
            const entry = entries.get(key);
            if (entry === undefined) return;
            if (hexEncode(envelope.device) !== hexEncode(entry.device)) return finish(key, "protocol");
            if (envelope.type !== EnvelopeType.body) return finish(key, REASONS[envelope.body[0] ?? 0] ?? "protocol");
            if (envelope.seq !== entry.taken) return finish(key, "protocol");
            entry.taken += 1;
            entry.handlers.body(envelope.body);
        } catch {
            socket.close();
        }
    }

    async function open(session: Bytes, device: string, code: string, handlers: PipeHandlers): Promise<PipeResult> {
        const raw = deviceIdDecode(device);
        if (raw === null) return { ok: false, why: "protocol" };
        try {
            await socket.need();
        } catch {
            return { ok: false, why: "network" };
        }
        if (!isPinging) {
            isPinging = true;
            ping();
            changed();
        }
        const key = base64Encode(session);
        const result = new Promise<PipeResult>((opened) => {
            entries.set(key, { handlers, opened, session, device: raw, ready: false, sent: 0, taken: 0 });
        });
        socket.send(JSON.stringify({ open: { session: key, device, code } }));
        const timer = setTimeout(() => finish(key, "timeout"), OPEN_MS);
        const answer = await result;
        clearTimeout(timer);
        return answer;
    }

    function best(): { rtt: number; offset: number } | null {
        return samples.reduce<{ rtt: number; offset: number } | null>(
            (least, one) => (least === null || one.rtt < least.rtt ? one : least), null);
    }

    return {
        open, isOpen: socket.isOpen, close: socket.close,
        offset_ms: () => best()?.offset ?? null, rtt_ms: () => best()?.rtt ?? null,
    };
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return null;
    }
}
