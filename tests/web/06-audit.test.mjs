// The audit log as its reader sees it: filters, a record, its proof and the whole log checked in the browser; and that the
// browser's check finds what is harmed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { OWNER, setupOwner, startSkep, test } from "../flow/lib/skep.mjs";
import { member } from "../flow/grant/lib.mjs";
import { axeCheck, noFaults, noSideScroll, openPage, startBrowser } from "./lib/browser.mjs";

async function signIn(page, skep) {
    await page.goto(`${skep.url}/login`);
    await page.fill("input[name=username]", OWNER.name);
    await page.fill("input[type=password]", OWNER.password);
    await page.click("button[type=submit]");
    await page.waitForURL(/\/live/);
}

async function bed(t, acts = 12) {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const mei = await member(skep, owner, { name: "Mei Chen" });
    for (let i = 0; i < acts; i++) await owner.post("/api/v1/invitations", { role: "member", note: `guest ${i}` });
    return { skep, owner, mei, browser: await startBrowser(t, skep) };
}

const good = (page) => page.waitForFunction(() => document.querySelector(".proof .verdict .ok, dialog [role=status] .ok"));

test("filter, open, prove, verify, export", { timeout: 120000 }, async (t) => {
    const { skep, owner, browser } = await bed(t, 60);
    const { page, faults } = await openPage(t, skep, browser);
    await signIn(page, skep);
    await page.click('.rail a[href="/trust"]');
    await page.waitForSelector("tbody .row-link");
    assert.match(await page.textContent(".answer"), /^\d+ records, whole up to record \d+; its head was signed (just now|.+ ago)\.$/);
    assert.equal(await page.locator("tbody tr").count(), 50);
    const top = await page.textContent("tbody tr .l2");
    await page.getByRole("button", { name: "Older" }).click();
    await page.waitForURL(/cursor=/);
    await page.waitForFunction((before) => document.querySelector("tbody tr .l2") && document.querySelector("tbody tr .l2").textContent !== before, top);

    // facets go into the address, so that a link shows the same
    await page.goto(`${skep.url}/trust/audit`);
    await page.getByLabel("Action", { exact: true }).selectOption("session.");
    await page.waitForURL(/action=session\./);
    await page.waitForFunction(() => [...document.querySelectorAll("tbody tr")].every((r) => r.textContent.includes("session.")));
    await page.reload();
    assert.equal(await page.getByLabel("Action", { exact: true }).inputValue(), "session.");

    // a record, its neighbours, and its proof
    await page.goto(`${skep.url}/trust/audit?row=3`);
    await page.waitForSelector("dialog .joints");
    const rows = (await owner.get("/api/v1/audit/export?from=1&limit=4")).text.trim().split("\n").map((line) => JSON.parse(line));
    const hex = (text) => Buffer.from(text, "base64url").toString("hex").slice(0, 16);
    assert.match(await page.textContent("dialog .joints"), new RegExp(`${hex(rows[2].prev)}[^]*${hex(rows[2].hash)}`));
    await page.getByRole("button", { name: "Prove this row" }).click();
    await good(page);
    assert.equal(await page.locator(".proof .checklist .ok").count(), 3);
    const drawn = await page.locator(".climb .given").count();
    assert.equal(drawn, (await owner.get("/api/v1/audit/3/proof")).json.path.length);
    await axeCheck(page, "proof");
    await page.locator("dialog .link-button").first().click();
    await page.waitForURL(/row=2/);

    // the whole log, in a worker
    await page.goto(`${skep.url}/trust/audit`);
    await page.getByRole("button", { name: "Verify all" }).click();
    await good(page);
    assert.match(await page.textContent("dialog [role=status]"), /^All \d+ records fit/);
    await page.getByRole("button", { name: "Close" }).last().click();

    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "All as JSON lines" }).click()]);
    const lines = readFileSync(await saved.path(), "utf8").trim().split("\n");
    assert.deepEqual(lines.slice(0, 3).map((line) => JSON.parse(line)), rows.slice(0, 3));
    const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV of these" }).click()]);
    assert.match(readFileSync(await csv.path(), "utf8"), /^seq,at,actor_kind,/);
    noFaults(faults);
});

test("what is harmed on the way is found", { timeout: 90000 }, async (t) => {
    const { skep, owner, browser } = await bed(t);
    const { page } = await openPage(t, skep, browser);
    await signIn(page, skep);
    const harm = (pattern, change) => page.route(pattern, async (route) => { // a proxy between box and browser
        const { pathname, search } = new URL(route.request().url());
        const answer = await owner.get(pathname + search);
        await route.fulfill({ status: answer.status, contentType: answer.headers["content-type"], body: change(answer.text) });
    });
    await harm("**/audit/export*", (text) => text.replace(/("seq":5,.*?"action":")\w/, "$1X"));
    await page.goto(`${skep.url}/trust/audit`);
    await page.getByRole("button", { name: "Verify all" }).click();
    await page.getByText("Record 5 was edited").waitFor();
    await page.unrouteAll();

    await harm("**/proof", (text) => {
        const proof = JSON.parse(text);
        proof.path[0] = proof.path[0].replace(/^./, (c) => (c === "A" ? "B" : "A"));
        return JSON.stringify(proof);
    });
    await page.goto(`${skep.url}/trust/audit?row=2`);
    await page.getByRole("button", { name: "Prove this row" }).click();
    await page.getByText("Record 2 could not be proved.").waitFor();
    assert.equal(await page.locator(".proof .checklist .error").count(), 1, "the path; the row and the signature hold");
});

const LOOKS = [["light", "en", 1440], ["dark", "zh-CN", 1440], ["light", "zh-CN", 390], ["dark", "en", 390]];

test("axe and width", { timeout: 120000 }, async (t) => {
    const { skep, browser } = await bed(t);
    for (const [theme, lang, width] of LOOKS)
        await t.test(`${theme}, ${lang}, ${width} px`, async (t) => {
            const { page, faults } = await openPage(t, skep, browser, { viewport: { width, height: 844 }, colorScheme: theme, reducedMotion: "reduce",
                locale: lang === "en" ? "en-US" : "zh-CN", stored: { "skep.theme": theme, "skep.lang": lang } });
            await signIn(page, skep);
            for (const [name, path, sign] of [["audit", "/trust/audit", ".row-link:visible, .cards button:visible"], ["record", "/trust/audit?row=2", "dialog .joints"]]) {
                await page.goto(skep.url + path);
                await page.waitForSelector(sign);
                if (name === "record") {
                    await page.click("dialog .btn.pri");
                    await good(page);
                }
                await axeCheck(page, `${name}, ${theme}, ${lang}, ${width}`);
                await noSideScroll(page, name);
            }
            noFaults(faults);
        });
});

test("a member has neither entry nor page", { timeout: 60000 }, async (t) => {
    const { skep, browser } = await bed(t, 0);
    const { page } = await openPage(t, skep, browser);
    await page.goto(`${skep.url}/login`);
    await page.fill("input[name=username]", "Mei Chen");
    await page.fill("input[type=password]", "seven blue kettles on a roof");
    await page.click("button[type=submit]");
    await page.waitForURL(/\/live/);
    assert.equal(await page.locator('.rail a[href="/trust"]').count(), 0);
    await page.goto(`${skep.url}/trust/audit`);
    await page.waitForSelector(".lock-note");
});
