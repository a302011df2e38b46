// Development build: the console with dev/fake-page.ts in the place of the player. node dev/build.mjs OUTDIR
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildConsole } from "../build.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const fake = {
    name: "fake-live",
    setup(b) {
        b.onResolve({ filter: /^\.\/page$/ }, (a) =>
            a.importer.endsWith("live/api.ts") ? { path: join(here, "fake-page.ts") } : undefined,
        );
    },
};
if (!process.argv[2]) throw new Error("usage: node dev/build.mjs OUTDIR");
await buildConsole({ outdir: resolve(process.argv[2]), plugins: [fake] });
