import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    {
        path: "/setup",
        title: "setup.title",
        load: () => import("./setup").then((m) => m.SetupPage),
        open: true,
    },
];
