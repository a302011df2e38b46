// Bottom left, one at a time, six seconds, only for finished acts.
import { signal } from "@preact/signals";

const textSignal = signal<string | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

export function toast(text: string): void {
    textSignal.value = text;
    clearTimeout(timer);
    timer = setTimeout(() => {
        textSignal.value = null;
    }, 6000);
}

export const Toast = () => (
    <div class="toast" role="status" hidden={!textSignal.value}>
        {textSignal.value}
    </div>
);
