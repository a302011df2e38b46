// The vectors, the manipulation table, the rubbish and what goes beside the picture run again inside Chromium: its WebCrypto is
// another one than node's. Needs a Chromium: $CHROMIUM or /usr/bin/chromium.
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const tests = ["vectors", "manipulations", "share", "rubbish", "beside", "playback", "wycheproof", "browser/opus"].map((name) => `import "../${name}.test";`).join("\n");
const main = `${tests}
import { collected } from "./test";
window.results = (async () => {
    const out = [];
    for (const { name, run } of collected) {
        try { await run(); out.push([name, null]); } catch (error) { out.push([name, String(error)]); }
    }
    return out;
})();`;
const bundle = await build({
    stdin: { contents: main, resolveDir: here, loader: "ts" }, bundle: true, write: false, format: "iife", target: "es2022",
    alias: { "node:test": join(here, "test.ts"), "node:assert/strict": join(here, "assert.ts") }, logLevel: "warning",
});
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
    const page = await browser.newPage();
    await page.route("https://skep.test/*", (route) => route.fulfill(route.request().url().endsWith("/tests.js")
        ? { contentType: "text/javascript", body: bundle.outputFiles[0].text }
        : { contentType: "text/html", body: "<!doctype html><title>tests</title><script src=\"/tests.js\"></script>" }));
    await page.goto("https://skep.test/");
    const results = await page.evaluate(() => window.results);
    const failed = results.filter(([, error]) => error !== null);
    for (const [name, error] of failed) console.log(`not ok - ${name}: ${error}`);
    console.log(`Chromium ${browser.version()}: ${results.length - failed.length} of ${results.length} passed`);
    process.exitCode = failed.length === 0 && results.length > 0 ? 0 : 1;
} finally {
    await browser.close();
}
