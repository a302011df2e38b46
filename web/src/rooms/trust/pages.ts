import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    {
        path: "/trust",
        title: "audit.title",
        load: () => import("./audit").then((m) => m.AuditPage),
        nav: {
            label: "nav.trust",
            icon: "trust",
            order: 80,
            group: 4,
            chord: "t",
            needs: "audit.read",
            phone: true,
        },
    },
    {
        path: "/trust/audit",
        title: "audit.title",
        load: () => import("./audit").then((m) => m.AuditPage),
    },
];
