// Heads leave the database: to a second file in spite of the sandbox, at start and at stop; and a
// store that does not open leaves a signed line where it can.
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { headsRead, keyRead, logVerify } from "../../../scripts/verify-audit.mjs";
import { runSkep, setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { auditGet, exportAll, logGrow } from "./lib.mjs";

test("signed heads go to a second file, and are over what is exported", async (t) => {
    const elsewhere = await mkdtemp(join(tmpdir(), "skep-heads-"));
    t.after(() => rm(elsewhere, { recursive: true }));
    const copy = join(elsewhere, "heads.log");
    const skep = await startSkep({ t, args: ["--audit-heads-file", copy] });
    const owner = await setupOwner(skep);
    const key = keyRead((await owner.get("/api/v1/audit/head")).json.public_key);
    const atStart = headsRead(await readFile(copy, "utf8"), [key]);
    assert.equal(atStart.heads.length, 1);
    const text = await exportAll(owner);
    await skep.stop({ keep: true });
    const atStop = headsRead(await readFile(copy, "utf8"), [key]);
    assert.equal(atStop.heads.length, 2);
    assert.equal(await readFile(copy, "utf8"), await readFile(join(skep.dataDir, "audit", "heads.log"), "utf8"));
    const whole = (await runSkep(["audit", "export", "-", "--core-data-dir", skep.dataDir])).stdout;
    assert.ok(whole.startsWith(text));
    assert.deepEqual(logVerify(whole, atStop.heads).faults, []);
    assert.equal(logVerify(text, atStop.heads).faults[0].kind, "truncated");
    const strange = headsRead(await readFile(copy, "utf8"), []);
    assert.deepEqual([strange.heads.length, strange.strange], [0, 2]);
});

test("a store that does not open leaves a signed line", async (t) => {
    const skep = await startSkep({ t });
    await skep.stop({ keep: true });
    const file = await open(join(skep.dataDir, "core.db"), "r+");
    await file.write(Buffer.alloc(4096, 0x5a), 0, 4096, 0);
    await file.close();
    const refused = await runSkep(["serve", "--core-data-dir", skep.dataDir, "--edge-port", "0"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /cannot be opened/);
    const line = (await readFile(join(skep.dataDir, "audit", "heads.log"), "utf8")).trimEnd().split("\n").at(-1);
    const note = JSON.parse(line), pem = await readFile(join(skep.dataDir, "audit", "key.pem"), "utf8");
    assert.deepEqual([note.note, note.error], ["store-refused", "io"]);
    const signed = Buffer.from(line.slice(0, line.indexOf(',"sig"')) + "}");
    assert.ok(verify("sha256", signed, { key: createPublicKey(pem), dsaEncoding: "ieee-p1363" }, Buffer.from(note.sig, "base64url")));
    const { heads, faults } = headsRead(line + "\n", [keyRead(pem)]);
    assert.deepEqual([heads, faults], [[], []], "a note is no head");
});

test("kill -9 in the middle of writing leaves a whole log", async (t) => {
    const skep = await startSkep({ t, fleet: 1 });
    const owner = await setupOwner(skep);
    const device = await logGrow(owner, { rows: 40, every: 7 });
    for (let round = 0; round < 3; round++) {
        const before = (await auditGet(owner, "limit=1")).size;
        let acknowledged = 0, isOver = false;
        const writers = [0, 1, 2, 3].map(async (w) => {
            for (let n = 0; !isOver; n++) {
                const answer = await owner.patch(`/api/v1/devices/${device.id}`, { name: `Gate ${round} ${w} ${n}` }).catch(() => null);
                if (answer?.status !== 200) return;
                acknowledged++;
            }
        });
        await waitFor(() => acknowledged >= 40, 20000, "40 renames");
        await skep.restart({ kill: true });
        isOver = true;
        await Promise.all(writers);
        assert.equal((await owner.get("/api/v1/audit/head")).json.whole, true);
        const text = await exportAll(owner);
        const rows = text.trimEnd().split("\n").map((l) => JSON.parse(l));
        assert.deepEqual(logVerify(text).faults, []);
        assert.ok(rows.slice(before).filter((r) => r.action === "device.renamed").length >= acknowledged, "what was answered is in the log");
    }
});
