// Second factors of people who come through the provider: its own, when it says so; else one of ours.
import assert from "node:assert/strict";
import { api, setupOwner, test as run, waitFor } from "../lib/skep.mjs";
import { timeCode, totpOn } from "../account/authenticator.mjs";
import { boxWithProvider } from "./idp.mjs";

const skip = Number(process.versions.node.split(".")[0]) < 20 && "the provider (npm oidc-provider) needs node 20";
const test = (name, ...rest) => run(name, { ...(rest.length > 1 ? rest[0] : {}), skip }, rest.at(-1));

const asks = (client) => client.post("/api/v1/sso/factor", {});
const shows = (client, ticket, totp) => client.post("/api/v1/login/factor", { ticket, totp });

test("who has a factor here and did not show one there shows it here, once, in that browser", async (t) => {
    const box = await boxWithProvider(t);
    const owner = await setupOwner(box.skep);
    box.users.set("ada", ["guests"]);
    const first = (await box.login("ada")).client;
    const { secret } = await totpOn(first);

    const { client, where } = await box.login("ada");
    assert.equal(where, "/login?sso=factor");
    assert.equal((await client.get("/api/v1/me")).status, 401, "no session yet");
    assert.equal((await asks(api(box.skep))).status, 401, "asked from another browser");
    const asked = await asks(client);
    assert.deepEqual(asked.json.factor.kinds, ["totp", "recovery"], asked.text);
    const wrong = await shows(client, asked.json.factor.ticket, "000000");
    assert.deepEqual([wrong.status, wrong.json.again], [401, true]);
    const right = await shows(client, asked.json.factor.ticket, timeCode(secret, 1));
    assert.equal(right.status, 200, right.text);
    client.sessionTake(right);
    assert.equal((await client.get("/api/v1/me")).json.account.name, "ada");
    assert.equal((await asks(client)).status, 401, "and it is used");
    const entry = (await owner.get("/api/v1/audit?action=session.login")).json.rows[0];
    assert.equal(entry.detail, '{"factor":"totp"}');

    // the provider goes on being asked for such a session too
    box.users.delete("ada");
    await waitFor(async () => (await client.get("/api/v1/me")).status === 401, 15000, "the cut");
});

test("what waits for a factor ends when the provider ends it, or the account is disabled", async (t) => {
    const box = await boxWithProvider(t, { more: "poll_s = 600\n" });
    const owner = await setupOwner(box.skep);
    box.users.set("ada", ["guests"]);
    const first = (await box.login("ada")).client;
    const { secret } = await totpOn(first);
    const one = (await box.login("ada")).client;
    const ticket = (await asks(one)).json.factor.ticket;
    await (await box.provider.Client.find("skep-box")).backchannelLogout("ada");
    assert.equal((await asks(one)).status, 401);
    assert.equal((await shows(one, ticket, timeCode(secret, 1))).status, 401);
    const two = (await box.login("ada")).client;
    const next = (await asks(two)).json.factor.ticket;
    const ada = (await owner.get("/api/v1/accounts")).json.accounts.find((a) => a.name === "ada");
    assert.equal((await owner.patch(`/api/v1/accounts/${ada.id}`, { state: "disabled" })).status, 200);
    assert.equal((await shows(two, next, timeCode(secret, 1))).status, 401);
});

test("require_factor: owed here unless the provider says that it has asked for one", async (t) => {
    const box = await boxWithProvider(t, { head: "[account]\nrequire_factor = all\n" });
    await setupOwner(box.skep);
    box.users.set("ada", ["guests"]).set("bob", ["guests"]);
    box.amr = ["pwd", "mfa"];
    const ada = (await box.login("ada")).client;
    assert.equal((await ada.get("/api/v1/me")).json.owes, undefined);
    assert.equal((await ada.get("/api/v1/devices")).status, 200);
    box.amr = ["pwd"];
    const bob = (await box.login("bob")).client;
    assert.equal((await bob.get("/api/v1/me")).json.owes, "factor");
    assert.equal((await bob.get("/api/v1/devices")).status, 403);
    const { secret } = await totpOn(bob);
    assert.equal((await bob.get("/api/v1/devices")).status, 200, "not locked out");
    const again = await box.login("bob");
    assert.equal(again.where, "/login?sso=factor");
    const asked = (await asks(again.client)).json.factor;
    const entered = await shows(again.client, asked.ticket, timeCode(secret, 1));
    assert.equal(entered.status, 200, entered.text);
    again.client.sessionTake(entered);
    assert.equal((await again.client.get("/api/v1/devices")).status, 200, "and comes in again");
    box.amr = ["mfa"];
    assert.equal((await box.login("bob")).where, "/live", "or with the provider's");
});

test("nobody whom only the provider vouches for has an app: its key would outlive that word", async (t) => {
    const box = await boxWithProvider(t);
    await setupOwner(box.skep);
    box.users.set("ada", ["keepers"]);
    const { client } = await box.login("ada");
    const answer = await client.post("/api/v1/apps", { name: "cron", scopes: ["device.list"] });
    assert.deepEqual([answer.status, answer.json.reason], [403, "external"], answer.text);
});
