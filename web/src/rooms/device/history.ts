// The 24 h bar: online stretches and gaps out of the events of a camera. Pure.
import type { HistoryEvent } from "../../app/api";

export interface Stretch {
    readonly from: number;
    readonly to: number;
    readonly online: boolean | null;
}

/**
 * Stretches from `from` to `to`, oldest first. `before` the first event the state is the opposite of what that event
 * says; a camera that had not been enrolled is null there. Without events the state now held all the time since `since`.
 */
export function stretches(
    events: readonly HistoryEvent[],
    from: number,
    to: number,
    now: { readonly online: boolean; readonly since: number },
): Stretch[] {
    const sorted = events
        .filter((e) => e.kind === "online" || e.kind === "offline" || e.kind === "enrolled")
        .sort((a, b) => a.at - b.at);
    const first = sorted[0];
    let state: boolean | null = first
        ? first.kind === "enrolled"
            ? null
            : first.kind === "offline"
        : now.since <= from
          ? now.online
          : null;
    let at = from;
    const out: Stretch[] = [];
    const push = (end: number, next: boolean | null) => {
        const stop = Math.min(to, Math.max(from, end));
        const last = out[out.length - 1];
        if (stop > at) {
            if (last && last.online === state) out[out.length - 1] = { ...last, to: stop };
            else out.push({ from: at, to: stop, online: state });
        }
        at = Math.max(at, stop);
        state = next;
    };
    if (!first && now.since > from) push(now.since, now.online);
    for (const e of sorted) push(e.at, e.kind === "enrolled" ? null : e.kind === "online");
    push(to, null);
    return out;
}

export function gaps(list: readonly Stretch[]): { readonly n: number; readonly ms: number } {
    const off = list.filter((s) => s.online === false);
    return { n: off.length, ms: off.reduce((sum, s) => sum + s.to - s.from, 0) };
}
