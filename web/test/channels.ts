// Channel helpers of the tests: secrets are wiped by their channel, so each end gets a copy.

import type { Bytes } from "../src/seal/bytes";

export { type Channel, RecordType, channelNew } from "../src/seal/channel";

export interface ChannelSecretsLike { readonly id: Bytes; readonly v2c: Bytes; readonly c2v: Bytes }

export function secretsCopy(secrets: ChannelSecretsLike): ChannelSecretsLike {
    return { id: secrets.id.slice(), v2c: secrets.v2c.slice(), c2v: secrets.c2v.slice() };
}
