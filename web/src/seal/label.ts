// Label codes (password class 1), the QR text that carries them, and the labels of simulated cameras.

import { type Bytes, bytesConcat, textBytes } from "./bytes";
import { CROCKFORD, crockfordEncode, deviceIdDecode } from "./crockford";
import { hmac, sha256 } from "./hash";

export const LABEL_CHARS = 24;
const RANDOM_CHARS = 22;
const FINGERPRINT_CHARS = 20;

export type LabelFault =
    | "label-length" | "label-character" | "label-check" | "label-other-camera" | "qr-form";

export type LabelResult =
    | { readonly ok: true; readonly code: string; readonly device: string | null;
        /** 20 Crockford characters of the seal key's fingerprint, if the text held them. */
        readonly fingerprint: string | null }
    | { readonly ok: false; readonly fault: LabelFault };

/** Upper-case, blanks and hyphens dropped, O -> 0, I and L -> 1. */
export function labelNormalise(text: string): string {
    return text.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
}

/** The two check characters for 22 random ones. */
export async function labelCheck(random: string): Promise<string> {
    return crockfordEncode(await sha256(textBytes("skep-seal/1 code\0" + random)), 2);
}

/** Form and check of a code; catches typing errors before the camera counts a try. */
export async function labelParse(text: string): Promise<LabelResult> {
    const code = labelNormalise(text);
    for (const char of code) {
        if (!CROCKFORD.includes(char)) return { ok: false, fault: "label-character" };
    }
    if (code.length !== LABEL_CHARS) return { ok: false, fault: "label-length" };
    const right = (await labelCheck(code.slice(0, RANDOM_CHARS))) === code.slice(RANDOM_CHARS);
    return right ? { ok: true, code, device: null, fingerprint: null } : { ok: false, fault: "label-check" };
}

/** `skep:1?d=<dev>&c=<code>&k=<seal fingerprint>`; k may be absent, nothing else may be present. */
export async function qrParse(text: string): Promise<LabelResult> {
    const match = /^skep:1\?d=([a-z2-7]{26})&c=([^&]{1,64})(?:&k=([^&]{1,32}))?$/.exec(text.trim());
    const device = match?.[1];
    const code = match?.[2];
    if (device === undefined || code === undefined || deviceIdDecode(device) === null) {
        return { ok: false, fault: "qr-form" };
    }
    const label = await labelParse(code);
    if (!label.ok) return label;
    const given = match?.[3];
    const fingerprint = given === undefined ? null : labelNormalise(given);
    if (fingerprint !== null && !isFingerprint(fingerprint)) return { ok: false, fault: "qr-form" };
    return { ok: true, code: label.code, device, fingerprint };
}

/** A code as typed or a whole QR text; a QR of another camera is refused. */
export async function labelRead(text: string, device: string): Promise<LabelResult> {
    if (!/^\s*skep:/i.test(text)) return labelParse(text);
    const label = await qrParse(text);
    if (label.ok && label.device !== device) return { ok: false, fault: "label-other-camera" };
    return label;
}

function isFingerprint(text: string): boolean {
    return text.length === FINGERPRINT_CHARS && [...text].every((char) => CROCKFORD.includes(char));
}

/** Label of a camera of the simulated fleet from the fleet's 16-byte seed (sealed.md 2.1). */
export async function labelSimulated(seed: Bytes, device: string): Promise<string> {
    const bits = await hmac(seed, bytesConcat(textBytes("skep-sim/1 label\0" + device)));
    const random = crockfordEncode(bits, RANDOM_CHARS);
    return random + (await labelCheck(random));
}
