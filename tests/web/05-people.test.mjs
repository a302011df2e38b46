// People as an owner manages them and as a guest meets them: invitation, joining, grants, tests, tags, leaving; what a member
// does not see; every page in both languages and on a phone.
import assert from "node:assert/strict";
import { camerasOnline, OWNER, setupOwner, startSkep, test } from "../flow/lib/skep.mjs";
import { grant, member, PASSWORD } from "../flow/grant/lib.mjs";
import { axeCheck, noFaults, noSideScroll, openPage, startBrowser } from "./lib/browser.mjs";

const GUEST = { name: "Mei Chen", password: PASSWORD };
const REFUSED = /status of (401|403|409|410)/; // Chromium itself logs what the box refuses on purpose

async function signIn(page, skep, { name, password }) {
    await page.goto(`${skep.url}/login`);
    await page.fill("input[name=username]", name);
    await page.fill("input[type=password]", password);
    await page.click("button[type=submit]");
    await page.waitForURL(/\/live/);
}

const heading = (page, text) => page.waitForFunction((t) => document.querySelector(".answer")?.textContent.includes(t), text);
const field = (page, label) => page.getByLabel(label, { exact: true });

test("a fresh box logs nothing", { timeout: 60000 }, async (t) => {
    const skep = await startSkep({ t });
    const { page, faults } = await openPage(t, skep, await startBrowser(t, skep));
    await page.goto(`${skep.url}/setup#t=${skep.setupToken}`);
    await page.waitForSelector("input[name=username]");
    assert.deepEqual(faults, []);
});

test("invite, join, grant, test, tag, leave", { timeout: 150000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 2 });
    const owner = await setupOwner(skep);
    const [gate] = await camerasOnline(owner, 2);
    const browser = await startBrowser(t, skep);
    const { page, faults } = await openPage(t, skep, browser);
    await signIn(page, skep, OWNER);

    // tags on the camera's page
    await page.goto(`${skep.url}/cameras/${gate.id}`);
    await page.getByRole("button", { name: "Tags…" }).click();
    await field(page, "New tag").fill("gate");
    await page.getByRole("button", { name: "Save the tags" }).click();
    await page.waitForSelector("a.tag");
    await page.goto(`${skep.url}/cameras?tag=gate`);
    await page.waitForFunction(() => document.querySelectorAll("tbody .row-link").length === 1);

    // an invitation with a grant; the link is shown once
    await page.goto(`${skep.url}/people`);
    await heading(page, "1 person has access.");
    await page.getByRole("button", { name: "Invite" }).click();
    await field(page, "Note for yourself").fill("the gardener");
    await page.getByRole("button", { name: "Give a grant with it" }).click();
    await field(page, "On which cameras").selectOption("tag:gate");
    await field(page, "Talk").check();
    await page.getByRole("button", { name: "Make the link" }).click();
    const link = await page.textContent("dialog .cmd");
    assert.match(link, /\/join#i=[A-Za-z0-9_-]+$/);
    await page.waitForSelector("dialog svg.qr");
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByText("may watch and talk on 1 camera tagged gate").waitFor();

    // the guest joins by it, in a browser of his own
    const guest = await openPage(t, skep, browser);
    await guest.page.goto(link);
    await guest.page.waitForSelector("input[name=username]");
    assert.equal(new URL(guest.page.url()).hash, "", "the secret has left the address");
    assert.match(await guest.page.textContent("form"), /Member/);
    await axeCheck(guest.page, "join");
    await guest.page.fill("input[name=username]", GUEST.name);
    await guest.page.fill("input[type=password]", GUEST.password);
    await guest.page.waitForSelector(".under .coil .ok");
    await guest.page.click("button[type=submit]");
    await guest.page.waitForURL(/\/live/);
    await guest.page.waitForFunction(() => document.querySelectorAll(".wall .tile").length === 1);
    const nav = await guest.page.textContent("nav.tabs-bottom, .rail nav");
    assert.doesNotMatch(nav, /People|Trust/, "what a member may not is no entry");
    await guest.page.goto(`${skep.url}/people`);
    await guest.page.waitForSelector(".lock-note");
    const used = await openPage(t, skep, browser);
    await used.page.goto(link);
    await used.page.getByText("This link no longer works").waitFor();

    // the person's page
    await page.reload();
    await page.locator("tbody .row-link", { hasText: GUEST.name }).click();
    await heading(page, "1 grant that holds now.");
    const id = new URL(page.url()).pathname.split("/").at(-1);

    // the table: flip a cell, see it outlined, save
    await page.goto(`${skep.url}/people/grants?on=${encodeURIComponent(`device:${gate.id}`)}`);
    await page.getByLabel(`${GUEST.name}: Turn`).check();
    await page.waitForSelector("td.changed");
    await page.getByText("1 change is not saved").waitFor();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.waitForFunction(() => !document.querySelector("td.changed"));
    const grants = async () => (await owner.get(`/api/v1/grants?account=${id}`)).json.grants;
    assert.deepEqual((await grants()).map((g) => g.actions).filter((a) => a.includes("ptz")).length, 1);

    // the test box names the rule
    await field(page, "Person").selectOption(id);
    await field(page, "Action").selectOption("talk");
    await field(page, "Camera").selectOption(gate.id);
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.locator(".grant.marked", { hasText: "tagged gate" }).waitFor();
    await field(page, "Action").selectOption("config");
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText("Neither the role nor a grant brings it.").waitFor();

    // a grant with hours: given in the zone of the page, kept in UTC
    await page.getByRole("button", { name: "New grant" }).click();
    await field(page, "Who").selectOption(`account:${id}`);
    await page.getByLabel("Only at certain hours").first().check();
    await page.getByRole("button", { name: "Give the grant" }).click();
    await page.locator("dialog").waitFor({ state: "detached" });
    await page.getByText(/weekdays 08:00\u2060–\u206018:00/).first().waitFor();
    const offset = await page.evaluate(() => -new Date().getTimezoneOffset());
    const [timed] = (await grants()).filter((g) => g.schedule);
    assert.equal(timed.schedule.reduce((sum, r) => sum + r.days.length * (r.to - r.from), 0), 5 * 600);
    if (offset === 0) assert.deepEqual(timed.schedule, [{ days: [1, 2, 3, 4, 5], from: 480, to: 1080 }]);

    // who can watch, and taking a grant away
    await page.goto(`${skep.url}/cameras/${gate.id}`);
    await page.locator(".tabs a", { hasText: "Who can watch" }).click();
    await page.getByRole("row", { name: new RegExp(GUEST.name) }).waitFor();
    const before = (await grants()).length;
    await page.locator(".grant", { hasText: "turn the camera" }).getByRole("button", { name: "Take away" }).click();
    await page.waitForFunction(() => ![...document.querySelectorAll(".grant")].some((g) => g.textContent.includes("turn the camera")));
    assert.equal((await grants()).length, before - 1);

    // the guards' refusals
    const self = (await owner.get("/api/v1/me")).json.account.id;
    await page.goto(`${skep.url}/people/${self}`);
    await page.getByRole("button", { name: "Disable" }).click();
    await page.getByText("Nobody changes the own role or state").waitFor();

    // leaving: the name is typed, everything goes to zero, then the account
    await page.goto(`${skep.url}/people/${id}`);
    await page.getByRole("button", { name: "Leaver…" }).click();
    await page.fill("#typed-name", GUEST.name);
    await page.click("dialog .btn.danger");
    await page.getByText("Nothing is left. The account can go.").waitFor();
    await page.getByRole("button", { name: "Remove the account" }).click();
    await page.waitForURL(/\/people$/);
    assert.equal((await owner.get(`/api/v1/accounts/${id}`)).status, 404);
    await guest.page.waitForURL(/\/login/);
    for (const list of [faults, guest.faults, used.faults]) noFaults(list, REFUSED);
});

