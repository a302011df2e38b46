// The log taken away as a file: the rows of the filter as CSV, or the whole as the lines that verifiers read.
import { Problem } from "../../app/api";
import { askLog, type Filter } from "./ask";
import type { Row } from "./verify";

const COLUMNS = [
    "seq",
    "at",
    "actor_kind",
    "actor",
    "session",
    "action",
    "object_kind",
    "object",
    "result",
    "source",
    "detail",
    "prev",
    "hash",
] as const;

/** A spreadsheet must not take a text for a formula. */
function cell(value: string | number): string {
    const text = typeof value === "number" ? String(value) : value;
    const plain = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(plain) ? `"${plain.replace(/"/g, '""')}"` : plain;
}

export const csvLine = (row: Row): string =>
    COLUMNS.map((name) =>
        cell(name === "at" ? new Date(row.at).toISOString() : row[name]),
    ).join(",");

export async function csvOf(filter: Filter): Promise<Blob> {
    const lines = [COLUMNS.join(",")];
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
        const page = await askLog.rows({ ...filter, cursor }, 200);
        lines.push(...page.rows.map(csvLine));
        cursor = page.next;
    }
    return new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv" });
}

/** Up to the row number `size`: each page that is fetched is itself recorded, so the end would run away. */
export async function jsonlOf(size: number): Promise<Blob> {
    const parts: string[] = [];
    for (let from = 1; from <= size; from += 1000) {
        const limit = Math.min(1000, size - from + 1);
        const res = await fetch(`/api/v1/audit/export?from=${from}&limit=${limit}`, {
            credentials: "same-origin",
            cache: "no-store",
        });
        if (!res.ok) throw new Problem("unreachable", res.status, null, null, []);
        parts.push(await res.text());
    }
    return new Blob(parts, { type: "application/jsonl" });
}

export function save(blob: Blob, name: string): void {
    const a = document.createElement("a");
    a.href = URL.createObjectURL(blob);
    a.download = name;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}
