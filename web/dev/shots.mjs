// Development only: screenshots and axe of every page. node dev/shots.mjs OUTDIR [BASE] [only-name]
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [out = "shots", base = "http://127.0.0.1:8780", only = ""] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(out, { recursive: true });
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
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
    ],
});
const SIZES = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const first = async () => await (await fetch(`${base}/dev/states.json`)).json();
const scenario = (name) => fetch(`${base}/dev/scenario?name=${name}`);
const click = (selector) => async (page) => {
    await page.click(selector);
    await page.waitForTimeout(300);
};

await scenario("wall");
const ids = Object.keys(await first());
const PAGES = [
    ["live", "wall", "/live"],
    ["states", "states", "/live?grid=16"],
    ["states2", "states", "/live?grid=4&page=4"],
    ["empty", "empty", "/live"],
    ["camera", "wall", `/cameras/${ids[0]}`],
    ["camera-plain", "wall", `/cameras/${ids[1]}`],
    [
        "camera-talk",
        "wall",
        `/cameras/${ids[0]}`,
        async (page) => {
            await page.keyboard.press("t");
            await page.keyboard.press("t");
            await page.keyboard.press("m");
            await page.waitForTimeout(700);
        },
    ],
    ["camera-offline", "wall", `/cameras/${ids[6]}`],
    ["list", "wall", "/cameras"],
    ["big", "big", "/cameras"],
    ["add", "wall", "/cameras?add=1"],
    ["add2", "wall", "/cameras?add=1", click("dialog .btn.pri")],
    [
        "password",
        "wall",
        "/live",
        async (page) => {
            await page.locator(`#tile-${ids[11]}`).scrollIntoViewIfNeeded();
            await page.click(`#tile-${ids[11]} .cover .btn`);
            await page.waitForTimeout(300);
        },
    ],
    ["remove", "wall", `/cameras/${ids[0]}`, click(".facts .acts .btn:nth-child(2)")],
    ["me", "wall", "/me"],
    ["about", "wall", "/settings/about"],
    ["more", "wall", "/more"],
    [
        "setup",
        "setup",
        "/setup#t=abc&s=AAAAAAAAAAAAAAAAAAAAAA",
        async (page) => {
            await page.fill("input[name=username]", "Lin Wei");
            await page.fill("input[type=password]", "correct horse bat");
            await page.waitForTimeout(600);
        },
    ],
    [
        "setup2",
        "setup",
        "/setup#t=abc",
        async (page) => {
            await page.fill("input[name=username]", "Lin Wei");
            await page.fill("input[type=password]", "correct horse bat");
            await page.keyboard.press("Enter");
            await page.waitForTimeout(600);
        },
    ],
    [
        "setup3",
        "setup",
        "/setup#t=abc",
        async (page) => {
            await page.fill("input[name=username]", "Lin Wei");
            await page.fill("input[type=password]", "correct horse bat");
            await page.keyboard.press("Enter");
            await page.waitForTimeout(500);
            await page.click(".btn.pri");
            await page.waitForTimeout(400);
        },
    ],
    ["used", "used", "/setup#t=abc"],
    [
        "login",
        "login",
        "/login#s=AAAAAAAAAAAAAAAAAAAAAA",
        async (page) => {
            await page.fill("input[name=username]", "Lin");
            await page.fill("input[type=password]", "wrong");
            await page.keyboard.press("Enter");
            await page.waitForTimeout(400);
        },
    ],
    ["error", "error", "/cameras"],
    ["denied", "denied", "/cameras"],
    ["stale", "stale", "/live", async (page) => page.waitForTimeout(2500)],
    ["notfound", "wall", "/nowhere"],
    [
        "palette",
        "wall",
        "/live",
        async (page) => {
            await page.keyboard.press("Control+k");
            await page.keyboard.type("r");
            await page.waitForTimeout(200);
        },
    ],
    [
        "help",
        "wall",
        "/live",
        async (page) => {
            await page.keyboard.press("?");
            await page.waitForTimeout(200);
        },
    ],
];
let bad = 0;
for (const [name, told, path, act] of PAGES) {
    if (only && name !== only) continue;
    for (const [size, viewport] of Object.entries(SIZES)) {
        for (const [theme, lang] of [
            ["light", "en"],
            ["dark", "zh-CN"],
        ]) {
            await scenario(told);
            const context = await browser.newContext({
                viewport,
                locale: lang,
                colorScheme: theme,
            });
            const page = await context.newPage();
            const faults = [];
            page.on("console", (m) => {
                if (m.type() === "error" && !/status of (4|5)|WebSocket/.test(m.text()))
                    faults.push(m.text());
            });
            page.on("pageerror", (e) => faults.push(e.message));
            await page.goto(base + path, { waitUntil: "load" });
            await page.waitForTimeout(1200);
            try {
                await act?.(page);
            } catch (e) {
                faults.push(e.message.split("\n")[0]);
            }
            await page.screenshot({ path: join(out, `${name}-${size}-${theme}.png`) });
            for (const width of [viewport.width, ...(size === "phone" ? [360] : [])]) {
                await page.setViewportSize({ width, height: viewport.height });
                const wide = await page.evaluate(
                    () =>
                        document.documentElement.scrollWidth - document.documentElement.clientWidth,
                );
                if (wide > 0) faults.push(`${wide} px too wide at ${width}`);
            }
            const found = await page
                .evaluate(
                    `(() => { const module = undefined; ${axe}; return window.axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | '))); })()`,
                )
                .catch((e) => [`axe: ${e.message.split("\n")[0]}`]);
            faults.push(...found);
            if (faults.length) {
                bad++;
                console.log(`${name} ${size} ${theme} ${lang}\n   ${faults.join("\n   ")}`);
            }
            await context.close();
        }
    }
}
console.log(bad ? `${bad} views with faults` : "no faults");
await browser.close();
process.exitCode = bad ? 1 : 0;
