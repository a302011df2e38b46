// Both languages are whole, the check itself finds faults, plurals and marked runs come out right.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkStrings, findDoubles, findFaults } from "../strings-check.mjs";
import { loadUi, webRoot } from "./ui-load.mjs";

const { t, rich, markedParts, useTable, en, zh } = await loadUi(
    "export * from './i18n'; export { en } from './i18n/en'; export { zh } from './i18n/zh';",
);

test("the tables pass the check of the build", async () => {
    assert.ok((await checkStrings(webRoot)) > 400);
});

test("the check finds a missing key, a lost placeholder, a lost tag, a forbidden word, an unused key", () => {
    const faults = findFaults(
        {
            a: "x {n}",
            b: "<b>y</b>",
            c: "Please wait",
            d: "z",
            e: { one: "{n} a", other: "{n} b" },
        },
        { a: "x", b: "y", c: "请稍候", e: "{n}" },
        '"a" "b" "c" "d"',
    );
    for (const word of [
        "a: en has",
        "b: en has",
        "c: never say",
        "d: missing in zh",
        "e: not used",
    ]) {
        assert.ok(
            faults.some((f) => f.startsWith(word)),
            word,
        );
    }
});

test("the check finds a key that stands in two rooms' files", () => {
    const faults = findDoubles([
        ["en/a.ts", { x: "1", y: "2" }],
        ["en/b.ts", { y: "3" }],
    ]);
    assert.deepEqual(faults, ["y: in en/a.ts and in en/b.ts"]);
});

test("plurals follow the language", () => {
    useTable("en", en);
    assert.equal(t("tile.tries-left", { n: 1 }), "1 more try");
    assert.equal(t("tile.tries-left", { n: 1072 }), "1,072 more tries");
    useTable("zh-CN", zh);
    assert.equal(t("tile.tries-left", { n: 1 }), "还可尝试 1 次");
});

test("marked runs become elements, never markup", () => {
    useTable("en", en);
    const parts = rich("camera.live-delay", { name: "<b>x</b><img>", delay: "284 ms" });
    assert.ok(parts.some((p) => p?.type === "b"));
    assert.ok(!JSON.stringify(parts).includes('"img"'));
    assert.deepEqual(
        markedParts("a <b>c</b>").map((p) => p.kind),
        ["text", "open", "text", "close"],
    );
});

test("Chinese sentences have no space before full-width punctuation", () => {
    for (const [key, m] of Object.entries(zh)) {
        for (const form of typeof m === "string" ? [m] : Object.values(m))
            assert.doesNotMatch(form, /\s[，。；：？、]/u, key);
    }
});