test("the own password", { timeout: 90000 }, async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const mei = await member(skep, owner, { name: GUEST.name });
    const { page } = await openPage(t, skep, await startBrowser(t, skep));
    await signIn(page, skep, GUEST);
    await page.goto(`${skep.url}/me`);
    const fresh = "nine green lanterns by a river";
    await page.fill("input[name=current-password]", "not the one that it is");
    await page.fill("input[name=new-password]", fresh);
    await page.getByRole("button", { name: "Change the password" }).click();
    await page.getByText("This is not the present password.").waitFor();
    await page.fill("input[name=current-password]", PASSWORD);
    await page.getByRole("button", { name: "Change the password" }).click();
    await page.getByText("The password is changed.").waitFor();
    assert.equal((await mei.get("/api/v1/me")).status, 401, "the other session has ended");
    await page.getByRole("button", { name: "Log out" }).click();
    await signIn(page, skep, { name: GUEST.name, password: fresh });
});

const LOOKS = [["light", "en", 1440], ["dark", "zh-CN", 1440], ["light", "zh-CN", 390], ["dark", "en", 390]];

test("axe and width on every page", { timeout: 240000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 2 });
    const owner = await setupOwner(skep);
    const [gate] = await camerasOnline(owner, 2);
    await owner.patch(`/api/v1/devices/${gate.id}`, { tags: ["gate", "北门"] });
    const mei = await member(skep, owner, { name: GUEST.name });
    await member(skep, owner, { name: "Ada Admin", role: "admin" });
    await grant(owner, { subject: { account: mei.account }, object: { tag: "gate" }, actions: ["live-main", "live-sub", "talk"],
        schedule: [{ days: [1, 2, 3, 4, 5], from: 480, to: 1080 }], not_after: Date.now() + 30 * 86400_000, reason: "gardener" });
    await grant(owner, { subject: { role: "member" }, object: { device: gate.id }, actions: ["live-sub"] });
    await owner.post("/api/v1/invitations", { role: "member", note: "the gardener", grants: [{ object: { all: true }, actions: ["live-sub"] }] });
    const pages = [
        ["people", "/people", ".grant"], ["invite", "/people?invite=1", "dialog[open]"], ["person", `/people/${mei.account}`, ".grant"],
        ["new grant", `/people/${mei.account}?grant=1`, "dialog[open]"], ["grants", "/people/grants", ".matrix"],
        ["who", `/cameras/${gate.id}/access`, ".matrix"], ["cameras", "/cameras?tag=gate", ".row-link:visible, .cards a:visible"], ["me", "/me", "#me-password"],
    ];
    const browser = await startBrowser(t, skep);
    for (const [theme, lang, width] of LOOKS)
        await t.test(`${theme}, ${lang}, ${width} px`, async (t) => {
            const { page, faults } = await openPage(t, skep, browser, { viewport: { width, height: 844 }, colorScheme: theme, reducedMotion: "reduce",
                locale: lang === "en" ? "en-US" : "zh-CN", stored: { "skep.theme": theme, "skep.lang": lang } });
            await signIn(page, skep, OWNER);
            for (const [name, path, sign] of pages) {
                await page.goto(skep.url + path);
                await page.waitForSelector(sign);
                await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
                await axeCheck(page, `${name}, ${theme}, ${lang}, ${width}`);
                await noSideScroll(page, name);
            }
            noFaults(faults);
        });
});
