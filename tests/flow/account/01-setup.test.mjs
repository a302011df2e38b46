// A fresh box is taken with its one-time link, once, by a password that holds.
import assert from "node:assert/strict";
import { once } from "node:events";
import { api, OWNER, runSkep, setupOwner, startSkep, test, login } from "../lib/skep.mjs";

test("the link works once and weak passwords are refused", async (t) => {
    const skep = await startSkep({ t });
    const stranger = api(skep);
    const state = (await stranger.get("/api/v1/setup")).json;
    assert.equal(state.needed, true);
    assert.match(state.fingerprint, /^([0-9A-F]{4} ){3}[0-9A-F]{4}$/);
    assert.equal(Buffer.from(state.fingerprint_raw, "base64url").length, 32);

    for (const password of ["woaini1314520", "jufeng2021", "admin@bcloud", "password1234567", "a".repeat(129)]) {
        const answer = await stranger.post("/api/v1/setup", { token: skep.setupToken, name: "wei", password });
        assert.equal(answer.status, 422, password);
        assert.equal(answer.json.code, "weak-password");
        assert.ok(answer.json.reasons.length > 0);
    }
    const strength = await stranger.post("/api/v1/setup/strength", { token: skep.setupToken, name: "wei", password: OWNER.password });
    assert.equal(strength.json.score, 4);
    assert.deepEqual(strength.json.reasons, []);
    const foreign = await stranger.post("/api/v1/setup", { token: "A".repeat(43), name: "wei", password: OWNER.password });
    assert.equal(foreign.json.code, "gone");

    const owner = await setupOwner(skep);
    assert.equal((await owner.get("/api/v1/me")).json.account.role, "owner");
    assert.equal((await stranger.get("/api/v1/setup")).json.needed, false);
    const second = await api(skep).post("/api/v1/setup", { token: skep.setupToken, name: "mallory", password: OWNER.password });
    assert.equal(second.status, 410);

    await skep.restart();
    assert.equal(skep.setupToken, null);
    assert.equal((await owner.get("/api/v1/me")).status, 200, "a session outlives a restart");
});

test("owner reset: a new link, the old password void, all sessions ended", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const events = await owner.socket("/api/v1/events", "skep.events.1");
    const reset = async () => {
        const { code, stdout, stderr } = await runSkep(["owner", "reset", "--core-data-dir", skep.dataDir]);
        assert.equal(code, 0, stderr);
        return /#t=([\w-]+)/.exec(stdout)[1];
    };
    const cut = once(events, "close");
    const token = await reset();
    assert.equal((await cut)[0].code, 4401, "what stood on the session is cut");
    assert.equal((await owner.get("/api/v1/me")).status, 401);
    assert.equal((await api(skep).post("/api/v1/login", OWNER)).status, 401);
    const again = await setupOwner(Object.assign(Object.create(skep), { setupToken: token, test: t }), { name: "mei", password: "seven blue kettles on a roof" });
    assert.equal((await again.get("/api/v1/me")).json.account.name, "mei");

    await skep.stop({ keep: true });
    const offline = await reset();
    await skep.start();
    await assert.rejects(login(skep, { name: "mei", password: "seven blue kettles on a roof" }), /401/);
    const back = await api(skep).post("/api/v1/setup", { token: offline, ...OWNER });
    assert.equal(back.status, 201);
});
