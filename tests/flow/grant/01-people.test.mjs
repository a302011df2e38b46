// Joining by invitation, roles and who may touch whom, disabling, leaving, the own password.
import assert from "node:assert/strict";
import { api, login, OWNER, setupOwner, startSkep, test } from "../lib/skep.mjs";
import { authorize } from "../lib/peers.mjs";
import { cameras, grant, member, PASSWORD } from "./lib.mjs";

const steady = (answer) => ({ ...answer.json, request: "-" });

test("an invitation is one link for one person", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const made = await owner.post("/api/v1/invitations", { role: "member", note: "the neighbour" });
    assert.equal(made.status, 201);
    assert.equal(made.json.link, `${skep.url}/join#i=${made.json.token}`);
    const open = (await owner.get("/api/v1/invitations")).json.invitations;
    assert.deepEqual(open.map((i) => [i.id, i.role, i.note]), [[made.json.id, "member", "the neighbour"]]);
    assert.ok(!JSON.stringify(open).includes(made.json.token));

    const guest = api(skep);
    const { token } = made.json;
    assert.equal((await guest.post("/api/v1/join/check", { token })).json.role, "member");
    assert.equal((await guest.post("/api/v1/join/strength", { token, name: "mei", password: PASSWORD })).json.score, 4);
    const weak = await guest.post("/api/v1/join", { token, name: "mei", password: "woaini1314520" });
    assert.equal(weak.status, 422);
    assert.equal(weak.json.code, "weak-password");
    const taken = await guest.post("/api/v1/join", { token, name: OWNER.name, password: PASSWORD });
    assert.deepEqual([taken.status, taken.json.reason], [409, "name"]);
    const joined = await guest.post("/api/v1/join", { token, name: "mei", password: PASSWORD });
    assert.equal(joined.status, 201, joined.text);
    assert.equal(joined.json.account.role, "member");
    guest.sessionTake(joined);
    assert.equal((await guest.get("/api/v1/me")).json.account.name, "mei");
    assert.deepEqual((await guest.get("/api/v1/me/access")).json, { role: "member", permissions: ["session", "session.self", "view.open"], grants: [] });

    // used, ended and never made are one answer
    const second = (await owner.post("/api/v1/invitations", { role: "admin" })).json;
    assert.equal((await owner.delete(`/api/v1/invitations/${second.id}`)).status, 204);
    const answers = [];
    for (const one of [token, second.token, "A".repeat(43), "x"]) {
        answers.push(await api(skep).post("/api/v1/join", { token: one, name: "tom", password: PASSWORD }));
        answers.push(await api(skep).post("/api/v1/join/check", { token: one }));
    }
    for (const a of answers) assert.equal(a.status, 410);
    for (const a of answers) assert.deepEqual(steady(a), steady(answers[0]));
    assert.deepEqual((await owner.get("/api/v1/invitations")).json.invitations, []);
});

test("an admin manages people, never owners; nobody changes himself; one owner remains", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const ownerId = (await owner.get("/api/v1/me")).json.account.id;
    const admin = await member(skep, owner, { role: "admin" });
    const mei = await member(skep, admin);
    const refused = async (promise, status, reason) => {
        const a = await promise;
        assert.deepEqual([a.status, a.json.reason], [status, reason], a.text);
    };
    const people = (await admin.get("/api/v1/accounts")).json.accounts;
    assert.deepEqual(people.map((p) => p.role).sort(), ["admin", "member", "owner"]);
    assert.equal(people.filter((p) => p.self).length, 1);
    await refused(admin.patch(`/api/v1/accounts/${ownerId}`, { role: "member" }), 403, "owner");
    await refused(admin.patch(`/api/v1/accounts/${ownerId}`, { state: "disabled" }), 403, "owner");
    await refused(admin.post(`/api/v1/accounts/${ownerId}/leave`, {}), 403, "owner");
    await refused(admin.delete(`/api/v1/accounts/${ownerId}`), 403, "owner");
    await refused(admin.patch(`/api/v1/accounts/${mei.account}`, { role: "owner" }), 403, "owner");
    await refused(admin.post("/api/v1/invitations", { role: "owner" }), 403, "owner");
    await refused(admin.patch(`/api/v1/accounts/${admin.account}`, { role: "owner" }), 403, "self");
    await refused(owner.patch(`/api/v1/accounts/${ownerId}`, { role: "member" }), 403, "self");
    await refused(owner.delete(`/api/v1/accounts/${ownerId}`), 403, "self");
    await refused(mei.get("/api/v1/accounts"), 403, undefined);
    await refused(admin.patch(`/api/v1/accounts/${"a".repeat(26)}`, { role: "member" }), 404, undefined);
    assert.equal((await admin.patch(`/api/v1/accounts/${mei.account}`, { role: "emperor" })).status, 400);
    assert.equal((await admin.patch(`/api/v1/accounts/${mei.account}`, {})).status, 400);
    assert.equal((await admin.patch(`/api/v1/accounts/${mei.account}`, { role: "admin" })).json.role, "admin");
    assert.equal((await mei.get("/api/v1/accounts")).status, 200, "the new role holds at once");
});

