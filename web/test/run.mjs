// Bundles every test beside this file with esbuild and hands them to node:test.
//   node test/run.mjs [part of a file name]
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv[2] ?? "";
const names = readdirSync(here).filter((name) => name.endsWith(".test.ts") && name.includes(wanted));
const out = mkdtempSync(join(tmpdir(), "skep-web-test-"));
try {
    await build({
        entryPoints: names.map((name) => join(here, name)), outdir: out, outExtension: { ".js": ".mjs" },
        bundle: true, platform: "node", format: "esm", target: "node20", sourcemap: "inline", logLevel: "warning",
    });
    const files = readdirSync(out).map((name) => join(out, name));
    const run = spawnSync(process.execPath, ["--test", "--enable-source-maps", ...files], { stdio: "inherit" });
    process.exitCode = run.status ?? 1;
} finally {
    rmSync(out, { recursive: true, force: true });
}
