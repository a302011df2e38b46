// The contrast table of console.md 8.2, computed from tokens.css: text needs 4.5, parts of the interface 3.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { webRoot } from "./ui-load.mjs";

const css = readFileSync(join(webRoot, "static", "tokens.css"), "utf8");
const tokens = (block) =>
    Object.fromEntries(
        [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((m) => [m[1], m[2]]),
    );
const blockAfter = (start) => css.slice(css.indexOf(start)).match(/\{([^}]*)\}/)[1];
const light = tokens(blockAfter(":root {"));
const themes = { light, dark: { ...light, ...tokens(blockAfter(':root[data-theme="dark"]')) } };

const channel = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const luminance = (hex) =>
    [1, 3, 5]
        .map((i) => channel(parseInt(hex.slice(i, i + 2), 16) / 255))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
export const ratio = (a, b) => {
    const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (hi + 0.05) / (lo + 0.05);
};
const SURFACES = ["paper", "sheet", "inset", "hover"];
const STATES = ["ok", "warn", "error", "unknown", "sim", "sealed"];

test("the formula: black on white is 21", () => assert.equal(ratio("#000000", "#ffffff"), 21));

for (const [name, c] of Object.entries(themes)) {
    const worst = (token, on) => Math.min(...on.map((s) => ratio(c[token], c[s])));
    test(`${name}: text`, () => {
        for (const token of ["ink", "ink-2", "ink-3", "link"])
            assert.ok(worst(token, SURFACES) >= 4.5, `${token} ${worst(token, SURFACES)}`);
        for (const token of STATES)
            assert.ok(worst(token, [...SURFACES, `${token}-t`]) >= 4.5, token);
        assert.ok(ratio(c.act, c["act-ink"]) >= 4.5);
        for (const token of ["glass-ink", "glass-ink-2"])
            assert.ok(worst(token, ["glass", "glass-2"]) >= 4.5, token);
    });
    test(`${name}: interface`, () => {
        for (const token of ["edge", "straw", "focus"])
            assert.ok(worst(token, SURFACES) >= 3, `${token} ${worst(token, SURFACES)}`);
    });
}

test("the dark block for the system choice is the same as the chosen one", () => {
    assert.deepEqual(
        tokens(blockAfter(":root:not([data-theme])")),
        tokens(blockAfter(':root[data-theme="dark"]')),
    );
});

test("known ratios of the table", () => {
    assert.equal(
        Math.min(...SURFACES.map((s) => ratio(light["ink-3"], light[s]))).toFixed(2),
        "5.33",
    );
    assert.equal(Math.min(...SURFACES.map((s) => ratio(light.straw, light[s]))).toFixed(2), "3.32");
});

test("no inline style, no markup from strings, every icon is in the sprite", () => {
    const sprite = readFileSync(join(webRoot, "static", "sprite.svg"), "utf8");
    const symbols = [...sprite.matchAll(/id="i-([\w-]+)"/g)].map((m) => m[1]).sort();
    const union = readFileSync(join(webRoot, "src/ui/icon.tsx"), "utf8").split(
        "export function",
    )[0];
    assert.deepEqual([...union.matchAll(/"([\w-]+)"/g)].map((m) => m[1]).sort(), symbols);
    const walk = (dir) =>
        readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
            e.isDirectory() ? walk(join(dir, e.name)) : [join(dir, e.name)],
        );
    for (const file of walk(join(webRoot, "src")).filter((f) => /\.tsx?$/.test(f))) {
        const text = readFileSync(file, "utf8");
        assert.doesNotMatch(
            text,
            /\sstyle=|\.style\.|innerHTML|insertAdjacentHTML|document\.write|\beval\(/,
            file,
        );
    }
    assert.doesNotMatch(
        readFileSync(join(webRoot, "static/index.html"), "utf8"),
        /style=|onload=|<style/,
    );
});
