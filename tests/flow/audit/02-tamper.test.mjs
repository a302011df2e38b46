// Random harm to an exported log is found and named, every time; `make show-front-door` does the
// same ten thousand times.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { logVerify } from "../../../scripts/verify-audit.mjs";
import { setupOwner, startSkep, test } from "../lib/skep.mjs";
import { evidenceTake, evidenceWrite, logGrow } from "./lib.mjs";
import { isLocated, randomMake, tamper, wayNames } from "./tamper.mjs";

const TRIES_EACH = 40;
const verifier = fileURLToPath(new URL("../../../scripts/verify-audit.mjs", import.meta.url));

test("edits, deletions, truncations, reorders and insertions are found and located", async (t) => {
    const skep = await startSkep({ t, fleet: 1 });
    const owner = await setupOwner(skep);
    await logGrow(owner, { rows: 120, every: 11 });
    const evidence = await evidenceTake(skep, owner);
    assert.deepEqual(logVerify(evidence.text, evidence.heads).faults, [], "unharmed, it is whole");
    const random = randomMake(20240117);
    for (const name of wayNames)
        for (let i = 0; i < TRIES_EACH; i++) {
            const harm = tamper(evidence.lines, random, name);
            const { faults } = logVerify(harm.text, evidence.heads);
            assert.ok(isLocated(harm, faults, evidence.heads), `${name} ${i}: row ${harm.row}..${harm.to ?? harm.row}, found ${JSON.stringify(faults.slice(0, 5))}`);
        }

    const files = await evidenceWrite(skep, evidence);
    const run = () => {
        try {
            return { code: 0, out: execFileSync(process.execPath, [verifier, files.rows, "--heads", files.heads, "--key", files.key], { encoding: "utf8" }) };
        } catch (error) {
            return { code: error.status, out: error.stdout };
        }
    };
    assert.equal(run().code, 0, run().out);
    await writeFile(files.rows, evidence.lines.slice(0, -3).map((l) => l + "\n").join(""));
    const cut = run();
    assert.equal(cut.code, 1);
    assert.match(cut.out, /truncated - cut off at the end/);
    const [first] = evidence.headsText.split("\n");
    await writeFile(files.heads, first.replace(/"at":(\d)/, (_, d) => `"at":${(Number(d) % 9) + 1}`) + "\n");
    assert.match(run().out, /head, line 1: bad-head/);
});
