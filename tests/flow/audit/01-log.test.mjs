// What people and cameras do is in the log, in the order in which it was done; the log is read over
// the API and proved with other code than the server's.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keyRead, headsRead, logVerify } from "../../../scripts/verify-audit.mjs";
import { api, login, OWNER, runSkep, setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { auditGet, evidenceTake, evidenceWrite, exportAll, logGrow } from "./lib.mjs";

const node = (left, right) => createHash("sha256").update(Buffer.of(1)).update(left).update(right).digest();
const bytes = (text) => Buffer.from(text, "base64url");

/** RFC 9162 2.1.3.2, written here a third time. */
function rootOf(index, size, leaf, path) {
    let fn = index, sn = size - 1, r = leaf;
    for (const hash of path.map(bytes)) {
        assert.notEqual(sn, 0);
        if (fn % 2 === 1 || fn === sn) {
            r = node(hash, r);
            while (fn % 2 === 0 && fn !== 0) { fn = Math.floor(fn / 2); sn = Math.floor(sn / 2); }
        } else r = node(r, hash);
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
    }
    assert.equal(sn, 0);
    return r.toString("base64url");
}

/** RFC 9162 2.1.4.2 -> [root of the old tree, root of the new]. */
function rootsOf({ from, to, from_root, path }) {
    const hashes = path.map(bytes);
    let fn = from - 1, sn = to - 1;
    if ((from & (from - 1)) === 0) hashes.unshift(bytes(from_root));
    let fr = hashes.shift(), sr = fr;
    while (fn % 2 === 1) { fn = (fn - 1) / 2; sn = Math.floor(sn / 2); }
    for (const c of hashes) {
        if (fn % 2 === 1 || fn === sn) {
            fr = node(c, fr);
            sr = node(c, sr);
            while (fn % 2 === 0 && fn !== 0) { fn = Math.floor(fn / 2); sn = Math.floor(sn / 2); }
        } else sr = node(sr, c);
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
    }
    return [fr, sr].map((h) => h.toString("base64url"));
}

const WEI = { ...OWNER, name: "Wei of the north gate" };
const find = (list, want) => list.find((row) => Object.entries(want).every(([k, v]) => row[k] === v));

test("every act of a first day is in the log", async (t) => {
    const skep = await startSkep({ t, fleet: 1 });
    const owner = await setupOwner(skep, WEI);
    const me = (await owner.get("/api/v1/me")).json;
    const device = await waitFor(async () => (await owner.get("/api/v1/devices?state=online")).json.devices[0], 20000, "a camera");
    assert.equal((await api(skep).post("/api/v1/login", { name: WEI.name, password: "not the right one at all" })).status, 401);
    const second = await login(skep, WEI);
    const other = (await second.get("/api/v1/me")).json.session.id;
    await owner.patch(`/api/v1/devices/${device.id}`, { name: "Rear door" });
    const token = (await owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 600 })).json;
    await owner.delete(`/api/v1/enrolment-tokens/${token.id}`);
    await owner.delete(`/api/v1/sessions/${other}`);
    const session = Buffer.alloc(16, 7).toString("base64url");
    const { code } = (await owner.post("/api/v1/authorizations", { device: device.id, actions: ["live-sub"], session })).json;
    const signal = await owner.socket("/ws/signal", "skep.signal.1");
    signal.send(JSON.stringify({ open: { session, device: device.id, code } }));
    assert.deepEqual((await signal.nextJson()).opened, { session });
    signal.close();
    await owner.delete(`/api/v1/devices/${device.id}`);
    const rows = await waitFor(async () => {
        const all = (await auditGet(owner, "limit=200")).rows;
        return find(all, { action: "view.ended" }) && all;
    }, 5000, "view.ended");

    const account = me.account.id, by = { actor_kind: "account", actor: account, session: me.session.id, source: rows.find((r) => r.action === "view.begun").source };
    assert.match(by.source, /^(127\.0\.0\.1|::1)$/);
    for (const want of [
        { action: "box.started", actor_kind: "box", object_kind: "box" },
        { action: "certificate.made", actor_kind: "box" },
        { action: "device.enrolled", actor_kind: "token", object: device.id },
        { action: "session.login", result: "refused", actor_kind: "nobody", actor: "", object: account },
        { action: "device.renamed", object_kind: "device", object: device.id, ...by },
        { action: "enrolment.made", object: token.id, ...by },
        { action: "enrolment.ended", object: token.id, ...by },
        { action: "view.begun", object: device.id, detail: '{"actions":["live-sub"]}', ...by },
        { action: "view.ended", object: device.id, ...by },
        { action: "device.removed", object: device.id, ...by },
    ]) assert.ok(find(rows, want), JSON.stringify(want));
    assert.ok(JSON.parse(find(rows, { action: "view.ended" }).detail).ms >= 0);
    const data = [...await auditGet(owner, "action=data.read&limit=200").then((a) => a.rows), ...await auditGet(owner, "action=data.write&limit=200").then((a) => a.rows)];
    const seqs = [...rows, ...data].map((r) => r.seq).filter((seq) => seq <= rows[0].seq).sort((a, b) => b - a);
    assert.deepEqual(seqs, seqs.map((_, i) => seqs[0] - i), "no gaps but what is told of data");
    assert.ok(rows.every((r, i) => !i || r.seq < rows[i - 1].seq), "newest first");

    const text = JSON.stringify(rows);
    for (const secret of [WEI.password, "not the right one", token.token, code, "Rear door", WEI.name])
        assert.ok(!text.includes(secret), `the log holds "${secret}"`);
    await skep.stop({ keep: true });
    const { stdout } = await runSkep(["audit", "export", "-", "--core-data-dir", skep.dataDir]);
    const last = JSON.parse(stdout.trimEnd().split("\n").at(-1));
    assert.equal(last.action, "box.stopped");
});

