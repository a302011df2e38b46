// Passkeys through the front door, with an authenticator in software: alone, as a second step, as a
// fresh proof. Every check of the verifier is seen to refuse, and a second verifier agrees.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { api, login, OWNER, setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { member, PASSWORD } from "../grant/lib.mjs";
import { Authenticator, cbor, FLAG, passkeyOn, totpOn } from "./authenticator.mjs";

const asked = async (client) => (await client.post("/api/v1/login/passkey/request", {})).json.passkey;
const enters = async (skep, key, bend) => {
    const client = api(skep);
    const answer = await client.post("/api/v1/login/passkey", { passkey: key.get(await asked(client), bend) });
    if (answer.status === 200) client.sessionTake(answer);
    return { client, ...answer };
};

/** What @simplewebauthn/server says of the same bytes: an independent verifier. */
async function oracle() {
    const node = Number(process.versions.node.split(".")[0]);
    return node < 20 ? null : import("../../../web/node_modules/@simplewebauthn/server/esm/index.js");
}

const made = (skep, challenge, out, id) => ({ expectedChallenge: challenge, expectedOrigin: skep.url, expectedRPID: "localhost", requireUserVerification: true,
    response: { id, rawId: id, type: "public-key", clientExtensionResults: {}, response: { clientDataJSON: out.client_data, attestationObject: out.attestation } } });

test("a passkey alone lets in, and is a second step", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { key, passkey, codes } = await passkeyOn(owner, skep.url, { name: "Laptop" });
    assert.equal(codes.length, 10);
    assert.deepEqual([passkey.name, passkey.last_used, passkey.backed_up], ["Laptop", undefined, false]);
    const alone = await enters(skep, key);
    assert.equal(alone.status, 200, alone.text);
    assert.equal((await alone.client.get("/api/v1/me")).json.account.name, OWNER.name);
    const script = await api(skep).post("/api/v1/login/passkey", { passkey: key.get(await asked(api(skep))), bearer: true });
    assert.ok(script.json.token);

    const second = api(skep);
    const { factor } = (await second.post("/api/v1/login", OWNER)).json;
    assert.deepEqual(factor.kinds, ["passkey", "recovery"]);
    assert.deepEqual(factor.passkey.allow, [key.id.toString("base64url")]);
    const used = key.get(factor.passkey);
    assert.equal((await second.post("/api/v1/login/factor", { ticket: factor.ticket, passkey: used })).status, 200);
    const list = (await owner.get("/api/v1/me/factors")).json.passkeys;
    assert.ok(list[0].last_used >= list[0].created);
    assert.equal((await owner.patch(`/api/v1/me/passkeys/${passkey.id}`, { name: "Old laptop" })).json.name, "Old laptop");
    assert.equal((await owner.patch(`/api/v1/me/passkeys/${passkey.id}`, { name: " x" })).status, 400);
    assert.equal((await owner.delete(`/api/v1/me/passkeys/${passkey.id}`)).status, 204);
    assert.equal((await enters(skep, key)).status, 401, "it is gone");
    await login(skep);
});

test("RS256, and what browsers leave standing beside none", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const rsa = await passkeyOn(owner, skep.url, { kind: "rsa" });
    assert.equal((await enters(skep, rsa.key)).status, 200);
    const packed = await passkeyOn(owner, skep.url, { bend: { fmt: "packed" } });
    assert.equal((await enters(skep, packed.key)).status, 200);
    const synced = await passkeyOn(owner, skep.url, { bend: { flags: FLAG.UP | FLAG.UV | FLAG.AT | FLAG.BE | FLAG.BS } });
    assert.equal(synced.passkey.backed_up, true);
});

