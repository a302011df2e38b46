// The band of a day: days of 23 and 25 hours, windows, hours under it, gaps, and where a playback begins.
import assert from "node:assert/strict";
import { test } from "node:test";

process.env.TZ = "Europe/Berlin";
const { loadUi } = await import("./ui-load.mjs");
const ui = await loadUi("export * from './rooms/device/band';");

const HOUR = 3_600_000;
const noon = Date.parse("2026-11-24T12:00:00+01:00");
const day = ui.dayOf(noon);

test("a day is the calendar's, where clocks change too", () => {
    assert.deepEqual([day.from, day.to - day.from], [Date.parse("2026-11-24T00:00:00+01:00"), 24 * HOUR]);
    const hours = (text) => {
        const { from, to } = ui.dayOf(Date.parse(text));
        return (to - from) / HOUR;
    };
    assert.deepEqual([hours("2026-03-29T12:00:00Z"), hours("2026-10-25T12:00:00Z")], [23, 25]);
    assert.equal(ui.sameTime(Date.parse("2026-03-28T12:00:00+01:00"), 1), Date.parse("2026-03-29T12:00:00+02:00"));
});

test("a date field is read only where it names a day", () => {
    assert.equal(ui.dayRead(ui.dayText(noon)), day.from);
    for (const text of ["", "2026-02-30", "2026-13-01", "24.11.2026", "2026-1-1"]) assert.equal(ui.dayRead(text), null, text);
});

test("looking closer keeps the moment under the pointer, and never leaves the day", () => {
    const half = ui.zoom(day, 0.5, noon, day);
    assert.deepEqual([half.to - half.from, noon - half.from], [12 * HOUR, 6 * HOUR]);
    assert.deepEqual(ui.zoom(half, 4, noon, day), day, "no wider than the day");
    const near = ui.zoom(day, 1e-9, day.from, day);
    assert.deepEqual([near.from, near.to - near.from], [day.from, ui.ZOOM_MIN]);
    assert.deepEqual(ui.within({ from: day.to - HOUR, to: day.to + HOUR }, day), { from: day.to - 2 * HOUR, to: day.to });
    assert.equal(ui.showing(half, noon, day), half, "in sight: as it was");
    const moved = ui.showing(half, day.to - HOUR, day);
    assert.deepEqual(moved, { from: day.to - 12 * HOUR, to: day.to });
});

test("labels stand on whole steps and have room", () => {
    for (const px of [300, 360, 840, 1400])
        for (const window of [day, ui.zoom(day, 0.3, noon, day), ui.zoom(day, 0.01, noon, day)]) {
            const all = ui.ticks(window, px);
            assert.ok(all.length >= 1 && all.length <= px / 58 + 1, `${all.length} on ${px} px`);
            assert.ok(all.every((ms) => ms >= window.from && ms < window.to && (ms - day.from) % 60_000 === 0));
        }
    assert.equal(ui.ticks(day, 840)[1] - day.from, 2 * HOUR);
});

test("gaps lie between, before and after what was kept", () => {
    const kept = [[10, 20], [30, 40]];
    assert.deepEqual(ui.gapsOf(kept, 10, 40), [[20, 30]]);
    assert.deepEqual(ui.gapsOf(kept, 0, 50), [[0, 10], [20, 30], [40, 50]]);
    assert.deepEqual(ui.gapsOf([], 0, 50), [[0, 50]]);
    assert.deepEqual(ui.clipped(kept, { from: 15, to: 30 }), [[15, 20]]);
});

test("a playback begins at the moment, or with what was kept next, or shortly before the end", () => {
    const kept = [[100_000, 200_000], [300_000, 400_000]];
    assert.deepEqual([150_000, 250_000, 0, 500_000].map((at) => ui.nearest(kept, at)), [150_000, 300_000, 100_000, 390_000]);
    assert.equal(ui.nearest([], 5), null);
    assert.equal(ui.nearest([[0, 4000]], 9000), 0);
});

test("events: the one after, the one before; those that would touch are one, tampering first", () => {
    const marks = [[10_000, 1], [20_000, 1], [30_000, 2]];
    assert.deepEqual([ui.markBeside(marks, 10_000, 1), ui.markBeside(marks, 30_000, 1), ui.markBeside(marks, 21_000, -1), ui.markBeside(marks, 0, -1)],
        [20_000, null, 10_000, null]);
    assert.deepEqual(ui.apart(marks, 15_000), [[10_000, 1], [30_000, 2]]);
    assert.deepEqual(ui.apart([[0, 1], [5, 2], [9, 1]], 10), [[5, 2]]);
    assert.deepEqual(ui.apart(marks, 0), marks);
});
