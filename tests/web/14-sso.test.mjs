// Back from another box's sign-in, with a second factor to show here.
import assert from "node:assert/strict";
import { setupOwner, test as run } from "../flow/lib/skep.mjs";
import { timeCode, totpOn } from "../flow/account/authenticator.mjs";
import { boxWithProvider } from "../flow/sso/idp.mjs";
import { axeCheck, noSideScroll, openPage, startBrowser } from "./lib/browser.mjs";

const skip = Number(process.versions.node.split(".")[0]) < 20 && "the provider (npm oidc-provider) needs node 20";
const test = (name, ...rest) => run(name, { ...(rest.length > 1 ? rest[0] : {}), skip }, rest.at(-1));

const LOOKS = [["light", "en", 1440], ["dark", "zh-CN", 390]];

test("the second step after the provider", { timeout: 120000 }, async (t) => {
    const box = await boxWithProvider(t);
    await setupOwner(box.skep);
    box.users.set("ada", ["guests"]).set("bob", ["guests"]);
    const browser = await startBrowser(t, box.skep);
    for (const [i, [theme, lang, width]] of LOOKS.entries()) {
        const who = ["ada", "bob"][i];
        const { secret } = await totpOn((await box.login(who)).client);
        const { client, where } = await box.login(who);
        assert.equal(where, "/login?sso=factor");
        const { page } = await openPage(t, box.skep, browser, { locale: lang === "en" ? "en-US" : "zh-CN", colorScheme: theme, reducedMotion: "reduce",
            viewport: { width, height: 844 }, stored: { "skep.theme": theme, "skep.lang": lang } });
        await page.context().addCookies([{ name: "__Host-skep-return", value: client.cookies.get("__Host-skep-return"), url: box.skep.url, secure: true, httpOnly: true, sameSite: "Lax" }]);
        await page.goto(`${box.skep.url}${where}`);
        await page.waitForSelector("input[name=code]");
        assert.equal(await page.locator("[role=alert]").count(), 0);
        assert.equal(new URL(page.url()).search, "");
        await axeCheck(page, `sso-factor-${theme}`);
        await noSideScroll(page, "sso-factor");
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/sso-factor-${theme}-${width}.png`, fullPage: true });
        await page.fill("input[name=code]", timeCode(secret, 1));
        await page.click("button[type=submit]");
        await page.waitForURL(`${box.skep.url}/live`);
        await page.context().clearCookies();
        await page.goto(`${box.skep.url}/login?sso=factor`); // nothing waits in this browser
        await page.waitForSelector("[role=alert]");
        await page.waitForSelector("input[name=password]");
        await page.context().close();
    }
});