test("making one: every check refuses, and another verifier agrees", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const other = await oracle();
    const weak = new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.alloc(32, 1)], [-3, Buffer.alloc(32, 2)]]);
    const bends = [
        ["type", { client: { type: "webauthn.get" } }],
        ["challenge", { client: { challenge: randomBytes(56).toString("base64url") } }],
        ["origin", { client: { origin: "https://localhost.evil.example" } }],
        ["origin", { client: { origin: "http://localhost" } }],
        ["cross-origin", { client: { crossOrigin: true } }, false],
        ["rp", { rp: "evil.example" }],
        ["presence", { flags: FLAG.UV | FLAG.AT }],
        ["verification", { flags: FLAG.UP | FLAG.AT }],
        ["credential", { flags: FLAG.UP | FLAG.UV, attested: Buffer.alloc(0) }],
        ["form", { flags: FLAG.UP | FLAG.UV | FLAG.AT | FLAG.BS }, false],
        ["form", { tail: Buffer.from([0]) }],
        ["key", { cose: weak }, false],
        ["algorithm", { cose: new Map([[1, 1], [3, -8], [-1, 6], [-2, Buffer.alloc(32, 1)]]) }, false],
        ["attestation", { statement: [["alg", -7]] }],
        ["attestation", { fmt: "fido-u2f" }],
        ["attestation", { fmt: "packed", sig: Buffer.from("3006020101020101", "hex") }],
        ["form", { object: cbor(new Map([["fmt", "none"], ["attStmt", new Map()]])) }],
    ];
    for (const [reason, bend, agrees = true] of bends) {
        const key = new Authenticator(skep.url);
        const { passkey } = (await owner.post("/api/v1/me/passkeys/request", {})).json;
        const out = key.create(passkey, bend);
        const answer = await owner.post("/api/v1/me/passkeys", { name: "bent", ...out });
        assert.deepEqual([answer.status, answer.json.reason], [400, reason], JSON.stringify(bend));
        if (!other || !agrees) continue;
        const verdict = await other.verifyRegistrationResponse(made(skep, passkey.challenge, out, key.id.toString("base64url"))).then((v) => v.verified, () => false);
        assert.equal(verdict, false, `the other verifier takes ${reason}`);
    }
    const { passkey } = (await owner.post("/api/v1/me/passkeys/request", {})).json;
    const key = new Authenticator(skep.url);
    const out = key.create(passkey);
    if (other) assert.equal((await other.verifyRegistrationResponse(made(skep, passkey.challenge, out, key.id.toString("base64url")))).verified, true);
    assert.equal((await owner.post("/api/v1/me/passkeys", { name: "straight", ...out })).status, 201);
    assert.equal((await owner.post("/api/v1/me/passkeys", { name: "again", ...out })).json.reason, "challenge", "a challenge is for one answer");
    const twice = (await owner.post("/api/v1/me/passkeys/request", {})).json.passkey;
    assert.deepEqual(twice.exclude, [key.id.toString("base64url")]);
    assert.equal((await owner.post("/api/v1/me/passkeys", { name: "again", ...key.create(twice) })).status, 409);
});

test("using one: every check refuses, and another verifier agrees", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const mia = await member(skep, owner);
    const other = await oracle();
    const { key } = await passkeyOn(owner, skep.url);
    const foreign = await passkeyOn(mia, skep.url);
    const credential = { id: key.id.toString("base64url"), publicKey: new Uint8Array(cbor(key.cose)) };
    const stranger = api(skep);
    const bends = [
        ["type", { client: { type: "webauthn.create" } }],
        ["challenge", { client: { challenge: randomBytes(56).toString("base64url") } }],
        ["origin", { client: { origin: "https://localhost:1" } }],
        ["cross-origin", { client: { crossOrigin: true } }, false],
        ["top-origin", { client: { topOrigin: "https://evil.example" } }, false],
        ["rp", { rp: "evil.example" }],
        ["presence", { flags: FLAG.UV }],
        ["verification", { flags: FLAG.UP }],
        ["signature", { signed: Buffer.alloc(37) }],
        ["der", { signature: Buffer.from("300602010102020001", "hex") }],
        ["no user", { user: null }, false],
        ["user", { user: mia.account && Buffer.from(mia.account).toString("base64url") }, false],
        ["unknown", { id: randomBytes(32) }, false],
        ["other's credential", { id: foreign.key.id, user: foreign.key.user }, false],
        ["tail", { tail: Buffer.from([0xa0]) }],
    ];
    for (const [what, bend, agrees = true] of bends) {
        const request = await asked(stranger);
        const out = key.get(request, bend);
        const answer = await stranger.post("/api/v1/login/passkey", { passkey: out });
        assert.deepEqual([answer.status, answer.json.code], [401, "auth-failed"], what);
        if (!other || !agrees) continue;
        const verdict = await other.verifyAuthenticationResponse({ expectedChallenge: request.challenge, expectedOrigin: skep.url, expectedRPID: "localhost",
            requireUserVerification: true, credential: { ...credential, counter: 0 },
            response: { id: out.id, rawId: out.id, type: "public-key", clientExtensionResults: {},
                response: { clientDataJSON: out.client_data, authenticatorData: out.authenticator_data, signature: out.signature } } }).then((v) => v.verified, () => false);
        assert.equal(verdict, false, `the other verifier takes ${what}`);
    }
    const request = await asked(stranger);
    const good = key.get(request);
    if (other) assert.equal((await other.verifyAuthenticationResponse({ expectedChallenge: request.challenge, expectedOrigin: skep.url, expectedRPID: "localhost",
        credential: { ...credential, counter: 0 }, response: { id: good.id, rawId: good.id, type: "public-key", clientExtensionResults: {},
            response: { clientDataJSON: good.client_data, authenticatorData: good.authenticator_data, signature: good.signature } } })).verified, true);
    assert.equal((await stranger.post("/api/v1/login/passkey", { passkey: good })).status, 200);
    assert.equal((await api(skep).post("/api/v1/login/passkey", { passkey: good })).status, 401, "an answer lets in once");
    for (const count of [key.count, key.count - 1, 0])
        assert.equal((await enters(skep, key, { count })).status, 401, "a counter that stands still or falls back: there is a copy");
    await waitFor(async () => (await owner.get("/api/v1/audit?action=factor.copied")).json.rows.length === 3, 10000, "three notes of a copy");
    key.count += 5;
    assert.equal((await enters(skep, key)).status, 200);
});

