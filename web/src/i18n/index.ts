// One language per load. Keys are typed by the English table: a key that is missing anywhere does not compile.
import { h, type ComponentChildren, type VNode } from "preact";
import type { Key, Message, Messages } from "./en";

export type { Key, Messages };
export type Language = "en" | "zh-CN";
export type Vars = Readonly<Record<string, string | number>>;

let language: Language = "en";
let table: Partial<Readonly<Record<Key, Message>>> | null = null;
let more: Promise<void> | null = null;
let plural = new Intl.PluralRules("en");
let number = new Intl.NumberFormat("en");

export const currentLanguage = (): Language => language;

export function useTable(lang: Language, messages: Messages): void {
    language = lang;
    table = messages;
    plural = new Intl.PluralRules(lang);
    number = new Intl.NumberFormat(lang);
}

export async function loadLanguage(lang: Language): Promise<void> {
    useTable(lang, lang === "zh-CN" ? (await import("./zh")).zh : (await import("./en")).en);
    document.documentElement.lang = lang === "zh-CN" ? "zh-Hans" : "en";
}

/** The strings of rooms that the first page does not need; asked for once, again after a failure. */
export function loadLater(): Promise<void> {
    more ??= (language === "zh-CN" ? import("./later-zh") : import("./later-en")).then(
        ({ later }) => {
            table = { ...table, ...later };
        },
        (e: unknown) => {
            more = null;
            throw e;
        },
    );
    return more;
}

/** The form of a message for its number; `n` is the number that the sentence turns on. */
function form(message: Message, vars: Vars): string {
    if (typeof message === "string") return message;
    const n = vars["n"];
    return typeof n === "number" && plural.select(n) === "one" ? message.one : message.other;
}

export function t(key: Key, vars: Vars = {}): string {
    const message = table?.[key];
    if (message === undefined) return key;
    return form(message, vars).replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = vars[name];
        return typeof value === "number" ? number.format(value) : (value ?? "");
    });
}

/** What stands between two sentences. */
export const gap = (): string => (language === "zh-CN" ? "" : " ");

export type Slots = Readonly<Record<string, (children: ComponentChildren) => VNode>>;

/** A sentence with marked runs: `<b>` stays bold, other tags are given by the caller (links). */
export function rich(key: Key, vars: Vars = {}, slots: Slots = {}): ComponentChildren[] {
    const stack: { tag: string; children: ComponentChildren[] }[] = [{ tag: "", children: [] }];
    const top = () => stack[stack.length - 1] ?? { tag: "", children: [] };
    for (const part of markedParts(t(key, vars))) {
        if (part.kind === "text") {
            top().children.push(part.text);
        } else if (part.kind === "open") {
            stack.push({ tag: part.text, children: [] });
        } else if (stack.length > 1) {
            const done = stack.pop();
            if (done)
                top().children.push(
                    slots[done.tag]?.(done.children) ??
                        h(done.tag === "b" ? "b" : "span", null, done.children),
                );
        }
    }
    return stack[0]?.children ?? [];
}

export function markedParts(text: string): { kind: "text" | "open" | "close"; text: string }[] {
    return text
        .split(/(<\/?[a-z]+>)/)
        .filter((s) => s !== "")
        .map((s) => {
            const tag = /^<(\/?)([a-z]+)>$/.exec(s);
            if (!tag) return { kind: "text", text: s };
            return { kind: tag[1] ? "close" : "open", text: tag[2] ?? "" };
        });
}
