// From the one-time link to moving pictures, as the owner sees it.
import assert from "node:assert/strict";
import { OWNER, startSkep, test } from "../flow/lib/skep.mjs";
import { noFaults, openPage, picturesPlay, startBrowser } from "./lib/browser.mjs";

test("setup, the wall plays, log out, log in, one camera", { timeout: 150000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 4 });
    const browser = await startBrowser(t, skep);
    const { page, faults } = await openPage(t, skep, browser);

    await page.goto(`${skep.url}/setup#t=${skep.setupToken}&s=${skep.seed}`);
    await page.fill("input[name=username]", OWNER.name);
    await page.fill("input[type=password]", OWNER.password);
    assert.equal(new URL(page.url()).hash, "", "the secrets have left the address");
    await page.click("button[type=submit]");
    await page.waitForSelector("dl.kv");
    assert.match(await page.textContent("dl.kv"), /[0-9A-F]{4} [0-9A-F]{4} [0-9A-F]{4} [0-9A-F]{4}/, "the certificate to compare");
    await page.click(".btn.pri");
    await page.waitForSelector("input[type=checkbox], input[type=radio]");
    await page.click(".btn.pri");
    await page.waitForSelector(".wall .tile");
    await picturesPlay(page, 4);
    assert.match(await page.title(), /simulated/i, "figures of a simulated fleet say so");

    await page.goto(`${skep.url}/me`);
    await page.getByRole("button", { name: /log out|sign out/i }).first().click();
    await page.waitForURL(/\/login/);
    await page.goto(`${skep.url}/login#s=${skep.seed}`);
    await page.fill("input[name=username]", OWNER.name);
    await page.fill("input[type=password]", OWNER.password);
    await page.click("button[type=submit]");
    await picturesPlay(page, 4); // with no further click

    await page.locator(".wall .tile a").first().click();
    await page.waitForURL(/\/cameras\/[a-z2-7]{26}/);
    await picturesPlay(page, 1);
    noFaults(faults);
});
