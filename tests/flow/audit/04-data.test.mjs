// Who read and wrote personal data: named by statement, person and request, counted, without what was asked for.
import assert from "node:assert/strict";
import { setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { auditGet, exportAll } from "./lib.mjs";
import { headsRead, keyRead, logVerify } from "../../../scripts/verify-audit.mjs";

const touchedOf = (rows) => rows.flatMap((row) => JSON.parse(row.detail).touched.map((t) => ({ row, statement: t[0], tables: t[1], class: t[2], kind: t[3], runs: t[4], rows: t[5] })));

test("reads and writes of personal data are rows, by person and request, never by value", async (t) => {
    const skep = await startSkep({ t, fleet: 1 });
    const owner = await setupOwner(skep);
    const device = await waitFor(async () => (await owner.get("/api/v1/devices")).json.devices[0], 20000, "a camera");
    assert.equal((await owner.patch(`/api/v1/devices/${device.id}`, { name: "Marker Zanzibar" })).status, 200);
    const written = touchedOf((await auditGet(owner, "action=data.write")).rows).find((w) => w.tables.split(",").includes("device") && w.row.actor_kind === "account");
    assert.ok(written, "the renaming is told in its own transaction");
    assert.deepEqual([written.kind, written.class, written.rows], ["write", "personal", 1]);
    assert.match(JSON.parse(written.row.detail).request, /^[0-9a-f]+$/);

    await auditGet(owner, "object=device");
    const read = await waitFor(async () => touchedOf((await auditGet(owner, "action=data.read")).rows)
        .find((r) => r.statement === "audit_row_find" && r.row.actor_kind === "account"), 10000, "the read of the log");
    assert.equal(read.row.actor, written.row.actor);
    assert.ok(read.rows > 0 && read.class === "personal" && read.tables === "audit_row");

    const listed = (await auditGet(owner, "limit=200")).rows;
    assert.ok(listed.every((row) => row.action !== "data.read" && row.action !== "data.write"), "they come when asked for");
    const text = await exportAll(owner);
    assert.ok(text.includes('"data.write"') && text.includes('"data.read"'));
    assert.ok(!text.includes("Zanzibar"), "no value is told");
    const key = keyRead((await owner.get("/api/v1/audit/head")).json.public_key);
    assert.deepEqual(logVerify(text, headsRead("", [key]).heads).faults, []);
    assert.match(await skep.metrics(), /^skep_audit_witness_alarms_total 0$/m);
});
