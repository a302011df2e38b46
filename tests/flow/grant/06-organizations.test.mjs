// Two organizations on one box: to each the other is absent; operators see counts, no contents.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { api, setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { cameras, grant, member, PASSWORD } from "./lib.mjs";

const ABSENT = "a".repeat(26);
const bare = (answer) => answer.text.replace(/"request":"[^"]*"/, "");
const code = (who, device, actions = ["live-main"]) =>
    who.post("/api/v1/authorizations", { device, actions, session: randomBytes(16).toString("base64url") });

/** A second organization, its owner logged in. */
async function neighbour(skep, owner, name = "Next door") {
    const made = await owner.post("/api/v1/organizations", { name });
    assert.equal(made.status, 201, made.text);
    const client = api(skep);
    const answer = await client.post("/api/v1/join", { token: made.json.token, name: `${name} owner`, password: PASSWORD }, { timeout: 60000 });
    assert.equal(answer.status, 201, answer.text);
    client.sessionTake(answer);
    return Object.assign(client, { account: answer.json.account.id, organization: made.json.organization.id, entered: answer.json });
}

test("to another organization everything is absent", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const anna = await member(skep, owner, { role: "admin" });
    const [home] = await cameras(owner, 1);
    const next = await neighbour(skep, owner);
    assert.equal(next.entered.account.role, "owner");
    assert.deepEqual(next.entered.account.organization, { id: next.organization, name: "Next door", kind: "team" });
    const [theirs] = await cameras(next, 1);

    const ids = async (who) => (await who.get("/api/v1/devices")).json.devices.map((d) => d.id);
    assert.deepEqual(await ids(owner), [home.id]);
    assert.deepEqual(await ids(next), [theirs.id]);
    assert.equal((await next.get("/api/v1/devices")).json.total, 1);
    for (const [who, hidden] of [[owner, theirs.id], [next, home.id]]) {
        const asks = [(id) => who.get(`/api/v1/devices/${id}`), (id) => who.patch(`/api/v1/devices/${id}`, { name: "mine" }), (id) => who.delete(`/api/v1/devices/${id}`),
            (id) => who.get(`/api/v1/devices/${id}/history`), (id) => who.get(`/api/v1/devices/${id}/access`), (id) => code(who, id),
            (id) => who.post("/api/v1/grants", { subject: { role: "member" }, object: { device: id }, actions: ["live-main"] })];
        for (const ask of asks) {
            const [there, absent] = [await ask(hidden), await ask(ABSENT)];
            assert.equal(there.status, 404, there.text);
            assert.equal(bare(there), bare(absent));
        }
    }
    const people = (await next.get("/api/v1/accounts")).json.accounts;
    assert.deepEqual(people.map((p) => p.id), [next.account]);
    assert.equal((await owner.get("/api/v1/accounts")).json.accounts.length, 2);
    for (const path of ["", "/access"]) assert.equal((await next.get(`/api/v1/accounts/${anna.account}${path}`)).status, 404);
    assert.equal((await next.patch(`/api/v1/accounts/${anna.account}`, { state: "disabled" })).status, 404);
    assert.equal((await next.post(`/api/v1/accounts/${anna.account}/leave`, {})).status, 404);
    const made = (await owner.post("/api/v1/invitations", { role: "member" })).json;
    assert.deepEqual((await next.get("/api/v1/invitations")).json.invitations, []);
    assert.equal((await next.delete(`/api/v1/invitations/${made.id}`)).status, 404);
    const given = await grant(owner, { subject: { account: anna.account }, object: { all: true }, actions: ["live-main"] });
    assert.deepEqual((await next.get("/api/v1/grants")).json.grants, []);
    assert.equal((await next.delete(`/api/v1/grants/${given.id}`)).status, 404);
    assert.equal((await code(anna, home.id)).status, 201);
    assert.equal((await code(anna, theirs.id)).status, 404, "all is all of the own organization");
    const token = (await owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 600 })).json;
    assert.equal((await next.get(`/api/v1/enrolment-tokens/${token.id}`)).status, 404);
    assert.equal((await next.delete(`/api/v1/enrolment-tokens/${token.id}`)).status, 404);
    for (const path of ["/api/v1/organizations", "/api/v1/operators", "/api/v1/relay", "/api/v1/audit/export"]) assert.equal((await next.get(path)).status, 403, path);
});

