// The camera's owner without a browser: `skep view` makes an owner key, sets a password, and the
// label code no longer opens the camera.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { camerasOnline, OWNER, runSkep, setupOwner, startSkep, test } from "../lib/skep.mjs";

const CHOSEN = "a lamp, nine geese and a bicycle";

test("the owner of a camera chooses its password", { timeout: 120000 }, async (t) => {
    const skep = await startSkep({ t, fleet: 2 });
    const owner = await setupOwner(skep);
    const [camera, other] = await camerasOnline(owner, 2);
    const file = (name) => join(skep.folder, name);
    const put = async (name, text) => { await writeFile(file(name), text, { mode: 0o600 }); return file(name); };
    const password = await put("password", OWNER.password), seed = ["--seed-file", await put("seed", `${skep.seed}\n`)]; // as in the link
    const view = (id, ...more) => runSkep(["view", id, "--server", skep.url, "--ca", join(skep.dataDir, "tls", "ca.crt"),
        "--account", OWNER.name, "--password-file", password, ...more], { timeout: 60000 });
    const fresh = async (name, text) => ["--owner-file", file("owner"), "--new-password-file", await put(name, text)];

    let run = await view(camera.id, ...seed, ...await fresh("weak", "password1234"));
    assert.equal(run.code, 1);
    assert.match(run.stderr, /not taken: (common|guessable)/);
    run = await view(camera.id, ...seed, ...await fresh("named", `${OWNER.name} 77 wx lamp geese`));
    assert.match(run.stderr, /holds the name/);
    assert.ok(!existsSync(file("owner")), "a key that no camera took is not kept");
    run = await view(camera.id, ...seed, "--new-password-file", file("weak"));
    assert.match(run.stderr, /needs --owner-file/);

    run = await view(camera.id, ...seed, ...await fresh("chosen", CHOSEN));
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /has the new password/);
    assert.equal((await stat(file("owner"))).mode & 0o777, 0o600);
    assert.match(await readFile(file("owner"), "utf8"), /^[0-9a-f]{64}$/);
    run = await view(camera.id, ...seed, "--snapshot", file("no.jpg"));
    assert.equal(run.code, 1, "the label code is history");
    run = await view(camera.id, "--chosen", "--label-file", file("chosen"), "--snapshot", file("yes.jpg"));
    assert.equal(run.code, 0, run.stderr);

    // The key's file is there now: the owner by his proof, with his commands.
    await writeFile(file("commands"), JSON.stringify({ commands: [{ do: "access.get" }] }));
    run = await view(camera.id, "--chosen", "--label-file", file("chosen"), "--owner-file", file("owner"),
        "--command-file", file("commands"), "--snapshot", file("again.jpg"));
    assert.equal(run.code, 0, run.stderr);
    assert.equal(JSON.parse(run.stdout).owners.length, 1, "no second owner");
    run = await view(camera.id, "--chosen", "--label-file", file("chosen"), "--owner-file", file("stranger"), "--snapshot", file("no.jpg"));
    assert.equal(run.code, 1);
    assert.match(run.stderr, /refuses the owner key: denied/);
    assert.ok(!existsSync(file("stranger")));
    assert.ok(!skep.logs.includes(CHOSEN));
    assert.equal((await view(other.id, ...seed, "--snapshot", file("other.jpg"))).code, 0, "the other camera is as it was");
});
