// A live picture that falls behind comes back by itself, and the page counts it ("live view that silently drifts").
import assert from "node:assert/strict";
import { camerasOnline, OWNER, setupOwner, startSkep, test } from "../flow/lib/skep.mjs";
import { openPage, picturesPlay, startBrowser } from "./lib/browser.mjs";

test("drift beyond the limit: a resync, counted and shown", { timeout: 120000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 1 });
    const [camera] = await camerasOnline(await setupOwner(skep), 1);
    const { page } = await openPage(t, skep, await startBrowser(t, skep));
    await page.goto(`${skep.url}/login#s=${skep.seed}`);
    await page.fill("input[name=username]", OWNER.name);
    await page.fill("input[type=password]", OWNER.password);
    await page.click("button[type=submit]");
    await page.waitForSelector(".wall .tile");
    await page.goto(`${skep.url}/cameras/${camera.id}`);
    await picturesPlay(page, 1);
    const facts = () => page.evaluate(() => document.body.textContent.match(/(\d+|no) resyncs?/)?.[0] ?? "");
    const lag = () => page.evaluate(() => {
        const video = document.querySelector("video");
        const ends = video.buffered;
        return ends.length ? ends.end(ends.length - 1) - video.currentTime : NaN;
    });
    await page.waitForFunction(() => /(\d+|no) resyncs?/.test(document.body.textContent));
    await page.waitForFunction(() => { // enough of the past is there to fall back into
        const video = document.querySelector("video");
        return video.buffered.length && video.currentTime - video.buffered.start(0) > 3.5;
    }, null, { timeout: 60000 });
    const before = Number(/\d+/.exec(await facts())?.[0] ?? 0);
    await page.evaluate(() => { document.querySelector("video").currentTime -= 3; });
    await page.waitForFunction((n) => Number(/(\d+) resyncs?/.exec(document.body.textContent)?.[1] ?? 0) > n, before, { timeout: 20000 });
    assert.ok(await lag() < 1.5, "and the picture is live again");
});
