// Signed requests: both forms, what they must cover, what is refused and why.
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appClient, appMake, ecKeyMake, nonceMake, nowS, signShort, signStandard } from "./lib.mjs";
import { api, runSkep, setupOwner, startSkep, test } from "../lib/skep.mjs";
import { cameras } from "../grant/lib.mjs";

test("an app signs and may what its scopes name", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [camera] = await cameras(owner, 1);
    const app = await appMake(owner, { quota: 1000 });
    assert.match(app.secret, /^[\w-]{43}$/);
    assert.equal((await owner.get(`/api/v1/apps/${app.id}`)).json.secret, undefined, "shown once");
    const ec = ecKeyMake();
    const { id } = await appMake(owner, { kind: "ecdsa-p256-sha256", public_key: ec.public_key });
    for (const client of [appClient(skep, app), appClient(skep, app, { form: signShort }), appClient(skep, { id, key: ec.key })]) {
        const list = await client.get("/api/v1/devices?limit=10");
        assert.equal(list.status, 200, list.text);
        assert.equal(list.json.devices[0].id, camera.id);
        assert.match(list.headers["ratelimit-policy"], /^"app";q=50;w=5/);
        assert.match(list.headers.ratelimit, /^"app";r=\d+;t=\d+/);
        assert.equal((await client.get(`/api/v1/devices/${camera.id}`)).status, 200);
        assert.equal((await client.get("/api/v1/audit")).status, 403, "no scope");
        assert.equal((await client.get("/api/v1/me")).status, 403, "an app has no session");
        assert.equal((await client.post("/api/v1/apps", { name: "x", scopes: ["device.list"] })).status, 403, "an app makes no apps");
        assert.equal((await client.delete(`/api/v1/devices/${camera.id}`)).status, 403);
    }
    const seen = (await owner.get("/api/v1/apps")).json.apps.find((a) => a.id === app.id);
    assert.ok(seen.last_used && seen.used_today >= 10 && seen.last_source === "127.0.0.1");
});

test("what a signature does not cover, or covers wrongly, is refused", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const app = await appMake(owner, { scopes: ["device.list", "device.live-main"] });
    const client = api(skep);
    const authority = `localhost:${skep.port}`;
    client.validate = false; // a path written in two ways is in no description
    const ok = { method: "GET", authority, path: "/api/v1/devices?limit=1" };
    const all = ["@method", "@authority", "@path", "@query"];
    const tried = async (reason, headers, { path = ok.path, method = "GET", body } = {}) => {
        const answer = await client.request(method, path, { headers: { ...headers, ...(body ? { "Content-Type": "application/json" } : {}) }, body });
        assert.equal(answer.status, 401, `${reason}: ${answer.status} ${answer.text}`);
        assert.equal(answer.json.code, "auth-failed");
        assert.equal(answer.json.reason, reason, answer.text);
        return answer;
    };
    assert.equal((await client.get(ok.path, { headers: signStandard(app, ok) })).status, 200);
    for (const left of all) await tried("covers", signStandard(app, { ...ok, covered: all.filter((c) => c !== left) }));
    for (const params of [`;created=${nowS()};keyid="${app.id}";alg="hmac-sha256"`, `;keyid="${app.id}";nonce="${nonceMake()}";alg="hmac-sha256"`,
        `;created=${nowS()};nonce="${nonceMake()}";alg="hmac-sha256"`, `;created=${nowS()};keyid="${app.id}";nonce="${nonceMake()}"`])
        await tried("covers", signStandard(app, { ...ok, params }));
    await tried("form", signStandard(app, { ...ok, alg: "none" }));
    await tried("signature", signStandard(app, { ...ok, alg: "hmac-sha256", path: "/api/v1/devices?limit=2" }));
    await tried("signature", signStandard(app, { ...ok, method: "POST" }));
    await tried("signature", signStandard(app, { ...ok, authority: "elsewhere.example" }));
    await tried("signature", signStandard({ ...app, secret: "x".repeat(43) }, ok));
    await tried("signature", signStandard({ ...app, id: "a".repeat(26) }, ok));
    await tried("form", signStandard(app, { ...ok, path: "/api/v1/%64evices?limit=1" }), { path: "/api/v1/%64evices?limit=1" });
    const twice = signStandard(app, ok);
    await tried("form", { ...twice, "Signature-Input": [twice["Signature-Input"], twice["Signature-Input"].replace("sig1", "sig2")] });
    await tried("form", { "Signature-Input": twice["Signature-Input"] });
    await tried("form", { ...signStandard(app, ok), ...signShort(app, ok) });
    await tried("signature", signShort({ ...app, secret: "y".repeat(43) }, ok));
    await tried("form", { Authorization: "Skep-HMAC key=x" });
    const late = await tried("time", signStandard(app, { ...ok, created: nowS() - 301 }));
    assert.ok(Math.abs(late.json.wall - Date.now()) < 5000, "the box tells its clock");
    await tried("time", signStandard(app, { ...ok, created: nowS() + 310 }));

    const body = JSON.stringify({ device: "a".repeat(26), actions: ["live-main"], session: Buffer.alloc(16).toString("base64url") });
    const post = { method: "POST", authority, path: "/api/v1/authorizations", body };
    const asked = await client.post(post.path, body, { headers: signStandard(app, post) });
    assert.equal(asked.status, 404, "through the gate, and no such camera");
    await tried("covers", signStandard(app, { ...post, covered: all }), { ...post });
    await tried("digest", signStandard(app, post), { ...post, body: body.replace("live-main", "live-sub") });
    const other = signStandard(app, post);
    await tried("signature", { ...other, "Content-Digest": signStandard(app, { ...post, body: "{}" })["Content-Digest"] }, { ...post, body: "{}" });
    await tried("signature", signShort(app, { ...post, body: "{}" }), { ...post });
});

