// "May X do Y to Z now?": what is answered is what the gate does, and the rule that is named is the one.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setupOwner, startSkep, test } from "../lib/skep.mjs";
import { cameras, grant, member } from "./lib.mjs";

const ABSENT = "a".repeat(26);
const ACTIONS = ["list", "view", "live-main", "live-sub", "listen", "talk", "ptz", "playback", "snapshot", "config", "download"];

test("a test of a person says what the gate says, and by which rule", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [cam, other] = await cameras(owner, 2);
    const mei = await member(skep, owner, { bearer: true });
    const admin = await member(skep, owner, { role: "admin" });
    const ask = async (account, action, device = cam.id) => (await owner.post("/api/v1/access/test", { account, action, device })).json;
    const self = (await owner.get("/api/v1/me")).json.account.id;

    assert.deepEqual(await ask(self, "live-main"), { allowed: true, by: "role", reason: "role" });
    assert.deepEqual(await ask(admin.account, "config"), { allowed: true, by: "role", reason: "role" });
    assert.deepEqual(await ask(admin.account, "live-main"), { allowed: false, by: "none", reason: "none" });
    assert.deepEqual(await ask(mei.account, "list"), { allowed: false, by: "none", reason: "none" });

    const object = { device: cam.id }, subject = { account: mei.account };
    const past = await grant(owner, { subject, object, actions: ["talk"], not_after: Date.now() - 1000 });
    assert.deepEqual(await ask(mei.account, "talk"), { allowed: false, by: "none", grant: past.id, reason: "ended" });
    const later = await grant(owner, { subject, object, actions: ["talk"], not_before: Date.now() + 3600_000 });
    assert.deepEqual(await ask(mei.account, "talk"), { allowed: false, by: "none", grant: later.id, reason: "not-yet" });
    const day = ((new Date().getUTCDay() + 2) % 7) + 1; // two days from now: never the present minute
    const closed = await grant(owner, { subject: { role: "member" }, object: { all: true }, actions: ["talk"], schedule: [{ days: [day], from: 0, to: 1440 }] });
    assert.deepEqual(await ask(mei.account, "talk"), { allowed: false, by: "none", grant: closed.id, reason: "hours" });
    assert.equal((await owner.patch(`/api/v1/devices/${cam.id}`, { tags: ["gate"] })).status, 200);
    const open = await grant(owner, { subject, object: { tag: "gate" }, actions: ["live-sub"] });
    assert.deepEqual(await ask(mei.account, "live-sub"), { allowed: true, by: "grant", grant: open.id, reason: "grant" });
    assert.deepEqual(await ask(mei.account, "view"), { allowed: true, by: "grant", grant: open.id, reason: "grant" }, "every grant brings view");
    assert.deepEqual(await ask(mei.account, "live-sub", other.id), { allowed: false, by: "none", reason: "none" });

    for (const action of ACTIONS.filter((a) => !["list", "view"].includes(a))) { // the gate itself, asked by the person
        const { status } = await mei.post("/api/v1/authorizations", { device: cam.id, actions: [action], session: randomBytes(16).toString("base64url") });
        assert.equal((await ask(mei.account, action)).allowed, status === 201, action);
    }
    assert.equal((await owner.patch(`/api/v1/accounts/${mei.account}`, { state: "disabled" })).status, 200);
    assert.deepEqual(await ask(mei.account, "live-sub"), { allowed: false, by: "none", reason: "disabled" });

    const status = async (client, body) => (await client.post("/api/v1/access/test", body)).status;
    assert.equal(await status(owner, { account: ABSENT, action: "view", device: cam.id }), 404);
    assert.equal(await status(owner, { account: self, action: "view", device: ABSENT }), 404);
    assert.equal(await status(owner, { account: self, action: "manage", device: cam.id }), 400);
    assert.equal(await status(owner, { account: self, action: "view" }), 400);
    assert.equal(await status(admin, { account: self, action: "view", device: cam.id }), 200);
    const zoe = await member(skep, owner);
    assert.equal(await status(zoe, { account: zoe.account, action: "view", device: cam.id }), 403);
});
