import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    {
        path: "/recover",
        title: "recover.title",
        load: () => import("./recover").then((m) => m.RecoverPage),
        open: true,
    },
    {
        path: "/register",
        title: "register.title",
        load: () => import("./register").then((m) => m.RegisterPage),
        open: true,
    },
    {
        path: "/verify",
        title: "confirm-mail.title",
        load: () => import("./verify").then((m) => m.VerifyPage),
        open: true,
    },
];
