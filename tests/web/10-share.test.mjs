// One camera shared with an account of another organization: the link, the claim, the owner's yes, a guest who watches
// without any password, and the end of it within a second. Two browsers and the real fleet.
import assert from "node:assert/strict";
import { camerasOnline, OWNER, setupOwner, SLOW, startSkep, test, waitFor } from "../flow/lib/skep.mjs";
import { member, PASSWORD } from "../flow/grant/lib.mjs";
import { neighbour } from "../flow/share/lib.mjs";
import { axeCheck, noFaults, noSideScroll, openPage, picturesPlay, startBrowser } from "./lib/browser.mjs";

const GUEST = "orchard owner";
const REFUSED = /status of (401|403|404|409|410)/; // Chromium itself logs what the box refuses on purpose

async function signIn(page, skep, { name, password, at = "/login" }) {
    await page.goto(skep.url + at);
    await page.fill("input[name=username]", name);
    await page.fill("input[type=password]", password);
    await page.click("button[type=submit]");
}

/** The owner's browser on the page "Who can watch" of the first camera, owner of it and with a link in hand. */
async function ownerReady(t, skep, browser, camera) {
    const owner = await openPage(t, skep, browser);
    await signIn(owner.page, skep, { ...OWNER, at: `/login#s=${skep.seed}` });
    await owner.page.waitForURL(/\/live/);
    await picturesPlay(owner.page, 1);
    await owner.page.goto(`${skep.url}/cameras/${camera.id}`);
    await owner.page.getByRole("link", { name: "Share…" }).click();
    return owner;
}

async function linkMade(page) {
    await page.getByRole("button", { name: "Make the link" }).click();
    await page.waitForSelector("dialog svg.qr");
    await axeCheck(page, "the link");
    await shot(page, "link");
    const link = (await page.textContent("dialog .cmd")).trim();
    await page.getByRole("button", { name: "Done" }).click();
    return link;
}

