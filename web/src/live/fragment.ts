// One thing about fMP4 fragments that playback needs: how long a picture stands. Key pictures alone come with
// the length of one frame each, and MSE would leave a hole up to the next; so the length is set to the step.

import { getU32 } from "../seal/bytes";

const TRUN_DATA_OFFSET = 0x1;
const TRUN_FIRST_FLAGS = 0x4;
const TRUN_DURATION = 0x100;
const TYPE = { moof: 0x6d6f6f66, traf: 0x74726166, trun: 0x7472756e } as const;

interface Box { readonly at: number; readonly end: number }

/** The content of the first box of that type among the boxes in [at, end). */
function boxFind(bytes: Uint8Array, type: number, { at, end }: Box): Box | null {
    for (let here = at; here + 8 <= end;) {
        const size = getU32(bytes, here);
        if (size < 8 || here + size > end) return null;
        if (getU32(bytes, here + 4) === type) return { at: here + 8, end: here + size };
        here += size;
    }
    return null;
}

/** Where the duration of the only picture of a fragment stands; null if it says none of its own. */
function durationAt(bytes: Uint8Array): number | null {
    const moof = boxFind(bytes, TYPE.moof, { at: 0, end: bytes.length });
    const traf = moof && boxFind(bytes, TYPE.traf, moof);
    const trun = traf && boxFind(bytes, TYPE.trun, traf);
    if (!trun || trun.at + 8 > trun.end) return null;
    const flags = getU32(bytes, trun.at) & 0xff_ffff;
    const isOne = getU32(bytes, trun.at + 4) === 1;
    if (!isOne || (flags & TRUN_DURATION) === 0) return null;
    const at = trun.at + 8 + ((flags & TRUN_DATA_OFFSET) === 0 ? 0 : 4) + ((flags & TRUN_FIRST_FLAGS) === 0 ? 0 : 4);
    return at + 4 <= trun.end ? at : null;
}

/** A copy whose picture stands for `ticks` of 90 kHz; the fragment itself if it cannot be read. */
export function fragmentStretch(bytes: Uint8Array<ArrayBuffer>, ticks: number): Uint8Array<ArrayBuffer> {
    const at = durationAt(bytes);
    if (at === null || !Number.isInteger(ticks) || ticks <= 0 || ticks > 0x7fff_ffff) return bytes;
    const out = bytes.slice();
    new DataView(out.buffer).setUint32(at, ticks);
    return out;
}
