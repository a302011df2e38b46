// Time codes and recovery codes through the front door: two steps, each code once, and no number of
// guesses beside the password's.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { api, login, OWNER, runSkep, setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { member, PASSWORD } from "../grant/lib.mjs";
import { ask } from "../guard/lib.mjs";
import { timeCode, totpOn } from "./authenticator.mjs";

const password = (client, who = OWNER) => client.post("/api/v1/login", { name: who.name, password: who.password });
const ticketOf = async (client, who) => {
    const answer = await password(client, who);
    assert.equal(answer.status, 200, answer.text);
    assert.ok(answer.json.factor, answer.text);
    return answer.json.factor;
};
const shows = (client, ticket, factor) => client.post("/api/v1/login/factor", { ticket, ...factor });
const acts = async (owner, action) => (await owner.get(`/api/v1/audit?action=${action}`)).json.rows;

test("time codes: on, a second step, each code once, off by the password", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const none = (await owner.get("/api/v1/me/factors")).json;
    assert.deepEqual([none.totp, none.recovery.left, none.passkeys], [undefined, 0, []]);
    assert.equal((await owner.post("/api/v1/me/recovery", {})).json.reason, "no-factor");
    const begun = await owner.post("/api/v1/me/totp", {});
    assert.match(begun.json.uri, /^otpauth:\/\/totp\/Skep%20localhost:owner\?secret=[A-Z2-7]{32}&issuer=Skep%20localhost$/);
    assert.equal((await owner.post("/api/v1/me/totp/confirm", { code: "000000" })).status, 401);
    assert.equal((await login(skep)).csrf.length, 43, "not on before it is confirmed");
    const { secret, codes } = await totpOn(owner);
    assert.equal(new Set(codes).size, 10);
    assert.equal((await owner.get("/api/v1/me")).status, 200, "the session that did it stays");

    const phone = api(skep);
    const factor = await ticketOf(phone);
    assert.deepEqual(factor.kinds, ["totp", "recovery"]);
    assert.equal(phone.cookies.size, 0, "no session yet");
    const wrong = await shows(phone, factor.ticket, { totp: "000000" });
    assert.deepEqual([wrong.status, wrong.json.code, wrong.json.again], [401, "auth-failed", true]);
    const reused = await shows(phone, factor.ticket, { totp: timeCode(secret, -1) });
    assert.equal(reused.status, 401, "the code that switched it on is used");
    const code = timeCode(secret);
    const right = await shows(phone, factor.ticket, { totp: `${code.slice(0, 3)} ${code.slice(3)}` });
    assert.equal(right.status, 200, right.text);
    phone.sessionTake(right);
    assert.equal((await phone.get("/api/v1/me")).status, 200);
    assert.equal((await shows(phone, factor.ticket, { totp: timeCode(secret, 1) })).status, 401, "the ticket is used");
    const other = api(skep);
    const second = await ticketOf(other);
    assert.equal((await shows(other, second.ticket, { totp: code })).status, 401, "the code is used");

    assert.equal((await owner.post("/api/v1/me/totp/off", { password: "not this one at all" })).status, 401);
    assert.equal((await owner.post("/api/v1/me/totp/off", { password: OWNER.password })).status, 204);
    assert.equal((await owner.get("/api/v1/me/factors")).json.recovery.left, 0, "recovery codes go with the last factor");
    await login(skep);
    const logins = await acts(owner, "session.login");
    assert.ok(logins.some((r) => r.result === "done" && r.detail === '{"factor":"totp"}'));
    await waitFor(async () => (await acts(owner, "session.factor"))[0]?.result === "refused", 10000, "the note of the refusal");
    assert.deepEqual((await acts(owner, "factor.")).map((r) => r.action).filter((a) => /added|removed|made/.test(a)),
        ["factor.removed", "factor.added", "factor.recovery-made"]);
});

test("recovery codes: each once, made anew, alone no factor", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { codes } = await totpOn(owner);
    const enter = async (code) => {
        const client = api(skep);
        const answer = await shows(client, (await ticketOf(client)).ticket, { recovery: code });
        if (answer.status === 200) client.sessionTake(answer);
        return answer.status;
    };
    assert.equal(await enter(codes[0].toUpperCase().replaceAll("-", " ")), 200, "as people type it");
    assert.equal(await enter(codes[0]), 401);
    assert.equal((await owner.get("/api/v1/me/factors")).json.recovery.left, 9);
    const fresh = (await owner.post("/api/v1/me/recovery", {})).json.codes;
    assert.equal(fresh.length, 10);
    assert.equal(await enter(codes[1]), 401, "the former ended");
    assert.equal(await enter(fresh[0]), 200);
});

