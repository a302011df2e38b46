// Started as root with core.user: box and cameras both run as that user, and both end together.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { camerasOnline, setupOwner, Skep, test, waitFor } from "../lib/skep.mjs";

const isRoot = process.getuid() === 0;
const isThere = (pid) => stat(`/proc/${pid}`).then(() => true, () => false);
const uidOf = async (pid) => Number(/^Uid:\t\d+\t(\d+)/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))[1]);

test("box and fleet give up root", { skip: !isRoot && "needs root: it starts as root" }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "skep-user-"));
    await chmod(folder, 0o711);
    t.after(() => rm(folder, { recursive: true, force: true }));
    const skep = new Skep(folder, { fleet: 1, args: ["--core-user", "nobody"] });
    t.after(() => skep.proc && skep.kill9());
    await skep.start();
    const owner = await setupOwner(skep);
    await camerasOnline(owner, 1);
    const nobody = (await stat(skep.dataDir)).uid;
    assert.notEqual(nobody, 0);
    const fleet = Number(await readFile(`/proc/${skep.pid}/task/${skep.pid}/children`, "utf8"));
    assert.ok(fleet > 0, "the fleet is a child of the box");
    assert.deepEqual([await uidOf(skep.pid), await uidOf(fleet)], [nobody, nobody]);
    assert.equal((await stat(skep.fleetDir)).mode & 0o777, 0o700);
    assert.match(await readFile(`/proc/${skep.pid}/limits`, "utf8"), /^Max core file size +0 +0 /m);
    await skep.stop({ keep: true });
    await waitFor(async () => !(await isThere(fleet)));
});
