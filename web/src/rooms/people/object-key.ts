import type { GrantObject } from "./ask";

/** A grant's object as one text: "all", "tag:<tag>", "device:<id>"; and back. */
export const objectKey = (o: GrantObject): string =>
    "all" in o ? "all" : "tag" in o ? `tag:${o.tag}` : `device:${o.device}`;
export function objectOf(text: string): GrantObject {
    if (text.startsWith("tag:")) return { tag: text.slice(4) };
    return text.startsWith("device:") ? { device: text.slice(7) } : { all: true };
}
