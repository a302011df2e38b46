// The receiver's end of CREDIT (sealed.md 6.3): a window of bytes that the sender may have under way, given
// back as pictures are played. Bounds what a playback can make this browser hold. Pure.

import { u32 } from "./bytes";
import { RelayKind, relayControl } from "./relay";

export const CREDIT_WINDOW = 1_048_576;
/** No unit of a playback is larger (docs/design/streams.md). */
export const PLAY_UNIT_MAX = 524_288;

export interface Credit {
    /** A whole frame came, `size` = 20 + length. False if nobody gave it leave: close the stream. */
    arrived(size: number): boolean;
    /** It waits to be played at `pts`; without this it counts as done with. */
    hold(pts: number, size: number): void;
    /** The picture at `pts` is on the screen: it and all before are done with. */
    played(pts: number): void;
    /** Nothing before `pts` will be played any more. */
    dropBefore(pts: number): void;
    /** Bytes to give now, 0 = none; counts them as given. */
    take(): number;
    /** Bytes that wait to be played. */
    held(): number;
}

export function creditNew(window: number = CREDIT_WINDOW): Credit {
    let waiting: { readonly pts: number; readonly size: number }[] = [];
    let given = 0;
    let came = 0;
    let held = 0;

    function drop(isDone: (pts: number) => boolean): void {
        waiting = waiting.filter((one) => {
            if (isDone(one.pts)) held -= one.size;
            return !isDone(one.pts);
        });
    }

    return {
        arrived: (size) => {
            came += size;
            return came <= given;
        },
        hold: (pts, size) => {
            waiting.push({ pts, size });
            held += size;
        },
        played: (pts) => drop((one) => one <= pts),
        dropBefore: (pts) => drop((one) => one < pts),
        take: () => {
            const due = window - held - (given - came);
            if (due <= 0) return 0;
            given += due;
            return due;
        },
        held: () => held,
    };
}

/** The CREDIT frame for a stream. */
export function creditEncode(stream: number, bytes: number) {
    return relayControl(RelayKind.credit, stream, u32(bytes));
}
