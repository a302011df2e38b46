// Which of my cameras somebody else shares with me: asked once per session and when rights change.
import { signal, type ReadonlySignal } from "@preact/signals";
import { call } from "../../app/api";
import { onNews } from "../../app/events";
import type { Received } from "./ask";

const sharedSignal = signal<ReadonlySet<string>>(new Set());
export const sharedWithMe: ReadonlySignal<ReadonlySet<string>> = sharedSignal;

export function startShared(): () => void {
    let alive = true;
    const load = () =>
        call<{ received: Received[] }>("GET", "/shares").then(
            ({ received }) => {
                if (alive) sharedSignal.value = new Set(received.map((r) => r.device));
            },
            () => undefined,
        );
    void load();
    const off = onNews((news) => {
        if (news.ev === "access") void load();
    });
    return () => {
        alive = false;
        off();
        sharedSignal.value = new Set();
    };
}
