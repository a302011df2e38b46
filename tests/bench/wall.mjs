// Point 1 of first light: from the start of the program to twelve live pictures in Chromium, and the
// clicks that took after logging in.
//   SKEP_BIN=build/skep node tests/bench/wall.mjs [CAMERAS]
import { OWNER, startSkep } from "../flow/lib/skep.mjs";
import { openPage, picturesPlay, startBrowser } from "../web/lib/browser.mjs";

const cameras = Number(process.argv[2] ?? 12);
const after = [];
const t = { after: (fn) => after.unshift(fn) };

async function toTheWall(page, skep) {
    await page.goto(`${skep.url}/setup#t=${skep.setupToken}&s=${skep.seed}`);
    await page.fill("input[name=username]", OWNER.name);
    await page.fill("input[type=password]", OWNER.password);
    await page.click("button[type=submit]");
    await page.waitForSelector("dl.kv"); // the certificate to compare
    await page.click(".btn.pri");
    await page.waitForSelector("input[type=checkbox], input[type=radio]"); // where pictures come from
    await page.click(".btn.pri");
    await page.waitForSelector(".wall .tile");
    await picturesPlay(page, cameras, 120000);
}

async function main() {
    const from = Date.now();
    const skep = await startSkep({ fleet: cameras });
    t.after(() => skep.stop());
    const browser = await startBrowser(t, skep);
    const { page, context } = await openPage(t, skep, browser);
    let isIn = false, clicks = 0; // clicks of a pointer, as the page sees them
    await context.exposeBinding("skepBenchClick", () => { if (isIn) clicks++; });
    await context.addInitScript(() => document.addEventListener("click", (e) => {
        if (e.isTrusted && e.detail > 0) globalThis.skepBenchClick();
    }, { capture: true }));
    page.on("response", (r) => { if (r.request().method() === "POST" && r.url().endsWith("/api/v1/setup") && r.status() === 201) isIn = true; });
    await toTheWall(page, skep);
    console.log(`show 1 start_to_wall_s ${((Date.now() - from) / 1000).toFixed(2)} s`);
    console.log(`show 1 clicks ${clicks} clicks`);
    console.log(`show 1 wall_pictures ${cameras} pictures`);
}

try {
    await main();
} finally {
    for (const fn of after) await fn();
}