test("a challenge is for what it was given, and for whom", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const mia = await member(skep, owner);
    const mine = await passkeyOn(owner, skep.url);
    const hers = await passkeyOn(mia, skep.url);
    const stranger = api(skep);
    const reauth = (await owner.post("/api/v1/me/reauth/request", {})).json;
    assert.deepEqual(reauth.kinds, ["password", "passkey"]);
    assert.equal((await stranger.post("/api/v1/login/passkey", { passkey: mine.key.get(reauth.passkey) })).status, 401, "given for a proof, shown at the door");
    assert.equal((await owner.post("/api/v1/me/reauth", { passkey: mine.key.get(await asked(stranger)) })).status, 401);
    assert.equal((await mia.post("/api/v1/me/reauth", { passkey: hers.key.get(reauth.passkey) })).status, 401, "given to another session");
    assert.equal((await owner.post("/api/v1/me/reauth", { passkey: hers.key.get(reauth.passkey) })).status, 401, "another's key");
    assert.equal((await owner.post("/api/v1/me/reauth", { passkey: mine.key.get(reauth.passkey) })).status, 200);
    const one = (await api(skep).post("/api/v1/login", OWNER)).json.factor;
    const two = (await api(skep).post("/api/v1/login", { name: mia.name, password: PASSWORD })).json.factor;
    const crossed = await stranger.post("/api/v1/login/factor", { ticket: two.ticket, passkey: hers.key.get(one.passkey) });
    assert.equal(crossed.status, 401, "another ticket's challenge");
    const foreign = await stranger.post("/api/v1/login/factor", { ticket: two.ticket, passkey: mine.key.get(two.passkey) });
    assert.equal(foreign.status, 401, "another's key under her password");
    assert.equal((await stranger.post("/api/v1/login/factor", { ticket: two.ticket, passkey: hers.key.get(two.passkey) })).status, 200);
});

test("a disabled person's passkey lets nobody in", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const mia = await member(skep, owner);
    await totpOn(mia);
    const { key, codes } = await passkeyOn(mia, skep.url);
    assert.deepEqual(codes, [], "there are recovery codes already");
    assert.equal((await owner.patch(`/api/v1/accounts/${mia.account}`, { state: "disabled" })).status, 200);
    assert.equal((await enters(skep, key)).status, 401);
    assert.equal((await owner.post(`/api/v1/accounts/${mia.account}/leave`, {})).json.remaining.factors, 0);
});

test("under an address there are no passkeys, and the box says so", async (t) => {
    const skep = await startSkep({ t, config: "[edge]\nhost = 127.0.0.1\n" });
    const owner = await setupOwner(skep);
    assert.deepEqual((await owner.get("/api/v1/me/factors")).json.offer, { rp: "127.0.0.1", passkeys: false });
    assert.equal((await owner.post("/api/v1/me/passkeys/request", {})).json.reason, "passkeys-off");
    assert.equal((await api(skep).post("/api/v1/login/passkey/request", {})).json.reason, "passkeys-off");
});