test("filters, pages, and nobody but the owner", async (t) => {
    const skep = await startSkep({ t, fleet: 1 });
    const owner = await setupOwner(skep);
    const device = await logGrow(owner, { rows: 60, every: 10 });
    const renames = await auditGet(owner, "action=device.renamed&limit=200");
    assert.ok(renames.rows.length >= 40 && renames.rows.every((r) => r.action === "device.renamed"));
    const group = await auditGet(owner, "action=device.&object=" + device.id);
    assert.ok(group.rows.every((r) => r.action.startsWith("device.") && r.object === device.id));
    assert.equal((await auditGet(owner, "action=device")).rows.length, 0);
    const seen = [];
    for (let next = ""; next !== undefined;) {
        const page = await auditGet(owner, `limit=13&to=${Date.now() + 1000}${next && `&cursor=${next}`}`);
        seen.push(...page.rows.map((r) => r.seq));
        next = page.next;
    }
    assert.ok(seen.length >= 50 && seen.every((seq, i) => !i || seq < seen[i - 1]), "each once, in order");
    assert.equal(seen.at(-1), 1);
    assert.equal((await auditGet(owner, `from=${Date.now() + 3600000}`)).rows.length, 0);
    for (const query of ["limit=0", "limit=201", "cursor=x", "from=-1", "actor=" + "a".repeat(65)])
        assert.equal((await owner.get(`/api/v1/audit?${query}`)).status, 400, query);
    const stranger = api(skep);
    for (const path of ["", "/head", "/export", "/1/proof", "/consistency?from=1&to=2"])
        assert.equal((await stranger.get(`/api/v1/audit${path}`)).status, 401, path);
});

