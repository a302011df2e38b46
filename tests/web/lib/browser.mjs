// Debian's Chromium against a real box: it trusts exactly the box's key, finds no other host, and
// whatever the page does amiss (a request elsewhere, a policy violation, a console error) is kept.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { rawTls, SLOW } from "../../flow/lib/skep.mjs";

const webRequire = createRequire(new URL("../../../web/package.json", import.meta.url));
const { chromium } = webRequire("playwright-core");
const AXE = readFileSync(webRequire.resolve("axe-core/axe.min.js"), "utf8");
const CHROMIUM = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync) ?? "chromium";

/** The pin by which Chromium takes the box's certificate: base64 SHA-256 of its public key. */
async function keyPin(skep) {
    const tls = await rawTls(skep);
    const key = tls.socket.getPeerX509Certificate().publicKey.export({ type: "spki", format: "der" });
    tls.destroy();
    return createHash("sha256").update(key).digest("base64");
}

/** Start Chromium; closed when `t` ends. */
export async function startBrowser(t, skep) {
    const browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost",
            `--ignore-certificate-errors-spki-list=${await keyPin(skep)}`],
    });
    t.after(() => browser.close());
    return browser;
}

/**
 * A page in a browser profile of its own -> {page, context, faults}. Options go to playwright's newContext;
 * `stored` is what localStorage holds beforehand. `faults` is a list of sentences: see noFaults().
 */
export async function openPage(t, skep, browser, { stored = {}, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US", ...options });
    context.setDefaultTimeout(15000 * SLOW);
    const faults = [];
    await context.addInitScript((entries) => {
        for (const [key, value] of entries) if (localStorage.getItem(key) === null) localStorage.setItem(key, value);
        document.addEventListener("securitypolicyviolation", (e) => console.error(`policy violation: ${e.violatedDirective} ${e.blockedURI}`));
    }, Object.entries(stored));
    const own = (url) => ["data:", "blob:", "about:"].includes(new URL(url).protocol) || new URL(url).host === `localhost:${skep.port}`;
    context.on("request", (r) => { if (!own(r.url())) faults.push(`request to ${r.url()}`); });
    const page = await context.newPage();
    page.on("websocket", (ws) => { if (!own(ws.url())) faults.push(`socket to ${ws.url()}`); });
    page.on("console", (m) => { if (m.type() === "error") faults.push(`console: ${m.text()} (${m.location().url})`); });
    page.on("pageerror", (e) => faults.push(`exception: ${e.stack ?? e.message}`));
    page.on("crash", () => faults.push("the page crashed"));
    t.after(() => context.close());
    return { page, context, faults };
}

// Before signing in the page asks who is there; Chromium itself logs that the answer was "nobody".
const NOBODY = /^console: Failed to load resource: .*status of 401 .*\/api\/v1\/me\)$/;

/** Fail on anything amiss but what `allowed` matches. */
export function noFaults(faults, allowed = NOBODY) {
    assert.deepEqual(faults.filter((f) => !allowed.test(f)), []);
}

/** axe-core on the page as it stands. */
export async function axeCheck(page, name) {
    // What the debugger evaluates is outside the page's policy, so axe needs no exception in it.
    await page.evaluate(AXE);
    const found = await page.evaluate(async () => {
        const result = await axe.run(document, { resultTypes: ["violations"] });
        return result.violations.map((v) => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join(", ")}`);
    });
    assert.deepEqual(found, [], `axe on ${name}`);
}

/** No part of the page reaches past the right edge. */
export async function noSideScroll(page, name) {
    const { wide, view } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, view: document.documentElement.clientWidth }));
    assert.ok(wide <= view, `${name}: ${wide} px wide on ${view}`);
}

/** Wait until `count` pictures play: each has a frame, and its time moves on. */
export async function picturesPlay(page, count, ms = 30000) {
    await page.waitForFunction((wanted) => {
        const seen = (globalThis.skepTestTimes ??= new Map());
        let playing = 0;
        for (const video of document.querySelectorAll("video")) {
            const first = seen.get(video);
            if (video.readyState < 2 || video.videoWidth === 0) continue;
            if (first === undefined) seen.set(video, video.currentTime);
            else if (video.currentTime > first + 0.5) playing++;
        }
        return playing >= wanted;
    }, count, { timeout: ms * SLOW, polling: 100 });
}
