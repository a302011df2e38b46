// Device passwords: classes, the parameter record, and the hash to (w0, w1) (sealed.md 2.1).
// Nothing here is ever stored; (w0, w1) lives as long as one handshake.

import {
    type Bytes, bytesConcat, bytesCopy, bytesToBig, bytesWipe, getU16, getU32, le64, textBytes, u16, u32, u8,
} from "./bytes";
import { Code, SealError } from "./codes";
import { hkdfExpand, sha256 } from "./hash";
import { P256_ORDER } from "./point";

export const PARAMS_BYTES = 28;
export const PARAM_ID_BYTES = 8;
const CLASS1_ITERATIONS = 1_000;
const CLASS2_MIN = 600_000;
const CLASS2_MAX = 5_000_000;
const CHOSEN_MIN_BYTES = 12;
const CHOSEN_MAX_BYTES = 128;

/** A password with its class known: a checked label code, or NFC text within the limits. */
export interface DevicePassword {
    readonly class: 1 | 2;
    readonly text: string;
}

export interface Parameters {
    readonly class: number;
    readonly iterations: number;
    readonly generation: number;
    readonly salt: Bytes;
    /** The record as sent: it enters the transcript. */
    readonly record: Bytes;
}

export interface PasswordScalars {
    readonly w0: bigint;
    readonly w1: bigint;
}

export type ChosenResult =
    | { readonly ok: true; readonly password: DevicePassword }
    | { readonly ok: false; readonly fault: "password-short" | "password-long" };

/** Class 2 as entered: NFC, 12-128 bytes. The weak list is judged where a password is set. */
export function chosenRead(text: string): ChosenResult {
    const nfc = text.normalize("NFC");
    const length = textBytes(nfc).length;
    if (length < CHOSEN_MIN_BYTES) return { ok: false, fault: "password-short" };
    if (length > CHOSEN_MAX_BYTES) return { ok: false, fault: "password-long" };
    return { ok: true, password: { class: 2, text: nfc } };
}

export function parametersEncode(p: Omit<Parameters, "record">): Bytes {
    return bytesConcat(u8(1), u8(p.class), u16(0), u32(p.iterations), u32(p.generation), p.salt);
}

/** Form only; `parametersAccept` judges the values. */
export function parametersDecode(record: Uint8Array): Parameters {
    if (record.length !== PARAMS_BYTES || getU16(record, 2) !== 0) {
        throw new SealError(Code.malformed, "parameter record");
    }
    if (record[0] !== 1) throw new SealError(Code.version, "parameter record version");
    return {
        class: record[1] ?? 0,
        iterations: getU32(record, 4),
        generation: getU32(record, 8),
        salt: bytesCopy(record, 12),
        record: bytesCopy(record),
    };
}

/** Refuses weak, costly or foreign parameters before any CPU is spent on them. */
export function parametersAccept(params: Parameters, password: DevicePassword): void {
    const fits = params.class === password.class
        && ((params.class === 1 && params.iterations === CLASS1_ITERATIONS)
            || (params.class === 2 && params.iterations >= CLASS2_MIN && params.iterations <= CLASS2_MAX));
    if (!fits) throw new SealError(Code.parameters, "parameters outside this viewer's limits");
}

export async function parameterId(record: Bytes): Promise<Bytes> {
    return bytesCopy(await sha256(textBytes("skep-seal/1 params\0"), record), 0, PARAM_ID_BYTES);
}

function hashInput(password: string, device: string): Bytes {
    const pw = textBytes(password);
    const dev = textBytes(device);
    const out = bytesConcat(le64(pw.length), pw, le64(0), le64(dev.length), dev);
    bytesWipe(pw);
    return out;
}

/** The PBKDF2 half alone (32 bytes). */
export async function passwordHash(password: DevicePassword, params: Parameters, device: string): Promise<Bytes> {
    const input = hashInput(password.text, device);
    const key = await crypto.subtle.importKey("raw", input, "PBKDF2", false, ["deriveBits"]);
    bytesWipe(input);
    const how = { name: "PBKDF2", hash: "SHA-256", salt: params.salt, iterations: params.iterations };
    return new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
}

/** Checks the parameters, then hashes. */
export async function passwordScalars(
    password: DevicePassword, params: Parameters, device: string,
): Promise<PasswordScalars> {
    parametersAccept(params, password);
    const r = await passwordHash(password, params, device);
    const m = await hkdfExpand(r, "skep-seal/1 w0w1", 80);
    const w0 = bytesToBig(m.subarray(0, 40)) % P256_ORDER;
    const w1 = bytesToBig(m.subarray(40)) % P256_ORDER;
    bytesWipe(r, m);
    if (w0 === 0n || w1 === 0n) throw new SealError(Code.parameters, "password hash is zero");
    return { w0, w1 };
}
