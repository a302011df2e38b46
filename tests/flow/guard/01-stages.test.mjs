// Strangers that misbehave are slowed, asked for work and refused, each for a time, and can be set free.
import assert from "node:assert/strict";
import { setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { ask, isRefused } from "./lib.mjs";

const find = async (owner, prefix) => (await owner.get("/api/v1/guard")).json.entries.find((e) => e.prefix === prefix);
const garbage = async (skep, from, times) => {
    for (let i = 0; i < times; i++) await ask(skep, from, `/api/v1/none-${i}`);
};

test("who searches for pages is refused, told why, and let in again by undo", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    await garbage(skep, "127.7.1.1", 70);
    assert.ok(await isRefused(skep, "127.7.1.1"));
    assert.ok(!await isRefused(skep, "127.7.2.1"), "another network is not touched");
    assert.ok(!await isRefused(skep, "127.0.0.1"), "the box itself never");
    const entry = await find(owner, "127.7.1.1");
    assert.equal(entry.stage, "refuse");
    assert.equal(entry.reason, "unknown");
    assert.equal(entry.by, "guard");
    assert.ok(entry.until > Date.now() && entry.signs.unknown >= 60);
    const log = await waitFor(async () => (await owner.get("/api/v1/audit?action=source.isolated")).json.rows.find((r) => r.object === "127.7.1.1"));
    assert.equal(log.actor_kind, "box");
    assert.equal((await owner.delete(`/api/v1/guard/entries/${entry.id}`)).status, 204);
    assert.ok(!await isRefused(skep, "127.7.1.1"));
    assert.equal((await owner.delete(`/api/v1/guard/entries/${entry.id}`)).status, 404);
    assert.equal((await owner.get("/api/v1/audit?action=source.pardoned")).json.rows[0].object, "127.7.1.1");
    assert.match((await ask(skep, "127.0.0.1", "/healthz")).status.toString(), /200/);
});

test("isolation outlives a restart, and ends by itself", async (t) => {
    const skep = await startSkep({ t, args: ["--guard-refuse-s", "3"] });
    const owner = await setupOwner(skep);
    const { json } = await owner.post("/api/v1/guard/entries", { prefix: "127.8.0.0/16", stage: "refuse", minutes: 5, reason: "a test" });
    assert.ok(await isRefused(skep, "127.8.200.1"));
    await garbage(skep, "127.9.1.1", 70);
    assert.ok(await isRefused(skep, "127.9.1.1"));
    await waitFor(async () => !await isRefused(skep, "127.9.1.1"), 10000, "the end of the isolation");
    await skep.restart();
    assert.ok(await isRefused(skep, "127.8.200.1"), "still, after a restart");
    const again = (await owner.get("/api/v1/guard")).json.entries.find((e) => e.id === json.id);
    assert.equal(again.note, "a test");
    assert.equal(again.by, "account");
});

test("a dry run judges and does nothing; the allow list is never judged", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    assert.equal((await owner.patch("/api/v1/guard", { dry_run: true })).status, 204);
    await garbage(skep, "127.7.1.1", 70);
    assert.equal((await find(owner, "127.7.1.1")).stage, "refuse");
    assert.ok(!await isRefused(skep, "127.7.1.1"));
    const state = (await owner.get("/api/v1/guard")).json;
    assert.ok(state.dry_run && state.would_refuse >= 1);
    assert.equal((await owner.patch("/api/v1/guard", { dry_run: false })).status, 204);
    assert.ok(await isRefused(skep, "127.7.1.1"));
    const { json: allowed } = await owner.post("/api/v1/guard/allow", { prefix: "127.7.0.0/16", note: "the monitor" });
    assert.ok(!await isRefused(skep, "127.7.1.1"));
    const clash = await owner.post("/api/v1/guard/entries", { prefix: "127.7.1.0/24", stage: "refuse", minutes: 5 });
    assert.deepEqual([clash.status, clash.json.reason], [409, "allowed"]);
    assert.equal((await owner.delete(`/api/v1/guard/allow/${allowed.id}`)).status, 204);
    assert.ok(await isRefused(skep, "127.7.1.1"));
    const fixed = (await owner.get("/api/v1/guard")).json.allow.find((a) => a.prefix === "127.0.0.1");
    assert.ok(fixed.fixed);
    assert.equal((await owner.delete(`/api/v1/guard/allow/${fixed.id}`)).status, 403, "settings are changed in the settings");
});

test("anonymous requests have a rate; the answer says when to come back", async (t) => {
    const skep = await startSkep({ t });
    let last;
    for (let i = 0; i < 70; i++) last = await ask(skep, "127.7.1.1", "/api/v1/setup");
    assert.equal(last.status, 429);
    assert.equal(last.json.code, "throttled");
    assert.ok(Number(last.headers["retry-after"]) >= 1);
    assert.match(last.headers.ratelimit, /^"source";r=0;t=\d+$/);
    assert.equal((await ask(skep, "127.7.1.1", "/healthz")).status, 200, "health always");
});

test("what is no prefix, and what would shut out oneself, is not entered", async (t) => {
    const skep = await startSkep({ t, args: ["--guard-allow", "::1"] });
    const owner = await setupOwner(skep);
    for (const prefix of ["", "x", "127.7.1.1/24", "0.0.0.0/0", "1.2.3.4/33", "::/8"])
        assert.equal((await owner.post("/api/v1/guard/entries", { prefix, stage: "refuse", minutes: 5 })).status, 400, prefix);
    assert.equal((await owner.post("/api/v1/guard/entries", { prefix: "1.2.3.4", stage: "watch", minutes: 5 })).status, 400);
    const self = await owner.post("/api/v1/guard/entries", { prefix: "127.0.0.0/8", stage: "refuse", minutes: 5 });
    assert.deepEqual([self.status, self.json.reason], [409, "self"]);
    await owner.post("/api/v1/guard/entries", { prefix: "203.0.113.0/24", stage: "refuse", minutes: 5 });
    await owner.post("/api/v1/guard/entries", { prefix: "2001:db8::/56", stage: "refuse", minutes: 5 });
    const { text } = await owner.get("/api/v1/guard/nft");
    assert.match(text, /elements = \{ 203\.0\.113\.0\/24 \}/);
    assert.match(text, /elements = \{ 2001:db8::\/56 \}/);
});
