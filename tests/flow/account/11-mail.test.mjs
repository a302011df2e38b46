// Letters that the box sends: registration, confirmation of an address, recovery of a password;
// against a mail server that insists on TLS and a name.
import assert from "node:assert/strict";
import { api, login, OWNER, runSkep, setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { linkToken, mailServer } from "../lib/mail.mjs";

const PASSWORD = "a meadow full of clover", NEXT = "forty kilometres of hedges";
const steady = (answer) => ({ status: answer.status, text: answer.text, headers: Object.keys(answer.headers).sort() });

async function box(t, { registration = "invitation", ...options } = {}) {
    const mail = await mailServer({ t, ...options });
    const skep = await startSkep({ t, config: `[account]\nregistration = ${registration}\n${mail.config}` });
    return { mail, skep, owner: await setupOwner(skep) };
}

/** Confirm an address for somebody who is logged in. */
async function addressUse(client, mail, address, password = OWNER.password) {
    assert.equal((await client.put("/api/v1/me/mail", { mail: address, password })).status, 202);
    const letter = await mail.next();
    assert.deepEqual(letter.to, [address.toLowerCase()]);
    const token = linkToken(letter, "verify");
    assert.equal((await client.post("/api/v1/mail/verify", { token })).status, 204);
    return token;
}

test("whoever asks may register, when the box is open", async (t) => {
    const { mail, skep } = await box(t, { registration: "open" });
    const ada = api(skep);
    assert.deepEqual((await ada.get("/api/v1/entrance")).json, { registration: "open", recovery: true });
    const first = await ada.post("/api/v1/register/start", { mail: "Ada@Example.org", lang: "zh-CN" });
    assert.equal(first.status, 202);
    const letter = await mail.next();
    assert.deepEqual(letter.to, ["ada@example.org"]);
    assert.match(letter.headers.get("subject"), /帐号/);
    assert.deepEqual(mail.sessions[0], { secure: true, user: "box" }, "over TLS, with name and password");
    assert.match(letter.text, new RegExp(`https://localhost:${skep.port}/register#r=`), "the host is the box's own");
    const token = linkToken(letter, "register");
    assert.equal((await ada.post("/api/v1/register/check", { token })).json.mail, "ada@example.org");
    assert.equal((await ada.post("/api/v1/recover/check", { token })).status, 410, "a link is for one thing");
    const body = { token, name: "ada", password: PASSWORD };
    assert.equal((await ada.post("/api/v1/register", { ...body, password: "ada" })).status, 422);
    const taken = await ada.post("/api/v1/register", { ...body, name: OWNER.name });
    assert.equal(taken.status, 409);
    assert.equal(taken.json.reason, "name");
    const entered = await ada.post("/api/v1/register", body);
    assert.equal(entered.status, 201);
    const { role, organization } = entered.json.account;
    assert.deepEqual([role, organization.name, organization.kind], ["owner", "ada", "person"], "nobody's guest");
    assert.ok(!(await ada.sessionTake(entered), await ada.get("/api/v1/accounts")).json.accounts.some((p) => p.id !== entered.json.account.id), "alone in it");
    ada.sessionTake(entered);
    assert.equal((await ada.get("/api/v1/me/mail")).json.mail, "ada@example.org");
    assert.equal((await ada.get("/api/v1/devices")).json.total, 0, "a newcomer sees nothing");
    assert.equal((await api(skep).post("/api/v1/register", { ...body, name: "eve" })).status, 410, "once");

    // an address that is known gets the same answer, and another letter
    const again = await api(skep).post("/api/v1/register/start", { mail: "ada@example.org", lang: "zh-CN" });
    assert.deepEqual(steady(again), steady(first));
    assert.doesNotMatch((await mail.next()).text, /https:/);
});

test("a forgotten password is replaced by a mailed link, and nothing is given away", async (t) => {
    const { mail, skep, owner } = await box(t);
    await addressUse(owner, mail, "owner@example.org");
    const other = await login(skep, { bearer: true });
    const stranger = api(skep);
    const unknown = await stranger.post("/api/v1/recover/start", { mail: "nobody@example.org" });
    const known = await stranger.post("/api/v1/recover/start", { mail: "OWNER@example.org" });
    assert.equal(known.status, 202);
    assert.deepEqual(steady(unknown), steady(known));
    const letter = await mail.next();
    assert.deepEqual(letter.to, ["owner@example.org"], "and none to the unknown address before it");
    const token = linkToken(letter, "recover");
    assert.equal((await api(skep, { validate: false }).get("/recover")).status, 200, "a scanner's GET uses nothing up");
    assert.equal((await stranger.post("/api/v1/recover/check", { token })).json.name, OWNER.name);
    assert.equal((await stranger.post("/api/v1/recover", { token, password: "skep skep skep" })).status, 422);
    assert.equal((await stranger.post("/api/v1/recover", { token, password: NEXT })).status, 204);
    assert.equal(stranger.cookies.size, 0, "the link sets a password; it is no way in by itself");
    assert.equal((await owner.get("/api/v1/me")).status, 401);
    assert.equal((await other.get("/api/v1/me")).status, 401);
    assert.match((await mail.next()).headers.get("subject"), /password .* changed/);
    assert.equal((await stranger.post("/api/v1/login", OWNER)).status, 401);
    const back = await login(skep, { password: NEXT });
    assert.equal((await stranger.post("/api/v1/recover", { token, password: PASSWORD })).status, 410, "once");
    const rows = (await back.get("/api/v1/audit?action=account.password-recovered")).json.rows;
    assert.equal(rows.length, 1);
    assert.equal(mail.hasMore(), false);
});

test("a later link ends the former one", async (t) => {
    const { mail, skep, owner } = await box(t);
    await addressUse(owner, mail, "owner@example.org");
    const stranger = api(skep);
    await stranger.post("/api/v1/recover/start", { mail: "owner@example.org" });
    const former = linkToken(await mail.next(), "recover");
    await stranger.post("/api/v1/recover/start", { mail: "owner@example.org" });
    const token = linkToken(await mail.next(), "recover");
    assert.equal((await stranger.post("/api/v1/recover/check", { token: former })).status, 410);
    assert.equal((await stranger.post("/api/v1/recover/check", { token })).status, 200);
});

test("an address is changed with the password only, and the former one hears of it", async (t) => {
    const { mail, owner } = await box(t);
    assert.equal((await owner.put("/api/v1/me/mail", { mail: "a@example.org", password: "wrong" })).status, 401);
    for (const bad of ["a@example.org\r\nBcc: b@example.org", "a@b", "a b@example.org", "<a@example.org>", "ä@example.org"])
        assert.equal((await owner.put("/api/v1/me/mail", { mail: bad, password: OWNER.password })).status, 400, bad);
    const token = await addressUse(owner, mail, "First@example.org");
    assert.equal((await owner.post("/api/v1/mail/verify", { token })).status, 410);
    await addressUse(owner, mail, "second@example.org");
    const told = await mail.next();
    assert.deepEqual(told.to, ["first@example.org"]);
    assert.match(told.headers.get("subject"), /address .* changed/);
    assert.equal((await owner.get("/api/v1/me/mail")).json.mail, "second@example.org");
    assert.equal((await owner.put("/api/v1/me/mail", { password: OWNER.password })).status, 204);
    assert.deepEqual((await mail.next()).to, ["second@example.org"]);
    assert.deepEqual((await owner.get("/api/v1/me/mail")).json, { available: true });
    const rows = (await owner.get("/api/v1/audit?action=mail.")).json.rows;
    assert.deepEqual(rows.map((r) => r.action), ["mail.removed", "mail.verified", "mail.verified"]);
    assert.ok(!JSON.stringify(rows).includes("example.org"), "no address in the log");
});

test("no TLS, no mail", async (t) => {
    const { mail, skep, owner } = await box(t, { tls: false });
    assert.equal((await owner.put("/api/v1/me/mail", { mail: "a@example.org", password: OWNER.password })).status, 202);
    await waitFor(async () => await skep.metric('skep_outbound_total{kind="mail",result="failed"}') === 1, 15000, "the mail to be given up");
    assert.equal(mail.mails.length, 0);
});

test("a server that says later is asked again", async (t) => {
    const { mail, owner } = await box(t, { greylist: 1 });
    await addressUse(owner, mail, "a@example.org");
});

test("who may come in is a setting", async (t) => {
    const closed = await startSkep({ t, config: "[account]\nregistration = closed\n" });
    const owner = await setupOwner(closed);
    const invited = await owner.post("/api/v1/invitations", { role: "member" });
    assert.equal(invited.status, 403);
    assert.equal(invited.json.reason, "closed");
    assert.deepEqual((await owner.get("/api/v1/entrance")).json, { registration: "closed", recovery: false });
    assert.equal((await owner.post("/api/v1/register/start", { mail: "a@example.org" })).status, 400);
    assert.equal((await owner.post("/api/v1/recover/start", { mail: "a@example.org" })).status, 400);
    const open = await runSkep(["serve", "--core-data-dir", `${closed.folder}/other`, "--edge-port", "0", "--account-registration", "open"]);
    assert.notEqual(open.code, 0);
    assert.match(open.stderr, /open needs outbound.smtp_host/);
});
