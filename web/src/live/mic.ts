// The microphone's worklet, an entry of its own: mono samples in blocks of 20 ms at 48 kHz, with how loud
// each block is. Runs on the audio thread, knows nothing else.

const BLOCK = 960;

declare const registerProcessor: (name: string, processor: unknown) => void;
declare const AudioWorkletProcessor: { new (): { readonly port: MessagePort } };

export interface MicBlock { readonly samples: Float32Array<ArrayBuffer>; readonly loud: number }

class Mic extends AudioWorkletProcessor {
    private block = new Float32Array(BLOCK);
    private filled = 0;

    process(inputs: readonly (readonly Float32Array[])[]): boolean {
        const channels = inputs[0] ?? [];
        const length = channels[0]?.length ?? 0;
        for (let i = 0; i < length; i++) {
            let sum = 0;
            for (const channel of channels) sum += channel[i] ?? 0;
            this.block[this.filled++] = sum / channels.length;
            if (this.filled === BLOCK) this.post();
        }
        return true;
    }

    private post(): void {
        const samples = this.block;
        const loud = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / BLOCK);
        this.block = new Float32Array(BLOCK);
        this.filled = 0;
        this.port.postMessage({ samples, loud } satisfies MicBlock, [samples.buffer]);
    }
}

registerProcessor("skep-mic", Mic);
