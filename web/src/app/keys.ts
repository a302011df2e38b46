// Keys of the page: one listener, pages add and take away their own.
import { signal, type ReadonlySignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Key } from "../i18n";
import { letterKeys } from "./session";

export interface KeyRow {
    /** As `KeyboardEvent.key`; letters in lower case. */
    readonly key: string;
    readonly does: Key;
    readonly act: (e: KeyboardEvent) => void;
    /** How it is written in the help, if not the key itself; "" = another row speaks for it. */
    readonly shown?: string;
}

const rowsSignal = signal<readonly KeyRow[]>([]);
export const keyRows: ReadonlySignal<readonly KeyRow[]> = rowsSignal;

export function useKeys(rows: readonly KeyRow[], deps: readonly unknown[] = []): void {
    useEffect(() => {
        rowsSignal.value = [...rowsSignal.peek(), ...rows];
        return () => {
            rowsSignal.value = rowsSignal.peek().filter((r) => !rows.includes(r));
        };
    }, deps);
}

export function isTyping(target: EventTarget | null): boolean {
    if (!(target instanceof HTMLElement)) return false;
    return target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName);
}

export interface GlobalKeys {
    readonly palette: () => void;
    readonly help: () => void;
    readonly chord: (letter: string) => boolean;
}

/** `g` then a letter goes somewhere; everything else is looked up in the page's rows, newest first. */
export function startKeys(keys: GlobalKeys): () => void {
    let chordUntil = 0;
    const onKey = (e: KeyboardEvent): void => {
        if (e.defaultPrevented || e.isComposing) return;
        const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
        if ((e.ctrlKey || e.metaKey) && !e.altKey && key === "k") {
            e.preventDefault();
            return keys.palette();
        }
        if (
            e.ctrlKey ||
            e.metaKey ||
            e.altKey ||
            isTyping(e.target) ||
            document.querySelector("dialog[open]")
        )
            return;
        const single = key.length === 1 && key !== " ";
        if (single && !letterKeys.value) return;
        if (performance.now() < chordUntil) {
            chordUntil = 0;
            if (keys.chord(key)) e.preventDefault();
            return;
        }
        if (key === "g") {
            chordUntil = performance.now() + 1500;
            return;
        }
        if (key === "/") {
            e.preventDefault();
            return keys.palette();
        }
        if (key === "?") {
            e.preventDefault();
            return keys.help();
        }
        const onControl =
            e.target instanceof Element && e.target.closest("a,button,summary") !== null;
        if (onControl && (key === "Enter" || key === " ")) return;
        const row = [...rowsSignal.peek()].reverse().find((r) => r.key === key);
        if (row) {
            e.preventDefault();
            row.act(e);
        }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
}
