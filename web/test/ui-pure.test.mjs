// Router, times and numbers, weave, faces of a tile, history bar, password strength, label files, news.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { loadUi } from "./ui-load.mjs";

globalThis.location ??= {
    pathname: "/",
    search: "",
    hash: "",
    host: "localhost",
    protocol: "https:",
};
const ui = await loadUi(`
    export { matchPath, findPage, safeNext } from './app/router';
    export { parseFragment } from './app/session';
    export { parseNews } from './app/events';
    export { withDevice, withoutDevice } from './app/devices';
    export { rank, ranked } from './app/palette';
    export { initials } from './app/shell';
    export * as format from './i18n/format';
    export { useTable } from './i18n';
    export { en } from './i18n/en';
    export { zh } from './i18n/zh';
    export { bitsOf, weaveCells, hexGroups, fromBase64url, faceOfKey } from './ui/weave-bits';
    export { coilFill } from './ui/coil';
    export { faceOf, codecName, isPlaying } from './rooms/live/face';
    export { gridOf, fittingGrid, step, tally } from './rooms/live/wall';
    export { delays, turns } from './rooms/live/instruments';
    export { labelLines } from './rooms/live/labels';
    export { mayOpen } from './rooms/live/watch';
    export { stretches, gaps } from './rooms/device/history';
    export { clockText } from './rooms/device/facts';
    export { nameFault } from './ui/name';
    export { filterOf } from './rooms/device/list';
    export { crackTime } from './ui/crack-time';
`);
ui.useTable("en", ui.en);

test("paths: parameters, trailing slash, no match, bad escapes", () => {
    assert.deepEqual(ui.matchPath("/cameras/:id", "/cameras/abc"), { id: "abc" });
    assert.deepEqual(ui.matchPath("/live", "/live/"), {});
    assert.equal(ui.matchPath("/cameras/:id", "/cameras/"), null);
    assert.equal(ui.matchPath("/cameras/:id", "/cameras/a/b"), null);
    assert.equal(ui.matchPath("/cameras/:id", "/cameras/%E0%A4%A"), null);
    assert.equal(ui.findPage([{ path: "/a" }, { path: "/:x" }], "/a").page.path, "/a");
});

test("after login only a path of our own", () => {
    assert.equal(ui.safeNext("/cameras?q=a"), "/cameras?q=a");
    for (const bad of [null, "", "https://x", "//x", "/\\x", "/login?next=/", "javascript:1"])
        assert.equal(ui.safeNext(bad), "/live");
});

test("fragment: token and seed, nothing else", () => {
    const none = { token: null, seed: null, invitation: null, mailed: null, share: null };
    assert.deepEqual(ui.parseFragment("#t=abc_-1&s=AAAA"), { ...none, token: "abc_-1", seed: "AAAA" });
    assert.deepEqual(ui.parseFragment("#s=AAAA"), { ...none, seed: "AAAA" });
    assert.deepEqual(ui.parseFragment("#i=abc&s=AAAA&t=x"), { ...none, invitation: "abc" });
    assert.deepEqual(ui.parseFragment("#r=abc&t=x"), { ...none, mailed: "abc" });
    assert.deepEqual(ui.parseFragment("#v=abc"), { ...none, mailed: "abc" });
    assert.deepEqual(ui.parseFragment("#t=<b>&s="), none);
    const link = `d=${"a".repeat(26)}&s=${"A".repeat(22)}&k=0000-1111-2222-3333-4444`;
    assert.deepEqual(ui.parseFragment(`#${link}`), { ...none, share: link });
    for (const other of ["", "#history", "#d=x&s=AAAA", "#x&t=a"]) assert.equal(ui.parseFragment(other), null);
});

test("news: known kinds with their fields, the rest is dropped", () => {
    assert.equal(ui.parseNews('{"ev":"hello","wall":1}').ev, "hello");
    assert.equal(ui.parseNews('{"ev":"shares","device":"x"}').ev, "shares");
    for (const bad of [
        '{"ev":"shares"}',
        "",
        "x",
        "[]",
        "null",
        '{"ev":"hello"}',
        '{"ev":"device","device":1}',
        '{"ev":"other"}',
    ])
        assert.equal(ui.parseNews(bad), null, bad);
});

