// An invitation to one camera and what a guest shows for having it (sealed.md 5.4). The link's secret never reaches a server.

import { type Bytes, base64Decode, base64Encode, bytesConcat, bytesEqual, lp8, textBytes } from "./bytes";
import { CROCKFORD, deviceIdDecode } from "./crockford";
import { hmac } from "./hash";
import { pointDecode } from "./point";

export const SECRET_BYTES = 16;

export interface Invitation {
    readonly device: string;
    readonly secret: Bytes;
    /** The camera's, in its five groups. */
    readonly fingerprint: string;
}

/** `#d=..&s=..&k=..` */
export function invitationWrite(from: Invitation): string {
    return `d=${from.device}&s=${base64Encode(from.secret)}&k=${from.fingerprint}`;
}

const isGroups = (text: string): boolean => /^(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}$/.test(text)
    && [...text.replaceAll("-", "")].every((char) => CROCKFORD.includes(char));

/** Null unless each of the three is there once, in its form, and nothing else. */
export function invitationRead(text: string): Invitation | null {
    const parts = new Map<string, string>();
    for (const part of text.split("&")) {
        const name = part.slice(0, 2);
        if (!["d=", "s=", "k="].includes(name) || parts.has(name)) return null;
        parts.set(name, part.slice(2));
    }
    const device = parts.get("d=") ?? "";
    const secret = base64Decode(parts.get("s=") ?? "", SECRET_BYTES);
    const fingerprint = parts.get("k=") ?? "";
    if (deviceIdDecode(device) === null || secret === null || !isGroups(fingerprint)) return null;
    return { device, secret, fingerprint };
}

/** HMAC(secret, "skep-seal/1 claim\0" || lp8(account) || lp8(dev) || public key) */
export function claimMake(secret: Bytes, account: string, device: string, publicKey: Bytes): Promise<Bytes> {
    return hmac(secret, bytesConcat(textBytes("skep-seal/1 claim\0"), lp8(account), lp8(device), publicKey));
}

export async function claimIs(
    claim: Bytes, secret: Bytes, account: string, device: string, publicKey: Bytes,
): Promise<boolean> {
    try {
        pointDecode(publicKey);
    } catch {
        return false;
    }
    return bytesEqual(claim, await claimMake(secret, account, device, publicKey));
}
