import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    { path: "/people/apps", title: "app.title", load: () => import("./room").then((m) => m.AppsPage) },
];
