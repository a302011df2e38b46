// Steering: the page says how fast the camera should turn now, this says it to the camera. One request
// at a time, the newest speed next, said again while it lasts (a camera whose viewer is gone stands
// still), and a stop that is never lost behind a move.

import type { CommandResult } from "../seal/command";
import type { JsonObject } from "../seal/json";
import { type PtzSpeed, ptzArg } from "../seal/shapes";

const AGAIN_MS = 400;
const STILL: PtzSpeed = { pan: 0, tilt: 0, zoom: 0 };

export interface Steer {
    set(speed: PtzSpeed): void;
    /** Call a few times a second. */
    tick(): void;
    end(): void;
}

export interface SteerOptions {
    readonly send: (name: string, arg: JsonObject) => Promise<CommandResult>;
    /** The code of a refused move, or null after one that was taken. */
    readonly told: (refused: string | null) => void;
    readonly now: () => number;
}

const isStill = (speed: PtzSpeed): boolean => speed.pan === 0 && speed.tilt === 0 && speed.zoom === 0;
const isSame = (a: PtzSpeed, b: PtzSpeed): boolean => a.pan === b.pan && a.tilt === b.tilt && a.zoom === b.zoom;

export function steerNew(options: SteerOptions): Steer {
    let wanted = STILL;
    let said = STILL;
    let said_ms = 0;
    let busy = false;
    let over = false;

    function next(): void {
        if (busy || over) return;
        if (isStill(wanted)) {
            if (!isStill(said)) void say("ptz.stop", {}, STILL);
        } else if (!isSame(wanted, said) || options.now() - said_ms >= AGAIN_MS) {
            void say("ptz.move", ptzArg(wanted), wanted);
        }
    }

    async function say(name: string, arg: JsonObject, speed: PtzSpeed): Promise<void> {
        busy = true;
        said = speed;
        said_ms = options.now();
        const result = await options.send(name, arg);
        busy = false;
        if (over) return;
        options.told(result.ok ? null : result.err.code);
        if (!result.ok) {
            said = STILL;
            wanted = STILL; /* a refused move is not repeated: the hand moves again or it does not */
            return;
        }
        next();
    }

    return {
        set: (speed) => {
            wanted = speed;
            next();
        },
        tick: next,
        end: () => {
            if (!over && !isStill(said)) void options.send("ptz.stop", {});
            over = true;
        },
    };
}
