// Playback in Chromium against a simulated camera that burns a machine-readable clock into its pictures: the page
// says which moment is on the screen, and the picture itself says whether that is so. Moves, pauses, steps, seeks,
// speeds, a shared address, and one phone.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { camerasOnline, OWNER, setupOwner, SKEP_BIN, startSkep, test } from "../flow/lib/skep.mjs";
import { axeCheck, noFaults, noSideScroll, openPage, startBrowser } from "./lib/browser.mjs";

const FRAME_MS = 40;
const PLAYBACK = 6;

/** A fleet of one whose pictures carry clock cells (docs/design/scenes.md). */
async function fleetStart(t, skep, owner) {
    const { token } = (await owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 600, simulated: true })).json;
    const ca = join(skep.folder, "ca.pem");
    await writeFile(ca, skep.caPem);
    const proc = spawn(SKEP_BIN, ["fleet", "--count", "1", "--clock-cells", "--quiet", "--dir", skep.fleetDir, "--server", skep.url,
        "--ca", ca, "--token-file", "-"], { stdio: ["pipe", "inherit", "inherit"] });
    t.after(() => proc.kill("SIGTERM"));
    proc.stdin.end(token);
    const [camera] = await camerasOnline(owner, 1);
    return { proc, camera, seed: (await readFile(join(skep.fleetDir, "seed"))).toString("base64url") };
}

/** In the page: what the page says and what the cells of the picture say, in ms; null = no picture, or no clock in it. */
function readBoth() {
    const video = document.querySelector("video");
    const shown = Date.parse(document.querySelector(".at time")?.dateTime ?? "");
    if (Number.isNaN(shown) || video.readyState < 2 || video.videoWidth === 0 || video.classList.contains("away")) return null;
    const s = (video.videoWidth / 80) & ~1, left = video.videoWidth - 24 * s;
    const context = new OffscreenCanvas(24 * s, 2 * s).getContext("2d", { willReadFrequently: true });
    context.drawImage(video, left, 0, 24 * s, 2 * s, 0, 0, 24 * s, 2 * s);
    const { data } = context.getImageData(0, 0, 24 * s, 2 * s);
    let bits = 0n;
    for (let k = 0; k < 48; k++) {
        const at = 4 * ((Math.floor(k / 24) * s + s / 2) * 24 * s + (k % 24) * s + s / 2);
        bits = (bits << 1n) | (data[at] + data[at + 1] + data[at + 2] > 384 ? 1n : 0n);
    }
    const clock = bits >> 8n;
    let sum = 0;
    for (let i = 0n; i < 5n; i++) sum += Number((clock >> (8n * i)) & 255n);
    if (((sum ^ 0xa5) & 255) !== Number(bits & 255n)) return null;
    // The cells hold the low 40 bits.
    return { shown, burnt: shown - Number(BigInt.asIntN(40, BigInt(shown) - clock)), played: video.currentTime };
}

async function playbackPage(t, options = {}) {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { proc, camera, seed } = await fleetStart(t, skep, owner);
    const browser = await startBrowser(t, skep);
    const view = await openPage(t, skep, browser, options);
    const { page } = view;
    const units = { came: 0, last: 0 };
    page.on("websocket", (ws) => ws.on("framereceived", ({ payload }) => {
        if (typeof payload === "string" || !ws.url().endsWith("/ws/live") || payload[1] !== PLAYBACK) return;
        units.came += 1;
        units.last = payload.readUInt16BE(2);
    }));
    await page.goto(`${skep.url}/login#s=${seed}`);
    await page.fill("input[name=username]", OWNER.name);
    await page.fill("input[type=password]", OWNER.password);
    await page.click("button[type=submit]");
    await page.waitForSelector(".wall .tile");
    const both = () => page.evaluate(readBoth);
    /** The first reading that passes. */
    const reading = async (passes, what) => {
        for (let i = 0; i < 300; i++) {
            const one = await both();
            if (one && passes(one)) return one;
            await page.waitForTimeout(50);
        }
        assert.fail(`${what}: last ${JSON.stringify(await both())}, ${await page.textContent("#deck-why")} ${await page.textContent(".pic")}`);
    };
    return { ...view, skep, proc, camera, units, both, reading };
}

