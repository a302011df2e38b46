// What a camera can, and what this viewer may: the camera's own word, then the grant. Pure.
import type { Device } from "../../app/api";
import type { Key } from "../../i18n";
import type { BesideState } from "../../live/api";

export type Ability = "listen" | "talk" | "ptz" | "snapshot" | "playback";

const LACKS: Readonly<Record<Ability, Key>> = {
    listen: "lack.listen",
    talk: "lack.talk",
    ptz: "lack.ptz",
    snapshot: "lack.snapshot",
    playback: "lack.playback",
};
const GRANTS: Readonly<Record<Ability, Key>> = {
    listen: "grant.listen",
    talk: "grant.talk",
    ptz: "grant.ptz",
    snapshot: "grant.snapshot",
    playback: "grant.playback",
};

/** Why an ability is missing, or null. A channel that is not open yet is no lack. */
export function missing(device: Device, beside: BesideState, ability: Ability): Key | null {
    if (!device.caps.includes(ability) && !beside.features.includes(ability)) return LACKS[ability];
    if (beside.rights !== null && !beside.rights.includes(ability)) return GRANTS[ability];
    return null;
}

const REFUSED: Readonly<Record<string, Key>> = {
    denied: "refused.denied",
    revoked: "refused.revoked",
    busy: "refused.busy",
    rate: "refused.busy",
    "not-open": "refused.not-open",
    cut: "refused.cut",
    network: "refused.cut",
    "camera-gone": "refused.cut",
    shutdown: "refused.cut",
    timeout: "refused.timeout",
    ended: "refused.ended",
    limit: "refused.limit",
    unsupported: "refused.unsupported",
    unknown: "refused.unsupported",
    "not-found": "refused.not-found",
    storage: "refused.storage",
    crypto: "refused.crypto",
    codec: "refused.codec",
    blocked: "refused.blocked",
    "mic-denied": "mic.denied",
    "mic-none": "mic.none",
    "mic-busy": "mic.busy",
    "no-encoder": "mic.no-encoder",
    insecure: "mic.insecure",
};

/** The sentence for a code of an act; codes that nobody foresaw are named. */
export const refusedKey = (code: string): Key => REFUSED[code] ?? "refused.other";

/** "North gate" at 15:08:31 -> "North-gate-2026-11-24-15-08-31.jpg", in the viewer's own time. */
export function pictureName(name: string, at: Date): string {
    const two = (n: number) => String(n).padStart(2, "0");
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    const time = `${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}`;
    const safe = name
        .normalize("NFC")
        .replace(/[^\p{L}\p{N}_-]+/gu, "-")
        .replace(/^-+|-+$/g, "");
    return `${safe || "camera"}-${day}-${time}.jpg`;
}
