// Two accounts of two organizations share a camera without a browser and without its password: the
// link, the claim, the signed list, the picture; and the end of it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { api, camerasOnline, OWNER, runSkep, setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { member, PASSWORD } from "../grant/lib.mjs";
import { claimMake, neighbour, viewerKey } from "./lib.mjs";

test("a guest watches by a key of his own until the owner withdraws it", { timeout: 180000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 1 });
    const owner = await setupOwner(skep);
    const [camera] = await camerasOnline(owner, 1);
    const guest = await neighbour(skep, owner);
    const file = (name) => join(skep.folder, name);
    const put = async (name, text) => { await writeFile(file(name), text, { mode: 0o600 }); return file(name); };
    const passwords = { [OWNER.name]: await put("password", OWNER.password), [guest.name]: await put("guest-password", PASSWORD) };
    const seed = ["--seed-file", await put("seed", `${skep.seed}\n`)];
    const link = ["--link-file", file("link")], key = ["--viewer-key-file", file("viewer")], owned = ["--owner-file", file("owner")];
    const view = (name, id, ...more) => runSkep(["view", ...(id ? [id] : []), "--server", skep.url, "--ca", join(skep.dataDir, "tls", "ca.crt"),
        "--account", name, "--password-file", passwords[name], ...more], { timeout: 90000 });
    const home = (...more) => view(OWNER.name, camera.id, ...seed, ...owned, ...more);

    let run = await home("--share", "invite", ...link);
    assert.equal(run.code, 0, run.stderr);
    assert.equal((await stat(file("link"))).mode & 0o777, 0o600);
    const text = await readFile(file("link"), "utf8");
    assert.match(text, /^https:\/\/[^/]+\/join#d=[a-z2-7]{26}&s=[\w-]{22}&k=(\w{4}-){4}\w{4}$/);
    run = await home("--share", "accept", ...link);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /nobody has shown this link/);

    // What a server could do that saw the guest's claim: put in another key, or another account.
    const secret = Buffer.from(text.match(/&s=([\w-]{22})/)[1], "base64url"), swapped = viewerKey();
    const mallory = await member(skep, owner, { name: "mallory" });
    for (const [who, account] of [[mallory, guest.account], [guest, guest.account]]) {
        const honest = claimMake(secret, account, camera.id, viewerKey().point);
        const body = { device: camera.id, public_key: swapped.point.toString("base64url"), claim: honest.toString("base64url") };
        assert.equal((await who.post("/api/v1/shares/claims", body)).status, 202);
    }
    run = await home("--share", "accept", ...link);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /2 claims were not made with this link/);
    assert.match(run.stderr, /nothing is signed/);
    for (const c of (await owner.get(`/api/v1/devices/${camera.id}/claims`)).json.claims)
        assert.equal((await owner.delete(`/api/v1/devices/${camera.id}/claims/${c.id}`)).status, 204);

    run = await view(guest.name, null, "--share", "join", ...link, ...key);
    assert.equal(run.code, 0, run.stderr);
    const fingerprint = run.stderr.match(/sees your key as (\S+)/)[1];
    run = await view(guest.name, camera.id, ...link, ...key, "--out", file("early.mp4"));
    assert.equal(run.code, 1, "asking opens nothing");

    run = await home("--share", "accept", ...link, "--rights", "live-main,snapshot", "--days", "30");
    assert.equal(run.code, 0, run.stderr);
    assert.ok(run.stderr.includes(`key ${fingerprint}`), run.stderr);
    assert.match(run.stderr, /next door owner of next door shows the link/);
    const { received } = (await guest.get("/api/v1/shares")).json;
    assert.deepEqual(received.map((s) => [s.device, s.actions, s.active]), [[camera.id, ["live-main", "snapshot"], true]]);

    // The camera's key by the link: a server that shows another one opens nothing.
    await put("bent", text.replace(/k=..../, (k) => (k === "k=0000" ? "k=1111" : "k=0000")));
    run = await view(guest.name, camera.id, "--link-file", file("bent"), ...key, "--out", file("no.mp4"));
    assert.equal(run.code, 1);
    assert.match(run.stderr, /another key for this camera/);
    run = await view(guest.name, camera.id, ...link, ...key, "--out", file("clip.mp4"), "--seconds", "1");
    assert.equal(run.code, 0, run.stderr);
    run = await view(guest.name, camera.id, ...key, "--snapshot", file("shot.jpg"));
    assert.equal(run.code, 0, `pinned now, no link needed: ${run.stderr}`);
    run = await view(guest.name, camera.id, ...key, "--audio", file("no.mp4"));
    assert.equal(run.code, 1, "not shared");
    await put("get", JSON.stringify({ commands: [{ do: "access.get" }] }));
    run = await home("--command-file", file("get"), "--snapshot", file("own.jpg"));
    const { version, used } = JSON.parse(run.stdout);
    assert.equal(version, 1);
    assert.ok(used.length === 1 && used[0].count >= 2 && used[0].last > 0);

    // Withdrawn while he watches: his session ends, the owner's picture goes on under new keys.
    const until = join(skep.folder, "long.mp4");
    const watching = view(guest.name, camera.id, ...key, "--out", until, "--seconds", "80");
    const beside = home("--out", file("beside.mp4"), "--seconds", "8");
    await waitFor(async () => existsSync(until) && (await stat(until)).size > 20000, 30000, "the guest's picture");
    run = await home("--share", "withdraw", "--guest", fingerprint);
    assert.equal(run.code, 0, run.stderr);
    const cut = await watching;
    assert.equal(cut.code, 1);
    assert.match(cut.stderr, /revoked|ended the session|closed/);
    assert.equal((await beside).code, 0, "who is left goes on");
    run = await view(guest.name, camera.id, ...key, "--out", file("after.mp4"));
    assert.equal(run.code, 1);
    assert.deepEqual((await guest.get("/api/v1/shares")).json.received, []);
    assert.equal((await guest.get(`/api/v1/devices/${camera.id}`)).status, 404);
    assert.ok(!skep.logs.includes(text.match(/&s=([\w-]{22})/)[1]), "the link's secret is the owner's and the guest's");
    run = await view(OWNER.name, camera.id, "--share", "invite", ...link);
    assert.equal(run.code, 2);
    assert.match(run.stderr, /needs --owner-file/);
    assert.equal((await api(skep).get("/api/v1/shares")).status, 401);
});