test("playback: moves, pauses, steps, seeks, speeds", { timeout: 180000 }, async (t) => {
    const { page, faults, skep, proc, camera, units, both, reading } = await playbackPage(t);
    const paused = () => page.waitForFunction(() => document.querySelector("video").paused && document.querySelector(".deck .btn").textContent.startsWith("Play"));

    await t.test("B leads from the camera to what it has kept, which plays", async () => {
        await page.goto(`${skep.url}/cameras/${camera.id}`);
        await page.waitForSelector(".pic:not(:has(.cover))");
        await page.keyboard.press("b");
        await page.waitForURL(/\/playback$/);
        const first = await reading(() => true, "a first picture");
        assert.ok(Date.now() - first.burnt > 30_000, "it is the past");
        const later = await reading((one) => one.burnt > first.burnt + 800, "it moves");
        assert.ok(Math.abs(later.burnt - later.shown) < 400, `page ${later.shown}, picture ${later.burnt}`);
        assert.match(await page.textContent(".answer"), /^Recorded today from \d\d:\d\d|^Nothing is recorded today/);
        assert.equal(units.last & 0x10, 0x10, "nothing of it may be kept on the way");
    });

    let still;
    await t.test("Space pauses: the page names exactly the picture, and no more is sent than the credit lets through", async () => {
        await page.keyboard.press(" ");
        await paused();
        still = await reading((one) => Math.abs(one.burnt - one.shown) <= FRAME_MS, "the moment of the picture");
        for (let before = -1; before !== units.came;) {
            before = units.came;
            await page.waitForTimeout(700);
        }
        assert.deepEqual(await both(), still);
    });

    await t.test("one picture on, one back", async () => {
        await page.keyboard.press(".");
        const on = await reading((one) => one.burnt !== still.burnt, "the next picture");
        assert.ok(on.burnt > still.burnt && on.burnt - still.burnt <= 3 * FRAME_MS, `${on.burnt - still.burnt} ms`);
        await page.keyboard.press(",");
        await reading((one) => one.burnt === still.burnt, "the picture before");
    });

    await t.test("a seek while paused shows that moment; the address names it", async () => {
        const event = page.locator(".marks li").nth(4);
        await event.locator("button").click();
        const at = Date.parse(await event.locator("time").getAttribute("datetime"));
        const there = await reading((one) => Math.abs(one.burnt - at) < 3000, "the moment of the event");
        assert.ok(Math.abs(there.burnt - there.shown) <= 2 * FRAME_MS, `page ${there.shown}, picture ${there.burnt}`);
        const named = Number(new URL(page.url()).searchParams.get("at"));
        assert.ok(Math.abs(named - at) <= 1000, `${named} for ${at}`);
    });

    await t.test("the band: a click, arrows by ten seconds, the wheel looks closer", async () => {
        const band = page.locator(".band");
        const box = await band.boundingBox();
        const [from, to] = await Promise.all(["min", "max"].map(async (end) => Number(await band.getAttribute(`aria-value${end}`))));
        const share = Math.min(0.9, Math.max(0.02, (Date.now() - 7_200_000 - from) / (to - from)));
        await page.mouse.click(box.x + box.width * share, box.y + 20);
        const wanted = from + share * (to - from);
        const there = await reading((one) => one.burnt > wanted - 90_000 && one.burnt < wanted + 1_800_000, "where the band was clicked");
        await page.keyboard.press("ArrowRight");
        await reading((one) => one.burnt >= there.burnt + 9_500, "ten seconds on");
        const hours = () => page.locator(".band text").allTextContents();
        const before = await hours();
        await page.mouse.move(box.x + box.width * share, box.y + 20);
        await page.mouse.wheel(0, -1200);
        await page.waitForFunction((text) => [...document.querySelectorAll(".band text")].map((e) => e.textContent).join() !== text, before.join());
    });

    await t.test("speeds: four times, then sixteen by key pictures, then back", async () => {
        await page.keyboard.press(" ");
        for (const [speed, least] of [["4", 2500], ["16", 8000]]) {
            await page.selectOption(".speed select", speed);
            await page.waitForFunction((s) => document.querySelector("video").playbackRate === Number(s), speed);
            const from = await reading(() => true, "a picture");
            const began = Date.now();
            const to = await reading((one) => one.burnt > from.burnt + least * 2, `at ${speed} times`);
            assert.ok((to.burnt - from.burnt) / (Date.now() - began) > 1.5, `${to.burnt - from.burnt} ms in ${Date.now() - began}`);
        }
        await page.selectOption(".speed select", "1");
        const from = await reading(() => true, "a picture");
        await reading((one) => one.burnt > from.burnt + 1000 && Math.abs(one.burnt - one.shown) < 400, "at one time again");
    });

    await t.test("the address shows the same to a colleague; axe finds nothing", async () => {
        const [first] = await page.locator(".marks time").all();
        const at = Date.parse(await first.getAttribute("datetime"));
        await page.goto(`${skep.url}/cameras/${camera.id}/playback?at=${at}`);
        await reading((one) => one.burnt >= at - 100 && one.burnt < at + 8000, "the moment of the address");
        await axeCheck(page, "playback");
    });

    await t.test("the camera goes: it is said, and nothing is asked", async () => {
        proc.kill("SIGTERM");
        await page.waitForFunction(() => /is offline since/.test(document.querySelector(".answer").textContent));
        await page.waitForSelector(".cover");
    });

    noFaults(faults);
});

test("playback on a phone, in the dark, in Chinese", { timeout: 90000 }, async (t) => {
    const { page, faults, skep, camera, reading } = await playbackPage(t, {
        viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, locale: "zh-CN", colorScheme: "dark",
        stored: { "skep.theme": "dark", "skep.lang": "zh-CN" },
    });
    await page.goto(`${skep.url}/cameras/${camera.id}/playback`);
    const first = await reading(() => true, "a first picture");
    await reading((one) => one.burnt > first.burnt + 500, "it moves");
    await noSideScroll(page, "playback");
    await axeCheck(page, "playback, phone, dark, zh-CN");
    noFaults(faults);
});