test("wrong codes count as wrong passwords do, and a right password gives no try back", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { secret } = await totpOn(owner);
    const thief = api(skep);
    const seen = [];
    for (let i = 0; i < 6 && !seen.includes(428); i++) {
        const answer = await password(thief);
        seen.push(answer.status);
        if (answer.json.factor) seen.push((await shows(thief, answer.json.factor.ticket, { totp: "000000" })).status);
    }
    assert.equal(seen.filter((s) => s === 401).length, 4, `four guesses with the password known: ${seen}`);
    assert.equal(seen.at(-1), 428);
    assert.equal((await thief.post("/api/v1/login", { name: OWNER.name, password: "something else entirely" })).status, 428, "neither is a password");
    const home = await password(owner);
    assert.equal(home.status, 200, "the known browser is not locked out");
    assert.equal((await shows(owner, home.json.factor.ticket, { totp: timeCode(secret) })).status, 200);
});

test("a ticket holds for five tries, for whom it was given and as long as the account may enter", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const mia = await member(skep, owner);
    const who = { name: mia.name, password: PASSWORD };
    const { secret, codes } = await totpOn(mia);
    const known = await ticketOf(mia, who);
    for (let i = 0; i < 5; i++) {
        const answer = await shows(mia, known.ticket, { totp: "000000" });
        assert.equal(answer.json.again, i < 4 ? true : undefined);
    }
    assert.equal((await shows(mia, known.ticket, { totp: timeCode(secret) })).status, 401, "no try left");
    assert.equal((await shows(mia, "A".repeat(43), { totp: timeCode(secret) })).status, 401);
    const waiting = await ticketOf(mia, who);
    assert.equal((await owner.patch(`/api/v1/accounts/${mia.account}`, { state: "disabled" })).status, 200);
    assert.equal((await shows(mia, waiting.ticket, { totp: timeCode(secret) })).status, 401);
    assert.equal((await owner.patch(`/api/v1/accounts/${mia.account}`, { state: "active" })).status, 200);
    assert.ok((await ticketOf(api(skep), who)).ticket, "enabling again opens no way around the factor");
    const held = (await owner.get(`/api/v1/accounts/${mia.account}/access`)).json;
    assert.equal(held.holds.factors, 1 + codes.length);
    assert.equal((await owner.post(`/api/v1/accounts/${mia.account}/leave`, {})).json.revoked.factors, 11);
});

test("somebody who lost a factor is helped by an admin, an owner by the command line alone", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const mia = await member(skep, owner);
    const admin = await member(skep, owner, { role: "admin" });
    await totpOn(mia);
    await totpOn(owner);
    const me = (await owner.get("/api/v1/me")).json.account.id;
    assert.equal((await admin.post(`/api/v1/accounts/${me}/factors/reset`, {})).json.reason, "owner");
    assert.equal((await owner.post(`/api/v1/accounts/${me}/factors/reset`, {})).json.reason, "self");
    assert.equal((await admin.post(`/api/v1/accounts/${mia.account}/factors/reset`, {})).status, 204);
    assert.equal((await mia.get("/api/v1/me")).status, 401, "the sessions ended");
    await login(skep, { name: mia.name, password: PASSWORD });
    const reset = await runSkep(["owner", "reset", "--core-data-dir", skep.dataDir]);
    assert.equal(reset.code, 0, reset.stderr);
    skep.setupToken = /#t=([\w-]{43})/.exec(reset.stdout)[1];
    const again = await setupOwner(skep);
    assert.equal((await again.get("/api/v1/me/factors")).json.totp, undefined);
    await login(skep);
});

test("sensitive acts want a fresh proof, guesses are few", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const mia = await member(skep, owner);
    await totpOn(mia);
    const fresh = (await mia.get("/api/v1/me/factors")).json.fresh_until;
    assert.ok(fresh > Date.now() && fresh <= Date.now() + 600000);
    assert.equal((await mia.post("/api/v1/me/reauth", { password: PASSWORD, totp: "123456" })).status, 400);
    assert.equal((await mia.post("/api/v1/me/reauth", {})).status, 400);
    assert.deepEqual((await mia.post("/api/v1/me/reauth/request", {})).json, { kinds: ["password", "totp"] });
    const seen = [];
    for (let i = 0; i < 9; i++) seen.push((await mia.post("/api/v1/me/reauth", { totp: "000000" })).status);
    assert.deepEqual(seen, [...Array(8).fill(401), 429]);
    assert.equal((await mia.post("/api/v1/me/reauth", { password: PASSWORD })).status, 429, "one number for all kinds");
});

