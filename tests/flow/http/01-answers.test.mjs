// What every answer of the box has in common, and the routes of the box itself.
import assert from "node:assert/strict";
import { api, login, setupOwner, startSkep, test } from "../lib/skep.mjs";

test("health, readiness, description, metrics, about", async (t) => {
    const skep = await startSkep({ t });
    const stranger = api(skep);
    assert.deepEqual((await stranger.get("/healthz")).json, { ok: true });
    assert.deepEqual((await stranger.get("/readyz")).json, { ok: true, waiting: [] });

    const doc = (await stranger.get("/api/v1/openapi.json")).json;
    assert.equal(doc.openapi, "3.1.0");
    for (const [path, item] of Object.entries(doc.paths))
        for (const [method, operation] of Object.entries(item)) {
            assert.ok(operation["x-permission"], `${method} ${path} names its permission`);
            assert.ok(operation.summary, `${method} ${path} says what it is for`);
        }

    const refused = await stranger.get("/metrics");
    assert.equal(refused.status, 401);
    assert.match(await skep.metrics(), /^skep_http_answers_total\{class="2xx"\} \d+$/m);
    assert.ok(await skep.metric('skep_refused_total{room="http",reason="auth"}') >= 1);

    assert.equal((await stranger.get("/api/v1/about")).status, 401);
    const owner = await setupOwner(skep);
    const about = (await owner.get("/api/v1/about")).json;
    assert.match(about.version, /^\d/);
    assert.ok(about.libraries.some((l) => l.name === "CivetWeb"));
    assert.equal((await owner.get("/metrics")).status, 403, "a session does not open the metrics");
});

test("every route but the public ones asks who is there", async (t) => {
    const skep = await startSkep({ t });
    const stranger = api(skep);
    const doc = await stranger.description();
    let asked = 0;
    for (const [path, item] of Object.entries(doc.paths))
        for (const [method, operation] of Object.entries(item)) {
            if (operation["x-permission"] === "public") continue;
            const answer = await stranger.request(method.toUpperCase(), path.replace(/\{\w+\}/g, "a".repeat(26)));
            assert.equal(answer.status, 401, `${method} ${path}`);
            assert.equal(answer.json.code, "auth-required");
            assert.equal(answer.headers["www-authenticate"], "Bearer");
            asked++;
        }
    assert.ok(asked >= 10);
});

test("lengths, no-store, HEAD, strict queries and bodies", async (t) => {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    const client = await login(skep, { bearer: true });
    const get = await client.get("/api/v1/me");
    assert.equal(get.headers["cache-control"], "no-store");
    assert.equal(Number(get.headers["content-length"]), get.body.length);
    assert.equal(get.headers["content-type"], "application/json");
    const head = await client.head("/api/v1/me");
    assert.equal(head.status, 200);
    assert.equal(head.headers["content-length"], get.headers["content-length"]);
    assert.equal(head.body.length, 0);

    assert.equal((await client.get("/api/v1/devices?limit=0")).status, 400);
    assert.equal((await client.get("/api/v1/devices?limit=1&limit=2")).status, 400);
    assert.equal((await client.get("/api/v1/devices?q=%ff")).status, 400);
    const put = (body, headers) => client.put("/api/v1/me/prefs", body, { headers });
    assert.equal((await put('{"theme":"dark","theme":"light"}')).status, 400);
    assert.equal((await put("{")).status, 400);
    assert.equal((await put('{"theme":"dark"}', { "Content-Type": "text/plain" })).status, 415);
    assert.equal((await put('{"theme":"dark"}', { "Content-Type": "application/json; charset=utf-8" })).status, 400);
    assert.equal((await put(" ".repeat(300))).status, 413);
    const missing = await client.get("/api/v1/nothing");
    assert.equal(missing.json.code, "not-found");
    assert.match(missing.json.request, /^[0-9a-z]+$/);
    assert.equal((await client.delete("/api/v1/me")).status, 405);
});
