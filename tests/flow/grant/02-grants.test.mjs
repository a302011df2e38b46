// What a grant shows and allows, and that everything else looks as if it were not there.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { setupOwner, startSkep, test } from "../lib/skep.mjs";
import { authorize, DeviceLink } from "../lib/peers.mjs";
import { cameras, grant, member } from "./lib.mjs";

const ids = async (client, query = "") => (await client.get(`/api/v1/devices${query}`)).json.devices.map((d) => d.id).sort();

async function bed(t, count = 3) {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    return { skep, owner, cams: await cameras(owner, count) };
}

test("lists, totals and rows hold what one may see; the rest is not there", async (t) => {
    const { skep, owner, cams } = await bed(t);
    const mei = await member(skep, owner, { grants: [{ object: { device: cams[1].id }, actions: ["live-sub", "ptz"] }] });
    const list = (await mei.get("/api/v1/devices")).json;
    assert.deepEqual([list.total, list.online, list.simulated, list.devices.length], [1, 0, 0, 1]);
    assert.deepEqual(list.devices[0].rights, ["list", "view", "live-sub", "ptz"]);
    assert.equal((await mei.get(`/api/v1/devices/${cams[1].id}`)).status, 200);
    assert.equal((await mei.get(`/api/v1/devices/${cams[1].id}/history`)).status, 200);
    assert.equal((await owner.get("/api/v1/devices")).json.total, 3);

    // not yours, absent, and what is no id: one answer, byte for byte but the request's own id
    const asks = [
        (id) => mei.get(`/api/v1/devices/${id}`),
        (id) => mei.get(`/api/v1/devices/${id}/history`),
        (id) => mei.patch(`/api/v1/devices/${id}`, { name: "mine" }),
        (id) => mei.post("/api/v1/authorizations", { device: id, actions: ["live-main"], session: randomBytes(16).toString("base64url") }),
    ];
    for (const ask of asks) {
        const answers = [];
        for (const id of [cams[0].id, "a".repeat(26), "zzz"]) answers.push(await ask(id));
        const texts = answers.map((a) => a.text.replace(/"request":"[^"]*"/, ""));
        const heads = answers.map((a) => JSON.stringify({ ...a.headers, date: "" }).replace(/"skep-request":"[^"]*"/, ""));
        assert.equal(answers[0].status, 404);
        assert.deepEqual(new Set(texts).size, 1, texts.join("\n"));
        assert.deepEqual(new Set(heads).size, 1, heads.join("\n"));
    }
    const code = (actions) => mei.post("/api/v1/authorizations", { device: cams[1].id, actions, session: randomBytes(16).toString("base64url") });
    assert.equal((await code(["live-sub"])).status, 201);
    assert.equal((await code(["live-sub", "ptz"])).status, 201);
    for (const more of ["live-main", "talk", "listen", "playback", "snapshot", "config", "manage"])
        assert.equal((await code(["live-sub", more])).status, 404, more);
    assert.equal((await mei.delete(`/api/v1/devices/${cams[1].id}`)).status, 403);
    assert.equal((await mei.get("/api/v1/relay")).status, 403);
});

test("tags, roles, and who may hang what on what", async (t) => {
    const { skep, owner, cams } = await bed(t);
    const admin = await member(skep, owner, { role: "admin" });
    const mei = await member(skep, owner);
    const tagged = await admin.patch(`/api/v1/devices/${cams[0].id}`, { tags: ["garden", "北门"] });
    assert.deepEqual(tagged.json.tags, ["garden", "北门"]);
    assert.deepEqual(tagged.json.rights, ["list", "view", "config"], "an admin manages, and sees pictures by a grant only");
    await grant(admin, { subject: { account: mei.account }, object: { tag: "北门" }, actions: ["config"] });
    assert.deepEqual(await ids(mei), [cams[0].id]);
    assert.deepEqual(await ids(owner, "?tag=garden"), [cams[0].id]);
    assert.equal((await mei.patch(`/api/v1/devices/${cams[0].id}`, { name: "north gate" })).json.name, "north gate");
    assert.equal((await mei.patch(`/api/v1/devices/${cams[0].id}`, { tags: [] })).status, 403, "tags carry rights");
    for (const bad of [["a", "a"], [" a"], [""], ["x".repeat(33)], [1], Array.from({ length: 9 }, (_, i) => `t${i}`), "a"])
        assert.equal((await owner.patch(`/api/v1/devices/${cams[0].id}`, { tags: bad })).status, 400, JSON.stringify(bad));
    await grant(owner, { subject: { role: "member" }, object: { device: cams[2].id }, actions: ["view"] });
    assert.deepEqual(await ids(mei), [cams[0].id, cams[2].id].sort());
    await skep.restart();
    assert.deepEqual(await ids(mei), [cams[0].id, cams[2].id].sort(), "grants and tags survive a restart");

    const { people } = (await owner.get(`/api/v1/devices/${cams[0].id}/access`)).json;
    assert.deepEqual(people.map((p) => [p.account.role, p.actions.length, p.grants.length]).sort(), [["admin", 3, 0], ["member", 3, 1], ["owner", 11, 0]]);
    assert.equal((await owner.get(`/api/v1/grants?device=${cams[0].id}`)).json.grants.length, 1);
    assert.equal((await owner.get(`/api/v1/grants?account=${mei.account}`)).json.grants.length, 1);
    assert.equal((await owner.get("/api/v1/grants?role=member")).json.grants.length, 1);
    assert.equal((await mei.get("/api/v1/grants")).status, 403);
    const bad = [{ object: { device: "a".repeat(26) }, actions: ["view"] }, { object: { all: true }, actions: ["manage"] }];
    assert.equal((await owner.post("/api/v1/grants", { subject: { account: mei.account }, ...bad[0] })).status, 404);
    assert.equal((await owner.post("/api/v1/grants", { subject: { account: mei.account }, ...bad[1] })).status, 400);
    assert.equal((await owner.post("/api/v1/grants", { subject: { account: "a".repeat(26) }, object: { all: true }, actions: ["view"] })).status, 404);
    assert.equal((await owner.post("/api/v1/grants", { subject: { role: "owner" }, object: { all: true }, actions: ["view"] })).status, 400);
});

test("a grant begins and ends by itself", async (t) => {
    const { skep, owner, cams } = await bed(t, 1);
    const mei = await member(skep, owner);
    const events = await mei.socket("/api/v1/events", "skep.events.1");
    await events.nextJson((m) => m.ev === "hello");
    const from = Date.now() + 1000;
    await grant(owner, { subject: { account: mei.account }, object: { all: true }, actions: ["live-main"], not_before: from, not_after: from + 1000 });
    await events.nextJson((m) => m.ev === "access");
    assert.deepEqual(await ids(mei), []);
    await events.nextJson((m) => m.ev === "access", 3000);
    assert.ok(Date.now() - from < 500, "its begin is told");
    assert.deepEqual(await ids(mei), [cams[0].id]);
    await events.nextJson((m) => m.ev === "access", 3000);
    assert.deepEqual(await ids(mei), []);
    assert.equal((await mei.get("/api/v1/me/access")).json.grants[0].active, false);

    // a schedule that does not hold now
    const minute = Math.floor(Date.now() / 60000), day = ((Math.floor(minute / 1440) + 3) % 7) + 1;
    await grant(owner, { subject: { account: mei.account }, object: { all: true }, actions: ["view"], schedule: [{ days: [(day % 7) + 1], from: 0, to: 1440 }] });
    assert.deepEqual(await ids(mei), []);
    await grant(owner, { subject: { account: mei.account }, object: { all: true }, actions: ["view"], schedule: [{ days: [1, 2, 3, 4, 5, 6, 7], from: 0, to: 1440 }] });
    assert.deepEqual(await ids(mei), [cams[0].id]);
    events.destroy();
});

test("the events feed tells each page of its own cameras only", async (t) => {
    const { skep, owner, cams } = await bed(t, 2);
    const mei = await member(skep, owner, { grants: [{ object: { device: cams[0].id }, actions: ["live-main"] }] });
    const open = async (client) => {
        const ws = await client.socket("/api/v1/events", "skep.events.1");
        const got = [];
        ws.on("message", (m) => got.push(JSON.parse(m)));
        await ws.nextJson((m) => m.ev === "hello");
        t.after(() => ws.destroy());
        return got;
    };
    const hers = await open(mei), his = await open(owner);
    for (const c of cams) {
        const link = await (await DeviceLink.open(skep, c.pem)).greet();
        t.after(() => link.close());
    }
    await owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 600 });
    const [late] = await cameras(owner, 1);
    await owner.delete(`/api/v1/devices/${late.id}`);
    await owner.delete(`/api/v1/devices/${cams[1].id}`);
    await owner.delete(`/api/v1/devices/${cams[0].id}`);
    await sleep(2500);
    const about = (got) => new Set(got.flatMap((m) => [m.id, m.device?.id, typeof m.device === "string" ? m.device : null]).filter(Boolean));
    assert.deepEqual([...about(hers)], [cams[0].id]);
    assert.deepEqual(about(his), new Set([...cams.map((c) => c.id), late.id]));
    assert.deepEqual(hers.find((m) => m.ev === "device").device.rights, ["list", "view", "live-main"]);
    assert.ok(hers.some((m) => m.ev === "device.removed"));
    assert.ok(his.some((m) => m.ev === "relay") && his.some((m) => m.ev === "enrolled"));
    assert.ok(!hers.some((m) => m.ev === "relay" || m.ev === "enrolled"), "the box's own figures are not hers");
});

