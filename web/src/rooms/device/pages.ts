import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    {
        path: "/cameras",
        title: "nav.cameras",
        load: () => import("./room").then((m) => m.ListPage),
        nav: { label: "nav.cameras", icon: "cam", order: 20, group: 1, chord: "c", phone: true },
    },
    {
        path: "/cameras/:id",
        title: "nav.cameras",
        load: () => import("./room").then((m) => m.CameraPage),
    },
    {
        path: "/cameras/:id/playback",
        title: "past.title",
        load: () => import("./playback").then((m) => m.PlaybackPage),
    },
];
