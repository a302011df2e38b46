// Every page in both themes and both languages: axe finds nothing, nothing is logged, no request
// leaves for another host; on a phone nothing reaches past the edge.
import assert from "node:assert/strict";
import { camerasOnline, OWNER, setupOwner, startSkep, test } from "../flow/lib/skep.mjs";
import { axeCheck, noFaults, noSideScroll, openPage, picturesPlay, startBrowser } from "./lib/browser.mjs";

const LOOKS = [["light", "en"], ["dark", "en"], ["light", "zh-CN"], ["dark", "zh-CN"]];

async function signIn(page, skep, look) {
    await page.goto(`${skep.url}/login#s=${skep.seed}`);
    await page.waitForSelector("form");
    await look();
    await page.fill("input[name=username]", OWNER.name);
    await page.fill("input[type=password]", OWNER.password);
    await page.click("button[type=submit]");
    await page.waitForSelector(".wall .tile");
}

// name, path, what shows that it is there, more to do
const pagesOf = (camera) => [
    ["wall", "/live", ".wall .tile"],
    ["camera", `/cameras/${camera}`, "video"],
    ["playback", `/cameras/${camera}/playback`, ".pic:not(:has(.cover))"],
    ["cameras", "/cameras", ".row-link:visible, .cards a:visible"],
    ["add", "/cameras?add=1", "dialog[open]"],
    ["add-token", "/cameras?add=1", "dialog[open]", async (page) => {
        await page.click("dialog .btn.pri");
        await page.waitForSelector("dialog svg, dialog canvas");
    }],
    ["me", "/me", "h1"],
    ["about", "/settings/about", "h1"],
    ["more", "/more", "h1"],
    ["nowhere", "/nowhere", "h1"],
];

async function settled(page) {
    await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
    await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity).map((a) => a.finished.catch(() => {}))));
}

async function visit(page, skep, [name, path, sign, act]) {
    await page.goto(skep.url + path);
    await page.waitForSelector(sign);
    if (act) await act(page);
    if (name === "wall" || name === "camera") await picturesPlay(page, 1);
    await settled(page);
}

test("axe, console and policy on every page", { timeout: 240000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 4 });
    const owner = await setupOwner(skep);
    const [camera] = await camerasOnline(owner, 4);
    const browser = await startBrowser(t, skep);
    for (const [theme, lang] of LOOKS) {
        await t.test(`${theme}, ${lang}`, async (t) => {
            const { page, faults } = await openPage(t, skep, browser, { locale: lang === "en" ? "en-US" : "zh-CN", colorScheme: theme,
                reducedMotion: "reduce", stored: { "skep.theme": theme, "skep.lang": lang } });
            await signIn(page, skep, () => axeCheck(page, "login"));
            assert.equal(await page.evaluate(() => document.documentElement.lang), lang === "en" ? "en" : "zh-Hans");
            assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), theme);
            for (const row of pagesOf(camera.id)) {
                await visit(page, skep, row);
                await axeCheck(page, `${row[0]}, ${theme}, ${lang}`);
                await noSideScroll(page, row[0]);
            }
            noFaults(faults);
        });
    }
});

test("phone width", { timeout: 150000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 2 });
    const owner = await setupOwner(skep);
    const [camera] = await camerasOnline(owner, 2);
    const browser = await startBrowser(t, skep);
    for (const width of [390, 360]) {
        await t.test(`${width} px`, async (t) => {
            const { page, faults } = await openPage(t, skep, browser, { viewport: { width, height: 780 }, isMobile: true, hasTouch: true });
            await signIn(page, skep, () => noSideScroll(page, "login"));
            for (const row of pagesOf(camera.id)) {
                await visit(page, skep, row);
                await noSideScroll(page, row[0]);
            }
            noFaults(faults);
        });
    }
});
