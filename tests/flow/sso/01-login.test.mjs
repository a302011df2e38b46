// Signing in through a real OpenID Connect provider, and being cut when it says so.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { api, OWNER, setupOwner, test as run, waitFor } from "../lib/skep.mjs";
import { ask, boxWithProvider, signingKey, tokenSign } from "./idp.mjs";

const skip = Number(process.versions.node.split(".")[0]) < 20 && "the provider (npm oidc-provider) needs node 20";
const test = (name, ...rest) => run(name, { ...(rest.length > 1 ? rest[0] : {}), skip }, rest.at(-1));

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

for (const alg of ["RS256", "ES256"])
    test(`a person of a group comes in with its role (${alg})`, async (t) => {
        const box = await boxWithProvider(t, { alg });
        const owner = await setupOwner(box.skep);
        assert.deepEqual((await api(box.skep).get("/api/v1/entrance")).json.sso, { name: "Testhaus" });
        box.users.set("ada", ["keepers"]).set("bob", ["friends", "others"]).set("eve", ["others"]).set(OWNER.name, ["guests"]);
        const ada = await box.login("ada");
        assert.equal(ada.where, "/live");
        const me = (await ada.client.get("/api/v1/me")).json;
        assert.deepEqual([me.account.name, me.account.role], ["ada", "admin"]);
        assert.equal((await (await box.login("bob")).client.get("/api/v1/me")).json.account.role, "member");
        const eve = await box.login("eve");
        assert.equal(eve.where, "/login?sso=refused");
        assert.equal((await eve.client.get("/api/v1/me")).status, 401);
        // by (iss, sub), never by name: who is called as the owner is somebody else
        const other = (await (await box.login(OWNER.name)).client.get("/api/v1/me")).json.account;
        assert.notEqual(other.name, OWNER.name);
        assert.equal(other.role, "member");
        // the same person is the same account, in whatever role by now
        box.users.set("ada", ["guests"]);
        const again = (await (await box.login("ada")).client.get("/api/v1/me")).json.account;
        assert.deepEqual([again.id, again.role], [me.account.id, "member"]);
        const people = (await owner.get("/api/v1/accounts")).json.accounts;
        assert.equal(people.length, 4);
        assert.ok(people.every((p) => p.role !== "owner" || p.self));
        const password = await api(box.skep).post("/api/v1/login", { name: "ada", password: "" });
        assert.notEqual(password.status, 200, "without a password there is none to guess");
    });

test("what does not belong together is refused", async (t) => {
    const box = await boxWithProvider(t);
    await setupOwner(box.skep);
    box.users.set("ada", ["guests"]);
    const wrongState = await box.login("ada", { tamper: (url) => url.replace(/state=[^&]*/, `state=${"A".repeat(43)}`) });
    assert.equal(wrongState.where, "/login?sso=refused");
    const wrongCode = await box.login("ada", { tamper: (url) => url.replace(/code=[^&]*/, "code=abc") });
    assert.equal(wrongCode.where, "/login?sso=refused");
    const good = await box.login("ada");
    assert.match(good.first.headers["set-cookie"][0], /^__Host-skep-return=.*; Path=\/; Secure; HttpOnly; SameSite=Lax/);
    const url = new URL(good.first.headers.location);
    assert.equal(url.searchParams.get("code_challenge_method"), "S256");
    assert.equal((await good.client.get(good.back)).headers.location, "/login?sso=refused", "the way back works once");
    const stranger = await api(box.skep, { validate: false }).get(good.back);
    assert.equal(stranger.headers.location, "/login?sso=refused", "and in that browser only");
});