test("when the proof is old it is asked for again", async (t) => {
    const skep = await startSkep({ t, config: "[account]\nfresh_s = 1\n" });
    const owner = await setupOwner(skep);
    await waitFor(async () => (await owner.post("/api/v1/me/totp", {})).status === 403, 10000, "the proof to be old");
    const stale = [["POST", "/api/v1/me/totp"], ["POST", "/api/v1/me/recovery"], ["POST", "/api/v1/me/passkeys/request"], ["POST", "/api/v1/me/passkeys"],
        ["DELETE", "/api/v1/me/passkeys/aaaa"], ["POST", "/api/v1/accounts/aaaa/factors/reset"]];
    for (const [method, path] of stale) {
        const answer = await owner.request(method, path, method === "POST" ? { body: {} } : {});
        assert.deepEqual([answer.status, answer.json.code, answer.json.kinds], [403, "reauth", ["password"]], path);
    }
    await waitFor(async () => {
        assert.equal((await owner.post("/api/v1/me/reauth", { password: OWNER.password })).status, 200);
        return (await owner.post("/api/v1/me/totp", {})).status === 201;
    }, 10000, "the act right after the proof");
});

test("who must have a factor is led to one and may nothing else until then", async (t) => {
    const skep = await startSkep({ t, config: "[account]\nrequire_factor = admins\n" });
    const owner = await setupOwner(skep);
    const me = (await owner.get("/api/v1/me")).json;
    assert.equal(me.owes, "factor");
    const refused = await owner.get("/api/v1/devices");
    assert.deepEqual([refused.status, refused.json.code], [403, "factor-required"]);
    assert.equal((await owner.post("/api/v1/invitations", { role: "member" })).json.code, "factor-required");
    assert.equal((await owner.get("/api/v1/sessions")).json.code, "factor-required");
    const { secret } = await totpOn(owner);
    assert.equal((await owner.get("/api/v1/me")).json.owes, undefined);
    assert.equal((await owner.get("/api/v1/devices")).status, 200);
    const off = await owner.post("/api/v1/me/totp/off", { password: OWNER.password });
    assert.deepEqual([off.status, off.json.reason], [409, "required"]);
    const mia = await member(skep, owner);
    assert.equal((await mia.get("/api/v1/me")).json.owes, undefined, "members need not");
    assert.equal((await mia.get("/api/v1/devices")).status, 200);
    assert.ok(secret);
});

test("passwords: shorter for members, shortest with a factor, long for those who run the box", async (t) => {
    const skep = await startSkep({ t, config: "[account]\nrequire_factor = all\n" });
    const owner = await setupOwner(skep);
    await totpOn(owner);
    const short = "q7#Vz!m2";
    const try_ = async (role, text) => {
        const { token } = (await owner.post("/api/v1/invitations", { role })).json;
        return (await api(skep).post("/api/v1/join/strength", { token, name: "jo", password: text })).json;
    };
    assert.deepEqual([(await try_("member", short)).min, (await try_("member", short)).reasons], [8, []]);
    const admin = await try_("admin", "q7#Vz!m2wK$p4r");
    assert.deepEqual([admin.min, admin.reasons], [15, ["short"]]);
});

test("skep view logs in with a code from a file, never from its arguments", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { codes } = await totpOn(owner);
    const secrets = { password: OWNER.password, label: "x", code: codes[0] };
    const files = {};
    for (const [name, text] of Object.entries(secrets)) {
        files[name] = join(skep.folder, name);
        await writeFile(files[name], `${text}\n`, { mode: 0o600 });
    }
    await writeFile(join(skep.folder, "ca.pem"), skep.caPem);
    const view = (...more) => runSkep(["view", "a".repeat(26), "--server", skep.url, "--ca", join(skep.folder, "ca.pem"), "--account", OWNER.name,
        "--password-file", files.password, "--label-file", files.label, "--out", join(skep.folder, "out.mp4"), ...more], { input: "\n" });
    const without = await view();
    assert.notEqual(without.code, 0);
    assert.match(without.stderr, /logging in/);
    const right = await view("--code-file", files.code);
    assert.doesNotMatch(right.stderr, /logging in/);
    assert.equal((await owner.get("/api/v1/me/factors")).json.recovery.left, 9, "the code was shown and is used");
    assert.match((await view("--code-file", files.code)).stderr, /logging in/);

    // while others try passwords on that name: work first, and the second step is none of their business
    for (let i = 0, status = 0; status !== 428; i++) {
        assert.ok(i < 40);
        status = (await ask(skep, `127.30.${i}.1`, "/api/v1/login", { method: "POST", body: { name: OWNER.name, password: "wrong horse" } })).status;
    }
    await writeFile(files.code, `${codes[1]}\n`, { mode: 0o600 });
    const worked = await view("--code-file", files.code);
    assert.match(worked.stderr, /a little work/);
    assert.doesNotMatch(worked.stderr, /logging in/);
    assert.equal((await owner.get("/api/v1/me/factors")).json.recovery.left, 8);
    await writeFile(files.password, "not this one at all\n", { mode: 0o600 });
    assert.match((await view("--code-file", files.code)).stderr, /logging in/);
});
