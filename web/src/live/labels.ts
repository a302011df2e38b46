// Labels that this page knows: typed, scanned, from a file, or derived from the simulated fleet's
// seed. In the worker's memory only.

import type { Credential, CredentialFault, LabelImport } from "./api";
import { type Bytes, base64Decode, bytesWipe } from "../seal/bytes";
import { deviceIdDecode } from "../seal/crockford";
import { LABEL_CHARS, labelParse, labelRead, labelSimulated, qrParse } from "../seal/label";
import { type DevicePassword, chosenRead } from "../seal/password";

const SEED_BYTES = 16;
const BATCH = 512;

/** A password ready for a handshake, and what vouches for the camera's key if it is right. */
export interface Proof {
    readonly password: DevicePassword;
    readonly via: "label" | "password";
    readonly simulated: boolean;
    /** 20 characters of the seal key's fingerprint, from a QR. */
    readonly fingerprint: string | null;
}

export type ProofResult =
    | { readonly ok: true; readonly proof: Proof }
    | { readonly ok: false; readonly fault: CredentialFault };

export interface Labels {
    seedSet(seed: string | null): void;
    importText(text: string): Promise<LabelImport>;
    /** A label known for this device, or null. */
    find(device: string, simulated: boolean): Promise<Proof | null>;
    /** The label did its work (or was wrong): forget it. */
    drop(device: string): void;
    end(): void;
}

/** Form only; nothing is sent. */
export async function proofRead(device: string, credential: Credential): Promise<ProofResult> {
    if (credential.kind === "password") {
        const chosen = chosenRead(credential.text);
        if (!chosen.ok) return chosen;
        return { ok: true, proof: { password: chosen.password, via: "password", simulated: false, fingerprint: null } };
    }
    const label = await labelRead(credential.text, device);
    if (!label.ok) return label;
    return { ok: true, proof: labelProof(label.code, label.fingerprint, false) };
}

function labelProof(code: string, fingerprint: string | null, simulated: boolean): Proof {
    return { password: { class: 1, text: code }, via: "label", simulated, fingerprint };
}

/** The code at the front of a line; a name may follow it (`skep fleet --print-labels`: device code name). */
function codeOf(rest: string): string {
    let taken = 0;
    for (let at = 0; at < rest.length; at++) {
        if (/[0-9a-z]/i.test(rest.charAt(at))) taken += 1;
        else if (!/[\s-]/.test(rest.charAt(at))) return rest.slice(0, at);
        if (taken === LABEL_CHARS && !/[0-9a-z-]/i.test(rest.charAt(at + 1))) return rest.slice(0, at + 1);
    }
    return rest;
}

export function labelsNew(): Labels {
    const known = new Map<string, Proof>();
    let seed: Bytes | null = null;

    function seedSet(text: string | null): void {
        bytesWipe(seed);
        seed = text === null ? null : base64Decode(text, SEED_BYTES);
    }

    async function lineRead(line: string): Promise<{ device: string; proof: Proof } | CredentialFault> {
        if (/^skep:/i.test(line)) {
            const label = await qrParse(line);
            if (!label.ok) return label.fault;
            return label.device === null ? "qr-form"
                : { device: label.device, proof: labelProof(label.code, label.fingerprint, false) };
        }
        const match = /^"?([a-z2-7]{26})"?[\s,;]+"?(.+)$/.exec(line);
        const device = match?.[1];
        if (device === undefined || deviceIdDecode(device) === null) return "not-a-label";
        const label = await labelParse(codeOf(match?.[2] ?? ""));
        return label.ok ? { device, proof: labelProof(label.code, null, false) } : label.fault;
    }

    /** Line by line in the order of the file, a batch at a time: a label for every camera of a large fleet. */
    async function importText(text: string): Promise<LabelImport> {
        const accepted = new Set<string>();
        const refused: { line: number; fault: CredentialFault }[] = [];
        const lines = text.split(/\r\n|\n|\r/).map((raw, index) => ({ line: index + 1, text: raw.trim() }))
            .filter((one) => one.text !== "" && !one.text.startsWith("#"));
        for (let at = 0; at < lines.length; at += BATCH) {
            const batch = lines.slice(at, at + BATCH);
            const read = await Promise.all(batch.map((one) => lineRead(one.text)));
            for (const [index, result] of read.entries()) {
                if (typeof result === "string") {
                    refused.push({ line: batch[index]?.line ?? 0, fault: result });
                } else {
                    known.set(result.device, result.proof);
                    accepted.add(result.device);
                }
            }
        }
        return { accepted: [...accepted], refused };
    }

    async function find(device: string, simulated: boolean): Promise<Proof | null> {
        const label = known.get(device);
        if (label !== undefined) return label;
        if (!simulated || seed === null) return null;
        return labelProof(await labelSimulated(seed, device), null, true);
    }

    return {
        seedSet, importText, find,
        drop: (device) => known.delete(device),
        end: () => {
            seedSet(null);
            known.clear();
        },
    };
}
