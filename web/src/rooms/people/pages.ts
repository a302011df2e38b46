import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    {
        path: "/people",
        title: "people.title",
        load: () => import("./room").then((m) => m.PeoplePage),
        nav: {
            label: "nav.people",
            icon: "people",
            order: 50,
            group: 3,
            chord: "p",
            needs: "people.view",
        },
    },
    {
        path: "/people/grants",
        title: "people.grants",
        load: () => import("./room").then((m) => m.GrantsPage),
    },
    {
        path: "/cameras/:id/access",
        title: "camera.tab-access",
        load: () => import("./room").then((m) => m.WhoPage),
    },
    {
        path: "/people/shares",
        title: "share.all",
        load: () => import("../share/shares").then((m) => m.SharesPage),
    },
    {
        path: "/people/:id",
        title: "people.title",
        load: () => import("./room").then((m) => m.PersonPage),
    },
];