test("a request is taken once; rate, quota, sources and scopes hold", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const client = api(skep);
    const authority = `localhost:${skep.port}`;
    const app = await appMake(owner, { rate: 1, burst: 3, quota: 1000 });
    const get = { method: "GET", authority, path: "/api/v1/devices" };
    const headers = signStandard(app, get);
    assert.equal((await client.get(get.path, { headers })).status, 200);
    const again = await client.get(get.path, { headers });
    assert.equal(again.status, 401);
    assert.equal(again.json.reason, "replay");
    const nonce = nonceMake();
    assert.equal((await client.get(get.path, { headers: signShort(app, { ...get, nonce }) })).status, 200);
    assert.equal((await client.get(get.path, { headers: signShort(app, { ...get, nonce, t: nowS() + 1 }) })).json.reason, "replay", "a nonce is not used again");
    const more = appClient(skep, app);
    assert.equal((await more.get(get.path)).headers.ratelimit.split(",")[0], '"app";r=0;t=3');
    const full = await more.get(get.path);
    assert.equal(full.status, 429);
    assert.equal(full.json.reason, "rate");
    assert.equal(full.headers["retry-after"], "1");

    const few = await appMake(owner, { quota: 1 });
    const fewClient = appClient(skep, few);
    assert.equal((await fewClient.get(get.path)).status, 200);
    const gone = await fewClient.get(get.path);
    assert.equal(gone.json.reason, "quota");
    assert.ok(Number(gone.headers["retry-after"]) > 0 && /"day";r=0/.test(gone.headers.ratelimit));

    const pinned = await appMake(owner, { sources: ["192.0.2.0/24", "2001:db8::/32"] });
    assert.equal((await appClient(skep, pinned).get(get.path)).json.reason, "source");
    assert.equal((await owner.patch(`/api/v1/apps/${pinned.id}`, { sources: ["127.0.0.0/8"] })).status, 200);
    assert.equal((await appClient(skep, pinned).get(get.path)).status, 200);
    assert.equal((await owner.patch(`/api/v1/apps/${pinned.id}`, { scopes: ["people.view"] })).status, 200);
    assert.equal((await appClient(skep, pinned).get(get.path)).status, 403);
    assert.equal((await appClient(skep, pinned).get("/api/v1/accounts")).status, 200);
    for (const bad of [{ sources: ["192.0.2.1/24"] }, { sources: ["x"] }, { scopes: ["people.manage"] }, { scopes: [] }, { rate: 0 }, { quota: -1 }, { colour: 1 }])
        assert.equal((await owner.patch(`/api/v1/apps/${pinned.id}`, bad)).status, 400, JSON.stringify(bad));
});

test("skep call: a request from the command line, the secret from a file that others cannot read", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const app = await appMake(owner, { scopes: ["device.list", "device.live-main"] });
    const file = join(skep.folder, "app.key"), body = join(skep.folder, "body.json");
    writeFileSync(file, `${app.id} ${app.secret}\n`, { mode: 0o600 });
    writeFileSync(body, JSON.stringify({ device: "a".repeat(26), actions: ["live-main"], session: Buffer.alloc(16).toString("base64url") }));
    const call = (...args) => runSkep(["call", ...args, "--server", skep.url, "--ca", join(skep.dataDir, "tls", "ca.crt"), "--key-file", file]);
    const list = await call("GET", "/api/v1/devices?limit=5");
    assert.equal(list.code, 0, list.stderr);
    assert.equal(JSON.parse(list.stdout).total, 0);
    const posted = await call("POST", "/api/v1/authorizations", "--body-file", body);
    assert.equal(posted.code, 1);
    assert.equal(JSON.parse(posted.stdout).status, 404, "signed over its body, and no such camera");
    chmodSync(file, 0o644);
    assert.equal((await call("GET", "/api/v1/devices")).code, 1);
    assert.equal((await runSkep(["call", "--help"])).code, 0);
});
