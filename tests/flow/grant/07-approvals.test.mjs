// Acts that need two persons: nothing is done by one, everything by two, once.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { appMake } from "../app/lib.mjs";
import { cameras, grant, member } from "./lib.mjs";

const code = (who, device) => who.post("/api/v1/authorizations", { device, actions: ["live-main"], session: randomBytes(16).toString("base64url") });
const list = async (who) => (await who.get("/api/v1/approvals")).json.approvals;
const approve = (who, id) => who.post(`/api/v1/approvals/${id}/approve`, {});
const refuse = (who, id) => who.post(`/api/v1/approvals/${id}/refuse`, {});
const needs = (answer) => {
    assert.equal(answer.status, 409, answer.text);
    assert.equal(answer.json.code, "approval-needed");
    return answer.json.approval;
};

test("an admin does not hand himself pictures", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [camera] = await cameras(owner, 1);
    const admin = await member(skep, owner, { role: "admin" });
    const anna = await member(skep, owner);
    const to = (subject) => ({ subject, object: { device: camera.id }, actions: ["live-main"], reason: "night shift" });

    const events = await owner.socket("/api/v1/events", "skep.events.1");
    let news = 0;
    events.on("message", (m) => { news += JSON.parse(m).ev === "approval" ? 1 : 0; });
    const id = needs(await admin.post("/api/v1/grants", to({ account: admin.account })));
    assert.equal(needs(await admin.post("/api/v1/grants", to({ account: admin.account }))), id, "asked twice, it is one request");
    assert.equal((await code(admin, camera.id)).status, 404, "nothing was given");
    needs(await admin.post("/api/v1/grants", to({ role: "admin" })));
    await grant(admin, to({ account: anna.account }));
    await waitFor(() => news >= 2, 5000, "the owner's page hears of it");

    assert.equal((await approve(admin, id)).json.reason, "self");
    assert.equal((await approve(anna, id)).status, 404, "a member has no part in it");
    assert.deepEqual(await list(anna), []);
    const [seen] = (await list(owner)).filter((a) => a.id === id);
    assert.deepEqual([seen.kind, seen.by.id, seen.state, seen.can_decide, seen.what.reason], ["grant", admin.account, "open", true, "night shift"]);
    assert.deepEqual((await list(admin)).map((a) => [a.mine, a.can_decide]), [[true, false], [true, false]]);

    const both = await Promise.all([approve(owner, id), approve(owner, id)]);
    assert.deepEqual(both.map((a) => a.status).sort(), [200, 410], "two clicks, one grant");
    assert.equal((await code(admin, camera.id)).status, 201);
    assert.equal((await owner.get(`/api/v1/grants?account=${admin.account}`)).json.grants.length, 1);
    assert.equal((await refuse(owner, id)).status, 410, "it is closed");
    const [other] = (await list(owner)).filter((a) => a.state === "open");
    assert.equal((await refuse(owner, other.id)).json.state, "refused");
    const acts = (await owner.get("/api/v1/audit?action=approval.")).json.rows.map((r) => r.action);
    assert.deepEqual(acts.sort(), ["approval.approved", "approval.asked", "approval.asked", "approval.refused"]);
});

test("ask for it: the same whether the camera is there or not", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [camera] = await cameras(owner, 1);
    const anna = await member(skep, owner);
    const wish = (device, more = {}) => anna.post("/api/v1/approvals", { object: { device }, actions: ["live-main"], ...more });

    const [there, absent] = [await wish(camera.id, { why: "I hold the gate" }), await wish("a".repeat(26), { why: "I hold the gate" })];
    assert.equal(there.status, 201, there.text);
    const bare = (a) => ({ ...a.json, id: 0, created: 0, expires: 0, what: { ...a.json.what, object: 0 } });
    assert.deepEqual(bare(there), bare(absent));
    assert.equal((await wish(camera.id, { subject: { account: "me" } })).status, 400, "for nobody else");
    assert.equal((await approve(owner, absent.json.id)).status, 404);
    assert.equal((await list(owner)).find((a) => a.id === absent.json.id).state, "open", "what failed may be tried again");
    assert.equal((await refuse(anna, absent.json.id)).json.state, "withdrawn");
    assert.equal((await approve(owner, there.json.id)).json.state, "approved");
    assert.equal((await code(anna, camera.id)).status, 201);
    for (let i = 0; i < 8; i++) assert.equal((await wish(String(i + 2).repeat(26).replaceAll(/[89]/g, "b").slice(0, 25) + "abcdefgh"[i])).status, 201);
    assert.equal((await wish("c".repeat(26))).status, 429, "eight open ones a person");

    const left = (await owner.post(`/api/v1/accounts/${anna.account}/leave`, {})).json;
    assert.equal(left.revoked.approvals, 8);
    assert.ok(Object.values(left.remaining).every((n) => n === 0), JSON.stringify(left));
    assert.equal((await list(owner)).filter((a) => a.state === "open").length, 0, "nobody waits for who has gone");
});

test("another's app, an organization: one owner acts, of two neither acts alone", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const admin = await member(skep, owner, { role: "admin" });
    const kill = (who, app) => who.post(`/api/v1/apps/${app.id}/kill`, {});
    const make = async (name) => (await owner.post("/api/v1/organizations", { name })).json.organization.id;

    assert.equal((await kill(owner, await appMake(admin))).json.state, "killed", "nobody else could say yes");
    assert.equal((await owner.delete(`/api/v1/organizations/${await make("Short")}`)).status, 204);
    const brake = await appMake(admin);
    assert.equal((await kill(admin, brake)).json.state, "killed", "one's own dies at once");
    const his = await appMake(owner);
    const asked = needs(await kill(admin, his));
    assert.equal((await owner.get(`/api/v1/apps/${his.id}`)).json.state, "active");

    const second = await member(skep, owner, { role: "owner" });
    const hers = await appMake(second);
    const mine = needs(await kill(owner, hers));
    assert.equal((await approve(admin, mine)).status, 404, "an admin does not decide it");
    assert.equal((await approve(second, asked)).json.state, "approved");
    assert.equal((await owner.get(`/api/v1/apps/${his.id}`)).json.state, "killed");
    assert.equal((await approve(second, mine)).json.label, hers.name);

    const next = await make("Next door");
    const path = `/api/v1/organizations/${next}`;
    assert.equal((await owner.patch(path, { name: "Across" })).status, 200, "a name is one person's to change");
    const suspend = needs(await owner.patch(path, { state: "suspended" }));
    assert.equal((await owner.get("/api/v1/organizations")).json.organizations.find((o) => o.id === next).state, "active");
    assert.equal((await approve(second, suspend)).json.kind, "organization.suspend");
    assert.equal((await owner.get("/api/v1/organizations")).json.organizations.find((o) => o.id === next).state, "suspended");
    assert.equal((await owner.patch(path, { state: "active" })).json.state, "active", "reopening takes nothing from anybody");
    const remove = needs(await owner.delete(path));
    assert.equal((await owner.patch(`/api/v1/accounts/${second.account}`, { role: "member" })).status, 200);
    assert.equal((await approve(second, remove)).status, 404, "who may no longer decide does not");
});

test("switched off, one person is enough", async (t) => {
    const skep = await startSkep({ t, args: ["--account-two-person", "off"] });
    const owner = await setupOwner(skep);
    const admin = await member(skep, owner, { role: "admin" });
    await grant(admin, { subject: { account: admin.account }, object: { all: true }, actions: ["live-main"] });
});
