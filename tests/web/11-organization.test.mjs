// Organizations, operators, approvals and the emergency login in Chromium.
import assert from "node:assert/strict";
import { join } from "node:path";
import { OWNER, setupOwner, startSkep, test } from "../flow/lib/skep.mjs";
import { appMake } from "../flow/app/lib.mjs";
import { cameras, member, PASSWORD } from "../flow/grant/lib.mjs";
import { axeCheck, noFaults, noSideScroll, openPage, startBrowser } from "./lib/browser.mjs";

const SHOTS = process.env.SKEP_SHOTS;
const shot = async (page, name) => { if (SHOTS) await page.screenshot({ path: join(SHOTS, `org-${name}.png`) }); };
const VIEWS = [
    ["light", { viewport: { width: 1440, height: 900 }, colorScheme: "light" }],
    ["phone-dark", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
];
const MORE = [
    ["dark", { viewport: { width: 1440, height: 900 }, colorScheme: "dark" }],
    ["phone-zh", { viewport: { width: 390, height: 844 }, colorScheme: "light", locale: "zh-CN" }],
];

async function enter(page, skep, { name, password } = OWNER) {
    await page.goto(`${skep.url}/login`);
    await page.locator("input[name=username]").fill(name);
    await page.locator("input[name=password]").fill(password);
    await page.locator("button[type=submit]").click();
    await page.waitForURL((url) => !url.pathname.startsWith("/login"));
}
const go = async (page, skep, path) => {
    await page.goto(`${skep.url}${path}`);
    await page.locator("h1").waitFor();
    await page.locator(".bars, .loading").waitFor({ state: "detached" }).catch(() => undefined);
};

test("approvals: cards, yes and no; a member sees no way in", { timeout: 180000 }, async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [camera] = await cameras(owner, 1);
    const admin = await member(skep, owner, { role: "admin", name: "Mei" });
    const anna = await member(skep, owner, { name: "Anna" });
    await admin.post("/api/v1/grants", { subject: { account: admin.account }, object: { device: camera.id }, actions: ["live-main"], reason: "night shift" });
    await anna.post("/api/v1/approvals", { object: { device: camera.id }, actions: ["live-main", "talk"], why: "I hold the gate on Sundays" });
    const app = await appMake(owner, { name: "Door display" });
    await admin.post(`/api/v1/apps/${app.id}/kill`, {});
    const browser = await startBrowser(t, skep);
    for (const [name, options] of [...VIEWS, ...(SHOTS ? MORE : [])]) {
        const { page, faults } = await openPage(t, skep, browser, options);
        await enter(page, skep);
        await go(page, skep, "/people/approvals");
        await page.getByText("night shift").first().waitFor();
        await noSideScroll(page, name);
        await axeCheck(page, `approvals, ${name}`);
        await shot(page, `approvals-${name}`);
        noFaults(faults);
    }
    const { page, faults } = await openPage(t, skep, browser);
    await enter(page, skep);
    await go(page, skep, "/people/approvals");
    const card = (text) => page.locator("article", { hasText: text }).filter({ has: page.getByRole("button", { name: "Approve" }) });
    assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 3);
    await card("Door display").getByRole("button", { name: "Approve" }).click();
    await page.getByText("Approved, and done.").waitFor();
    assert.equal((await owner.get(`/api/v1/apps/${app.id}`)).json.state, "killed");
    await card("Sundays").getByRole("button", { name: "Refuse" }).click();
    await page.getByText("Refused", { exact: false }).first().waitFor();
    await anna.post("/api/v1/approvals", { object: { all: true }, actions: ["listen"], why: "asked while the page is open" });
    await page.getByText("asked while the page is open").waitFor();
    const hers = await openPage(t, skep, browser);
    await enter(hers.page, skep, { name: "Anna", password: PASSWORD });
    await go(hers.page, skep, `/cameras/${camera.id}`);
    await hers.page.getByRole("button", { name: "Ask for it" }).click();
    const wish = hers.page.getByRole("dialog");
    await wish.getByLabel("Why (they read it)").fill("the parcels");
    await shot(hers.page, "ask");
    await axeCheck(hers.page, "ask for it");
    await wish.getByRole("button", { name: "Ask for it" }).click();
    await card("the parcels").getByRole("button", { name: "Approve" }).click();
    await hers.page.getByText("You have asked.").waitFor();
    await page.getByText("Approved, and done.").waitFor();
    assert.equal((await anna.get(`/api/v1/devices/${camera.id}`)).status, 200);
    await go(hers.page, skep, "/people/approvals");
    await hers.page.getByText("asked while the page is open").waitFor();
    assert.equal(await hers.page.getByRole("link", { name: "Organizations" }).count(), 0);
    assert.equal(await hers.page.getByRole("button", { name: "Approve" }).count(), 0);
    await hers.page.getByRole("button", { name: "Take back" }).click();
    await hers.page.getByText("Taken back").first().waitFor();
    noFaults(faults);
    noFaults(hers.faults, /status of (401|404)/);
});

