// Apps in the console: made, its secret shown once, its key turned, killed with the effect told, let live again.
import assert from "node:assert/strict";
import { appClient } from "../flow/app/lib.mjs";
import { OWNER, setupOwner, startSkep, test } from "../flow/lib/skep.mjs";
import { axeCheck, noFaults, noSideScroll, openPage, startBrowser } from "./lib/browser.mjs";

const SHOTS = process.env.SHOTS;

for (const look of [{ theme: "light", width: 1280 }, { theme: "dark", width: 390 }])
    test(`apps: make, use, turn the key, kill (${look.theme}, ${look.width})`, { timeout: 120000 }, async (t) => {
        const skep = await startSkep({ t });
        await setupOwner(skep);
        const browser = await startBrowser(t, skep);
        const { page, faults } = await openPage(t, skep, browser, { colorScheme: look.theme, viewport: { width: look.width, height: 844 } });
        const shot = async (name) => SHOTS && page.screenshot({ path: `${SHOTS}/apps-${name}-${look.theme}.png`, fullPage: true });
        await page.goto(`${skep.url}/login`);
        await page.fill("input[name=username]", OWNER.name);
        await page.fill("input[type=password]", OWNER.password);
        await page.click("button[type=submit]");
        await page.waitForURL((u) => !u.pathname.startsWith("/login"));
        await page.goto(`${skep.url}/people/apps`);
        await page.getByText("No apps yet").waitFor();
        await shot("empty");
        await axeCheck(page, "empty");
        await page.getByRole("button", { name: "Make an app" }).click();
        await page.getByLabel("Name").fill("Door bell");
        await page.getByLabel("device.live-main").check();
        await shot("make");
        await axeCheck(page, "make");
        await page.getByRole("dialog").getByRole("button", { name: "Make an app" }).click();
        await page.getByText("shown this once").waitFor();
        const [id, secret] = await page.locator("dialog code").allTextContents();
        await shot("secret");
        await axeCheck(page, "secret");
        assert.equal((await appClient(skep, { id, secret }).get("/api/v1/devices")).status, 200);
        await page.getByRole("button", { name: "I have kept it" }).click();
        const act = (name) => page.getByRole("button", { name, exact: true }).locator("visible=true").first();
        await act("New key").click();
        await page.getByRole("dialog").getByRole("button", { name: "New key" }).click();
        await page.getByText("shown this once").waitFor();
        assert.notEqual((await page.locator("dialog code").allTextContents())[1], secret);
        await page.getByRole("button", { name: "I have kept it" }).click();
        await act("Kill").click();
        const kill = page.getByRole("dialog").getByRole("button", { name: "Kill" });
        assert.ok(await kill.isDisabled(), "not before its name is typed");
        await page.locator("#typed-name").fill("Door bell");
        await shot("kill");
        await kill.click();
        await page.getByText("had ended within").waitFor();
        await axeCheck(page, "killed");
        assert.equal((await appClient(skep, { id, secret }).get("/api/v1/devices")).json.reason, "killed");
        await page.getByRole("button", { name: "Close" }).last().click();
        await page.getByText(/gone within \d+ ms/).locator("visible=true").first().waitFor();
        await shot("killed");
        await noSideScroll(page, "killed");
        await act("Let it live again").click();
        await page.getByText("shown this once").waitFor();
        noFaults(faults);
    });
