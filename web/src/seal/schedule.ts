// From a finished handshake to the two directions of a channel (sealed.md 3.1).

import { type Bytes, bytesWipe } from "./bytes";
import { hkdfExpand, hkdfExtract } from "./hash";

export interface ChannelSecrets {
    readonly id: Bytes;
    readonly v2c: Bytes;
    readonly c2v: Bytes;
}

/** PAKE: salt = H(context), ikm = K_shared. KK: salt = h, ikm = k1 || k2. `ikm` is wiped. */
export async function channelSecrets(salt: Bytes, ikm: Bytes): Promise<ChannelSecrets> {
    const prk = await hkdfExtract(salt, ikm);
    bytesWipe(ikm);
    const out = {
        id: await hkdfExpand(prk, "skep-seal/1 id", 16),
        v2c: await hkdfExpand(prk, "skep-seal/1 v2c", 32),
        c2v: await hkdfExpand(prk, "skep-seal/1 c2v", 32),
    };
    bytesWipe(prk);
    return out;
}

export function channelSecretsWipe(secrets: ChannelSecrets): void {
    bytesWipe(secrets.v2c, secrets.c2v);
}