test("fleet: counts follow a changed, new and removed camera", () => {
    const d = (id, state) => ({ id, state, simulated: true });
    let f = {
        devices: [d("a", "online"), d("b", "offline")],
        total: 2,
        online: 1,
        simulated: 2,
        next: null,
    };
    f = ui.withDevice(f, d("b", "online"));
    assert.deepEqual([f.total, f.online], [2, 2]);
    f = ui.withDevice(f, d("c", "offline"));
    assert.deepEqual([f.total, f.online, f.simulated, f.devices.length], [3, 2, 3, 3]);
    f = ui.withoutDevice(f, "a");
    assert.deepEqual([f.total, f.online, f.devices.length], [2, 1, 2]);
    assert.equal(ui.withoutDevice(f, "zz"), f);
});

test("finding: word starts first, every word must be there", () => {
    const list = ["Corridor", "Car park", "Scar"].map((text) => ({ text }));
    assert.deepEqual(
        ui.ranked(list, "car").map((x) => x.text),
        ["Car park", "Scar"],
    );
    assert.equal(ui.rank("Car park", "park zoo"), null);
    assert.deepEqual(["Lin Wei", "林薇", "ada"].map(ui.initials), ["LW", "林", "A"]);
});

test("times: today, this year, another year, in both languages", () => {
    const zone = "Asia/Shanghai";
    const now = Date.UTC(2026, 10, 24, 7, 30);
    const at = (y, mo, d, h, mi, s) => Date.UTC(y, mo - 1, d, h, mi, s);
    const en = { lang: "en", zone, now };
    const zh = { lang: "zh-CN", zone, now };
    assert.equal(ui.format.when(at(2026, 11, 24, 7, 8, 31), en), "15:08:31");
    assert.equal(ui.format.when(at(2026, 11, 20, 6, 2, 0), en), "20 Nov, 14:02");
    assert.equal(ui.format.when(at(2025, 11, 20, 6, 2, 0), en), "20 Nov 2025");
    assert.equal(ui.format.when(at(2026, 9, 20, 6, 2, 0), en), "20 Sep, 14:02");
    assert.equal(ui.format.when(at(2026, 11, 24, 7, 8, 31), zh), "15:08:31");
    assert.equal(ui.format.when(at(2026, 11, 20, 6, 2, 0), zh), "11月20日 14:02");
    assert.equal(ui.format.when(at(2025, 11, 20, 6, 2, 0), zh), "2025年11月20日");
    assert.equal(ui.format.clock(at(2026, 11, 24, 16, 5, 9), en), "00:05:09");
    assert.equal(ui.format.dayMonth(at(2026, 11, 12, 6, 0, 0), en), "12 Nov");
});

test("numbers: units after a narrow no-break space, signs, percent", () => {
    assert.equal(ui.format.millis(1284), "1,284\u202fms");
    assert.equal(ui.format.seconds(1400, "en"), "1.4\u202fs");
    assert.equal(ui.format.seconds(1400, "zh-CN"), "1.4\u202f秒");
    assert.equal(ui.format.offset(-4), "\u22124\u202fms");
    assert.equal(ui.format.offset(6200), "+6.2\u202fs");
    assert.equal(ui.format.percent(0.87, "en"), "87\u202f%");
    assert.equal(ui.format.percent(0.87, "zh-CN"), "87%");
    assert.equal(ui.format.bytes(1536), "1.5\u202fKiB");
    assert.deepEqual(
        [4000, 26 * 60_000, 114 * 60_000, 7200_000, 3 * 86400_000].map(ui.format.span),
        ["4 s", "26 min", "1 h 54 min", "2 h", "3 days"],
    );
    assert.match(
        ui.format.iso(Date.UTC(2026, 10, 24)),
        /^2026-11-2\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/,
    );
});

