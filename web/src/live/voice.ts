// Our voice to one camera: microphone -> 20 ms blocks -> Opus at a constant rate -> packets of one size ->
// the sealed worker. The microphone is open only while we talk.

import type { Watch } from "./api";
import type { MicBlock } from "./mic";
import { micLoad } from "./trusted";
import { opusPad } from "../seal/talk";

const RATE = 48_000;
const BLOCK_US = 20_000;
const BITRATE = 32_000;
/** -60 dB .. -6 dB on the coil. */
const QUIET_DB = -60;
const LOUD_DB = -6;

/** Why there is no voice; the camera's own codes pass as they are. */
export type VoiceFault = "mic-denied" | "mic-none" | "mic-busy" | "no-encoder" | "insecure" | "failed";

export interface VoiceHandlers {
    /** 0..1, about 50 times a second. */
    readonly level: (share: number) => void;
    /** It ended: null = by `stop`, else a VoiceFault or the camera's code. */
    readonly ended: (why: string | null) => void;
}

export interface Voice { stop(): void }

/** How full the coil is for a block's loudness. */
export function levelOf(loud: number): number {
    if (!(loud > 0)) return 0;
    const db = 20 * Math.log10(loud);
    return Math.max(0, Math.min(1, (db - QUIET_DB) / (LOUD_DB - QUIET_DB)));
}

/** What is asked of the encoder: nothing in a packet's size or time may tell speech from silence. */
export const VOICE_CONFIG: AudioEncoderConfig = {
    codec: "opus", sampleRate: RATE, numberOfChannels: 1, bitrate: BITRATE, bitrateMode: "constant",
    opus: { application: "voip", frameDuration: BLOCK_US, usedtx: false, useinbandfec: false, complexity: 5 },
} as AudioEncoderConfig;

/** What can be known without asking the person. */
export async function voiceFault(): Promise<VoiceFault | null> {
    if (!isSecureContext || navigator.mediaDevices === undefined) return "insecure";
    if (typeof AudioEncoder === "undefined" || typeof AudioWorkletNode === "undefined") return "no-encoder";
    try {
        return (await AudioEncoder.isConfigSupported(VOICE_CONFIG)).supported === true ? null : "no-encoder";
    } catch {
        return "no-encoder";
    }
}

function micFault(error: unknown): VoiceFault {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") return "mic-denied";
    if (name === "NotFoundError" || name === "OverconstrainedError") return "mic-none";
    return name === "NotReadableError" ? "mic-busy" : "failed";
}

/** Two quick presses: the second voice begins when the first has given everything back. */
let last: Promise<void> = Promise.resolve();

/** Asks for the microphone, then for the camera's ear. Call it in the person's own turn. */
export function voiceStart(watch: Watch, handlers: VoiceHandlers): Voice {
    let stream: MediaStream | null = null;
    let context: AudioContext | null = null;
    let encoder: AudioEncoder | null = null;
    let isHeard = false;
    let over = false;
    let blocks = 0;
    let unlisten: (() => void) | null = null;

    function end(why: string | null): void {
        if (over) return;
        over = true;
        unlisten?.();
        for (const track of stream?.getTracks() ?? []) track.stop();
        if (encoder !== null && encoder.state !== "closed") encoder.close();
        void context?.close().catch(() => undefined);
        if (isHeard) watch.talkEnd();
        handlers.ended(why);
    }

    function packet(chunk: EncodedAudioChunk): void {
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        const padded = opusPad(bytes);
        if (!over && isHeard && padded !== null) watch.talkPacket(padded, Math.round(chunk.timestamp / BLOCK_US));
    }

    function block({ samples, loud }: MicBlock): void {
        if (over || encoder === null) return;
        handlers.level(levelOf(loud));
        const data = new AudioData({
            format: "f32-planar", sampleRate: RATE, numberOfFrames: samples.length, numberOfChannels: 1,
            timestamp: blocks++ * BLOCK_US, data: samples,
        });
        encoder.encode(data);
        data.close();
    }

    async function microphone(): Promise<void> {
        stream = await navigator.mediaDevices.getUserMedia({
            audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
        });
        if (over) {
            for (const track of stream.getTracks()) track.stop();
            return;
        }
        stream.getAudioTracks()[0]?.addEventListener("ended", () => end("mic-none"));
    }

    async function encode(source: MediaStream): Promise<void> {
        const made = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
        context = made;
        await micLoad(made);
        if (over) return;
        encoder = new AudioEncoder({ output: packet, error: () => end("failed") });
        encoder.configure(VOICE_CONFIG);
        const node = new AudioWorkletNode(made, "skep-mic", { numberOfInputs: 1, numberOfOutputs: 0 });
        node.port.onmessage = (event: MessageEvent<MicBlock>) => block(event.data);
        made.createMediaStreamSource(source).connect(node);
    }

    async function begin(): Promise<void> {
        if (over) return;
        const fault = await voiceFault();
        if (over) return;
        if (fault !== null) return end(fault);
        try {
            await microphone();
        } catch (error) {
            return end(micFault(error));
        }
        if (over || stream === null) return;
        const asked = await watch.talkStart();
        if (!asked.ok) return end(asked.code);
        isHeard = true;
        if (over) return watch.talkEnd();
        unlisten = watch.onBeside(({ talk }) => {
            if (talk.is === "off") end(talk.code ?? "cut");
        });
        await encode(stream);
    }

    last = last.then(begin).catch(() => end("failed"));
    return { stop: () => end(null) };
}
