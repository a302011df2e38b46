// One session to one camera: authorization, pipe, handshake, channel, hello. Either it opens within
// its limits or it says why not; once open it carries commands until it ends.

import { authorizationAsk } from "./ask";
import type { Action, LiveSession } from "./api";
import type { Proof } from "./labels";
import type { Pipe, PipeEnd, Signal } from "./signal";
import { type Bytes, bytesEqual, bytesRandom, bytesWipe } from "../seal/bytes";
import { type Channel, RecordType, channelNew } from "../seal/channel";
import { Code, SealError, codeFrom } from "../seal/codes";
import { type CommandEvent, type CommandResult, type Commands, commandsNew } from "../seal/command";
import type { JsonObject } from "../seal/json";
import { type DhKey, type KkStep, kkRun } from "../seal/kk";
import { type KeyStore, keyStoreNew } from "../seal/mediakeys";
import { Kind, SESSION_BYTES } from "../seal/messages";
import { type PakeStep, pakeRun } from "../seal/pake";
import { channelSecretsWipe, type ChannelSecrets } from "../seal/schedule";
import { type CameraHello, helloArg, helloRead } from "../seal/shapes";

const HANDSHAKE_MS = 10_000;
const DEAD_MS = 60_000;
const SILENCE_MS = 25_000;
const TICK_MS = 1_000;

export type Handshake =
    | { readonly by: "key"; readonly viewer: DhKey; readonly keyId: Bytes; readonly seal: Bytes }
    | { readonly by: "password"; readonly proof: Proof; readonly params: Bytes | null };

export type SessionFailure =
    | { readonly why: PipeEnd; readonly retry_ms: number }
    | { readonly why: "abort"; readonly code: Code; readonly by: "camera" | "viewer"; readonly guess: boolean;
        readonly retry_ms: number };

export type SessionEnd =
    | { readonly why: PipeEnd }
    /** `by: "viewer"`: we closed because of what came. `camera`: a sealed CLOSE said so. */
    | { readonly why: "close"; readonly code: Code; readonly by: "camera" | "viewer" };

export interface SessionHandlers {
    stage(stage: "agreeing" | "key-agreed"): void;
    event(event: CommandEvent): void;
    /** KEY brought something. */
    keys(): void;
    pong(): void;
    ended(end: SessionEnd): void;
}

export interface Session {
    readonly by: "key" | "password";
    readonly id: Bytes;
    readonly channelId: Bytes;
    readonly hello: CameraHello;
    readonly code: string;
    /** What the server lets us ask the camera for. */
    readonly actions: readonly Action[];
    /** The parameter record that proved right; null for a key session. */
    readonly params: Bytes | null;
    readonly opened_ms: number;
    readonly keys: KeyStore;
    request(name: string, arg: JsonObject, changes?: boolean): Promise<CommandResult>;
    /** A KEY record of ours (talk); its bytes are wiped once it is sealed. */
    sendKeys(record: Bytes): Promise<void>;
    ping(): void;
    counts(): { readonly sent: number; readonly received: number };
    /** CLOSE 0, end of session, wipe. `ended` is not called. */
    close(): void;
    isOpen(): boolean;
}

export interface SessionOptions {
    readonly account: LiveSession;
    readonly device: string;
    readonly actions: readonly Action[];
    readonly signal: Signal;
    readonly how: Handshake;
    /** Owner key id || signature over the channel id, if this browser owns the camera. */
    readonly ownerProof: (channelId: Bytes) => Promise<Bytes | null>;
    readonly handlers: SessionHandlers;
}

export type SessionResult =
    | { readonly ok: true; readonly session: Session }
    | { readonly ok: false; readonly failure: SessionFailure };

interface Allowed { readonly code: string; readonly actions: readonly Action[] }
type Step = PakeStep | KkStep;
interface Run { start(): Promise<Step>; take(body: Uint8Array): Promise<Step>; end(): void }
interface Opened { readonly secrets: ChannelSecrets; readonly boot: Bytes | null; readonly params: Bytes | null;
    readonly confirm: ((record: Bytes | null) => Bytes) | null }

/** Asks for the code, opens the pipe, runs the handshake and says hello. */
export async function sessionOpen(options: SessionOptions): Promise<SessionResult> {
    const id = bytesRandom(SESSION_BYTES);
    const allowed = await authorizationAsk(options.account, options.device, options.actions, id);
    if (!allowed.ok) return { ok: false, failure: allowed };
    return new Promise<SessionResult>((resolve) => {
        const link = handshakeNew(options, id, allowed, resolve);
        const { body, ended } = link;
        void options.signal.open(id, options.device, allowed.code, { body, ended }).then((result) => {
            if (result.ok) void link.begin(result.pipe);
            else resolve({ ok: false, failure: { why: result.why, retry_ms: 0 } });
        });
    });
}

