// The short form of tests/drill/kill.mjs: three times kill -9 in the middle of changes.
import assert from "node:assert/strict";
import { test } from "../lib/skep.mjs";
import { killDrill } from "../../drill/kill.mjs";

test("what was acknowledged survives kill -9", { timeout: 60000 }, async (t) => {
    const drill = await killDrill({ rounds: 3, least: 20, t });
    assert.deepEqual(drill.lost, []);
    assert.ok(drill.acknowledged >= 60 && drill.devices.size > 0);
});
