import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    {
        path: "/login",
        title: "login.title",
        load: () => import("./login").then((m) => m.LoginPage),
        open: true,
    },
];
