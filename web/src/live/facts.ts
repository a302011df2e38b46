// Public facts of a channel and of keys, as the pages show them.

import type { KeyView, Remembered, SealFacts, Trust } from "./api";
import type { CameraEntry } from "./keyring";
import type { Session } from "./session";
import type { LiveStream } from "./stream";
import { type Bytes, hexEncode } from "../seal/bytes";
import { type KeyName, Role, keyName } from "../seal/fingerprint";

const DAY_MS = 86_400_000;

export async function keyViewOf(seal: Bytes): Promise<KeyView> {
    return keyFace(Role.seal, seal);
}

export async function keyFace(role: Role, key: Bytes): Promise<KeyView> {
    return viewOf(await nameOf(role, key));
}

function viewOf(name: KeyName): KeyView {
    return { fingerprint: name.fingerprint, fingerprint_hex: name.hex, weave: name.weave };
}

/** Hashing a key for every state would be waste: names are kept by their bytes. */
const names = new Map<string, KeyName>();
const NAMES_MAX = 512;

async function nameOf(role: Role, key: Bytes): Promise<KeyName> {
    const place = role + hexEncode(key);
    const found = names.get(place);
    if (found !== undefined) return found;
    if (names.size >= NAMES_MAX) names.clear();
    const name = await keyName(role, key);
    names.set(place, name);
    return name;
}

export function trustOf(entry: CameraEntry): Trust {
    const today = Date.now() - entry.first_seen_ms < DAY_MS
        && new Date(entry.first_seen_ms).getDate() === new Date().getDate();
    const line = entry.via !== "password" ? entry.via : today ? "new" : "pinned";
    return { line, since_ms: entry.first_seen_ms, simulated: entry.simulated };
}

export async function rememberedOf(entry: CameraEntry): Promise<Remembered | null> {
    if (entry.seal === null) return null;
    const name = await nameOf(Role.seal, entry.seal);
    return {
        device: entry.device, fingerprint: name.fingerprint, weave: name.weave, trust: trustOf(entry),
        remembered: entry.enrolled, owner: entry.owner?.accepted === true, last_used_ms: entry.last_used_ms,
    };
}

export interface FactSources {
    readonly session: Session;
    readonly entry: CameraEntry;
    readonly stream: Pick<LiveStream, "key" | "counts">;
    readonly viewer: Bytes;
    readonly device: string;
    readonly account: string;
    readonly trust: Trust;
}

export async function sealFacts(from: FactSources): Promise<SealFacts> {
    const { session, entry, stream } = from;
    const view = viewOf(await nameOf(Role.seal, session.hello.seal));
    const counts = stream.counts();
    return {
        channel: session.by, ...view, viewer_fingerprint: (await nameOf(Role.viewer, from.viewer)).fingerprint,
        trust: from.trust, remembered: entry.enrolled, owner: entry.owner?.accepted === true,
        binding: { device: from.device, account: from.account, session: hexEncode(session.id) },
        opened_ms: session.opened_ms, records: session.counts(), key: stream.key(),
        refused: {
            withheld: counts.withheld, replaced_key: counts.replaced_key, unknown_key: counts.unknown_key,
        },
    };
}
