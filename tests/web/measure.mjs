// Point 3 of first light: how long from the click to the first painted frame, and from the camera's
// glass to the screen, read from the clock that the simulated cameras burn into every picture.
//   SKEP_BIN=build/skep node tests/web/measure.mjs [OPENINGS] [SECONDS of looking]
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { camerasOnline, OWNER, setupOwner, SKEP_BIN, startSkep } from "../flow/lib/skep.mjs";
import { openPage, picturesPlay, startBrowser } from "./lib/browser.mjs";

const CAMERAS = 12;
const openings = Number(process.argv[2] ?? 50), seconds = Number(process.argv[3] ?? 20);
const quantile = (values, p) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))];
const figures = (values) => `p50 ${Math.round(quantile(values, 0.5))} p95 ${Math.round(quantile(values, 0.95))} worst ${Math.round(Math.max(...values))} ms of ${values.length}`;

// ---- in the page (through the debugger, so outside of the page's policy) ----

/** Time stamps of the next click and of the first frame of the video that it brings. */
function openingArm() {
    const state = (globalThis.skepOpening = { clicked: 0, painted: 0 });
    const before = new Set(document.querySelectorAll("video"));
    addEventListener("click", () => { state.clicked ||= performance.timeOrigin + performance.now(); }, { capture: true, once: true });
    const look = () => {
        for (const video of document.querySelectorAll("video")) {
            if (before.has(video)) continue;
            before.add(video);
            video.requestVideoFrameCallback((now) => { state.painted ||= performance.timeOrigin + now; });
        }
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}

/** From now on, note for each frame of every video when it is shown and what its clock says. */
function glassArm() {
    const readings = (globalThis.skepGlass = []);
    const canvas = new OffscreenCanvas(1280, 64);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const read = (video) => {
        const width = video.videoWidth, s = (width / 80) & ~1, left = width - 24 * s;
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
        return ((sum ^ 0xa5) & 255) === Number(bits & 255n) ? clock : null;
    };
    const follow = (video, n) => {
        const each = (_now, frame) => {
            const clock = read(video);
            const shown = performance.timeOrigin + frame.expectedDisplayTime;
            if (clock !== null) readings.push(Number(BigInt.asUintN(40, BigInt(Math.round(shown)) - clock)));
            else readings.push(-1);
            globalThis.skepFrames = (globalThis.skepFrames ?? 0) + 1;
            video.requestVideoFrameCallback(each);
        };
        video.requestVideoFrameCallback(each);
        void n;
    };
    document.querySelectorAll("video").forEach(follow);
}

// ---- the bench ----

async function fleetStart(skep, owner) {
    const { token } = (await owner.post("/api/v1/enrolment-tokens", { count: CAMERAS, ttl_s: 600, simulated: true })).json;
    const ca = join(skep.folder, "ca.pem");
    await writeFile(ca, skep.caPem);
    const proc = spawn(SKEP_BIN, ["fleet", "--count", String(CAMERAS), "--clock-cells", "--quiet", "--dir", skep.fleetDir, "--server", skep.url, "--ca", ca,
        "--token-file", "-"], { stdio: ["pipe", "inherit", "inherit"] });
    proc.stdin.end(token);
    await camerasOnline(owner, CAMERAS);
    return { proc, seed: (await readFile(join(skep.fleetDir, "seed"))).toString("base64url") };
}

/** When what crossed the wire, by the debugger's clock: where an opening's time goes. */
function wireWatch(page) {
    const seen = {};
    const mark = (name) => { seen[name] ??= Date.now(); };
    page.on("request", (r) => { if (r.url().endsWith("/authorizations")) mark("asked"); });
    page.on("response", (r) => { if (r.url().endsWith("/authorizations")) mark("allowed"); });
    page.on("websocket", (ws) => {
        const isLive = ws.url().endsWith("/ws/live");
        ws.on("framereceived", (f) => {
            if (typeof f.payload === "string") return;
            if (!isLive) mark(f.payload[1] === 1 ? "answered" : "ended");
            else if (f.payload[1] === 1 && (f.payload.readUInt16BE(2) & 1)) mark("keyframe");
        });
    });
    return { clear: () => { for (const name of Object.keys(seen)) delete seen[name]; }, seen };
}

async function opening(page, wire, n) {
    const link = page.locator("a.row-link, .row-link a, table a").nth(n % CAMERAS);
    await link.waitFor();
    await page.evaluate(openingArm);
    wire.clear();
    await link.click();
    await page.waitForFunction(() => globalThis.skepOpening.painted > 0, null, { timeout: 20000, polling: 20 });
    const { clicked, painted } = await page.evaluate(() => globalThis.skepOpening);
    const parts = Object.fromEntries(Object.entries(wire.seen).map(([k, at]) => [k, at - clicked]));
    await page.goBack();
    return { ms: painted - clicked, parts };
}

async function glass(page, videos) {
    await picturesPlay(page, videos, 60000);
    await sleep(5000); // the player has found the live edge
    await page.evaluate(glassArm);
    await sleep(seconds * 1000);
    const readings = await page.evaluate(() => globalThis.skepGlass);
    const good = readings.filter((ms) => ms >= 0 && ms < 60000);
    if (good.length < videos * seconds || good.length < readings.length * 0.9)
        throw new Error(`${good.length} readable clocks of ${readings.length} frames on ${videos} pictures in ${seconds} s`);
    return good;
}

const after = [];
const t = { after: (fn) => after.unshift(fn) };
try {
    const skep = await startSkep();
    after.push(() => skep.stop());
    const owner = await setupOwner(skep);
    const fleet = await fleetStart(skep, owner);
    t.after(() => fleet.proc.kill("SIGTERM"));
    const browser = await startBrowser(t, skep);
    const { page } = await openPage(t, skep, browser);
    const wire = wireWatch(page);
    await page.goto(`${skep.url}/login#s=${fleet.seed}`);
    await page.fill("input[name=username]", OWNER.name);
    await page.fill("input[type=password]", OWNER.password);
    await page.click("button[type=submit]");
    await page.waitForSelector(".wall .tile");

    const wall = await (async () => { await page.goto(`${skep.url}/live?grid=16`); return glass(page, CAMERAS); })();
    console.error(`glass to glass, wall of ${CAMERAS}: ${figures(wall)}`);

    await page.goto(`${skep.url}/cameras`);
    const all = [];
    for (let n = 0; n < openings; n++) all.push(await opening(page, wire, n));
    const ms = all.map((one) => one.ms);
    console.error(`first picture: ${figures(ms)}`);
    for (const name of ["asked", "allowed", "answered", "keyframe"]) {
        const part = all.map((one) => one.parts[name]).filter((v) => v !== undefined);
        if (part.length > 0) console.error(`  ${name} after ${figures(part)}`);
    }

    await page.locator("a.row-link, .row-link a, table a").first().click();
    const single = await glass(page, 1);
    console.error(`glass to glass, one at 720p: ${figures(single)}`);
    const show = (name, value) => console.log(`show 3 ${name} ${Math.round(value)} ms`);
    show("first_picture_p50_ms", quantile(ms, 0.5));
    show("first_picture_p95_ms", quantile(ms, 0.95));
    show("glass_p50_ms", quantile(single, 0.5));
    show("glass_p95_ms", quantile(single, 0.95));
    show("glass_wall_p50_ms", quantile(wall, 0.5));
    show("glass_wall_p95_ms", quantile(wall, 0.95));
} finally {
    for (const fn of after) await fn();
}
