// Decrypted units into one MediaSource, each at once. Runs in the worker where MSE does, else on the
// page. Keeps 10 s behind the position; a unit never waits for another but the append before it.

const KEEP_S = 10;
const TRIM_AT_S = 12;
const QUEUE_BYTES = 8 * 1024 * 1024;

export interface SinkUnit { readonly init: boolean; readonly key: boolean; readonly bytes: Uint8Array<ArrayBuffer> }

export interface Sink {
    readonly source: MediaSource;
    append(unit: SinkUnit): void;
    /** Nothing before `time_s` will be played any more. */
    cut(time_s: number): void;
    /** Position on the time line in s, for trimming. */
    position(time_s: number): void;
    end(): void;
}

export interface SinkOptions {
    readonly codec: string;
    readonly origin_s: number;
    /** Playback: every unit counts, also those that come before the source is open. Default: the newest do. */
    readonly all?: boolean;
    /** The decoder or the codec gave up; the sink is dead. */
    readonly failed: (why: "codec" | "decode") => void;
}

export function mimeOf(codec: string): string {
    if (codec === "opus") return `audio/mp4; codecs="opus"`;
    return `video/mp4; codecs="${codec}"`;
}

export function sinkNew(options: SinkOptions): Sink {
    const source = new MediaSource();
    let buffer: SourceBuffer | null = null;
    let queue: SinkUnit[] = [];
    let at_s: number | null = options.all === true ? 0 : null;
    let cutAt_s = 0;
    let over = false;

    function fail(why: "codec" | "decode"): void {
        if (over) return;
        over = true;
        queue = [];
        options.failed(why);
    }

    source.addEventListener("sourceopen", () => {
        if (over || buffer !== null) return;
        try {
            source.duration = Infinity;
            buffer = source.addSourceBuffer(mimeOf(options.codec));
        } catch {
            fail("codec");
            return;
        }
        buffer.timestampOffset = -options.origin_s;
        buffer.addEventListener("updateend", next);
        buffer.addEventListener("error", () => fail("decode"));
        next();
    }, { once: true });

    function joined(units: readonly SinkUnit[]): Uint8Array<ArrayBuffer> {
        const only = units[0];
        if (only !== undefined && units.length === 1) return only.bytes;
        const out = new Uint8Array(units.reduce((sum, unit) => sum + unit.bytes.length, 0));
        let at = 0;
        for (const unit of units) {
            out.set(unit.bytes, at);
            at += unit.bytes.length;
        }
        return out;
    }

    function next(): void {
        if (over || buffer === null || buffer.updating || source.readyState !== "open") return;
        try {
            if (cutAt_s > 0) {
                buffer.remove(0, cutAt_s);
                cutAt_s = 0;
                return;
            }
            if (queue.length === 0) return trim(TRIM_AT_S);
            buffer.appendBuffer(joined(queue));
            queue = [];
        } catch (error) {
            if (error instanceof DOMException && error.name === "QuotaExceededError") trim(2);
            else fail("decode");
        }
    }

    /** Drops what lies more than KEEP_S (or `over_s`, if that is less) behind the position. */
    function trim(over_s: number): void {
        if (buffer === null || buffer.updating || buffer.buffered.length === 0) return;
        const end = buffer.buffered.end(buffer.buffered.length - 1);
        const from = buffer.buffered.start(0);
        const here = Math.min(at_s ?? end, end);
        if (here - from > over_s) buffer.remove(from, here - Math.min(KEEP_S, over_s));
    }

    /** Nobody looks yet: keep the newest INIT and what follows the newest KEY unit. */
    function shorten(): void {
        const key = queue.findLastIndex((unit) => unit.key);
        const init = queue.findLastIndex((unit) => unit.init);
        if (key <= 0) return;
        queue = [...queue.slice(init, init < 0 ? 0 : init + 1), ...queue.slice(Math.max(key, init + 1))];
    }

    function append(unit: SinkUnit): void {
        if (over) return;
        queue.push(unit);
        if (buffer === null && unit.key && options.all !== true) shorten();
        if (queue.reduce((sum, one) => sum + one.bytes.length, 0) > QUEUE_BYTES) return fail("decode");
        next();
    }

    return {
        source, append,
        cut: (time_s) => {
            cutAt_s = time_s;
            next();
        },
        position: (time_s) => {
            at_s = time_s;
        },
        end: () => {
            over = true;
            queue = [];
            buffer = null;
        },
    };
}
