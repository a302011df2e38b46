import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    { path: "/me", title: "me.title", load: () => import("./me").then((m) => m.MePage) },
    {
        path: "/me/factor",
        title: "factors.owed",
        load: () => import("./factors").then((m) => m.OwedPage),
        open: true,
    },
];
