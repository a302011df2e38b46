// Rows hold ids, no names: whose they are is looked up here, for as long as somebody bears one.
import { signal } from "@preact/signals";
import { may } from "../../app/access";
import { call } from "../../app/api";
import { deviceById } from "../../app/devices";

const peopleSignal = signal<ReadonlyMap<string, string>>(new Map());

export function loadNames(): void {
    if (!may("people.view")) return;
    call<{ accounts: { id: string; name: string }[] }>("GET", "/accounts").then(
        (a) => {
            peopleSignal.value = new Map(a.accounts.map((p) => [p.id, p.name]));
        },
        () => undefined,
    );
}
export const people = (): readonly (readonly [string, string])[] => [...peopleSignal.value];

/** A name for an id of this kind; null: nobody bears it now. */
export function nameOf(kind: string, id: string): string | null {
    if (kind === "account") return peopleSignal.value.get(id) ?? null;
    return kind === "device" ? (deviceById(id)?.name ?? null) : null;
}