test("organizations and operators: made, suspended with the typed name, levels", { timeout: 180000 }, async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    await member(skep, owner, { name: "Jonas" });
    await member(skep, owner, { role: "admin", name: "Mei" });
    await owner.post("/api/v1/organizations", { name: "Riverside housing" });
    const browser = await startBrowser(t, skep);
    for (const [name, options] of [...VIEWS, ...(SHOTS ? MORE : [])]) {
        const { page, faults } = await openPage(t, skep, browser, options);
        await enter(page, skep);
        for (const path of ["organizations", "operators", "organization"]) {
            await go(page, skep, `/people/${path}`);
            await page.locator("main h2").first().waitFor();
            await noSideScroll(page, `${path}, ${name}`);
            await axeCheck(page, `${path}, ${name}`);
            await shot(page, `${path}-${name}`);
        }
        noFaults(faults);
    }
    const { page, faults } = await openPage(t, skep, browser);
    await enter(page, skep);
    await go(page, skep, "/people/organizations");
    await page.getByRole("button", { name: "Make an organization" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name of the organization").fill("Harbour");
    await dialog.getByRole("button", { name: "Make an organization" }).click();
    const link = await dialog.locator("pre").textContent();
    assert.match(link, /\/join#i=/);
    await shot(page, "link");
    await dialog.getByRole("button", { name: "Done" }).click();
    await page.getByText("Harbour").first().waitFor();
    await page.getByRole("row", { name: /Riverside/ }).getByRole("button", { name: "Suspend" }).click();
    const suspend = dialog.getByRole("button", { name: "Suspend", exact: true });
    assert.ok(await suspend.isDisabled());
    await shot(page, "suspend");
    await axeCheck(page, "suspend");
    await dialog.locator("input").fill("Riverside housing");
    await suspend.click();
    await page.getByText("The organization is suspended.").waitFor();
    assert.equal((await owner.get("/api/v1/organizations")).json.organizations.find((o) => o.name === "Riverside housing").state, "suspended");
    await page.getByRole("row", { name: /Harbour/ }).getByRole("button", { name: "Remove" }).click();
    await dialog.locator("input").fill("Harbour");
    await dialog.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("The organization is removed.").waitFor();

    await go(page, skep, "/people/operators");
    await page.getByLabel("Give a member a part").selectOption({ label: "Jonas" });
    await dialog.getByLabel("Abuse defence").selectOption({ label: "Operate" });
    await shot(page, "levels");
    await axeCheck(page, "levels");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByText("Abuse defence: Operate").waitFor();
    assert.deepEqual((await owner.get("/api/v1/operators")).json.operators.find((o) => o.name === "Jonas").levels, { guard: "operate" });

    await go(page, skep, "/people/organization");
    await page.getByLabel("Name of the organization").fill("Mill Lane 4");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The name is saved.").waitFor();
    assert.equal((await owner.get("/api/v1/organization")).json.name, "Mill Lane 4");
    noFaults(faults);
});

test("emergency: sealed on paper, opened at the door, a strip on every page", { timeout: 180000 }, async (t) => {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    const browser = await startBrowser(t, skep);
    const { page, faults } = await openPage(t, skep, browser);
    await enter(page, skep);
    await go(page, skep, "/people/organization");
    await page.getByRole("button", { name: "Make the code" }).click();
    const dialog = page.getByRole("dialog");
    const code = (await dialog.locator("[data-print]").textContent()).trim();
    assert.match(code, /^([a-z2-7]{4}-){7}[a-z2-7]{4}$/);
    await shot(page, "code");
    await axeCheck(page, "code");
    await dialog.getByRole("checkbox").check();
    await dialog.getByRole("button", { name: "Done" }).click();
    await page.getByText("Sealed", { exact: true }).waitFor();
    await go(page, skep, "/live");

    for (const [name, options] of VIEWS) {
        const door = await openPage(t, skep, browser, options);
        await door.page.goto(`${skep.url}/login`);
        await door.page.getByRole("link", { name: "Emergency access" }).click();
        await door.page.getByLabel("Emergency code").fill("not the code");
        await door.page.getByRole("button", { name: "Open" }).click();
        await door.page.getByText("This is not the code, or it was used.").waitFor();
        await axeCheck(door.page, `the door, ${name}`);
        await noSideScroll(door.page, name);
        await shot(door.page, `door-${name}`);
        if (name !== "light") continue;
        await door.page.getByLabel("Emergency code").fill(code);
        await door.page.getByRole("button", { name: "Open" }).click();
        await door.page.waitForURL((url) => url.pathname === "/live");
        await door.page.getByRole("alert").getByText("Emergency access is open").waitFor();
        noFaults(door.faults, /status of (400|401)/);
    }
    await page.getByRole("alert").getByText("Emergency access is open").waitFor();
    await shot(page, "strip");
    await axeCheck(page, "the strip");
    await page.getByRole("link", { name: "See to it" }).click();
    await page.getByRole("button", { name: "End the code and its session" }).click();
    await page.getByRole("alert").waitFor({ state: "detached" });
    await page.getByText("No code").waitFor();
    noFaults(faults);
});
