// What somebody holds beside a session ends with his standing, and does not come back with it.
import assert from "node:assert/strict";
import { api, login, OWNER, runSkep, setupOwner, startSkep, test } from "../lib/skep.mjs";
import { linkToken, mailServer } from "../lib/mail.mjs";
import { appClient, appMake } from "../app/lib.mjs";
import { member, PASSWORD } from "../grant/lib.mjs";
import { isIn, keepSession, refreshAs } from "./refresh.mjs";

/** Somebody with a refresh family, an app and a ticket to come -> what asks whether anything of it is alive. */
async function holder(skep, client, name) {
    const kept = await keepSession(skep, { name, password: PASSWORD });
    const signed = appClient(skep, await appMake(client));
    assert.equal((await signed.get("/api/v1/devices?limit=1")).status, 200);
    return async () => [await isIn(skep, kept.client.bearer), (await signed.get("/api/v1/devices?limit=1")).status,
        (await refreshAs(skep, kept.key, kept.refresh)).status, (await client.get("/api/v1/me")).status];
}

test("a disabled person's refresh tokens and apps end at once, and for good", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const anna = await member(skep, owner, { role: "admin", name: "anna" });
    const alive = await holder(skep, anna, "anna");
    assert.equal((await owner.patch(`/api/v1/accounts/${anna.account}`, { state: "disabled" })).status, 200);
    assert.deepEqual(await alive(), [false, 401, 401, 401]);
    assert.equal((await owner.patch(`/api/v1/accounts/${anna.account}`, { state: "active" })).status, 200);
    assert.deepEqual(await alive(), [false, 401, 401, 401], "being let in again is a new beginning");
    assert.ok(await login(skep, { name: "anna", password: PASSWORD }));
});

test("so do those of everybody in a suspended organization", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { token, organization } = (await owner.post("/api/v1/organizations", { name: "Next door" })).json;
    const next = api(skep);
    next.sessionTake(await next.post("/api/v1/join", { token, name: "next", password: PASSWORD }, { timeout: 60000 }));
    const alive = await holder(skep, next, "next");
    const path = `/api/v1/organizations/${organization.id}`;
    assert.equal((await owner.patch(path, { state: "suspended" })).status, 200);
    assert.deepEqual(await alive(), [false, 401, 401, 401]);
    assert.equal((await api(skep).post("/api/v1/login", { name: "next", password: PASSWORD })).status, 401);
    assert.equal((await owner.patch(path, { state: "active" })).status, 200);
    assert.deepEqual(await alive(), [false, 401, 401, 401]);
    assert.ok(await login(skep, { name: "next", password: PASSWORD }));
});

test("letters under way end with the password that they were asked for with; a reset forgets the address", async (t) => {
    const mail = await mailServer({ t });
    const skep = await startSkep({ t, config: `[account]\n${mail.config}` });
    let owner = await setupOwner(skep);
    const put = async (address, password) => {
        assert.equal((await owner.put("/api/v1/me/mail", { mail: address, password })).status, 202);
        return linkToken(await mail.next(), "verify");
    };
    // whoever knew the password has a letter sent to himself; then the owner changes it
    const foreign = await put("eve@example.org", OWNER.password);
    const fresh = "a wholly new bunch of clover";
    assert.equal((await owner.put("/api/v1/me/password", { old: OWNER.password, new: fresh }, { timeout: 60000 })).status, 204);
    assert.equal((await api(skep).post("/api/v1/mail/verify", { token: foreign })).status, 410);
    assert.equal((await owner.get("/api/v1/me/mail")).json.mail, undefined);

    // whoever had the box left his own address on the account: after a reset it recovers nothing
    assert.equal((await api(skep).post("/api/v1/mail/verify", { token: await put("eve@example.org", fresh) })).status, 204);
    assert.equal((await api(skep).post("/api/v1/recover/start", { mail: "eve@example.org" })).status, 202);
    const way = linkToken(await mail.next(), "recover");
    const signed = appClient(skep, await appMake(owner));
    assert.equal((await signed.get("/api/v1/devices?limit=1")).status, 200);
    const reset = await runSkep(["owner", "reset", "--core-data-dir", skep.dataDir]);
    assert.equal(reset.code, 0, reset.stderr);
    assert.equal((await signed.get("/api/v1/devices?limit=1")).status, 401, "nor do the owners' apps");
    assert.equal((await api(skep).post("/api/v1/recover", { token: way, password: "eve was here and stays" })).status, 410);
    owner = await setupOwner(Object.assign(Object.create(skep), { setupToken: /#t=([\w-]+)/.exec(reset.stdout)[1], test: t }));
    assert.equal((await owner.get("/api/v1/me/mail")).json.mail, undefined);
});
