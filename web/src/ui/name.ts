// What a name of a camera, a person or a box may be.

/** 1 to 64 characters without control characters, as the server takes them. */
export function nameFault(name: string): "name.empty" | "name.long" | "name.control" | null {
    const n = [...name.normalize("NFC").trim()].length;
    if (n === 0) return "name.empty";
    if (n > 64) return "name.long";
    return /\p{Cc}/u.test(name) ? "name.control" : null;
}
