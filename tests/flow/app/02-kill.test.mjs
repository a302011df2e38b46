// Ending an app: kill, removal, its maker's leaving; what was given to it is worth nothing afterwards.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appClient, appMake } from "./lib.mjs";
import { killOnce } from "./kill.mjs";
import { cutBed, member } from "../grant/lib.mjs";
import { authorize, liveOpen, signalOpen } from "../lib/peers.mjs";
import { login, setupOwner, SLOW, startSkep, test } from "../lib/skep.mjs";

test("kill: requests, sockets, signaling and streams end within a second; a fresh credential is another life", async (t) => {
    const bed = await cutBed(t);
    const { owner, skep, camera } = bed;
    const told = bed.notices((await owner.get("/api/v1/me")).json.account.id);
    const one = await killOnce(bed);
    t.diagnostic(`kill: ${one.ms} ms, the box says ${one.effect} ms`);
    assert.ok(one.ms < 1000 * SLOW && one.effect < 1000 * SLOW);
    assert.ok(bed.notices((await owner.get("/api/v1/me")).json.account.id) > told, "the camera changes its keys");
    const { id } = one.app;
    const killed = (await owner.get(`/api/v1/apps/${id}`)).json;
    assert.equal(killed.state, "killed");
    assert.deepEqual(killed.credentials, []);
    assert.equal(killed.effect_ms, one.effect);
    assert.equal((await one.client.get("/api/v1/devices")).json.reason, "killed");
    await assert.rejects(one.client.socket("/ws/signal", "skep.signal.1"), (e) => e.status === 401);
    assert.equal((await owner.post(`/api/v1/apps/${id}/rotate`, { overlap_s: 60 })).status, 409, "no credential for the dead");
    await skep.restart();
    assert.equal((await one.client.get("/api/v1/devices")).json.reason, "killed", "dead after a restart as well");
    const fresh = (await owner.post(`/api/v1/apps/${id}/restore`, {})).json;
    assert.notEqual(fresh.secret, one.app.secret);
    assert.equal((await one.client.get("/api/v1/devices")).json.reason, "signature", "the former secret stays dead");
    const again = appClient(skep, fresh);
    assert.equal((await again.get("/api/v1/devices")).status, 200);
    assert.equal((await again.post("/api/v1/authorizations", { device: camera.id, actions: ["live-main"], session: randomBytes(16).toString("base64url") })).status, 201);
    const rows = (await owner.get(`/api/v1/audit?object=${id}`)).json.rows.map((r) => r.action);
    for (const act of ["app.created", "app.killed", "app.restored"]) assert.ok(rows.includes(act), act);
});

test("a code is bound to account, session, device and action, and to the app that asked", async (t) => {
    const bed = await cutBed(t);
    const { owner, skep, camera } = bed;
    const app = await appMake(owner, { scopes: ["device.live-main"] }), other = await appMake(owner, { scopes: ["device.live-main"] });
    const [client, stranger] = [app, other].map((a) => appClient(skep, a));
    const session = randomBytes(16);
    const code = await authorize(client, camera.id, session, ["live-main"]);
    for (const who of [stranger, owner]) {
        const tried = await signalOpen(who, camera.id, session, code);
        assert.equal(tried.answer.refused?.reason, "code", "another's code");
        tried.ws.destroy();
        const live = await liveOpen(who, code);
        assert.ok(live.answer.refused, "nor at the relay");
        live.ws.destroy();
    }
    const mine = await authorize(owner, camera.id, session, ["live-main"]);
    assert.ok((await liveOpen(client, mine)).answer.refused, "an app has not its account's codes");
    assert.ok((await signalOpen(client, camera.id, randomBytes(16), code)).answer.refused, "another session");
    assert.ok((await signalOpen(client, "a".repeat(26), session, code)).answer.refused, "another device");
    await assert.rejects(authorize(client, camera.id, session, ["ptz"]), /404/, "an action that no scope names");
    assert.ok((await signalOpen(client, camera.id, session, code)).answer.opened);

    const person = await login(skep, { name: "owner", password: "twelve baskets of heather", bearer: true });
    const theirs = await authorize(person, camera.id, randomBytes(16), ["live-main"]);
    await person.post("/api/v1/logout");
    assert.ok((await liveOpen(owner, theirs)).answer.refused, "refused after logout");
});

test("removal and the leaving of its maker end an app; nobody gets a credential of another's app", async (t) => {
    const bed = await cutBed(t);
    const { owner, skep } = bed;
    const removed = await killOnce(bed, (who, id) => who.delete(`/api/v1/apps/${id}`));
    assert.equal((await removed.client.get("/api/v1/devices")).json.reason, "signature");
    const admin = await member(skep, owner, { role: "admin" });
    const mine = await appMake(owner), theirs = await appMake(admin, { scopes: ["device.list", "device.live-main"] });
    for (const [verb, body] of [["rotate", { overlap_s: 0 }], ["restore", {}]]) {
        const answer = await admin.post(`/api/v1/apps/${mine.id}/${verb}`, body);
        assert.equal(answer.status, 403, `an admin would act as the owner: ${verb}`);
        assert.equal(answer.json.reason, "own");
    }
    assert.equal((await admin.patch(`/api/v1/apps/${mine.id}`, { scopes: ["audit.read"] })).status, 403);
    const client = appClient(skep, theirs);
    assert.equal((await client.get("/api/v1/devices")).status, 200);
    const asked = { device: bed.camera.id, actions: ["live-main"], session: randomBytes(16).toString("base64url") };
    assert.equal((await client.post("/api/v1/authorizations", asked)).status, 404, "an app may no more than its account");
    const socket = await client.socket("/ws/signal", "skep.signal.1");
    const closed = new Promise((resolve) => socket.on("close", resolve));
    assert.equal((await owner.patch(`/api/v1/accounts/${admin.account}`, { state: "disabled" })).status, 200);
    await closed;
    assert.equal((await client.get("/api/v1/devices")).status, 401, "its maker may not enter");
    const left = await owner.post(`/api/v1/accounts/${admin.account}/leave`, {});
    assert.equal(left.json.revoked.apps, 0, "disabling has ended them");
    assert.equal(left.json.remaining.apps, 0);
    assert.equal((await owner.get(`/api/v1/apps/${theirs.id}`)).status, 404);
});

test("rotation: both credentials for the overlap, then the former ends by itself", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const app = await appMake(owner);
    const old = appClient(skep, app);
    const next = (await owner.post(`/api/v1/apps/${app.id}/rotate`, { overlap_s: 2 })).json;
    const fresh = appClient(skep, next);
    assert.equal(next.credentials.length, 2);
    assert.equal((await old.get("/api/v1/devices")).status, 200);
    assert.equal((await fresh.get("/api/v1/devices")).status, 200);
    assert.equal((await owner.post(`/api/v1/apps/${app.id}/rotate`, { overlap_s: 2 })).status, 409, "two are enough");
    const { ends } = next.credentials[0];
    while (Date.now() < ends + 5) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await old.get("/api/v1/devices")).json.reason, "signature");
    assert.equal((await fresh.get("/api/v1/devices")).status, 200);
    const last = (await owner.post(`/api/v1/apps/${app.id}/rotate`, { overlap_s: 0 })).json;
    assert.equal((await fresh.get("/api/v1/devices")).status, 401, "no overlap: at once");
    await skep.restart({ kill: true });
    assert.equal((await appClient(skep, last).get("/api/v1/devices")).status, 200, "the sealed secret is read again");
});
