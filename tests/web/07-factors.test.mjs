// Second factors as a person meets them: codes from an app, recovery codes, passkeys by Chromium's
// virtual authenticator, the second step at the door, and the page of who owes a factor.
import assert from "node:assert/strict";
import { OWNER, setupOwner, startSkep, test, waitFor } from "../flow/lib/skep.mjs";
import { timeCode } from "../flow/account/authenticator.mjs";
import { axeCheck, noFaults, noSideScroll, openPage, startBrowser } from "./lib/browser.mjs";

const REFUSED = /^console: Failed to load resource: .*status of (401|403) .*\/api\/v1\/(me|login\/\S+|me\/\S+)\)$/;
const button = (page, name) => page.getByRole("button", { name, exact: true });

async function passwordShow(page, skep) {
    await page.goto(`${skep.url}/login`);
    await page.fill("input[name=username]", OWNER.name);
    await page.fill("input[name=password]", OWNER.password);
    await page.click("button[type=submit]");
}

async function authenticatorAdd(context, page) {
    const cdp = await context.newCDPSession(page);
    await cdp.send("WebAuthn.enable");
    const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options: { protocol: "ctap2", transport: "internal",
        hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
    return { credentials: async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials };
}

test("codes from an app: set up, recovery codes once, the second step, off", { timeout: 120000 }, async (t) => {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    const browser = await startBrowser(t, skep);
    const { page, context, faults } = await openPage(t, skep, browser, { reducedMotion: "reduce" });
    await passwordShow(page, skep);
    await page.waitForURL("**/live");
    await page.goto(`${skep.url}/me`);
    await button(page, "Set up").click();
    await page.waitForSelector("dialog svg.qr");
    await axeCheck(page, "set up");
    const secret = (await page.textContent("dialog .secret-text")).replaceAll(" ", "");
    await page.fill("dialog input[name=code]", "000000");
    await button(page, "Switch on").click();
    await page.waitForSelector("dialog .fault");
    await page.fill("dialog input[name=code]", timeCode(secret, -1));
    await button(page, "Switch on").click();
    await page.waitForSelector("dialog .codes");
    await axeCheck(page, "recovery codes");
    assert.equal(await page.locator("dialog .codes li").count(), 10);
    const recovery = (await page.textContent("dialog .codes li")).trim();
    const [file] = await Promise.all([page.waitForEvent("download"), button(page, "As a file").click()]);
    assert.equal(file.suggestedFilename(), "skep-localhost-recovery-codes.txt");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("dialog .codes").count(), 1, "not closed before they are kept");
    await page.check("dialog input[type=checkbox]");
    await button(page, "Done").click();
    await page.getByText("10 are left").waitFor();
    await axeCheck(page, "my account");

    await context.clearCookies();
    await passwordShow(page, skep);
    await page.waitForSelector("input[autocomplete=one-time-code]");
    assert.equal(await page.evaluate(() => document.activeElement.name), "code");
    await axeCheck(page, "second step");
    await noSideScroll(page, "second step");
    await page.fill("input[name=code]", "000000");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".fault");
    await page.fill("input[name=code]", timeCode(secret));
    await page.keyboard.press("Enter");
    await page.waitForURL("**/live");
    await context.clearCookies();
    await passwordShow(page, skep);
    await button(page, "Use a recovery code").click();
    await page.fill("input[name=recovery]", recovery);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/live");
    await page.goto(`${skep.url}/me`);
    await page.getByText("9 are left").waitFor();
    await button(page, "Switch off").click();
    await page.fill("dialog input[name=password]", OWNER.password);
    await page.locator("dialog button[type=submit]").click();
    await page.getByText("Password alone").waitFor();
    noFaults(faults, REFUSED);
});

test("a passkey: made, alone at the door, as a second step, removed", { timeout: 120000 }, async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const browser = await startBrowser(t, skep);
    const { page, context, faults } = await openPage(t, skep, browser, { reducedMotion: "reduce" });
    const device = await authenticatorAdd(context, page);
    await passwordShow(page, skep);
    await page.waitForURL("**/live");
    await page.goto(`${skep.url}/me`);
    await button(page, "Add a passkey").click();
    await page.fill("dialog input", "Blue laptop");
    await button(page, "Go on").click();
    await page.waitForSelector("dialog .codes");
    await page.check("dialog input[type=checkbox]");
    await button(page, "Done").click();
    await page.getByText("Blue laptop", { exact: false }).first().waitFor();
    assert.equal((await device.credentials()).length, 1);
    assert.equal((await owner.get("/api/v1/me/factors")).json.passkeys[0].name, "Blue laptop");
    await button(page, "Add a passkey").click();
    await button(page, "Go on").click();
    await page.getByText("This device holds a passkey for your account already.").waitFor();
    await page.keyboard.press("Escape");

    await context.clearCookies();
    await page.goto(`${skep.url}/login`);
    await button(page, "Sign in with a passkey").click();
    await page.waitForURL("**/live");
    await context.clearCookies();
    await passwordShow(page, skep);
    await button(page, "Use a passkey").click();
    await page.waitForURL("**/live");
    assert.ok((await device.credentials())[0].signCount >= 2);

    await page.goto(`${skep.url}/me`);
    await page.getByRole("button", { name: "Rename Blue laptop" }).click();
    await page.fill("dialog input", "Old laptop");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Remove Old laptop" }).click();
    await page.getByText("Password alone").waitFor();
    noFaults(faults, REFUSED);
});

test("an old proof is asked for again, on the page", { timeout: 120000 }, async (t) => {
    const skep = await startSkep({ t, config: "[account]\nfresh_s = 1\n" });
    await setupOwner(skep);
    const browser = await startBrowser(t, skep);
    const { page, faults } = await openPage(t, skep, browser, { reducedMotion: "reduce" });
    await passwordShow(page, skep);
    await page.waitForURL("**/live");
    await page.goto(`${skep.url}/me`);
    await waitFor(() => page.evaluate(async () => (await (await fetch("/api/v1/me/factors")).json()).fresh_until < Date.now()), 10000, "the proof to be old");
    await button(page, "Set up").click();
    await page.getByRole("heading", { name: "Is it you?" }).waitFor();
    await axeCheck(page, "is it you");
    await page.fill("dialog input[name=password]", "not this one at all");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog .fault");
    await page.fill("dialog input[name=password]", OWNER.password);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog svg.qr");
    noFaults(faults, REFUSED);
});

test("who owes a factor sees one page until it stands", { timeout: 120000 }, async (t) => {
    const skep = await startSkep({ t, config: "[account]\nrequire_factor = all\n" });
    await setupOwner(skep);
    const browser = await startBrowser(t, skep);
    const { page, faults } = await openPage(t, skep, browser, { reducedMotion: "reduce", viewport: { width: 390, height: 844 } });
    await passwordShow(page, skep);
    await page.waitForURL("**/me/factor");
    await page.goto(`${skep.url}/cameras`);
    await page.waitForURL("**/me/factor");
    await page.getByText("Codes from an app").waitFor();
    await axeCheck(page, "owed");
    await noSideScroll(page, "owed");
    await button(page, "Set up").click();
    const secret = (await page.textContent("dialog .secret-text")).replaceAll(" ", "");
    await page.fill("dialog input[name=code]", timeCode(secret));
    await button(page, "Switch on").click();
    await page.check("dialog input[type=checkbox]");
    await noSideScroll(page, "recovery codes");
    await button(page, "Done").click();
    await page.waitForURL("**/me");
    await page.getByText("Two steps").waitFor();
    noFaults(faults, REFUSED);
});
