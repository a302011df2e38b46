// A snapshot: one unit, KEY|END|NOCACHE, under a key of its own (sealed.md 4.6). Nothing before or after
// it is awaited, so the order rules of a stream do not apply; its own do.

import type { Bytes } from "./bytes";
import { Code, SealError } from "./codes";
import type { KeyStore } from "./mediakeys";
import { RelayFlag, RelayKind, type RelayFrame } from "./relay";
import { sframeHeaderDecode, sframeOpen } from "./sframe";

const FLAGS = RelayFlag.key | RelayFlag.end | RelayFlag.nocache;
const JPEG_HEAD = [0xff, 0xd8, 0xff] as const;

/** The picture's bytes. Rejects with SealError on any other frame, key, tag, or content. */
export async function snapshotOpen(frame: RelayFrame, stream: number, keys: KeyStore, now_ms: number): Promise<Bytes> {
    if (frame.kind !== RelayKind.snapshot || frame.flags !== FLAGS || frame.stream !== stream) {
        throw new SealError(Code.malformed, "not one snapshot");
    }
    const header = sframeHeaderDecode(frame.body);
    if (header === null) throw new SealError(Code.malformed, "SFrame header");
    const found = keys.find(header.kid, now_ms);
    if (found.is !== "known") throw new SealError(Code.crypto, "snapshot without its key");
    const { key } = found;
    if (key.stream !== stream || key.kind !== RelayKind.snapshot || header.ctr < key.firstCtr) {
        throw new SealError(Code.crypto, "key of another stream");
    }
    const bytes = await sframeOpen(key.sframe, header, frame.header, frame.body);
    if (bytes === null) throw new SealError(Code.crypto, "unit tag");
    keys.spent(header.kid);
    if (JPEG_HEAD.some((byte, at) => bytes[at] !== byte)) throw new SealError(Code.malformed, "not a JPEG");
    return bytes;
}
