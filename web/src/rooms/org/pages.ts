import type { PageDef } from "../../app/router";

export const pages: readonly PageDef[] = [
    {
        path: "/people/approvals",
        title: "approval.title",
        load: () => import("./room").then((m) => m.ApprovalsPage),
    },
    {
        path: "/people/organization",
        title: "org.title",
        load: () => import("./room").then((m) => m.OrganizationPage),
    },
    {
        path: "/people/organizations",
        title: "org.all",
        load: () => import("./room").then((m) => m.OrganizationsPage),
    },
    {
        path: "/people/operators",
        title: "operator.title",
        load: () => import("./room").then((m) => m.OperatorsPage),
    },
    {
        path: "/emergency",
        title: "emergency.title",
        load: () => import("./room").then((m) => m.EmergencyPage),
        open: true,
    },
];
