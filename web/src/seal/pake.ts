// One run of the password handshake, viewer side (sealed.md 2.3, 2.4), sans I/O: envelope bodies in,
// a step out. The caller hands bodies in one at a time and gives the run 10 s.

import { type Bytes, bytesConcat, bytesEqual, bytesWipe, textBytes } from "./bytes";
import { Code, SealError } from "./codes";
import { sha256 } from "./hash";
import {
    BOUND_BYTES, Kind, abortEncode, abortTake, answerTake, confirmEncode, openEncode, paramsTake,
} from "./messages";
import {
    type DevicePassword, type Parameters, parameterId, parametersAccept, parametersDecode, passwordScalars,
} from "./password";
import { scalarRandom } from "./point";
import { type ChannelSecrets, channelSecrets } from "./schedule";
import { proverSecrets, proverShare, spake2Keys, spake2KeysWipe } from "./spake2p";

export interface PakeOptions {
    readonly device: string;
    readonly account: string;
    readonly session: Bytes;
    readonly password: DevicePassword;
    /** Parameter record kept after an earlier good confirmV; null = ask the camera. */
    readonly params: Bytes | null;
    /** Tests give it; otherwise from the platform's generator, fresh per run. */
    readonly x?: bigint;
}

/** What the caller does next. */
export type PakeStep =
    | { readonly do: "send"; readonly body: Bytes }
    /** Right. `confirm(record)` is the CONFIRM to send, with the first record in it. */
    | { readonly do: "open"; readonly secrets: ChannelSecrets; readonly params: Bytes;
        readonly confirm: (record: Bytes | null) => Bytes }
    /** Over, and everything wiped. `send`, if any, goes out first. `guess`: a confirmV was wrong. */
    | { readonly do: "fail"; readonly code: Code; readonly retry_ms: number; readonly send: Bytes | null;
        readonly guess: boolean; readonly by: "camera" | "viewer" }
    /** Not awaited while the run lives: counted by the caller, nothing else. */
    | { readonly do: "drop" };

export interface PakeRun {
    start(): Promise<PakeStep>;
    take(body: Uint8Array): Promise<PakeStep>;
    /** Wipes; for time-outs and stopped views. */
    end(): void;
}

interface Offer {
    readonly params: Parameters;
    readonly paramId: Bytes;
    readonly w0: bigint;
    readonly w1: bigint;
    readonly x: bigint;
    readonly shareP: Bytes;
    readonly open: Bytes;
}

export function pakeRun(options: PakeOptions): PakeRun {
    const { device, account, session, password } = options;
    let phase: "new" | "params" | "answer" | "over" = "new";
    let asked = false;
    let offer: Offer | null = null;

    function end(): void {
        phase = "over";
        bytesWipe(offer?.shareP);
        offer = null;
    }

    function fail(error: unknown, guess = false): PakeStep {
        const code = error instanceof SealError ? error.code : Code.internal;
        end();
        return { do: "fail", code, retry_ms: 0, send: abortEncode(session, code), guess, by: "viewer" };
    }

    async function offerMake(record: Bytes): Promise<PakeStep> {
        const params = parametersDecode(record);
        parametersAccept(params, password);
        const { w0, w1 } = await passwordScalars(password, params, device);
        const x = options.x ?? scalarRandom();
        const shareP = proverShare(w0, x);
        const paramId = await parameterId(params.record);
        const open = openEncode(session, paramId, shareP);
        offer = { params, paramId, w0, w1, x, shareP, open };
        phase = "answer";
        return { do: "send", body: open };
    }

    async function answered(body: Uint8Array, made: Offer): Promise<PakeStep> {
        const answer = answerTake(body, session);
        if (!bytesEqual(answer.paramId, made.paramId)) throw new SealError(Code.malformed, "parameters not offered");
        const { Z, V } = proverSecrets(answer.shareV, made.w0, made.w1, made.x);
        const context = bytesConcat(
            textBytes("skep-seal/1 pake\0"), made.params.record, made.open.subarray(0, BOUND_BYTES), answer.bound);
        const keys = await spake2Keys({
            context, idProver: account, idVerifier: device, shareP: made.shareP, shareV: answer.shareV, Z, V,
            w0: made.w0,
        });
        bytesWipe(Z, V);
        if (!bytesEqual(keys.confirmV, answer.confirmV)) {
            spake2KeysWipe(keys);
            return fail(new SealError(Code.confirmFailed, "wrong password, or somebody in between"), true);
        }
        const confirmP = keys.confirmP.slice();
        const secrets = await channelSecrets(await sha256(context), keys.shared.slice());
        spake2KeysWipe(keys);
        const params = made.params.record;
        end();
        return { do: "open", secrets, params, confirm: (record) => confirmEncode(session, confirmP, record) };
    }

    async function take(body: Uint8Array): Promise<PakeStep> {
        if (phase === "over" || phase === "new") return { do: "drop" };
        try {
            if (body[0] === Kind.abort) {
                const abort = abortTake(body, session);
                end();
                return { do: "fail", ...abort, send: null, guess: false, by: "camera" };
            }
            if (body[0] === Kind.params && !asked) {
                asked = true;
                return await offerMake(paramsTake(body, session));
            }
            if (body[0] === Kind.answer && phase === "answer" && offer !== null) {
                return await answered(body, offer);
            }
            return { do: "drop" };
        } catch (error) {
            return fail(error);
        }
    }

    async function start(): Promise<PakeStep> {
        if (phase !== "new") return { do: "drop" };
        try {
            if (options.params !== null) return await offerMake(options.params);
            phase = "params";
            return { do: "send", body: openEncode(session, null, null) };
        } catch (error) {
            return fail(error);
        }
    }

    return { start, take, end };
}
