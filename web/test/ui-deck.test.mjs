// The deck and the pad as arithmetic and state: what is missing and why, hold to talk, speeds, names of pictures, and
// one form for passwords on their way to the box.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadUi } from "./ui-load.mjs";

const ui = await loadUi(`
    export { missing, pictureName, refusedKey } from './rooms/device/abilities';
    export { HOLD_OFF, holdDown, holdToggle, holdUp } from './rooms/device/hold';
    export { ARROWS, padSpeed, zoomText } from './rooms/device/pad';
    export { actionsOf } from './rooms/live/watch';
    export { api } from './app/api';
    export { BESIDE_NONE } from './live/api';
    export { en } from './i18n/en';
`);
const device = (...caps) => ({ caps: ["live-main", ...caps] });
const rights = (...list) => ({ ...ui.BESIDE_NONE, rights: list });

test("a missing ability is the camera's, a missing grant the viewer's, and no channel is neither", () => {
    assert.equal(ui.missing(device(), ui.BESIDE_NONE, "talk"), "lack.talk");
    assert.equal(ui.missing(device(), { ...ui.BESIDE_NONE, features: ["talk"] }, "talk"), null);
    assert.equal(ui.missing(device("talk"), ui.BESIDE_NONE, "talk"), null);
    assert.equal(ui.missing(device("talk"), rights("live-main"), "talk"), "grant.talk");
    assert.equal(ui.missing(device("ptz"), rights("ptz"), "ptz"), null);
});

test("a camera is asked for what it can, watching always", () => {
    assert.deepEqual(ui.actionsOf(device()), ["live-main", "live-sub"]);
    assert.deepEqual(ui.actionsOf(device("ptz", "listen", "onvif")), [
        "live-main",
        "live-sub",
        "listen",
        "ptz",
    ]);
});

test("every code of an act has a sentence; an unforeseen one is named", () => {
    for (const code of ["denied", "busy", "timeout", "mic-denied", "not-found", "crypto"])
        assert.notEqual(ui.refusedKey(code), "refused.other", code);
    assert.equal(ui.refusedKey("constructor-like"), "refused.other");
    assert.match(ui.en["refused.other"], /\{code\}/);
});

test("hold to talk: held ends on release, twice latches, a third press or Escape ends", () => {
    let s = ui.holdDown(ui.HOLD_OFF, 0);
    assert.equal(s.is, "held");
    s = ui.holdUp(s, 2000);
    assert.deepEqual(s, { is: "off", pressedAt: null });
    assert.equal(ui.holdDown(s, 2100).is, "held", "after a long hold no latch");
    s = ui.holdUp(ui.holdDown(ui.HOLD_OFF, 0), 150);
    assert.equal(ui.holdDown(s, 700).is, "latched");
    assert.equal(ui.holdDown(s, 800).is, "held", "too late to be the second press");
    s = ui.holdDown(s, 500);
    assert.equal(ui.holdUp(s, 520).is, "latched");
    assert.equal(ui.holdDown(s, 9000).is, "off");
    assert.deepEqual([ui.holdToggle(ui.HOLD_OFF).is, ui.holdToggle(s).is], ["latched", "off"]);
});

test("the pad: still in the middle, right and up positive, full at the border and beyond", () => {
    const still = { pan: 0, tilt: 0, zoom: 0 };
    assert.deepEqual(ui.padSpeed(0, 0), still);
    assert.deepEqual(ui.padSpeed(0.3, 0.1), still);
    assert.deepEqual(ui.padSpeed(1, 0), { pan: 1, tilt: 0, zoom: 0 });
    assert.deepEqual(ui.padSpeed(0, -3), { pan: 0, tilt: 1, zoom: 0 });
    assert.deepEqual(ui.padSpeed(-0.7071, 0.7071), { pan: -0.7, tilt: -0.7, zoom: 0 });
    assert.ok(ui.padSpeed(0.5, 0).pan > 0.1 && ui.padSpeed(0.5, 0).pan < 0.5);
    assert.deepEqual(ui.padSpeed(NaN, 0), still);
    assert.deepEqual(ui.ARROWS.ArrowUp, { pan: 0, tilt: 1, zoom: 0 });
});

test("zoom and picture names", () => {
    assert.deepEqual([1, 2, 9.96, 12.34].map((z) => ui.zoomText(z, String)), ["1.0×", "2.0×", "10.0×", "12.3×"]);
    const at = new Date(2026, 10, 4, 5, 8, 31);
    assert.equal(ui.pictureName("North gate", at), "North-gate-2026-11-04-05-08-31.jpg");
    assert.equal(ui.pictureName("../大门\u0000/", at), "大门-2026-11-04-05-08-31.jpg");
    assert.equal(ui.pictureName("///", at), "camera-2026-11-04-05-08-31.jpg");
});

test("a password goes out in NFC, however it was typed", async () => {
    const bodies = [];
    globalThis.fetch = (_url, init) => {
        bodies.push(JSON.parse(init.body));
        return Promise.resolve(new Response("{}", { status: 200, headers: { "Content-Type": "application/json" } }));
    };
    const typed = "cafe\u0301 au lait";
    await ui.api.login("a", typed);
    await ui.api.setupOwner({ token: "t", name: "a", password: typed });
    await ui.api.setupStrength({ token: "t", name: "a", password: typed });
    assert.deepEqual(bodies.map((b) => b.password), Array(3).fill("caf\u00e9 au lait"));
});
