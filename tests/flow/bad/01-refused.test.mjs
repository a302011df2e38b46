// The quick cases of tests/bad: each is refused and counted, and the box goes on.
import assert from "node:assert/strict";
import { test } from "../lib/skep.mjs";
import { bedMake, judge } from "../../bad/bench.mjs";
import { allCases } from "../../bad/cases.mjs";

test("bad input at every layer", { timeout: 150000 }, async (t) => {
    const bed = await bedMake({ t });
    const cases = await allCases(bed);
    const out = await judge(bed, cases);
    assert.deepEqual(out.accepted, []);
    assert.deepEqual(out.uncounted, []);
    assert.ok(out.tried === cases.length && out.tried > 400);
    assert.equal((await bed.owner.get("/api/v1/me")).status, 200, "honest people are still served");
});
