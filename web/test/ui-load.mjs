// Bundles one TypeScript module of the console and imports it, so that its pure parts can be tested under node.
import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const webRoot = join(dirname(fileURLToPath(import.meta.url)), "..");

const rooms = {
    name: "no-rooms",
    setup(b) {
        b.onResolve({ filter: /^skep:rooms$/ }, () => ({ path: "rooms", namespace: "skep" }));
        b.onLoad({ filter: /.*/, namespace: "skep" }, () => ({
            contents: "export const pages = [];",
        }));
    },
};

/** `code` is the text of a small entry that re-exports what a test needs: all of it shares one copy of each module. */
export async function loadUi(code) {
    const out = await build({
        stdin: { contents: code, resolveDir: join(webRoot, "src"), loader: "ts" },
        bundle: true,
        format: "esm",
        write: false,
        charset: "utf8",
        target: ["node20"],
        jsx: "automatic",
        jsxImportSource: "preact",
        plugins: [rooms],
        define: { SKEP_WORKER_URL: '"/none.js"', SKEP_MIC_URL: '"/none.js"', SKEP_AUDIT_URL: '"/none.js"', SKEP_PROOF_URL: '"/none.js"' },
        logLevel: "error",
    });
    return import(
        `data:text/javascript;base64,${Buffer.from(out.outputFiles[0].text).toString("base64")}`
    );
}
