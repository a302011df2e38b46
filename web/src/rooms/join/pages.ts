import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    {
        path: "/join",
        title: "join.title",
        load: () => import("./join").then((m) => m.JoinPage),
        open: true,
    },
];