test("proofs hold, and so does the whole log, over a restart and with other code", async (t) => {
    const skep = await startSkep({ t, fleet: 1 });
    const owner = await setupOwner(skep);
    await logGrow(owner, { rows: 300, every: 31 }); // beyond the first kept node of 256
    const evidence = await evidenceTake(skep, owner);
    const key = keyRead(evidence.pem);
    for (const seq of [1, 2, 7, 256, 257, evidence.lines.length]) {
        const proof = (await owner.get(`/api/v1/audit/${seq}/proof`)).json;
        assert.equal(JSON.stringify(proof.row), evidence.lines[seq - 1]);
        assert.equal(rootOf(seq - 1, proof.head.size, bytes(proof.row.hash), proof.path), proof.head.root);
        assert.equal(headsRead(JSON.stringify(proof.head) + "\n", [key]).heads.length, 1, "the head's signature");
    }
    for (const seq of ["0", "999999", "x"]) assert.equal((await owner.get(`/api/v1/audit/${seq}/proof`)).status, 404);
    for (const [i, from] of evidence.heads.entries()) {
        const to = evidence.heads.at(-1);
        const c = (await owner.get(`/api/v1/audit/consistency?from=${from.size}&to=${to.size}`)).json;
        assert.equal(c.from_root, from.root.toString("base64url"));
        assert.equal(c.to_root, to.root.toString("base64url"));
        if (i < evidence.heads.length - 1) assert.deepEqual(rootsOf(c), [c.from_root, c.to_root]);
    }
    assert.equal((await owner.get("/api/v1/audit/consistency?from=9&to=8")).status, 400);
    assert.equal((await owner.get("/api/v1/audit/consistency?from=1&to=999999")).status, 404);
    assert.deepEqual(evidence.faults, []);
    const verdict = logVerify(evidence.text, evidence.heads);
    assert.deepEqual(verdict.faults, []);
    assert.ok(verdict.held >= 9);

    await skep.restart();
    const after = await exportAll(owner);
    assert.ok(after.startsWith(evidence.text), "a restart changes no row");
    assert.equal((await owner.get("/api/v1/audit/head")).json.whole, true);
    const files = await evidenceWrite(skep, evidence);
    const file = await runSkep(["audit", "verify", files.rows, "--heads", files.heads, "--key", files.key]);
    assert.equal(file.code, 0, file.stdout + file.stderr);
    assert.match(file.stdout, /^Whole\. Root /m);
    const busy = await runSkep(["audit", "verify", "--core-data-dir", skep.dataDir]);
    assert.equal(busy.code, 1);
    assert.match(busy.stderr, /running/);
    await skep.stop({ keep: true });
    const stopped = await runSkep(["audit", "verify", "--core-data-dir", skep.dataDir]);
    assert.equal(stopped.code, 0, stopped.stdout + stopped.stderr);
    await writeFile(files.rows, evidence.lines.filter((_, i) => i !== 99).map((l) => l + "\n").join(""));
    const harmed = await runSkep(["audit", "verify", files.rows, "--heads", files.heads, "--key", files.key]);
    assert.equal(harmed.code, 1);
    assert.match(harmed.stdout, /missing, row 100\b/);
});

test("a database set back, or heads that are gone, are noticed at the next start", async (t) => {
    const skep = await startSkep({ t, fleet: 1 });
    const owner = await setupOwner(skep);
    await logGrow(owner, { rows: 40, every: 5 });
    await skep.stop({ keep: true });
    const names = ["core.db", "core.db-wal"].map((n) => join(skep.dataDir, n));
    const old = await Promise.all(names.map((n) => readFile(n).catch(() => null)));
    await skep.start();
    await logGrow(owner, { rows: 60, every: 5 });
    await skep.stop({ keep: true });
    for (const [i, name] of names.entries()) {
        if (old[i]) await writeFile(name, old[i]);
        else await rm(name, { force: true });
    }
    await skep.start();
    assert.equal((await owner.get("/api/v1/audit/head")).json.whole, false);
    const [row] = (await auditGet(owner, "action=audit.checked")).rows;
    assert.equal(row.result, "failed");
    assert.equal(JSON.parse(row.detail).reason, "shorter-than-signed");
    await skep.stop({ keep: true });
    await rm(join(skep.dataDir, "audit", "heads.log"));
    await skep.start();
    const [next] = (await auditGet(owner, "action=audit.checked")).rows;
    assert.equal(JSON.parse(next.detail).reason, "heads-are-gone");
});
