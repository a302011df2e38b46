// Crockford base32: label codes and fingerprints are written in it. Device ids use the lower-case
// RFC 4648 alphabet, kept here beside it because both are "32 letters" and easily confused.

import type { Bytes } from "./bytes";

export const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RFC4648 = "abcdefghijklmnopqrstuvwxyz234567";

/** The first `chars` * 5 bits. */
export function crockfordEncode(bytes: Uint8Array, chars: number): string {
    return base32Encode(CROCKFORD, bytes, chars);
}

/** In groups of 4 with hyphens, as people read it. */
export function crockfordGroups(text: string): string {
    return text.replace(/.{4}(?=.)/g, "$&-");
}

/** Raw 16 bytes of a device id text; null unless 26 canonical lower-case characters. */
export function deviceIdDecode(text: string): Bytes | null {
    if (!/^[a-z2-7]{26}$/.test(text)) return null;
    const out = new Uint8Array(16);
    let held = 0;
    let bits = 0;
    let at = 0;
    for (const char of text) {
        held = ((held << 5) | RFC4648.indexOf(char)) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            out[at++] = (held >> bits) & 255;
        }
    }
    return (held & ((1 << bits) - 1)) === 0 ? out : null;
}

export function deviceIdEncode(raw: Uint8Array): string {
    return base32Encode(RFC4648, raw, 26);
}

function base32Encode(alphabet: string, bytes: Uint8Array, chars: number): string {
    let out = "";
    for (let i = 0; i < chars; i++) {
        let value = 0;
        for (let bit = 5 * i; bit < 5 * i + 5; bit++) {
            value = (value << 1) | (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1);
        }
        out += alphabet.charAt(value);
    }
    return out;
}
