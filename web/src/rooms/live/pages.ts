import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    {
        path: "/live",
        title: "nav.live",
        load: () => import("./wall").then((m) => m.WallPage),
        first: true,
        nav: { label: "nav.live", icon: "live", order: 10, group: 1, chord: "l", phone: true },
    },
];