test("weave: 24 bits, rows of 2, 4, 6, 6, 6, pitch 4 in a box of 24 x 20", () => {
    const bits = ui.bitsOf(Uint8Array.of(0b10110000, 0xff, 0x01, 0xaa));
    assert.deepEqual(bits.slice(0, 4), [true, false, true, true]);
    assert.equal(bits.length, 24);
    const cells = ui.weaveCells(bits);
    assert.deepEqual(
        [0, 4, 8, 12, 16].map((y) => cells.filter((c) => Math.floor(c.y) === y).length),
        [2, 4, 6, 6, 6],
    );
    assert.deepEqual(
        cells.slice(0, 3).map((c) => [c.x, c.y, c.ink]),
        [
            [8.3, 0.3, true],
            [12.3, 0.3, false],
            [4.3, 4.3, true],
        ],
    );
    assert.ok(cells.every((c) => c.x + 3.4 <= 24 && c.y + 3.2 <= 20));
});

test("weave of a key is SHA-256 of its 65 bytes; the names are those of the sealed layer", async () => {
    const point = createHash("sha512").update("k").digest();
    const key = Buffer.concat([Buffer.of(4), point]);
    const face = await ui.faceOfKey(key.toString("base64url"));
    assert.deepEqual(face.bits, ui.bitsOf(createHash("sha256").update(key).digest()));
    const named = createHash("sha256")
        .update(Buffer.concat([Buffer.from("skep-seal/1 key\0"), Buffer.of(1), key]))
        .digest();
    assert.equal(face.hex, ui.hexGroups(named.subarray(0, 16)));
    assert.match(face.fingerprint, /^([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$/);
});

test("coil: nothing at zero, something above, never more than whole", () => {
    assert.deepEqual(
        [0, 0.01, 0.5, 1, 3].map((s) => ui.coilFill(s, 8)),
        [0, 1, 4, 8, 8],
    );
});

const seal = { key: { kid: "1", turn: 3, since_ms: 0 } };
const delay = (ms, more = {}) => ({
    now_ms: ms,
    p50_ms: ms,
    p95_ms: ms + 50,
    estimated: false,
    ...more,
});

test("every state of a view has a word; those that stop a picture cover it", () => {
    const view = { fingerprint: "", fingerprint_hex: "", weave: [] };
    const states = [
        { phase: "idle" },
        { phase: "opening", stage: "agreeing", attempt: 1 },
        { phase: "playing", delay: delay(284), seal },
        { phase: "behind", delay: delay(910), seal },
        { phase: "delayed", delay: null, seal },
        { phase: "stalled", since_ms: 6000, seal },
        { phase: "not-live", since_ms: 0, seal },
        { phase: "needs-password", why: "first", password_class: "label" },
        { phase: "wrong-password", tries_left: 3, retry_at_ms: null },
        { phase: "bad-credential", why: "label-check" },
        { phase: "locked", until_ms: 0 },
        { phase: "offline", since_ms: 0, retry_at_ms: 0 },
        { phase: "no-permission" },
        { phase: "refused-parameters" },
        { phase: "cut", reason: "revoked", at_ms: 0 },
        { phase: "key-changed", pinned: view, offered: view, vouched: "password" },
        { phase: "codec", codec: "avc1.640028" },
        { phase: "retrying", why: "busy", retry_at_ms: 15_000 },
    ];
    for (const s of states) {
        const face = ui.faceOf(s, 10_000);
        assert.ok(face.word && face.icon && face.tone, s.phase);
        assert.equal(face.cover === undefined, s.phase === "idle" || ui.isPlaying(s), s.phase);
        assert.ok(!/\{\w+\}/.test(JSON.stringify(face)), s.phase);
    }
    assert.equal(ui.faceOf(states[5], 10_000).cover.title, "Stalled for 4 s");
    assert.equal(ui.faceOf({ phase: "cut", reason: "revoked", at_ms: 0 }, 0).cover.act, undefined);
    assert.equal(ui.faceOf({ phase: "locked", until_ms: 0 }, 0).cover.act, undefined);
    assert.equal(ui.codecName("avc1.640028"), "H.264 High");
});

test("wall: grid, arrows, tally, delays, turned keys", () => {
    assert.deepEqual([1, 2, 5, 12, 400].map(ui.fittingGrid), [1, 4, 9, 16, 16]);
    assert.equal(ui.gridOf("9", 100), 9);
    assert.equal(ui.gridOf("7", 3), 4);
    assert.deepEqual(
        [
            ui.step(0, "ArrowLeft", 4, 12),
            ui.step(0, "ArrowDown", 4, 12),
            ui.step(11, "ArrowDown", 4, 12),
            ui.step(5, "ArrowUp", 4, 12),
        ],
        [0, 4, 11, 1],
    );
    const devices = ["a", "b", "c", "d"].map((id) => ({
        id,
        state: id === "d" ? "offline" : "online",
    }));
    const states = new Map([
        ["a", { phase: "playing", delay: delay(300), seal }],
        ["b", { phase: "locked", until_ms: 0 }],
    ]);
    assert.deepEqual(ui.tally(devices, states), { playing: 1, opening: 0, below: 1, look: 2 });
    const d = ui.delays([
        { phase: "playing", delay: delay(300), seal },
        { phase: "playing", delay: delay(200, { estimated: true }), seal },
        { phase: "behind", delay: delay(900), seal },
        { phase: "idle" },
    ]);
    assert.deepEqual(d, { p50: 300, p95: 950, estimated: true });
    assert.equal(ui.delays([{ phase: "idle" }]), null);
    assert.equal(ui.turns([{ phase: "playing", delay: null, seal }, { phase: "idle" }]), 2);
    assert.equal(ui.mayOpen({ state: "offline" }, true), false);
});

test("label files: JSON of several shapes, lines, nothing", () => {
    assert.equal(
        ui.labelLines('[{"device":"a","code":"x"},{"id":"b","label":"y"},{"n":1}]'),
        "a x\nb y",
    );
    assert.equal(ui.labelLines('{"labels":{"a":"x"}}'), "a x");
    assert.equal(ui.labelLines('["skep:1?d=a&c=x"]'), "skep:1?d=a&c=x");
    assert.equal(ui.labelLines("\ufeffa x\nb y\n"), "a x\nb y");
    for (const bad of ["", "  ", "{", "[]", '{"a":1}']) assert.equal(ui.labelLines(bad), null, bad);
});

test("history: gaps between events, before the first one, and now", () => {
    const ev = (at, kind) => ({ at, kind });
    const on = { online: true, since: 0 };
    assert.deepEqual(ui.stretches([], 100, 200, on), [{ from: 100, to: 200, online: true }]);
    assert.deepEqual(ui.stretches([], 100, 200, { online: true, since: 150 }), [
        { from: 100, to: 150, online: null },
        { from: 150, to: 200, online: true },
    ]);
    const list = ui.stretches(
        [ev(160, "online"), ev(120, "offline"), ev(130, "boot")],
        100,
        200,
        on,
    );
    assert.deepEqual(list, [
        { from: 100, to: 120, online: true },
        { from: 120, to: 160, online: false },
        { from: 160, to: 200, online: true },
    ]);
    assert.deepEqual(ui.gaps(list), { n: 1, ms: 40 });
    assert.equal(
        ui.stretches([ev(150, "enrolled"), ev(151, "online")], 100, 200, on)[0].online,
        null,
    );
    assert.equal(
        ui.stretches([ev(180, "offline")], 100, 200, { online: false, since: 180 }).at(-1).online,
        false,
    );
});

test("names, clocks, filters, strength", () => {
    assert.deepEqual(
        ["", " ", "x".repeat(65), "a\u0007", "ok", "门".repeat(64)].map(ui.nameFault),
        ["name.empty", "name.empty", "name.long", "name.control", null, null],
    );
    assert.equal(ui.clockText({ clock_offset_ms: 12, clock_rtt_ms: 4 }), "+12\u202fms ± 2\u202fms");
    assert.equal(ui.clockText({}), null);
    assert.deepEqual(ui.filterOf(new URLSearchParams("q=a&state=evil&from=-3")), {
        q: "a",
        state: "",
        tag: "",
        cursor: "",
        from: 0,
    });
    assert.equal(ui.crackTime(1), "under a second");
    assert.equal(ui.crackTime(12.1), "about 400 years");
    assert.equal(ui.crackTime(30), "over a million years");
});
