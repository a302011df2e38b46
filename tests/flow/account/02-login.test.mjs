// Logging in and out through the front door: one answer for every wrong pair, cookies that die,
// tokens against foreign pages, and guessers who wait while the owner does not.
import assert from "node:assert/strict";
import { api, login, OWNER, setupOwner, startSkep, test } from "../lib/skep.mjs";
import { loginWorking, solve } from "../guard/proof.mjs";

const steady = (answer) => ({ ...answer.json, request: "-" });

test("wrong name and wrong password look alike", async (t) => {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    const stranger = api(skep);
    const wrong = await stranger.post("/api/v1/login", { name: OWNER.name, password: "not the right one at all" });
    const nobody = await stranger.post("/api/v1/login", { name: "nobody", password: "not the right one at all" });
    assert.equal(wrong.status, 401);
    assert.equal(wrong.json.code, "auth-failed");
    assert.deepEqual(steady(wrong), steady(nobody));
    assert.deepEqual(Object.keys(wrong.headers).sort(), Object.keys(nobody.headers).sort());
    assert.equal(stranger.cookies.size, 0);
});

test("sessions: list, revoke one, revoke others, log out", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const phone = await login(skep);
    const script = await login(skep, { bearer: true });
    assert.equal(script.cookies.size, 0);
    const { sessions } = (await owner.get("/api/v1/sessions")).json;
    assert.equal(sessions.length, 3);
    assert.equal(sessions.filter((s) => s.current).length, 1);

    const phoneId = (await phone.get("/api/v1/me")).json.session.id;
    assert.equal((await owner.delete(`/api/v1/sessions/${phoneId}`)).status, 204);
    assert.equal((await phone.get("/api/v1/me")).status, 401);
    assert.equal((await owner.delete(`/api/v1/sessions/${phoneId}`)).status, 404);
    assert.equal((await script.post("/api/v1/sessions/revoke-others")).json.revoked, 1);
    assert.equal((await owner.get("/api/v1/me")).status, 401);

    const again = await login(skep);
    const cookie = again.cookies.get("__Host-skep");
    assert.equal((await again.post("/api/v1/logout")).status, 204);
    assert.equal(again.cookies.has("__Host-skep"), false);
    again.cookies.set("__Host-skep", cookie);
    assert.equal((await again.get("/api/v1/me")).status, 401, "the cookie is dead on the box, too");
});

test("a browser's write needs its token and its own origin", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const csrf = owner.csrf;
    const put = (headers) => owner.put("/api/v1/me/prefs", { lang: "en", theme: "dark" }, { headers });
    assert.equal((await put({})).status, 204);
    assert.equal((await put({ Origin: skep.url })).status, 204);
    assert.equal((await put({ "Skep-Csrf": null })).status, 403);
    assert.equal((await put({ "Skep-Csrf": "A".repeat(43) })).status, 403);
    assert.equal((await put({ Origin: "https://evil.example" })).status, 403);
    assert.equal((await put({ Origin: "null" })).status, 403);
    assert.ok((await put({ "Content-Type": "text/plain" })).status >= 400);
    const foreign = await api(skep).post("/api/v1/login", OWNER, { headers: { Origin: "https://evil.example" } });
    assert.equal(foreign.status, 403);
    owner.csrf = csrf;
    assert.equal((await owner.get("/api/v1/me")).json.prefs.theme, "dark");
});

test("guessers must work, a known browser need not", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const thief = api(skep);
    const guess = (proof) => thief.post("/api/v1/login", { name: OWNER.name, password: "one more guess at random", ...(proof ? { proof } : {}) });
    let answer;
    for (let i = 0; i < 9; i++) answer = await guess();
    assert.equal(answer.status, 428);
    assert.equal(answer.json.code, "challenge");
    assert.equal(answer.json.why, "account");
    assert.equal((await thief.post("/api/v1/login", OWNER)).status, 428, "not even with the right word");
    const known = await owner.post("/api/v1/login", OWNER);
    assert.equal(known.status, 200);
    const proof = solve(answer.json.challenge);
    assert.equal((await guess({ ...proof, nonce: `${proof.nonce}x` })).status, 428, "no proof");
    assert.equal((await guess(proof)).status, 401, "now it is looked at, and wrong");
    assert.equal((await guess(proof)).status, 428, "once");
    const { answer: entered } = await loginWorking(thief, OWNER);
    assert.equal(entered.status, 200, "nobody is locked out");
    assert.ok(await skep.metric('skep_refused_total{room="account",reason="challenge"}') >= 4);
});