test("share, accept, watch without a password, withdraw", { timeout: 180000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 2 });
    const api = await setupOwner(skep);
    const [camera] = await camerasOnline(api, 2);
    const guest = await neighbour(skep, api, "orchard");
    const browser = await startBrowser(t, skep);
    const { page, faults } = await ownerReady(t, skep, browser, camera);

    await page.getByLabel("Listen", { exact: true }).check().catch(() => undefined); // not every camera hears
    const link = await linkMade(page);
    assert.match(link, new RegExp(`/join#d=${camera.id}&s=[\\w-]{22}&k=(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}$`));
    await page.getByText(/The camera holds the list, version 1/).waitFor();

    // the guest: the link waits while he signs in; then one click, and his key is shown
    const other = await openPage(t, skep, browser);
    await other.page.goto(link);
    await other.page.getByText("Sign in first.").waitFor();
    assert.equal(new URL(other.page.url()).hash, "", "the secret has left the address");
    await axeCheck(other.page, "join, signed out");
    await other.page.getByRole("link", { name: "Sign in" }).click();
    await other.page.fill("input[name=username]", GUEST);
    await other.page.fill("input[type=password]", PASSWORD);
    await other.page.click("button[type=submit]");
    await other.page.getByRole("button", { name: "Ask the owner" }).click();
    await other.page.getByText("The owner has been asked.").waitFor();
    const key = (await other.page.textContent(".fp")).trim();
    assert.match(key, /^(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}$/);

    // the owner sees the name and the same key, without a reload
    const claim = page.locator(".grant", { hasText: GUEST });
    await claim.getByText(key).waitFor();
    await axeCheck(page, "a claim");
    await shot(page, "claim");
    await claim.getByRole("button", { name: "Accept" }).click();
    await page.getByText(/The camera holds the list, version 2/).waitFor();
    await page.locator(".grant", { hasText: key }).getByRole("button", { name: "Withdraw" }).waitFor();

    // accepted: the guest's page says so; he watches and no password is asked
    await other.page.getByText("You may watch.").waitFor();
    await shot(other.page, "accepted");
    await other.page.getByRole("button", { name: "Watch", exact: true }).click();
    await picturesPlay(other.page, 1);
    await other.page.getByText("Same as in the owner's link").waitFor();
    await shot(other.page, "guest-camera");
    await other.page.goto(`${skep.url}/live`);
    await picturesPlay(other.page, 1);
    assert.equal(await other.page.locator(".tile .shared").count(), 1, "the tile says that it is shared with me");
    assert.equal(await other.page.locator(".tile").count(), 1, "and nothing else of that organization is there");

    // the owner sees that the key came; the page of all shares
    await page.reload();
    await page.getByText(/Came last just now|Came last/).first().waitFor();
    await axeCheck(page, "who can watch");
    await shot(page, "shared");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator("#shares").scrollIntoViewIfNeeded();
    await noSideScroll(page, "who can watch");
    await shot(page, "shared-390");
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${skep.url}/people/shares`);
    await page.locator(".grant", { hasText: key }).waitFor();
    await shot(page, "all-shares");
    await shot(other.page, "guest-wall");
    await axeCheck(page, "shares");
    await other.page.waitForSelector(".tile");

    // withdrawn: the picture stands still within a second, and the list no longer holds the key
    await page.goto(`${skep.url}/cameras/${camera.id}/access`);
    const row = page.locator(".grant", { hasText: key }).filter({ has: page.getByRole("button", { name: "Withdraw" }) });
    await row.waitFor();
    await picturesPlay(other.page, 1);
    const at = Date.now();
    await row.getByRole("button", { name: "Withdraw" }).click();
    await waitFor(async () => (await other.page.locator(".tile").count()) === 0, 3000, "the tile is gone");
    const cut = Date.now() - at;
    assert.ok(cut < 1000 * SLOW, `cut after ${cut} ms`);
    await page.getByText(/The camera holds the list, version 3/).waitFor();
    assert.equal(await page.getByText(key).count(), 0);
    assert.deepEqual((await guest.get("/api/v1/shares")).json.received, []);

    // the used link is of no use to anybody else: the claim fits nothing, so there is nothing to accept
    const third = await openPage(t, skep, browser);
    await signIn(third.page, skep, { name: (await member(skep, api)).name, password: PASSWORD });
    await third.page.waitForURL(/\/live/);
    await third.page.goto(link);
    await third.page.getByRole("button", { name: "Ask the owner" }).click();
    await third.page.getByText("The owner has been asked.").waitFor();
    await page.getByText("This key came with no link of this browser").waitFor();
    assert.equal(await page.getByRole("button", { name: "Accept" }).count(), 0);
    await page.getByRole("button", { name: "Refuse" }).click();
    await third.page.getByText("The owner refused.").waitFor();
    for (const list of [faults, other.faults, third.faults]) noFaults(list, REFUSED);
});

test("a camera key that the link does not name never plays", { timeout: 120000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 2 });
    const api = await setupOwner(skep);
    const [camera] = await camerasOnline(api, 2);
    const guest = await neighbour(skep, api, "orchard");
    const browser = await startBrowser(t, skep);
    const { page } = await ownerReady(t, skep, browser, camera);
    const link = await linkMade(page);
    const other = await openPage(t, skep, browser);
    await signIn(other.page, skep, { name: guest.name, password: PASSWORD });
    await other.page.waitForURL(/\/live/);
    // as if the box had exchanged the key: what the directory names is not what the owner's link names
    await other.page.goto(link.replace(/k=.*$/, "k=BHNR-26TZ-21A8-51JN-5YAE"));
    await other.page.getByRole("button", { name: "Ask the owner" }).click();
    await page.getByRole("button", { name: "Accept" }).click();
    await other.page.getByRole("button", { name: "Watch", exact: true }).click();
    await other.page.getByText("This camera has a new key").first().waitFor();
    await other.page.getByRole("button", { name: "Compare" }).first().click();
    await other.page.getByText("BHNR-26TZ-21A8-51JN-5YAE").waitFor();
    assert.equal(await other.page.locator("dialog .btn.danger").count(), 0, "nobody can click it away");
    assert.ok(await other.page.evaluate(() => [...document.querySelectorAll("video")].every((v) => v.readyState === 0)));
    // the right link mends it: no password, and it plays
    await other.page.goto(link);
    await other.page.getByRole("button", { name: "Ask the owner" }).click();
    await page.getByRole("button", { name: "Accept" }).click();
    await other.page.getByRole("button", { name: "Watch", exact: true }).click();
    await picturesPlay(other.page, 1);
});

/** For who wants to look: SHOTS=DIR keeps pictures. */
async function shot(page, name) {
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
}

const LOOKS = [["light", "en", 1440], ["dark", "zh-CN", 1440], ["light", "zh-CN", 390], ["dark", "en", 390]];

test("axe and width on the pages of sharing", { timeout: 180000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 2 });
    const api = await setupOwner(skep);
    const [camera] = await camerasOnline(api, 2);
    await neighbour(skep, api, "orchard");
    const browser = await startBrowser(t, skep);
    for (const [theme, lang, width] of LOOKS)
        await t.test(`${theme}, ${lang}, ${width} px`, async (t) => {
            const { page, faults } = await openPage(t, skep, browser, { viewport: { width, height: 844 }, colorScheme: theme, reducedMotion: "reduce",
                locale: lang === "en" ? "en-US" : "zh-CN", stored: { "skep.theme": theme, "skep.lang": lang } });
            const look = async (name) => {
                await page.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
                await axeCheck(page, `${name}, ${theme}, ${lang}, ${width}`);
                await noSideScroll(page, name);
                await shot(page, `${name}-${theme}-${lang}-${width}`);
            };
            await page.goto(`${skep.url}/join#d=${camera.id}&s=gIGCg4SFhoeIiYqLjI2Ojw&k=BHNR-26TZ-21A8-51JN-5YAE`);
            await page.waitForSelector("a.btn.pri");
            await look("join-out");
            await signIn(page, skep, { name: GUEST, password: PASSWORD, at: "/login?next=%2Fjoin" });
            await page.waitForSelector(".label-fp");
            await look("join-ask");
            await page.click("button.btn.pri");
            await page.waitForSelector(".fp");
            await look("join-waiting");
            await page.context().clearCookies();
            await signIn(page, skep, { ...OWNER, at: `/login#s=${skep.seed}` });
            await page.waitForURL(/\/live/);
            await page.goto(`${skep.url}/cameras/${camera.id}/access?share=1`);
            await page.waitForSelector("dialog form, dialog .fault, dialog .field");
            await look("share-dialog");
            await page.goto(`${skep.url}/cameras/${camera.id}/access`);
            await page.waitForSelector("#shares");
            await look("access");
            await page.goto(`${skep.url}/people/shares`);
            await page.waitForSelector("#given");
            await look("shares");
            noFaults(faults, REFUSED);
        });
});
