// The sealed emergency login: once, an hour, loudly.
import assert from "node:assert/strict";
import { api, login, setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { cameras, member, PASSWORD } from "./lib.mjs";

const seal = async (who) => {
    const answer = await who.post("/api/v1/emergency/seal", {});
    assert.equal(answer.status, 201, answer.text);
    return answer.json.code;
};
const open = async (skep, code) => {
    const client = api(skep);
    const answer = await client.post("/api/v1/emergency/open", { code });
    if (answer.status === 200) client.sessionTake(answer);
    return Object.assign(client, { answer });
};

test("the code opens an owner's session, once, and everybody hears of it", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [camera] = await cameras(owner, 1);
    const admin = await member(skep, owner, { role: "admin" });
    assert.deepEqual((await owner.get("/api/v1/emergency")).json, { open: false });
    assert.equal((await open(skep, "aaaa-".repeat(8).slice(0, 39))).answer.json.code, "auth-failed", "none was made");
    assert.equal((await admin.post("/api/v1/emergency/seal", {})).status, 403);
    const former = await seal(owner), code = await seal(owner);
    assert.match(code, /^([a-z2-7]{4}-){7}[a-z2-7]{4}$/);
    assert.equal((await open(skep, former)).answer.status, 401, "a new seal ends the former code");
    assert.equal((await admin.get("/api/v1/emergency")).json.seal, undefined, "the seal is the owners' matter");

    const events = await admin.socket("/api/v1/events", "skep.events.1");
    let news = 0;
    events.on("message", (m) => { news += JSON.parse(m).ev === "emergency" ? 1 : 0; });
    const guest = await open(skep, code.toUpperCase().replaceAll("-", " "));
    assert.equal(guest.answer.status, 200, guest.answer.text);
    assert.deepEqual([guest.answer.json.account.role, guest.answer.json.account.organization.id], ["owner", "home"]);
    const { created, expires } = guest.answer.json.session;
    assert.equal(expires - created, 3600000);
    await waitFor(() => news === 1, 5000, "the pages of home are told");
    for (const who of [owner, admin, guest]) assert.equal((await who.get("/api/v1/me")).json.emergency.until, expires);
    assert.equal((await open(skep, code)).answer.status, 401, "once");
    assert.ok((await owner.get("/api/v1/emergency")).json.seal.used);
    assert.equal((await guest.get(`/api/v1/devices/${camera.id}`)).status, 200);
    assert.equal((await guest.post("/api/v1/emergency/seal", {})).json.reason, "emergency", "it does not seal its successor");
    assert.equal((await guest.patch(`/api/v1/accounts/${admin.account}`, { role: "owner" })).status, 200, "what it is for");
    assert.ok((await owner.get("/api/v1/audit?action=emergency.")).json.rows.some((r) => r.action === "emergency.opened" && r.result === "done"));

    assert.equal((await owner.delete("/api/v1/emergency")).status, 204);
    await waitFor(() => news === 2, 5000, "its end is told");
    assert.equal((await guest.get("/api/v1/me")).status, 401);
    assert.equal((await owner.get("/api/v1/me")).json.emergency, undefined);
    assert.deepEqual((await owner.get("/api/v1/emergency")).json, { open: false });
});

test("it is no second person, owes no factor, and no password opens it", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const admin = await member(skep, owner, { role: "admin" });
    const code = await seal(owner);
    const asked = (await admin.post("/api/v1/grants", { subject: { account: admin.account }, object: { all: true }, actions: ["live-main"] })).json.approval;
    assert.equal((await api(skep).post("/api/v1/login", { name: "Emergency access", password: PASSWORD })).status, 401);
    const app = (await owner.post("/api/v1/apps", { name: "door", scopes: ["device.list"] })).json;
    assert.equal((await api(skep).post("/api/v1/login", { name: "Emergency access", password: "" })).status, 401);
    const guest = await open(skep, code);
    assert.equal((await guest.post(`/api/v1/approvals/${asked}/approve`, {})).status, 404, "who opens the envelope is not two");
    assert.equal((await guest.post(`/api/v1/apps/${app.id}/kill`, {})).json.state, "killed", "in an emergency one is enough");
    assert.equal((await guest.post("/api/v1/logout")).status, 204);
    assert.equal((await owner.get("/api/v1/me")).json.emergency, undefined);
    const again = await seal(owner);
    assert.equal((await owner.patch("/api/v1/accounts/emergency", { state: "disabled" })).status, 200);
    assert.equal((await open(skep, again)).answer.status, 401, "switched off, no code opens it");
    assert.equal((await open(skep, await seal(owner))).answer.status, 200, "sealed anew it stands again");

    await skep.restart();
    const later = await login(skep, { name: admin.name, password: PASSWORD, bearer: true });
    assert.ok((await later.get("/api/v1/me")).json.emergency.until > Date.now(), "a restart does not hide it");
});
