// Hold to talk as a state machine: holding talks, two short presses latch, Escape ends. Pure: the time comes in.

const SHORT_MS = 400;
const TWICE_MS = 600;

export type HoldState =
    | { readonly is: "off"; readonly pressedAt: number | null }
    | { readonly is: "held"; readonly since: number }
    | { readonly is: "latched" };

export const HOLD_OFF: HoldState = { is: "off", pressedAt: null };

export function holdDown(state: HoldState, now: number): HoldState {
    switch (state.is) {
        case "off":
            return state.pressedAt !== null && now - state.pressedAt <= TWICE_MS
                ? { is: "latched" }
                : { is: "held", since: now };
        case "latched":
            return HOLD_OFF;
        case "held":
            return state;
    }
}

export function holdUp(state: HoldState, now: number): HoldState {
    if (state.is !== "held") return state;
    return { is: "off", pressedAt: now - state.since <= SHORT_MS ? now : null };
}

/** A press without a release, as a screen reader makes it: on, or off. */
export function holdToggle(state: HoldState): HoldState {
    return state.is === "off" ? { is: "latched" } : HOLD_OFF;
}
