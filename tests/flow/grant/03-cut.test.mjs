// A right that is taken is gone from running views within a second, in whatever way it goes.
import assert from "node:assert/strict";
import { SLOW, test } from "../lib/skep.mjs";
import { cutTries, p99, ways } from "./lib.mjs";

test("revoked, expired, untagged, changed in role, disabled, logged out here or from elsewhere: stream, signaling and camera within a second", { timeout: 120000 }, async (t) => {
    const results = await cutTries(t, 2 * Object.keys(ways).length);
    for (const r of results) t.diagnostic(`${r.way}: stream ${r.stream} ms, signaling ${r.signaling} ms, camera ${r.camera} ms`);
    const worst = p99(results.map((r) => r.all));
    t.diagnostic(`cut_worst_ms ${worst}`);
    assert.ok(worst < 1000 * SLOW, `${worst} ms`);
});