test("a disabled account: its sessions end, its password looks wrong, and it can come back", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const mei = await member(skep, owner);
    const events = await mei.socket("/api/v1/events", "skep.events.1");
    await events.nextJson((m) => m.ev === "hello");
    const at = Date.now();
    assert.equal((await owner.patch(`/api/v1/accounts/${mei.account}`, { state: "disabled" })).json.state, "disabled");
    assert.equal((await events.closed(3000)).code, 4401);
    assert.ok(Date.now() - at < 1000, `${Date.now() - at} ms`);
    assert.equal((await mei.get("/api/v1/me")).status, 401);
    const right = await api(skep).post("/api/v1/login", { name: mei.name, password: PASSWORD });
    const nobody = await api(skep).post("/api/v1/login", { name: "nobody", password: PASSWORD });
    assert.equal(right.status, 401);
    assert.deepEqual(steady(right), steady(nobody));
    assert.equal((await owner.patch(`/api/v1/accounts/${mei.account}`, { state: "active" })).json.state, "active");
    await login(skep, { name: mei.name, password: PASSWORD });
    await skep.restart();
    await login(skep, { name: mei.name, password: PASSWORD });
});

test("who leaves holds nothing afterwards", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [camera] = await cameras(owner, 1);
    const admin = await member(skep, owner, { role: "admin" });
    await login(skep, { name: admin.name, password: PASSWORD, bearer: true });
    await grant(owner, { subject: { account: admin.account }, object: { all: true }, actions: ["live-main"], reason: "on duty" });
    await admin.post("/api/v1/invitations", { role: "member" });
    const invitation = (await admin.post("/api/v1/invitations", { role: "admin" })).json;
    const tokens = (await admin.post("/api/v1/enrolment-tokens", { count: 3, ttl_s: 600 })).json;
    await authorize(admin, camera.id, Buffer.alloc(16, 1), ["live-main"]);
    assert.equal((await admin.post("/api/v1/apps", { name: "his", scopes: ["device.list"] })).status, 201);
    assert.equal((await admin.post("/api/v1/approvals", { object: { all: true }, actions: ["live-main"] })).status, 201);
    assert.equal((await owner.put(`/api/v1/operators/${admin.account}`, { levels: { box: "view" } })).status, 204);
    const before = (await owner.get(`/api/v1/accounts/${admin.account}/access`)).json;
    assert.deepEqual(before.holds, { sessions: 2, browsers: 1, grants: 1, invitations: 2, factors: 0, operator: 1, approvals: 1, mail: 0, apps: 1, codes: 1, "enrolment-tokens": 1, "viewer-keys": 0 });
    assert.equal(before.sessions.length, 2);
    assert.equal(before.grants[0].reason, "on duty");

    const left = await owner.post(`/api/v1/accounts/${admin.account}/leave`, {});
    assert.equal(left.status, 200, left.text);
    assert.deepEqual(left.json.revoked, before.holds);
    for (const [what, n] of Object.entries(left.json.remaining)) assert.equal(n, 0, what);
    assert.equal((await admin.get("/api/v1/me")).status, 401);
    assert.equal((await api(skep).post("/api/v1/login", { name: admin.name, password: PASSWORD })).status, 401);
    assert.equal((await api(skep).post("/api/v1/join/check", { token: invitation.token })).status, 410);
    const row = (await owner.get(`/api/v1/accounts/${admin.account}`)).json;
    assert.deepEqual([row.role, row.state, row.grants, row.sessions], ["member", "disabled", 0, 0]);
    assert.equal((await owner.get(`/api/v1/enrolment-tokens/${tokens.id}`)).json.expires <= Date.now(), true);
    assert.equal((await owner.delete(`/api/v1/accounts/${admin.account}`)).status, 204);
    assert.equal((await owner.get(`/api/v1/accounts/${admin.account}`)).status, 404);
    assert.equal((await owner.get("/api/v1/grants")).json.grants.length, 0);
});

test("the own password: the old one is asked for, the other sessions end", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const mei = await member(skep, owner);
    const phone = await login(skep, { name: mei.name, password: PASSWORD, bearer: true });
    const fresh = "nine paper boats going north";
    const put = (body) => mei.put("/api/v1/me/password", body, { timeout: 60000 });
    assert.equal((await put({ old: "not the right one at all", new: fresh })).json.code, "auth-failed");
    assert.equal((await put({ old: PASSWORD, new: "woaini1314520" })).json.code, "weak-password");
    assert.equal((await mei.post("/api/v1/me/password/strength", { password: fresh })).json.score, 4);
    assert.equal((await put({ old: PASSWORD, new: fresh })).status, 204);
    assert.equal((await mei.get("/api/v1/me")).status, 200);
    assert.equal((await phone.get("/api/v1/me")).status, 401);
    assert.equal((await api(skep).post("/api/v1/login", { name: mei.name, password: PASSWORD })).status, 401);
    await login(skep, { name: mei.name, password: fresh });
    let status = 401;
    for (let i = 0; i < 12 && status === 401; i++) status = (await put({ old: "not the right one at all", new: fresh })).status;
    assert.equal(status, 429, "a stolen session does not guess for long");
});
