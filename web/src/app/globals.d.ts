declare module "skep:rooms" {
    import type { PageDef } from "./router";
    export const pages: readonly PageDef[];
}
