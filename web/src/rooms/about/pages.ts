import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    {
        path: "/settings",
        title: "about.title",
        load: () => import("./room").then((m) => m.AboutPage),
        nav: { label: "nav.settings", icon: "set", order: 90, group: 4, chord: "s" },
    },
    {
        path: "/settings/about",
        title: "about.title",
        load: () => import("./room").then((m) => m.AboutPage),
    },
    { path: "/more", title: "nav.more", load: () => import("./room").then((m) => m.MorePage) },
];
