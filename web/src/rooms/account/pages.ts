import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    { path: "/me", title: "me.title", load: () => import("./me").then((m) => m.MePage) },
];