function runOf(options: SessionOptions, session: Bytes): Run {
    const { how, device } = options;
    const account = options.account.account;
    if (how.by === "key") {
        return kkRun({ device, account, session, viewer: how.viewer, viewerKeyId: how.keyId, seal: how.seal });
    }
    return pakeRun({ device, account, session, password: how.proof.password, params: how.params });
}

function handshakeNew(options: SessionOptions, id: Bytes, allowed: Allowed, resolve: (result: SessionResult) => void) {
    const run = runOf(options, id);
    let pipe: Pipe | null = null;
    let open: ReturnType<typeof openNew> | null = null;
    let tail: Promise<unknown> = Promise.resolve();
    let over = false;
    const timer = setTimeout(() => fail({ why: "timeout", retry_ms: 0 }), HANDSHAKE_MS);

    function fail(failure: SessionFailure): void {
        if (over) return;
        over = true;
        clearTimeout(timer);
        run.end();
        open?.wipe();
        pipe?.close();
        resolve({ ok: false, failure });
    }

    function ready(session: Session): void {
        if (over) return session.close();
        clearTimeout(timer);
        resolve({ ok: true, session });
    }

    async function step(next: Step): Promise<void> {
        if (over || pipe === null) return;
        switch (next.do) {
            case "send":
                pipe.send(next.body);
                return;
            case "fail":
                if (next.send !== null) pipe.send(next.send);
                fail({
                    why: "abort", code: next.code, by: next.by, retry_ms: next.retry_ms,
                    guess: "guess" in next && next.guess,
                });
                return;
            case "open":
                options.handlers.stage("key-agreed");
                open = openNew(options, id, allowed, pipe, openedOf(next), { ready, fail });
                await open.hello();
                return;
            case "drop":
        }
    }

    async function taken(body: Bytes): Promise<void> {
        if (open !== null) return open.body(body);
        if (!over) return step(await run.take(body));
    }

    function chained(work: () => Promise<void>): void {
        tail = tail.then(work).catch(() => {
            fail({ why: "abort", code: Code.internal, by: "viewer", guess: false, retry_ms: 0 });
        });
    }

    return {
        body: (body: Bytes) => chained(() => taken(body)),
        ended: (why: PipeEnd) => {
            if (open?.isReady() === true) open.ended({ why });
            else fail({ why, retry_ms: 0 });
        },
        begin: (made: Pipe): void => {
            pipe = made;
            options.handlers.stage("agreeing");
            chained(async () => step(await run.start()));
        },
    };
}

function openedOf(step: Extract<Step, { do: "open" }>): Opened {
    if ("confirm" in step) return { secrets: step.secrets, boot: null, params: step.params, confirm: step.confirm };
    return { secrets: step.secrets, boot: step.boot, params: null, confirm: null };
}

interface OpenCalls { ready(session: Session): void; fail(failure: SessionFailure): void }

/** The channel from its keys on: "proven" once the camera's first record opened (then an ABORT is
 * noise), "ready" once its hello is read. */
