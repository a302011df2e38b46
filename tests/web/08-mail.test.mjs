// The pages that a mailed link opens, and what leads there: registration, recovery, confirmation, the own address.
import assert from "node:assert/strict";
import { setupOwner, startSkep, test } from "../flow/lib/skep.mjs";
import { linkToken, mailServer } from "../flow/lib/mail.mjs";
import { axeCheck, noFaults, noSideScroll, openPage, startBrowser } from "./lib/browser.mjs";

const PASSWORD = "a meadow full of clover", NEXT = "forty kilometres of hedges";
const LOOKS = [["light", "en", 1440], ["dark", "zh-CN", 390]];
const ALLOWED = /^console: Failed to load resource: .*status of (401|410) /;

async function shot(page, name) {
    await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
    await axeCheck(page, name);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
}

test("registering, confirming and recovering, as a person does it", { timeout: 120000 }, async (t) => {
    const mail = await mailServer({ t });
    const skep = await startSkep({ t, config: `[account]\nregistration = open\n${mail.config}` });
    await setupOwner(skep);
    const browser = await startBrowser(t, skep);
    for (const [theme, lang, width] of LOOKS) {
        await t.test(`${theme}, ${lang}, ${width} px`, async (t) => {
            const mark = `${theme}-${width}`, address = `ada-${width}@example.org`, name = `ada ${width}`;
            const { page, faults } = await openPage(t, skep, browser, { locale: lang === "en" ? "en-US" : "zh-CN", colorScheme: theme, reducedMotion: "reduce",
                viewport: { width, height: 844 }, stored: { "skep.theme": theme, "skep.lang": lang } });
            const ask = async (path, what) => {
                await page.click(`a[href="${path}"]`);
                await page.fill("input[name=email]", address);
                await shot(page, `${what}-ask-${mark}`);
                await noSideScroll(page, what);
                await page.click("button[type=submit]");
                await page.waitForSelector("p[role=status]");
                await shot(page, `${what}-sent-${mark}`);
                const letter = await mail.next();
                assert.deepEqual(letter.to, [address]);
                await page.goto(`${skep.url}${path}#r=${linkToken(letter, what)}`);
                await page.waitForSelector("input[name=new-password]");
                assert.ok(!page.url().includes("#"), "the token leaves the address bar");
            };
            await page.goto(`${skep.url}/login`);
            await page.waitForSelector('a[href="/register"]');
            await shot(page, `login-${mark}`);
            await ask("/register", "register");
            await page.fill("input[name=username]", name);
            await page.fill("input[name=new-password]", PASSWORD);
            await shot(page, `register-${mark}`);
            await page.click("button[type=submit]");
            await page.waitForURL(`${skep.url}/live`);

            await page.goto(`${skep.url}/me`);
            await page.waitForSelector("#me-mail");
            await page.getByText(address).waitFor();
            const panel = page.locator("section[aria-labelledby=me-mail]");
            await panel.locator("input[name=email]").fill(`second-${address}`);
            await panel.locator("input[name=current-password]").fill(PASSWORD);
            await panel.locator("button[type=submit]").click();
            await panel.locator("p[role=status]").waitFor();
            await panel.scrollIntoViewIfNeeded();
            await shot(page, `me-${mark}`);
            await noSideScroll(page, "me");
            await page.goto(`${skep.url}/verify#v=${linkToken(await mail.next(), "verify")}`);
            await page.waitForSelector("main .btn.pri");
            await shot(page, `verify-${mark}`);
            await page.click("main .btn.pri");
            await page.waitForSelector("p[role=status]");
            await shot(page, `verified-${mark}`);
            await mail.next(); // the former address is told

            await page.context().clearCookies();
            await page.evaluate(() => localStorage.removeItem("skep.entered"));
            await page.goto(`${skep.url}/login`);
            await page.waitForSelector('a[href="/recover"]');
            const former = address;
            await page.click('a[href="/recover"]');
            await page.fill("input[name=email]", `second-${former}`);
            await page.click("button[type=submit]");
            const token = linkToken(await mail.next(), "recover");
            await page.goto(`${skep.url}/recover#r=${token}`);
            await page.waitForSelector("input[name=new-password]");
            await page.fill("input[name=new-password]", NEXT);
            await shot(page, `recover-${mark}`);
            await noSideScroll(page, "recover");
            await page.click("button[type=submit]");
            await page.waitForURL(`${skep.url}/login`);
            await mail.next();
            await page.goto(`${skep.url}/recover#r=${token}`);
            await page.waitForSelector("h1");
            await shot(page, `gone-${mark}`);
            await page.goto(`${skep.url}/login`);
            await page.fill("input[name=username]", name);
            await page.fill("input[type=password]", NEXT);
            await page.click("button[type=submit]");
            await page.waitForURL(`${skep.url}/live`);
            noFaults(faults, ALLOWED);
        });
    }
});

test("what the box does not offer is said, not shown as a form", { timeout: 60000 }, async (t) => {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    const { page, faults } = await openPage(t, skep, await startBrowser(t, skep), { locale: "en-US" });
    for (const path of ["/register", "/recover"]) {
        await page.goto(skep.url + path);
        await page.waitForSelector(`main a[href="/login"]`);
        await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
        assert.equal(await page.locator("input[name=email]").count(), 0, path);
        await axeCheck(page, path);
    }
    noFaults(faults, ALLOWED);
});