test("one camera is shared across, and taken back; a tag is not", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [one, two] = await cameras(owner, 2);
    const next = await neighbour(skep, owner);
    for (const object of [{ all: true }, { tag: "gate" }])
        assert.equal((await owner.post("/api/v1/grants", { subject: { account: next.account }, object, actions: ["live-main"] })).status, 400);
    const share = await grant(owner, { subject: { account: next.account }, object: { device: one.id }, actions: ["live-main", "config"] });
    assert.equal((await code(next, one.id)).status, 201);
    assert.equal((await code(next, one.id, ["talk"])).status, 404, "an owner next door is a guest here");
    assert.equal((await code(next, two.id)).status, 404);
    assert.equal((await next.patch(`/api/v1/devices/${one.id}`, { tags: ["mine"] })).status, 403, "tags are of the camera's home");
    assert.equal((await next.delete(`/api/v1/devices/${one.id}`)).status, 404);
    assert.equal((await owner.delete(`/api/v1/grants/${share.id}`)).status, 204);
    assert.equal((await code(next, one.id)).status, 404);
});

test("operators: levels, suspending, the log of each", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const next = await neighbour(skep, owner);
    const max = await member(skep, owner);
    const put = (who, id, levels) => who.put(`/api/v1/operators/${id}`, { levels });
    assert.equal((await max.get("/api/v1/organizations")).status, 403);
    assert.equal((await put(owner, next.account, { box: "view" })).status, 404, "only people of home run the box");
    assert.equal((await put(owner, max.account, { kitchen: "view" })).status, 400);
    assert.equal((await put(owner, max.account, { people: "view", box: "operate" })).status, 204);
    assert.deepEqual((await owner.get("/api/v1/operators")).json.operators.find((o) => o.id === max.account).levels, { box: "operate", people: "view" });
    const seen = (await max.get("/api/v1/organizations")).json.organizations;
    assert.deepEqual(seen.map((o) => [o.kind, o.people, o.cameras]).sort(), [["home", 2, 0], ["team", 1, 0]]);
    assert.equal((await max.get("/api/v1/relay")).status, 200);
    assert.equal((await max.post("/api/v1/organizations", { name: "Another" })).status, 403);
    const admin = await member(skep, owner, { role: "admin" });
    assert.equal((await put(admin, max.account, {})).status, 403, "operate is not approve");
    assert.ok((await max.get("/api/v1/me/access")).json.permissions.includes("organizations.view"));

    assert.equal((await owner.patch("/api/v1/organizations/home", { state: "suspended" })).json.reason, "home");
    const path = `/api/v1/organizations/${next.organization}`;
    const rows = (await next.get("/api/v1/audit")).json.rows;
    assert.ok(rows.some((r) => r.action === "organization.added" && r.actor !== next.account), "what the operator did to it is in its log");
    assert.ok(rows.every((r) => r.object === next.organization || r.actor === next.account || r.object === next.account), JSON.stringify(rows));
    const foreign = (await owner.get("/api/v1/audit?action=session.")).json.rows.find((r) => r.actor !== next.account).seq;
    assert.equal((await next.get(`/api/v1/audit/${foreign}/proof`)).status, 404);
    assert.equal((await next.get(`/api/v1/audit/${rows[0].seq}/proof`)).status, 200);

    const socket = await next.socket("/api/v1/events", "skep.events.1");
    let closed = 0;
    socket.on("close", () => { closed = 1; });
    assert.equal((await owner.patch(path, { state: "suspended" })).json.state, "suspended");
    await waitFor(() => closed, 5000, "its sockets are cut");
    assert.equal((await next.get("/api/v1/me")).status, 401);
    assert.equal((await api(skep).post("/api/v1/login", { name: "Next door owner", password: PASSWORD })).status, 401);
    assert.equal((await owner.patch(path, { state: "active", name: "Across" })).json.name, "Across");
    assert.equal((await api(skep).post("/api/v1/login", { name: "Next door owner", password: PASSWORD })).status, 200);
    assert.equal((await owner.delete(path)).json.reason, "remaining");
    const empty = (await owner.post("/api/v1/organizations", { name: "Empty" })).json.organization.id;
    assert.equal((await owner.delete(`/api/v1/organizations/${empty}`)).status, 204);
    assert.equal((await owner.delete(`/api/v1/organizations/${empty}`)).status, 404);
});
