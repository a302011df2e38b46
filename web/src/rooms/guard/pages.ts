import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    {
        path: "/guard",
        title: "guard.events",
        load: () => import("./room").then((m) => m.EventsPage),
        nav: {
            label: "nav.guard",
            icon: "warn",
            order: 70,
            group: 4,
            chord: "g",
            needs: "guard.view",
        },
    },
    {
        path: "/guard/isolation",
        title: "guard.list",
        load: () => import("./room").then((m) => m.IsolationPage),
    },
];