test("codes are judged one by one: what still holds goes on", async (t) => {
    const { skep, owner, cams } = await bed(t, 2);
    const mei = await member(skep, owner, { grants: [{ object: { device: cams[0].id }, actions: ["live-main"] }] });
    const more = await grant(owner, { subject: { account: mei.account }, object: { device: cams[0].id }, actions: ["ptz"] });
    const other = await grant(owner, { subject: { account: mei.account }, object: { device: cams[1].id }, actions: ["live-main"] });
    const live = async (camera, actions) => {
        const ws = await mei.socket("/ws/live", "skep.live.1");
        t.after(() => ws.destroy());
        ws.sendJson({ code: await authorize(mei, camera.id, randomBytes(16), actions) });
        return ws.nextJson();
    };
    const held = async () => (await owner.get(`/api/v1/accounts/${mei.account}/access`)).json.holds.codes;
    assert.ok((await live(cams[0], ["live-main"])).ready);
    assert.ok((await live(cams[0], ["live-main", "ptz"])).ready);
    assert.ok((await live(cams[1], ["live-main"])).ready);
    assert.equal(await held(), 3);
    assert.equal((await owner.delete(`/api/v1/grants/${more.id}`)).status, 204);
    assert.equal(await held(), 2);
    assert.equal((await owner.delete(`/api/v1/grants/${other.id}`)).status, 204);
    assert.equal(await held(), 1);
    assert.equal((await owner.delete(`/api/v1/grants/${other.id}`)).status, 404);
});
