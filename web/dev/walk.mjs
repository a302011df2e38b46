// Development only: the keyboard's way through the console, and what must hold at its start. node dev/walk.mjs [BASE]
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const base = process.argv[2] ?? "http://127.0.0.1:8780";
const scenario = (name) => fetch(`${base}/dev/scenario?name=${name}`);
const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ],
});
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en" });
const page = await context.newPage();
const faults = [];
page.on("console", (m) => {
    if (m.type() === "error" && !/status of (4|5)|WebSocket/.test(m.text())) faults.push(m.text());
});
page.on("pageerror", (e) => faults.push(e.message));
const focused = (f) => page.evaluate(f ?? (() => document.activeElement?.textContent ?? ""));
const wait = (ms = 250) => page.waitForTimeout(ms);
const steps = [];
const step = async (name, act) => {
    await act();
    steps.push(name);
};

await step("the fragment is read once and gone", async () => {
    await scenario("setup");
    await page.goto(`${base}/setup#t=tok_1&s=AAAAAAAAAAAAAAAAAAAAAA`);
    await page.waitForSelector("input[name=username]");
    assert.equal(new URL(page.url()).hash, "");
    assert.deepEqual(
        await page.evaluate(() => [sessionStorage["skep.token"], sessionStorage["skep.seed"]]),
        ["tok_1", "AAAAAAAAAAAAAAAAAAAAAA"],
    );
});
await step("setup by keyboard, a reload resumes it", async () => {
    await page.fill("input[name=username]", "Lin Wei");
    await page.fill("input[type=password]", "correct horse bat");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=Is this the right box?");
    assert.equal(await page.evaluate(() => sessionStorage["skep.token"]), undefined);
    await page.reload();
    await page.waitForSelector("text=Is this the right box?");
    await page.click(".btn.pri");
    await page.waitForSelector("text=Where do the pictures come from?");
    await wait();
    assert.equal(await focused(() => document.activeElement?.tagName), "H1");
    await page.keyboard.press("Alt+ArrowLeft");
    await page.waitForSelector("text=Is this the right box?");
    await page.click(".btn.pri");
    await page.waitForSelector("text=Where do the pictures come from?");
    await page.click(".btn.pri");
    await page.waitForSelector(".wall .tile");
});
await step("titles, skip link", async () => {
    assert.equal(await page.title(), "(simulated) Live · Skep");
    await page.goto(`${base}/live`);
    await page.waitForSelector(".wall .tile");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "Skip to the page");
    await page.keyboard.press("Enter");
    assert.equal(await focused(() => document.activeElement?.id), "main");
});
await step("grid by number, arrows, enter", async () => {
    await page.keyboard.press("4");
    await wait();
    assert.equal(await page.locator(".tile").count(), 4);
    assert.match(page.url(), /grid=4/);
    await page.keyboard.press("n");
    await wait();
    assert.match(page.url(), /page=2/);
    await page.keyboard.press("0");
    await wait();
    assert.equal(await page.locator(".tile").count(), 12);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), "Orchard");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".stage");
    assert.equal(await page.title(), "(simulated) Orchard · Cameras · Skep");
    await page.keyboard.press("]");
    await page.waitForSelector('h1:has-text("Workshop")');
});
await step("chords, rows, focus on the title", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await page.waitForSelector("table .row-link");
    await wait();
    assert.equal(await focused(() => document.activeElement?.tagName), "H1");
    await page.keyboard.press("j");
    assert.equal(await focused(), "Loading dock");
    await page.keyboard.press("k");
    assert.equal(await focused(), "North gate");
});
await step("help opens, Esc closes, focus returns", async () => {
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.press("Escape");
    await wait();
    assert.equal(await page.locator("dialog").count(), 0);
    assert.equal(await focused(), "North gate");
});
await step("find: type, enter, there", async () => {
    await page.keyboard.press("Control+k");
    await page.keyboard.type("server ro");
    await wait();
    await page.keyboard.press("Enter");
    await page.waitForSelector('h1:has-text("Server room")');
});
await step("single letters are off while typing and by choice", async () => {
    await page.goto(`${base}/cameras`);
    await page.waitForSelector("#camera-search");
    await page.focus("#camera-search");
    await page.keyboard.type("gl");
    await wait(400);
    assert.match(page.url(), /q=gl/);
    await page.goto(`${base}/me`);
    await page.waitForSelector(".setting");
    await page.uncheck('label:has-text("Single-letter keys") input');
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press("?");
    await wait();
    assert.equal(await page.locator("dialog").count(), 0);
});
await step("language and theme stay", async () => {
    await page.click('button:has-text("简体中文")');
    await page.waitForSelector('h1:has-text("我的账号")');
    assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-Hans");
    await page.click('button:has-text("深色")');
    await page.reload();
    await page.waitForSelector('h1:has-text("我的账号")');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
});
await step("rename and remove with the typed name", async () => {
    await page.goto(`${base}/cameras`);
    await page.click(".row-link >> nth=1");
    await page.waitForSelector(".facts");
    await page.click(".facts .acts .btn >> nth=1");
    const danger = page.locator("dialog .btn.danger");
    assert.equal(await danger.isDisabled(), true);
    await page.fill("#typed-name", "Loading dock");
    await danger.click();
    await page.waitForSelector('h1:has-text("摄像机")');
    await wait(400);
    assert.equal(await page.locator("table .row-link").count(), 11);
});
await step("logging out leads to the login", async () => {
    await page.goto(`${base}/me`);
    await page.click(".head .btn");
    await page.waitForSelector("input[name=password]");
});
console.log(`${steps.length} steps\n  ${steps.join("\n  ")}`);
assert.deepEqual(faults, []);
await browser.close();
