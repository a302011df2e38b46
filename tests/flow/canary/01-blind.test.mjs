// The short form of tests/canary/run.mjs: five sessions with a revocation, a wrong password and a
// kill -9; nothing of what camera and viewer know may be found with the server.
import assert from "node:assert/strict";
import { test } from "../lib/skep.mjs";
import { isAble, runCanary } from "../../canary/canary.mjs";

test("the server knows no marker, no password, no key", { timeout: 120000, skip: !isAble && "needs root: it reads the server's memory" }, async () => {
    const found = await runCanary({ sessions: 5, cameras: 2, kills: 1, revocations: 1, every_ms: 500 });
    assert.deepEqual(found.missing, [], "each control is found, so the search works");
    assert.deepEqual(found.failures, []);
    assert.equal(found.hits, 0, JSON.stringify(found.where, null, 1));
    if (found.core) {
        assert.equal(found.core.isDumpable, false, "the kernel writes no core of the server");
        assert.deepEqual(found.core.left, []);
    }
    assert.ok(found.sessions >= 5 && found.looks >= 5 && found.needles >= 50);
});
