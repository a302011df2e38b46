// Beside the picture, in Chromium against simulated cameras: sound with the picture, a snapshot as a file,
// talk held and latched, turning and kept places. The microphone is a tone that the page is given.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { camerasOnline, OWNER, setupOwner, startSkep, test } from "../flow/lib/skep.mjs";
import { noFaults, openPage, picturesPlay, startBrowser } from "./lib/browser.mjs";

const TALK = 4;

/** What the page sends on /ws/live, by relay kind: how many units and of which sizes. */
function unitsSent(page) {
    const sent = { units: 0, sizes: new Set() };
    page.on("websocket", (ws) => {
        if (!ws.url().endsWith("/ws/live")) return;
        ws.on("framesent", ({ payload }) => {
            if (typeof payload === "string" || payload[1] !== TALK) return;
            sent.units += 1;
            sent.sizes.add(payload.length);
        });
    });
    return sent;
}

async function cameraPage(t) {
    const skep = await startSkep({ t, fleet: 4 });
    const owner = await setupOwner(skep);
    const cameras = await camerasOnline(owner, 4);
    const camera = cameras.find((one) => one.caps.includes("ptz"));
    assert.ok(camera, "a camera that turns");
    const browser = await startBrowser(t, skep);
    const view = await openPage(t, skep, browser, { acceptDownloads: true });
    const { page, context } = view;
    await context.addInitScript(() => {
        const Plain = window.Audio;
        window.sounds = [];
        window.Audio = function () {
            const made = new Plain();
            window.sounds.push(made);
            return made;
        };
        navigator.mediaDevices.getUserMedia = async () => {
            const tone = new AudioContext();
            const source = tone.createOscillator();
            const out = tone.createMediaStreamDestination();
            source.connect(out);
            source.start();
            return out.stream;
        };
    });
    const sent = unitsSent(page);
    await page.goto(`${skep.url}/login#s=${skep.seed}`);
    await page.fill("input[name=username]", OWNER.name);
    await page.fill("input[type=password]", OWNER.password);
    await page.click("button[type=submit]");
    await page.waitForSelector(".wall .tile");
    await page.goto(`${skep.url}/cameras/${camera.id}`);
    await picturesPlay(page, 1);
    await page.waitForSelector(".pad:not(.off)");
    const says = (what) => page.waitForFunction((text) => document.querySelector("#deck-why").textContent.includes(text), what);
    const pressed = (key, on) => page.waitForSelector(`.deck [aria-keyshortcuts=${key}][aria-pressed=${on}]`);
    return { ...view, camera, sent, says, pressed };
}

test("sound, snapshot, talk and turning", { timeout: 180000 }, async (t) => {
    const { page, faults, camera, sent, says, pressed } = await cameraPage(t);

    await t.test("sound is off at first, then goes with the picture", async () => {
        assert.equal(await page.evaluate(() => window.sounds.length), 0);
        await page.keyboard.press("m");
        await pressed("M", true);
        await page.waitForFunction(() => {
            const [sound] = window.sounds;
            const apart = document.querySelector("video").currentTime - sound.currentTime;
            return sound.webkitAudioDecodedByteCount > 4000 && !sound.paused && Math.abs(apart) < 0.1;
        });
        await page.keyboard.press("m");
        await pressed("M", false);
        await page.waitForFunction(() => window.sounds[0].paused);
    });

    await t.test("a snapshot is the camera's own JPEG, named by camera and time", async () => {
        const [file] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("s")]);
        assert.match(file.suggestedFilename(), /^[\p{L}\p{N}_-]+-\d{4}(-\d\d){5}\.jpg$/u);
        const bytes = readFileSync(await file.path());
        assert.deepEqual([...bytes.subarray(0, 3)], [0xff, 0xd8, 0xff]);
        assert.deepEqual([...bytes.subarray(-2)], [0xff, 0xd9]);
        await page.waitForFunction((name) => document.querySelector(".toast").textContent.includes(name), file.suggestedFilename());
    });

    await t.test("talk: held, then latched by two presses, ended by Escape; every unit of one size", async () => {
        await page.keyboard.down("t");
        await says("Let go to end");
        await page.waitForTimeout(600);
        await page.keyboard.up("t");
        await page.waitForSelector(".btn.talk[aria-pressed=false]");
        const held = sent.units;
        assert.ok(held > 10, `${held} units in 0.6 s`);
        await page.waitForTimeout(700);
        assert.equal(sent.units, held, "silence after release");
        await page.keyboard.press("t");
        await page.keyboard.press("t");
        await says("until you press T again or Esc");
        await page.keyboard.press("Escape");
        await page.waitForSelector(".btn.talk[aria-pressed=false]");
        // The counter in the SFrame header takes no byte below 8, then one, then two: nothing else may differ.
        const sizes = [...sent.sizes].sort((a, b) => a - b);
        assert.ok(sizes.at(-1) - sizes[0] <= 2, `sizes ${sizes}`);
    });

    await t.test("turning: zoom by key, the pad by arrows, a place kept and found again, an empty one named", async () => {
        const facts = () => page.evaluate(() => document.querySelector(".ptz .kv").textContent);
        await page.keyboard.down("+");
        await page.waitForFunction(() => /[2-9]\.\d×/.test(document.querySelector(".ptz .kv").textContent));
        await page.keyboard.up("+");
        assert.match(await facts(), /you/);
        await page.focus(".pad");
        await page.keyboard.down("ArrowRight");
        await page.waitForTimeout(400);
        await page.keyboard.up("ArrowRight");
        await page.click(".places .ico");
        await page.keyboard.press("3");
        await page.waitForFunction((name) => document.querySelector(".toast").textContent === `Place 3 of ${name} kept`, camera.name);
        await page.keyboard.press("7");
        await page.waitForFunction(() => document.querySelector(".places + p").textContent.startsWith("No place is kept"));
        await page.keyboard.press("3");
        await page.waitForFunction(() => document.querySelector(".places + p").textContent === "");
    });

    noFaults(faults);
});
