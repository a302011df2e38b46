// Finds the nonce of a challenge: SHA-256(salt ":" nonce) must begin with `bits` zero bits. In a worker, so that the
// page stays alive; docs/design/api.md, Abuse defence.
import { sha256 } from "@noble/hashes/sha2.js";

interface Work {
    readonly salt: string;
    readonly bits: number;
}

const text = new TextEncoder();

function holds(hash: Uint8Array, bits: number): boolean {
    for (let i = 0; i < bits; i++) if (((hash[i >> 3] ?? 0) >> (7 - (i & 7))) & 1) return false;
    return true;
}

addEventListener("message", (e: MessageEvent<Work>) => {
    const { salt, bits } = e.data;
    for (let i = 0; ; i++) {
        const nonce = i.toString(36);
        if (holds(sha256(text.encode(`${salt}:${nonce}`)), bits)) {
            postMessage(nonce);
            return;
        }
    }
});
