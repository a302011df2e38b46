// The arithmetic of the pad and its labels. Pure.
import type { PtzSpeed } from "../../live/api";

export const STILL: PtzSpeed = { pan: 0, tilt: 0, zoom: 0 };

/** The drawn inner circle: there the camera stands still. */
const CENTRE = 15 / 46;
/** Speeds in tenths: a finger that trembles is not a new command. */
const STEPS = 10;

/** Full speed, one way each; right and up are positive. */
export const ARROWS: Readonly<Record<string, PtzSpeed>> = {
    ArrowLeft: { pan: -1, tilt: 0, zoom: 0 },
    ArrowRight: { pan: 1, tilt: 0, zoom: 0 },
    ArrowUp: { pan: 0, tilt: 1, zoom: 0 },
    ArrowDown: { pan: 0, tilt: -1, zoom: 0 },
};

/** A point on the pad, -1..1 from its middle, y down: how fast to turn. Outside counts as the border. */
export function padSpeed(x: number, y: number): PtzSpeed {
    const far = Math.hypot(x, y);
    if (!(far > CENTRE)) return STILL;
    const strength = Math.min(1, (far - CENTRE) / (1 - CENTRE));
    const part = (share: number) => Math.round((share / far) * strength * STEPS) / STEPS + 0;
    return { pan: part(x), tilt: part(-y), zoom: 0 };
}

/** Every camera that turns keeps nine places. */
export const PLACES: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** "2.0×" */
export function zoomText(factor: number, number: (n: number) => string): string {
    const tenths = Math.round(factor * 10);
    return `${number(Math.floor(tenths / 10))}.${tenths % 10}×`;
}
