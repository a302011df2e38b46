// A backup counts when a box was started on what the second place gave back. Whatever is done to
// one afterwards is refused with its reason; kill -9 between any two steps leaves none that is shown
// as verified without having been proven.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFile, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Api, OWNER, SKEP_BIN, runSkep, setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";

/** A box with a camera that was renamed, a key and a place. */
async function boxMake(t) {
    const skep = await startSkep({ t, fleet: 1 });
    const owner = await setupOwner(skep);
    const [device] = await waitFor(async () => {
        const { devices } = (await owner.get("/api/v1/devices")).json;
        return devices.length && devices;
    }, 20000, "a camera");
    await owner.patch(`/api/v1/devices/${device.id}`, { name: "Gate of the backup" });
    const at = (name) => join(skep.folder, name);
    await mkdir(at("place"));
    assert.equal((await runSkep(["backup", "key", "new", at("key")])).code, 0);
    const flags = ["--core-data-dir", skep.dataDir, "--backup-place", at("place"), "--backup-key", at("key.pub")];
    const backup = (...words) => runSkep(["backup", ...words, ...flags]);
    return { skep, owner, at, flags, backup };
}

const namesOf = async (folder) => (await readdir(folder)).filter((n) => n.endsWith(".skb")).map((n) => n.slice(0, -4)).sort();

test("a backup beside the running box is proven, restored, and the restored box is the same", async (t) => {
    const { skep, owner, at, backup } = await boxMake(t);
    const none = await backup("list");
    assert.equal(none.code, 1);
    assert.match(none.stdout, /There is no verified backup/);
    const made = await backup("now");
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stderr, /start a second box on it and log in/);
    const [name] = await namesOf(at("place"));
    assert.match((await backup("list")).stdout, new RegExp(`${name}  verified `));
    assert.ok(!(await readFile(join(at("place"), `${name}.skb`))).includes("SQLite format"), "nothing readable in the place");
    assert.deepEqual(await readdir(skep.dataDir).then((l) => l.filter((n) => n.includes(".work"))), [], "nothing left over");

    const opened = await backup("verify", name, "--key", at("key"));
    assert.equal(opened.code, 0, opened.stderr);
    await owner.patch(`/api/v1/devices/${(await owner.get("/api/v1/devices")).json.devices[0].id}`, { name: "Later" });
    const restored = await backup("restore", name, "--key", at("key"), "--into", at("new"));
    assert.equal(restored.code, 0, restored.stderr);
    assert.equal((await stat(at("new"))).mode & 0o777, 0o700);
    const over = await backup("restore", name, "--key", at("key"), "--into", at("new"));
    assert.equal(over.code, 1);
    assert.match(over.stderr, /nothing is restored over it/);

    await skep.stop({ keep: true });
    skep.dataDir = at("new");
    await skep.start();
    const again = new Api(skep);
    t.after(() => again.close());
    const entered = await again.post("/api/v1/login", { name: OWNER.name, password: OWNER.password });
    assert.equal(entered.status, 200, "the owner's own password, not that of the trial");
    again.csrf = entered.json.csrf;
    assert.equal((await again.get("/api/v1/devices")).json.devices[0].name, "Gate of the backup");
});

test("a wrong byte, a cut, a moved piece, another key: refused with the reason", async (t) => {
    const { at, backup } = await boxMake(t);
    assert.equal((await backup("now")).code, 0);
    const [name] = await namesOf(at("place"));
    const whole = await readFile(join(at("place"), `${name}.skb`));
    const other = at("other.skb");
    const tryIt = async (bytes, reason, what) => {
        await writeFile(other, bytes);
        const answer = await backup("restore", other, "--key", at("key"), "--into", at("never"));
        assert.equal(answer.code, 1, what);
        assert.match(answer.stderr, reason, what);
        await assert.rejects(stat(at("never")), what);
        await assert.rejects(stat(at("never.part")), what);
    };
    let random = 20261124;
    for (let i = 0; i < 24; i++) {
        random = (Math.imul(random, 1103515245) + 12345) >>> 0;
        const edited = Buffer.from(whole), place = 125 + (random % (whole.length - 125));
        edited[place] ^= 1 + (random >>> 8) % 255;
        await tryIt(edited, /Chunk \d+ does not hold/, `byte ${place}`);
    }
    for (const place of [8, 12, 20, 30, 85, 93])
        await tryIt(Buffer.concat([whole.subarray(0, place), Buffer.from([whole[place] ^ 0x40]), whole.subarray(place + 1)]),
            /changed|Wrong key|does not hold|no such kind/, `header byte ${place}`);
    await tryIt(whole.subarray(0, whole.length - 1), /does not hold|cut off/, "cut");
    await tryIt(whole.subarray(0, 125 + 65552), /does not hold/, "cut between two chunks");
    await tryIt(Buffer.concat([whole, Buffer.from([0])]), /does not hold/, "one byte more");
    await tryIt(Buffer.concat([whole.subarray(0, 125), whole.subarray(125 + 65552)]), /does not hold/, "a chunk left out");

    assert.equal((await runSkep(["backup", "key", "new", at("stranger")])).code, 0);
    const wrong = await backup("restore", name, "--key", at("stranger"), "--into", at("never"));
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /Wrong key: the backup was made for key [0-9a-f]{16}, this is key [0-9a-f]{16}/);

    const path = join(at("place"), `${name}.skb`);
    const edited = Buffer.from(whole);
    edited[9000] ^= 1;
    await writeFile(path, edited);
    assert.match((await backup("list")).stdout, new RegExp(`${name}  changed `));
    assert.equal((await backup("verify")).code, 1);
    await rm(path);
    assert.match((await backup("list")).stdout, new RegExp(`${name}  missing `));
    await writeFile(path, whole);
    assert.equal((await backup("verify")).code, 0);
    await copyFile(path, join(at("place"), "20200101T000000.000Z.skb"));
    assert.match((await backup("list")).stdout, /20200101T000000\.000Z {2}unverified /, "never proven under this name");
});

test("kill -9 at any step: nothing unproven is shown as verified, the next one works", async (t) => {
    const { skep, at, flags, backup } = await boxMake(t);
    const steps = ["copy", "check", "seal and send", "fetch back and compare", "start a second box on it and log in"];
    let reached = 0;
    for (const step of steps) {
        const proc = spawn(SKEP_BIN, ["backup", "now", ...flags], { stdio: ["ignore", "ignore", "pipe"] });
        const ended = new Promise((resolve) => proc.once("close", resolve)); // its last words are read
        let said = "";
        await new Promise((resolve) => {
            proc.stderr.on("data", (d) => { if ((said += d).includes(`  ${step}\n`)) resolve(); });
            proc.once("exit", resolve);
        });
        proc.kill("SIGKILL");
        await ended;
        const records = await readdir(join(skep.dataDir, "backups")).catch(() => []);
        const { stdout } = await backup("list");
        const shown = stdout.split("\n").filter((l) => /  verified /.test(l)).map((l) => l.split(" ")[0]);
        assert.ok(shown.every((n) => records.includes(`${n}.json`)), `killed at "${step}": ${stdout}`);
        reached += said.includes("  record\n") ? 1 : 0;
        assert.ok(shown.length <= reached, `killed at "${step}": shown as verified before every step was done: ${stdout}`);
    }
    const made = await backup("now");
    assert.equal(made.code, 0, made.stderr);
    assert.match((await backup("list")).stdout, / {2}verified /);
});