test("the provider's word ends sessions: back-channel logout", async (t) => {
    const box = await boxWithProvider(t, { more: "poll_s = 600\n" });
    await setupOwner(box.skep);
    box.users.set("ada", ["guests"]).set("bob", ["guests"]);
    const ada = (await box.login("ada")).client, bob = (await box.login("bob")).client;
    const claims = () => ({ iss: box.issuer, aud: "skep-box", sub: "ada", iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 60, jti: randomUUID(), events: { [EVENT]: {} } });
    const send = async (token) => (await ask(`${box.skep.url}/api/v1/sso/backchannel`, { ca: box.skep.caPem, method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: `logout_token=${token}` })).status;
    const none = (o) => `${Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url")}.${Buffer.from(JSON.stringify(o)).toString("base64url")}.`;
    for (const [what, token] of Object.entries({
        "another key": tokenSign({ ...signingKey(), kid: box.keys[0].kid }, claims()), "no algorithm": none(claims()),
        "HMAC with the public key": tokenSign(box.keys[0], claims(), { alg: "HS256" }), "another issuer": tokenSign(box.keys[0], { ...claims(), iss: "https://x.example" }),
        "another audience": tokenSign(box.keys[0], { ...claims(), aud: "x" }), "no event": tokenSign(box.keys[0], { ...claims(), events: {} }),
        "an id token": tokenSign(box.keys[0], { ...claims(), nonce: "x" }), "run out": tokenSign(box.keys[0], { ...claims(), exp: 1 }),
        "nobody named": tokenSign(box.keys[0], { ...claims(), sub: undefined }), "no id": tokenSign(box.keys[0], { ...claims(), jti: undefined }) }))
        assert.equal(await send(token), 400, what);
    assert.equal((await ada.get("/api/v1/me")).status, 200);
    const replayed = tokenSign(box.keys[0], claims());
    await (await box.provider.Client.find("skep-box")).backchannelLogout("ada"); // the provider's own
    assert.equal((await ada.get("/api/v1/me")).status, 401);
    assert.equal((await bob.get("/api/v1/me")).status, 200);
    assert.equal(await send(replayed), 204);
    assert.equal(await send(replayed), 400, "once");
});

test("who leaves the group, or the provider, is cut; who changes it, changes role", async (t) => {
    const box = await boxWithProvider(t);
    await setupOwner(box.skep);
    box.users.set("ada", ["keepers"]).set("bob", ["guests"]);
    const ada = (await box.login("ada")).client, bob = (await box.login("bob")).client;
    const { token } = (await ada.post("/api/v1/invitations", { role: "admin" })).json;
    box.users.set("ada", ["guests"]);
    await waitFor(async () => (await ada.get("/api/v1/me")).json.account.role === "member", 15000, "the other role");
    assert.equal((await api(box.skep).post("/api/v1/join/check", { token })).status, 410, "what an admin gave out does not outlive the role");
    box.users.set("ada", []);
    await waitFor(async () => (await ada.get("/api/v1/me")).status === 401, 15000, "the cut");
    box.users.delete("bob");
    await waitFor(async () => (await bob.get("/api/v1/me")).status === 401, 15000, "the cut");
});

test("a new key of the provider is asked for; after a restart nobody is left unwatched", async (t) => {
    const box = await boxWithProvider(t);
    await setupOwner(box.skep);
    box.users.set("ada", ["guests"]);
    const former = (await box.login("ada")).client;
    box.keys.splice(0, 1, signingKey());
    box.providerAgain();
    assert.equal((await box.login("ada")).where, "/live", "signed with a key that the box had not heard of");
    box.keys.splice(0, 1, signingKey());
    box.providerAgain();
    assert.equal((await box.login("ada")).where, "/login?sso=refused", "but it does not ask for every unknown key");
    await box.skep.restart();
    assert.equal((await former.get("/api/v1/me")).status, 401);
    assert.equal((await box.login("ada")).where, "/live");
});

test("a provider inside the own network must be named", async (t) => {
    const box = await boxWithProvider(t, { allow: "" });
    await setupOwner(box.skep);
    const answer = await api(box.skep, { validate: false }).get("/api/v1/sso/start");
    assert.equal(answer.headers.location, "/login?sso=unreachable");
    assert.ok(await box.skep.metric('skep_refused_total{room="outbound",reason="forbidden"}') >= 1);
});
