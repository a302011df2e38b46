// Key hashes as people and the protocol see them (sealed.md 5.1) and the 24 bits of the weave.

import { type Bytes, bytesCopy, hexEncode, textBytes, u8 } from "./bytes";
import { crockfordEncode, crockfordGroups } from "./crockford";
import { sha256 } from "./hash";

export const Role = { seal: 1, viewer: 2, owner: 3 } as const;
export type Role = (typeof Role)[keyof typeof Role];

export interface KeyName {
    /** First 16 bytes of H_key. */
    readonly id: Bytes;
    /** First 100 bits, Crockford, 5 groups of 4. */
    readonly fingerprint: string;
    /** The id in hex, 8 groups of 4. */
    readonly hex: string;
    /** First 24 bits of SHA-256(public key): the cells of the woven skep. */
    readonly weave: readonly boolean[];
}

export async function keyName(role: Role, publicKey: Bytes): Promise<KeyName> {
    const hash = await sha256(textBytes("skep-seal/1 key\0"), u8(role), publicKey);
    const id = bytesCopy(hash, 0, 16);
    return {
        id,
        fingerprint: crockfordGroups(crockfordEncode(hash, 20)),
        hex: hexEncode(id).toUpperCase().replace(/.{4}(?=.)/g, "$& "),
        weave: weaveBits(await sha256(publicKey)),
    };
}

function weaveBits(hash: Uint8Array): readonly boolean[] {
    return Array.from({ length: 24 }, (_, bit) => (((hash[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1);
}

/** True if a label's 20 characters are this fingerprint. */
export function fingerprintIs(name: KeyName, characters: string): boolean {
    return name.fingerprint.replaceAll("-", "") === characters;
}
