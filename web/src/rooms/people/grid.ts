// The table of grants on one object: what always holds can be switched in it, what has an end or hours is only shown. Pure.
import type { Action, Grant, Subject } from "./ask";
import { ACTIONS } from "./ask";
import { objectKey } from "./object-key";

export interface Cell {
    readonly always: ReadonlySet<Action>;
    readonly limited: ReadonlySet<Action>;
    /** Grants that hold always, which a change replaces. */
    readonly ids: readonly string[];
}
/** Subject -> the actions as they shall be. */
export type Cells = ReadonlyMap<string, ReadonlySet<Action>>;

export interface Change {
    readonly subject: Subject;
    readonly actions: readonly Action[];
    readonly take: readonly string[];
    readonly cells: number;
}

export const subjectKey = (s: Subject): string =>
    "role" in s ? `role:${s.role}` : `account:${s.account}`;
export const subjectFrom = (key: string): Subject =>
    key.startsWith("role:")
        ? { role: key.slice(5) as "member" | "admin" }
        : { account: key.slice(8) };

const isAlways = (g: Grant): boolean => !g.not_before && !g.not_after && !g.schedule?.length;

export function gridOf(grants: readonly Grant[], object: string): Map<string, Cell> {
    const out = new Map<string, { always: Set<Action>; limited: Set<Action>; ids: string[] }>();
    for (const g of grants) {
        if (objectKey(g.object) !== object) continue;
        const key = subjectKey(g.subject);
        const cell = out.get(key) ?? { always: new Set(), limited: new Set(), ids: [] };
        const always = isAlways(g);
        for (const a of g.actions) (always ? cell.always : cell.limited).add(a);
        if (always) cell.ids.push(g.id);
        out.set(key, cell);
    }
    return out;
}

/** What must be given and taken so that the table becomes what is drafted. */
export function changesOf(saved: ReadonlyMap<string, Cell>, drafts: Cells): Change[] {
    return [...drafts].flatMap(([key, want]) => {
        const have = saved.get(key)?.always ?? new Set<Action>();
        const cells = ACTIONS.filter((a) => want.has(a) !== have.has(a)).length;
        if (!cells) return [];
        return [
            {
                subject: subjectFrom(key),
                actions: ACTIONS.filter((a) => want.has(a)),
                take: saved.get(key)?.ids ?? [],
                cells,
            },
        ];
    });
}
