// A list of accounts and passwords from many networks: nobody's account falls, and whom we know does not notice.
import assert from "node:assert/strict";
import { OWNER, setupOwner, startSkep, test } from "../lib/skep.mjs";
import { ask } from "./lib.mjs";
import { solve } from "./proof.mjs";

test("a stuffed list brings up the challenge; the known browser is let through, a new one works", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const seen = {};
    await Promise.all(Array.from({ length: 12 }, async (_, n) => {
        for (let i = 0; i < 15; i++) {
            const answer = await ask(skep, `127.20.${n}.1`, "/api/v1/login", { method: "POST", body: { name: `user-${n}-${i}`, password: "password123456789" } });
            seen[answer.status] = (seen[answer.status] ?? 0) + 1;
        }
    }));
    assert.equal(seen[200], undefined);
    assert.ok(seen[428] > 0, `work was asked for: ${JSON.stringify(seen)}`);
    assert.equal((await owner.post("/api/v1/login", OWNER)).status, 200, "a known browser");
    const fresh = await ask(skep, "127.21.1.1", "/api/v1/login", { method: "POST", body: OWNER });
    assert.deepEqual([fresh.status, fresh.json?.why], [428, "attack"]);
    const none = await ask(skep, "127.22.1.1", "/api/v1/login", { method: "POST", body: { name: "nobody at all", password: "x" } });
    assert.deepEqual([none.status, none.json?.why], [428, "attack"], "an absent name looks the same");
    const entered = await ask(skep, "127.21.1.1", "/api/v1/login", { method: "POST", body: { ...OWNER, proof: solve(fresh.json.challenge) } });
    assert.equal(entered.status, 200);
    const stolen = await ask(skep, "127.23.1.1", "/api/v1/login", { method: "POST", body: { ...OWNER, proof: solve(none.json.challenge) } });
    assert.equal(stolen.status, 428, "a proof made for another name and network buys nothing");
});
