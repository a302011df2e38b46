// JSON commands inside the channel, viewer side (sealed.md 3.4): requests with rising ids, at most 8
// open, exactly one reply each; and the strict reading of replies, progress and events.

import { type Bytes, base64Decode, base64Encode, bytesRandom, bytesText, textBytes } from "./bytes";
import { Code, SealError } from "./codes";
import { type Json, type JsonObject, hasOnly, isObject, jsonParse } from "./json";

const OPEN_MAX = 8;
const U32_MAX = 0xffff_ffff;

export interface CommandFailure {
    readonly code: string;
    readonly text: string;
    readonly retry_ms: number;
}

export type CommandResult =
    | { readonly ok: true; readonly val: JsonObject }
    | { readonly ok: false; readonly err: CommandFailure };

export interface CommandEvent { readonly ev: string; readonly val: JsonObject }

export interface Commands {
    /** A REQ to seal. `busy` locally if 8 are open. `once` is drawn for commands that change something. */
    request(name: string, arg: JsonObject, changes?: boolean): { content: Bytes; reply: Promise<CommandResult> };
    /** A REP: settles its request. Throws SealError for an unknown id or a wrong form. */
    reply(content: Bytes): void;
    /** A PROGRESS: 0..1 of an open request. */
    progress(content: Bytes): { id: number; at: number };
    event(content: Bytes): CommandEvent;
    openCount(): number;
    /** The channel is over: every open request fails as `cut`. */
    end(): void;
}

function objectRead(content: Bytes): JsonObject {
    const text = bytesText(content);
    const value = text === null ? undefined : jsonParse(text);
    if (!isObject(value)) throw new SealError(Code.malformed, "command form");
    return value;
}

function idRead(value: Json | undefined): number {
    if (!isU32(value)) throw new SealError(Code.malformed, "command id");
    return value;
}

function failureRead(err: Json | undefined): CommandFailure {
    if (!isObject(err) || !hasOnly(err, "code", "text", "retry_ms") || typeof err["code"] !== "string") {
        throw new SealError(Code.malformed, "reply error");
    }
    const text = err["text"] ?? "";
    const retry_ms = err["retry_ms"] ?? 0;
    if (typeof text !== "string" || !isU32(retry_ms)) throw new SealError(Code.malformed, "reply error");
    return { code: err["code"], text, retry_ms };
}

function resultRead(rep: JsonObject): CommandResult {
    if (rep["ok"] === true && hasOnly(rep, "id", "ok", "val") && isObject(rep["val"])) {
        return { ok: true, val: rep["val"] };
    }
    if (rep["ok"] === false && hasOnly(rep, "id", "ok", "err")) return { ok: false, err: failureRead(rep["err"]) };
    throw new SealError(Code.malformed, "reply form");
}

export function commandsNew(): Commands {
    const open = new Map<number, (result: CommandResult) => void>();
    let next = 1;

    function failed(code: string): CommandResult {
        return { ok: false, err: { code, text: "", retry_ms: 0 } };
    }

    function request(name: string, arg: JsonObject, changes = false): ReturnType<Commands["request"]> {
        if (open.size >= OPEN_MAX) throw new SealError(Code.busy, "8 requests are open");
        const id = next++;
        const once = changes ? { once: base64Encode(bytesRandom(16)) } : {};
        const content = textBytes(JSON.stringify({ id, do: name, arg, ...once }));
        const reply = new Promise<CommandResult>((resolve) => open.set(id, resolve));
        return { content, reply };
    }

    function reply(content: Bytes): void {
        const rep = objectRead(content);
        const id = idRead(rep["id"]);
        const settle = open.get(id);
        if (settle === undefined) throw new SealError(Code.malformed, "reply to nothing");
        const result = resultRead(rep);
        open.delete(id);
        settle(result);
    }

    function progress(content: Bytes): { id: number; at: number } {
        const value = objectRead(content);
        const id = idRead(value["id"]);
        const at = value["at"];
        if (!hasOnly(value, "id", "at") || typeof at !== "number" || at < 0 || at > 1 || !open.has(id)) {
            throw new SealError(Code.malformed, "progress form");
        }
        return { id, at };
    }

    function event(content: Bytes): CommandEvent {
        const value = objectRead(content);
        const ev = value["ev"];
        const val = value["val"];
        if (!hasOnly(value, "ev", "val") || typeof ev !== "string" || !isObject(val)) {
            throw new SealError(Code.malformed, "event form");
        }
        return { ev, val };
    }

    function end(): void {
        for (const settle of open.values()) settle(failed("cut"));
        open.clear();
    }

    return { request, reply, progress, event, openCount: () => open.size, end };
}

export function isU32(value: Json | undefined): value is number {
    return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= U32_MAX;
}

/** A non-negative integer below 2^53, as times and PTS are. */
export function isCount(value: Json | undefined): value is number {
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

export function binaryRead(value: Json | undefined, length: number): Bytes | null {
    return typeof value === "string" ? base64Decode(value, length) : null;
}
