// The page's one door to the sealed worker: opened with the session, closed with it.
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import { openLive, type Live, type RelayFacts } from "../live/api";
import { labelSeed } from "./session";
import type { SessionAnswer } from "./api";

const liveSignal = signal<Live | null>(null);
export const live: ReadonlySignal<Live | null> = liveSignal;
const socketsSignal = signal<RelayFacts | null>(null);
export const sockets: ReadonlySignal<RelayFacts | null> = socketsSignal;

let stopSeed: (() => void) | null = null;

export function startLive(answer: SessionAnswer): void {
    const session = { account: answer.account.id, csrf: answer.csrf };
    if (liveSignal.value) return liveSignal.value.setSession(session);
    const opened = openLive(session);
    stopSeed = effect(() => opened.setLabelSeed(labelSeed()));
    opened.onRelay((facts) => {
        socketsSignal.value = facts;
    });
    liveSignal.value = opened;
}

export function stopLive(): void {
    stopSeed?.();
    liveSignal.value?.close();
    liveSignal.value = null;
    socketsSignal.value = null;
}