function openNew(options: SessionOptions, id: Bytes, allowed: Allowed, pipe: Pipe, opened: Opened, calls: OpenCalls) {
    const { handlers } = options;
    const channel: Channel = channelNew(opened.secrets, { role: "viewer", now: Date.now });
    const commands: Commands = commandsNew();
    const keys = keyStoreNew();
    const pings: Bytes[] = [];
    let boot = opened.boot;
    let isProven = false;
    let isReady = false;
    let over = false;
    let heard_ms = Date.now();
    let said_ms = Date.now();
    const timer = setInterval(tick, TICK_MS);

    function wipe(): void {
        over = true;
        clearInterval(timer);
        channel.end();
        channelSecretsWipe(opened.secrets);
        keys.end();
        commands.end();
    }

    function ended(end: SessionEnd): void {
        if (over) return;
        wipe();
        handlers.ended(end);
    }

    async function put(type: RecordType, content: Bytes): Promise<void> {
        if (over) return;
        for (const body of await channel.seal(type, content)) pipe.send(body);
        said_ms = Date.now();
    }

    /** What the camera did wrong ends the channel with a sealed word where that still works. */
    async function refuse(error: unknown): Promise<void> {
        const closing = error instanceof SealError ? error.code : Code.internal;
        await put(RecordType.close, Uint8Array.of(closing)).catch(() => undefined);
        closed(closing, "viewer");
    }

    function closed(closing: Code, by: "camera" | "viewer"): void {
        pipe.close();
        if (isReady) ended({ why: "close", code: closing, by });
        else calls.fail({ why: "abort", code: closing, by, guess: false, retry_ms: 0 });
    }

    function tick(): void {
        const now = Date.now();
        if (now - heard_ms > DEAD_MS) {
            closed(Code.idle, "viewer");
        } else if (now - said_ms > SILENCE_MS) {
            ping();
        }
    }

    function ping(): void {
        const content = bytesRandom(8);
        pings.push(content);
        put(RecordType.ping, content).catch((error: unknown) => void refuse(error));
    }

    async function request(name: string, arg: JsonObject, changes = false): Promise<CommandResult> {
        if (over) return { ok: false, err: { code: "cut", text: "", retry_ms: 0 } };
        let made: ReturnType<Commands["request"]>;
        try {
            made = commands.request(name, arg, changes);
        } catch {
            return { ok: false, err: { code: "busy", text: "", retry_ms: 0 } };
        }
        await put(RecordType.req, made.content).catch((error: unknown) => refuse(error));
        return made.reply;
    }

    async function sendKeys(record: Bytes): Promise<void> {
        await put(RecordType.key, record).catch((error: unknown) => refuse(error));
        bytesWipe(record);
    }

    /** The first record: hello, inside CONFIRM for a password, by itself for a key. */
    async function hello(): Promise<void> {
        const arg = helloArg(Date.now(), await options.ownerProof(channel.id));
        const made = commands.request("hello", arg);
        const [record] = await channel.seal(RecordType.req, made.content);
        if (record === undefined) throw new SealError(Code.internal, "no record");
        pipe.send(opened.confirm === null ? record : opened.confirm(record));
        void made.reply.then((result) => greeted(result)).catch((error: unknown) => void refuse(error));
    }

    function greeted(result: CommandResult): void {
        if (over) return;
        if (!result.ok) throw new SealError(Code.malformed, "hello refused");
        const camera = helloRead(result.val);
        if (boot !== null && !bytesEqual(boot, camera.boot)) throw new SealError(Code.malformed, "boot id");
        const how = options.how;
        if (how.by === "key" && !bytesEqual(how.seal, camera.seal)) throw new SealError(Code.crypto, "seal key");
        boot = camera.boot;
        isReady = true;
        calls.ready({
            by: how.by, id, channelId: channel.id, hello: camera, code: allowed.code, actions: allowed.actions,
            params: opened.params, opened_ms: Date.now(), keys, request, sendKeys, ping, counts: channel.counts,
            isOpen: () => !over, close,
        });
    }

    function close(): void {
        void put(RecordType.close, Uint8Array.of(Code.normal)).catch(() => undefined).then(() => {
            pipe.close();
            wipe();
        });
    }

    async function body(bytes: Bytes): Promise<void> {
        if (over) return;
        if (bytes[0] !== Kind.record) {
            if (bytes[0] === Kind.abort && !isProven) {
                const abort = codeFrom(bytes[20] ?? 0);
                calls.fail({ why: "abort", code: abort, by: "camera", guess: false, retry_ms: 0 });
            }
            return;
        }
        try {
            const record = await channel.open(bytes);
            heard_ms = Date.now();
            isProven = true;
            if (record !== null) await dispatch(record.type, record.content);
        } catch (error) {
            await refuse(error);
        }
    }

    async function dispatch(type: RecordType, content: Bytes): Promise<void> {
        switch (type) {
            case RecordType.rep: return commands.reply(content);
            case RecordType.progress: return void commands.progress(content);
            case RecordType.event: return handlers.event(commands.event(content));
            case RecordType.ping: return put(RecordType.pong, content);
            case RecordType.pong: return ponged(content);
            case RecordType.key:
                if (boot === null) throw new SealError(Code.malformed, "KEY before hello");
                await keys.take(content, boot, Date.now());
                return handlers.keys();
            case RecordType.close:
                return closed(codeFrom(content[0] ?? 0), "camera");
            default: throw new SealError(Code.malformed, "record type not for a viewer");
        }
    }

    function ponged(content: Bytes): void {
        const expected = pings.shift();
        if (expected === undefined || !bytesEqual(expected, content)) throw new SealError(Code.malformed, "PONG");
        handlers.pong();
    }

    return { hello, body, ended, wipe, isReady: () => isReady };
}
