// What the pages of trust ask of the box; docs/design/api.md, The audit log.
import { call, queryText } from "../../app/api";
import type { Row, SignedHead } from "./verify";

export interface Filter {
    readonly actor: string;
    readonly action: string;
    readonly object: string;
    readonly session: string;
    readonly result: string;
    readonly from: string;
    readonly to: string;
    readonly cursor: string;
}
export const FILTERS = [
    "actor",
    "action",
    "object",
    "session",
    "result",
    "from",
    "to",
    "cursor",
] as const;

export interface Page {
    readonly rows: readonly Row[];
    readonly size: number;
    readonly next?: string;
}
export interface HeadAnswer {
    readonly head: SignedHead;
    readonly size: number;
    readonly whole: boolean;
    readonly public_key: string;
}
export interface Proof {
    readonly row: Row;
    readonly head: SignedHead;
    readonly path: readonly string[];
}

export const filterOf = (query: URLSearchParams): Filter =>
    Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""])) as unknown as Filter;

export const askLog = {
    rows: (filter: Partial<Filter>, limit = 50, signal?: AbortSignal) =>
        call<Page>("GET", `/audit${queryText({ ...filter, limit })}`, undefined, signal),
    head: () => call<HeadAnswer>("GET", "/audit/head"),
    proof: (seq: number) => call<Proof>("GET", `/audit/${seq}/proof`),
};

/** Rows before this one, this one first: how one row is asked for. */
export const rowAt = async (seq: number): Promise<Row | null> => {
    const page = await askLog.rows({ cursor: String(seq + 1) }, 1);
    const row = page.rows[0];
    return row?.seq === seq ? row : null;
};
