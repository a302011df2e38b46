// What I may do here: asked once per session and again whenever the box says that it has changed. The box decides every
// act anew; this only keeps what would be refused out of sight.
import { signal, type ReadonlySignal } from "@preact/signals";
import { api, call, type Role } from "./api";
import { onNews } from "./events";
import { enter } from "./session";

/** Names of the contract's permission columns that pages ask for. */
export type Permission =
    | "people.view"
    | "people.manage"
    | "grant.view"
    | "grant.manage"
    | "app.view"
    | "app.manage"
    | "device.enrol"
    | "audit.read"
    | "guard.view"
    | "guard.manage"
    | "box.view"
    | "organization.manage"
    | "organizations.view"
    | "organizations.operate"
    | "organizations.approve";

interface MyAccess {
    readonly role: Role;
    readonly permissions: readonly string[];
}

const mineSignal = signal<MyAccess | null>(null);
export const myAccess: ReadonlySignal<MyAccess | null> = mineSignal;

/** False too while it is not known yet. */
export const may = (permission: Permission): boolean =>
    mineSignal.value?.permissions.includes(permission) ?? false;

export function startAccess(): () => void {
    let alive = true;
    const load = () =>
        call<MyAccess>("GET", "/me/access").then(
            (mine) => {
                if (alive) mineSignal.value = mine;
            },
            () => undefined,
        );
    void load();
    let greeted = false;
    const off = onNews((news) => {
        if (news.ev === "emergency") void api.me().then(enter, () => undefined);
        if (news.ev === "access" || (news.ev === "hello" && greeted)) void load();
        greeted ||= news.ev === "hello";
    });
    return () => {
        alive = false;
        off();
        mineSignal.value = null;
    };
}
