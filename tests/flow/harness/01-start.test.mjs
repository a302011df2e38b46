// The box starts, lets its owner in, sees its cameras, and comes back after stop and kill -9.
import assert from "node:assert/strict";
import { api, camerasOnline, login, rawTls, setupOwner, startSkep, test } from "../lib/skep.mjs";

test("setup, cameras, restart, kill -9", { timeout: 90000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 2 });
    assert.match(skep.setupToken, /^[\w-]{20,}$/);
    assert.equal(Buffer.from(skep.seed, "base64url").length, 16);
    const stranger = api(skep);
    assert.equal((await stranger.get("/api/v1/me")).status, 401);
    assert.equal((await stranger.get("/api/v1/setup")).json.needed, true);

    const owner = await setupOwner(skep);
    assert.equal((await owner.get("/api/v1/me")).json.account.name, "owner");
    assert.equal((await camerasOnline(owner, 2)).length, 2);

    await skep.restart();
    const again = await login(skep, { bearer: true });
    assert.equal((await camerasOnline(again, 2)).length, 2);
    await skep.restart({ kill: true });
    assert.equal((await camerasOnline(await login(skep), 2)).length, 2);
    assert.deepEqual(await skep.stop(), { code: 0, signal: null });
});

test("events socket and a raw connection", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const events = await owner.socket("/api/v1/events", "skep.events.1");
    assert.equal(typeof (await events.nextJson((m) => m.ev === "hello")).wall, "number");
    events.close();
    await assert.rejects(api(skep).socket("/api/v1/events", "skep.events.1"), { status: 401 });

    const raw = await rawTls(skep);
    await raw.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert.match((await raw.untilClose()).toString(), /^HTTP\/1\.1 200 /);
    assert.match(await skep.metrics(), /^# (HELP|TYPE) /m);
});
