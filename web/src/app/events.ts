// The one socket of news per page: cameras, enrolments, relay facts, the end of the session.
import { signal, type ReadonlySignal } from "@preact/signals";
import { signedOut } from "./session";
import type { Device, RelayFacts } from "./api";

export type News =
    | { readonly ev: "hello"; readonly wall: number }
    | { readonly ev: "device"; readonly device: Device }
    | { readonly ev: "device.removed"; readonly id: string }
    | { readonly ev: "enrolled"; readonly device: string; readonly token: string }
    | ({ readonly ev: "relay" } & RelayFacts)
    | { readonly ev: "access" | "approval" | "emergency" }
    | { readonly ev: "shares"; readonly device: string }
    | { readonly ev: "session.ended" };

/** null = connected; else since when this page is not live. */
const staleSignal = signal<number | null>(null);
export const staleSince: ReadonlySignal<number | null> = staleSignal;
const relaySignal = signal<RelayFacts | null>(null);
export const relayFacts: ReadonlySignal<RelayFacts | null> = relaySignal;
/** Server's clock minus ours, from the socket's greeting. */
const skewSignal = signal(0);
export const serverSkew: ReadonlySignal<number> = skewSignal;

type Listener = (news: News) => void;
const listeners = new Set<Listener>();
export function onNews(listener: Listener): () => void {
    listeners.add(listener);
    return () => {
        listeners.delete(listener);
    };
}

export function parseNews(text: string): News | null {
    let x: unknown;
    try {
        x = JSON.parse(text);
    } catch {
        return null;
    }
    if (typeof x !== "object" || x === null || !("ev" in x)) return null;
    const has = (name: string, type: string) =>
        typeof (x as Record<string, unknown>)[name] === type;
    switch (x.ev) {
        case "hello":
            return has("wall", "number") ? (x as News) : null;
        case "device":
            return has("device", "object") ? (x as News) : null;
        case "device.removed":
            return has("id", "string") ? (x as News) : null;
        case "enrolled":
            return has("device", "string") && has("token", "string") ? (x as News) : null;
        case "relay":
            return has("oldest_byte_ms", "number") && has("limit_ms", "number")
                ? (x as News)
                : null;
        case "shares":
            return has("device", "string") ? (x as News) : null;
        case "access":
        case "approval":
        case "emergency":
        case "session.ended":
            return x as News;
        default:
            return null;
    }
}

let socket: WebSocket | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let attempt = 0;
let wanted = false;

function take(text: string): void {
    const news = parseNews(text);
    if (!news) return;
    if (news.ev === "hello") {
        attempt = 0;
        staleSignal.value = null;
        skewSignal.value = news.wall - Date.now();
    } else if (news.ev === "relay") {
        relaySignal.value = news;
    } else if (news.ev === "session.ended") {
        stopNews();
        signedOut();
    }
    for (const listener of listeners) listener(news);
}

function open(): void {
    const ws = new WebSocket(
        `wss://${location.host}/api/v1/events`.replace(
            "wss:",
            location.protocol === "http:" ? "ws:" : "wss:",
        ),
        "skep.events.1",
    );
    socket = ws;
    ws.onmessage = (e) => {
        if (typeof e.data === "string") take(e.data);
    };
    ws.onclose = (e) => {
        if (socket !== ws) return;
        socket = null;
        if (e.code === 4401) return signedOut();
        staleSignal.value ??= Date.now();
        relaySignal.value = null;
        // Full jitter, 0.5 s doubling to 20 s.
        if (wanted)
            timer = setTimeout(open, 200 + Math.random() * Math.min(20_000, 500 * 2 ** attempt++));
    };
}

export function startNews(): void {
    if (wanted) return;
    wanted = true;
    attempt = 0;
    open();
    addEventListener("online", retryNews);
}

export function retryNews(): void {
    if (!wanted || socket) return;
    clearTimeout(timer);
    open();
}

export function stopNews(): void {
    wanted = false;
    clearTimeout(timer);
    removeEventListener("online", retryNews);
    const ws = socket;
    socket = null;
    ws?.close();
    staleSignal.value = null;
    relaySignal.value = null;
}
