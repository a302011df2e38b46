// Native clients that stay logged in by a device key: tokens that are used once, answers that get
// lost, thieves before and after, and a box that dies between commit and answer.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { api, camerasOnline, login, OWNER, runSkep, setupOwner, startSkep, test } from "../lib/skep.mjs";
import { deviceKey, isIn, keepSession, proof, refreshAs, refreshOverCrash, refreshStorm } from "./refresh.mjs";

test("a session is bound to a key, and its first token ends", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const kept = await keepSession(skep);
    assert.equal(await isIn(skep, kept.first), false, "the token of the login opens nothing any more");
    assert.equal(await isIn(skep, kept.client.bearer), true);
    const list = (await owner.get("/api/v1/sessions")).json.sessions;
    assert.equal(list.filter((s) => s.id === kept.session).length, 1);
    const again = await kept.client.post("/api/v1/refresh/begin", { device_key: kept.key.point, ...proof(kept.key, kept.client.bearer) });
    assert.equal(again.status, 409);
    const browser = await owner.post("/api/v1/refresh/begin", { device_key: kept.key.point, ...proof(kept.key, "x") });
    assert.equal(browser.status, 403, "browsers keep their cookie");
    const script = await login(skep, { bearer: true });
    const foreign = await script.post("/api/v1/refresh/begin", { device_key: kept.key.point, ...proof(deviceKey(), script.bearer) });
    assert.equal(foreign.status, 401, "a key that the client does not hold");
    assert.equal((await script.get("/api/v1/me")).status, 200);
});

test("fifty at once get one successor; a lost answer is asked for again", async (t) => {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    const kept = await keepSession(skep);
    const answers = await refreshStorm(skep, kept, 50);
    assert.deepEqual([...new Set(answers.map((a) => a.status))], [200]);
    assert.equal(new Set(answers.map((a) => a.json.refresh)).size, 1);
    assert.equal(new Set(answers.map((a) => a.json.token)).size, 1);
    for (const answer of answers) assert.equal(answer.headers["set-cookie"], undefined);
    const { token, refresh, session } = answers[0].json;
    assert.equal(session.id, kept.session, "the session goes on: nothing that stands on it is cut");
    assert.equal(await isIn(skep, kept.client.bearer), true, "requests under way with the former access token");
    assert.equal(await isIn(skep, token), true);
    // once the successor is used, the former token's window is over
    assert.equal((await refreshAs(skep, kept.key, refresh)).status, 200);
    assert.equal((await refreshAs(skep, kept.key, kept.refresh)).status, 401);
    assert.equal(await isIn(skep, token), false, "a used token came back: the session ended");
});

test("a thief ends the session, before the owner's refresh or after it, and only that", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const other = await keepSession(skep);
    const robbed = await keepSession(skep);
    const stolen = await refreshAs(skep, deviceKey(), robbed.refresh);
    assert.equal(stolen.status, 401);
    assert.equal(stolen.json.code, "auth-failed");
    assert.equal(stolen.headers["set-cookie"], undefined);
    assert.equal(await isIn(skep, robbed.client.bearer), false);
    assert.equal((await refreshAs(skep, robbed.key, robbed.refresh)).status, 401);

    const late = await keepSession(skep);
    const next = (await refreshAs(skep, late.key, late.refresh)).json;
    assert.equal((await refreshAs(skep, deviceKey(), late.refresh)).status, 401);
    assert.equal(await isIn(skep, next.token), false);
    assert.equal((await refreshAs(skep, late.key, next.refresh)).status, 401);

    assert.equal(await isIn(skep, other.client.bearer), true, "other devices are left alone");
    assert.equal((await refreshAs(skep, other.key, other.refresh)).status, 200);
    assert.equal((await owner.get("/api/v1/me")).status, 200);
    const rows = (await owner.get("/api/v1/audit?action=refresh.reused")).json.rows;
    assert.deepEqual(rows.map((r) => r.object).sort(), [robbed.session, late.session].sort());
});

test("what is no token of ours, or too old, is refused alike and ends nothing", async (t) => {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    const kept = await keepSession(skep);
    const unknown = await refreshAs(skep, kept.key, "A".repeat(43));
    const stale = await refreshAs(skep, kept.key, kept.refresh, { at: Date.now() - 301_000 });
    for (const answer of [unknown, stale]) {
        assert.equal(answer.status, 401);
        assert.equal(answer.json.code, "auth-failed");
        assert.ok(Math.abs(answer.json.wall - Date.now()) < 60_000, "the box's time, for a client whose clock is wrong");
    }
    assert.deepEqual(Object.keys(unknown.json).sort(), Object.keys(stale.json).sort());
    assert.equal((await api(skep).post("/api/v1/refresh", { token: kept.refresh })).status, 400);
    assert.equal((await refreshAs(skep, kept.key, kept.refresh)).status, 200);
    assert.equal((await kept.client.post("/api/v1/logout")).status, 204);
    assert.equal((await refreshAs(skep, kept.key, kept.refresh)).status, 401);
});

test("killed between commit and answer, the box still gives the successor", async (t) => {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    const kept = await keepSession(skep);
    for (const delay of [1, 4, 9]) {
        const { answered, again } = await refreshOverCrash(skep, kept, delay);
        assert.equal(again.status, 200, again.text);
        if (answered) assert.equal(again.json.refresh, answered.refresh, "what was answered stands");
        assert.equal(await isIn(skep, again.json.token), true);
        kept.refresh = again.json.refresh;
    }
});

test("the headless viewer keeps its login in a file, without a password", async (t) => {
    const skep = await startSkep({ t, fleet: 1 });
    const owner = await setupOwner(skep);
    const [camera] = await camerasOnline(owner, 1);
    const file = (name, bytes) => { const path = join(skep.folder, name); writeFileSync(path, bytes, { mode: 0o600 }); return path; };
    const keep = join(skep.folder, "keep.json");
    const view = (password) => runSkep(["view", camera.id, "--server", skep.url, "--ca", file("ca.pem", skep.caPem), "--account", OWNER.name, "--password-file",
        file("password", password), "--seed-file", file("seed", Buffer.from(skep.seed, "base64url")), "--out", join(skep.folder, "a.mp4"), "--seconds", "1", "--keep", keep]);
    const first = await view(OWNER.password);
    assert.equal(first.code, 0, first.stderr);
    assert.equal(statSync(keep).mode & 0o777, 0o600);
    const kept = readFileSync(keep, "utf8");
    const second = await view("not the password");
    assert.equal(second.code, 0, second.stderr);
    const now = readFileSync(keep, "utf8");
    assert.notEqual(now, kept, "each run uses its token up");
    assert.ok(!now.includes(OWNER.password));
    assert.equal((await owner.get("/api/v1/sessions")).json.sessions.length, 2, "one session for both runs");
    await owner.post("/api/v1/sessions/revoke-others");
    assert.equal((await view("not the password")).code, 1, "once it is ended there, the password is asked again");
});
