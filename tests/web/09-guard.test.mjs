// The guard's pages in Chromium, and a login that has to work first.
import assert from "node:assert/strict";
import { join } from "node:path";
import { api, OWNER, setupOwner, startSkep, test } from "../flow/lib/skep.mjs";
import { ask } from "../flow/guard/lib.mjs";
import { axeCheck, noFaults, noSideScroll, openPage, startBrowser } from "./lib/browser.mjs";

const SHOTS = process.env.SKEP_SHOTS;
const shot = async (page, name) => { if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}.png`) }); };

async function enter(page, skep) {
    await page.goto(`${skep.url}/login`);
    await page.locator("input[name=username]").fill(OWNER.name);
    await page.locator("input[name=password]").fill(OWNER.password);
    await page.locator("button[type=submit]").click();
    await page.waitForURL((url) => !url.pathname.startsWith("/login"));
}

test("a login that is asked for work does it in a worker and says why", { timeout: 120000 }, async (t) => {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    const thief = api(skep);
    for (let i = 0; i < 9; i++) await thief.post("/api/v1/login", { name: OWNER.name, password: "one more guess at random" });
    const browser = await startBrowser(t, skep);
    const { page, faults } = await openPage(t, skep, browser);
    const workers = [];
    page.on("worker", (w) => workers.push(w.url()));
    let answers = 0;
    page.on("response", (r) => { if (r.status() === 428) answers++; });
    await page.addInitScript(() => {
        globalThis.__said = [];
        const look = () => document.querySelectorAll("[role=status]").forEach((e) => globalThis.__said.push(e.textContent));
        new MutationObserver(look).observe(document, { subtree: true, childList: true });
    });
    await page.goto(`${skep.url}/login`);
    await page.locator("input[name=username]").fill(OWNER.name);
    await page.locator("input[name=password]").fill(OWNER.password);
    await page.locator("button[type=submit]").click();
    await page.waitForFunction(() => !location.pathname.startsWith("/login"));
    assert.equal(answers, 1, "asked once");
    assert.ok(workers.length >= 1, "a worker did it");
    assert.ok((await page.evaluate(() => globalThis.__said)).some((s) => s.includes("your browser has to work")), "and the page said why");
    noFaults(faults, /status of (401|428)/);
});

test("isolation: who, why, until when, and back; security events; by hand, allow list, dry run", { timeout: 180000 }, async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    for (let i = 0; i < 70; i++) await ask(skep, "127.7.1.1", `/api/v1/none-${i}`);
    for (let i = 0; i < 5; i++) await ask(skep, "127.8.1.1", "/api/v1/login", { method: "POST", body: { name: "nobody", password: "x" } });
    await owner.post("/api/v1/guard/entries", { prefix: "2001:db8:77::/48", stage: "challenge", minutes: 600, reason: "scans at night" });
    const browser = await startBrowser(t, skep);
    for (const [name, options] of [
        ["light", { viewport: { width: 1440, height: 900 }, colorScheme: "light" }],
        ["dark", { viewport: { width: 1440, height: 900 }, colorScheme: "dark" }],
        ["phone", { viewport: { width: 390, height: 844 }, colorScheme: "light" }],
        ["phone-dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark", locale: "zh-CN" }],
    ]) {
        const { page, faults } = await openPage(t, skep, browser, options);
        await enter(page, skep);
        await page.goto(`${skep.url}/guard/isolation`);
        await page.getByText("127.7.1.1").locator("visible=true").first().waitFor();
        await axeCheck(page, `isolation ${name}`);
        await noSideScroll(page, `isolation ${name}`);
        await shot(page, `guard-isolation-${name}`);
        await page.goto(`${skep.url}/guard`);
        await page.getByText("127.8.1.1").locator("visible=true").first().waitFor();
        await axeCheck(page, `events ${name}`);
        await noSideScroll(page, `events ${name}`);
        await shot(page, `guard-events-${name}`);
        noFaults(faults);
    }
    const { page, faults } = await openPage(t, skep, browser);
    await enter(page, skep);
    await page.goto(`${skep.url}/guard/isolation`);
    await page.getByRole("button", { name: "Undo for 127.7.1.1" }).first().click();
    await page.getByText("Undone. It is left alone for ten minutes.").waitFor();
    await page.getByRole("button", { name: "Add a source" }).click();
    await page.getByRole("dialog").getByLabel("Address or network").fill("127.0.0.1");
    await shot(page, "guard-add");
    await axeCheck(page, "add");
    await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    await page.getByRole("dialog").getByLabel("Address or network").fill("203.0.113.0/24");
    await page.getByRole("dialog").getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("rowheader", { name: "203.0.113.0/24" }).waitFor();
    await page.getByRole("button", { name: "Only judge" }).click();
    await page.getByRole("button", { name: "Act again" }).waitFor();
    assert.equal((await owner.get("/api/v1/guard")).json.dry_run, true);
    await page.getByRole("button", { name: "Act again" }).click();
    await page.getByLabel("Address or network").fill("198.51.100.7");
    await page.getByLabel("Whose it is").fill("the monitor");
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    await page.getByRole("button", { name: "Remove 198.51.100.7 from the allow list" }).click();
    await page.getByText("198.51.100.7").waitFor({ state: "detached" });
    noFaults(faults, /status of (401|409)/);
});
