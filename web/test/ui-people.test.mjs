// Hours between zones, the table of grants, and the checks of the audit log, with nothing but the console's own modules.
import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { loadUi } from "./ui-load.mjs";

const ui = await loadUi(`
    export { toUtc, toLocal, minutesOf, timeOf } from './rooms/people/hours';
    export { gridOf, changesOf } from './rooms/people/grid';
    export { csvLine } from './rooms/trust/export';
    export * from './rooms/trust/verify';
`);

const WEEK = [1, 2, 3, 4, 5];
const minutesOfWeek = (ranges) => {
    const on = new Set();
    for (const { days, from, to } of ranges)
        for (const d of days) for (let m = from; m < to; m++) on.add((d - 1) * 1440 + m);
    return on;
};

test("hours: a zone ahead, a zone behind, over midnight, over the week's end", () => {
    assert.deepEqual(ui.toUtc([{ days: WEEK, from: 480, to: 1080 }], 60), [
        { days: WEEK, from: 420, to: 1020 },
    ]);
    // Monday 00:00 to 06:00 in Shanghai begins on Sunday in UTC
    assert.deepEqual(ui.toUtc([{ days: [1], from: 0, to: 360 }], 480), [
        { days: [7], from: 960, to: 1320 },
    ]);
    // a night shift: Sunday 22:00 to Monday 06:00
    assert.deepEqual(ui.toUtc([{ days: [7], from: 1320, to: 360 }], 0), [
        { days: [1], from: 0, to: 360 },
        { days: [7], from: 1320, to: 1440 },
    ]);
    assert.deepEqual(ui.toLocal([{ days: [1], from: 0, to: 360 }, { days: [7], from: 1320, to: 1440 }], 0), [
        { days: [7], from: 1320, to: 360 },
    ]);
    assert.deepEqual(ui.toUtc([{ days: [1, 2, 3, 4, 5, 6, 7], from: 0, to: 1440 }], 345), [
        { days: [1, 2, 3, 4, 5, 6, 7], from: 0, to: 1440 },
    ]);
});

test("hours: what is given comes back, in every zone, and means the same minutes", () => {
    const given = [
        [{ days: WEEK, from: 480, to: 1080 }],
        [{ days: [1, 3, 7], from: 1320, to: 360 }],
        [{ days: [6, 7], from: 0, to: 1440 }],
        [{ days: [2], from: 15, to: 30 }, { days: [2], from: 600, to: 601 }],
    ];
    for (let offset = -720; offset <= 840; offset += 15)
        for (const hours of given) {
            const utc = ui.toUtc(hours, offset);
            for (const r of utc) assert.ok(r.from < r.to && r.from >= 0 && r.to <= 1440, JSON.stringify(r));
            assert.deepEqual(ui.toLocal(utc, offset), hours, `${offset}`);
            const want = new Set();
            for (const { days, from, to } of hours)
                for (const d of days)
                    for (let m = from; m < (to > from ? to : to + 1440); m++)
                        want.add(((((d - 1) * 1440 + m - offset) % 10080) + 10080) % 10080);
            assert.deepEqual([...minutesOfWeek(utc)].sort(), [...want].sort());
        }
    assert.equal(ui.minutesOf("08:30"), 510);
    for (const bad of ["", "8:30", "24:00", "aa:bb"]) assert.equal(ui.minutesOf(bad), null);
    assert.equal(ui.timeOf(510), "08:30");
});

test("table of grants: what always holds can change, what has an end is shown", () => {
    const mei = { account: "mei" };
    const grants = [
        { id: "1", subject: mei, object: { tag: "gate" }, actions: ["talk"] },
        { id: "2", subject: mei, object: { tag: "gate" }, actions: ["ptz"], not_after: 9 },
        { id: "3", subject: mei, object: { all: true }, actions: ["listen"] },
        { id: "4", subject: { role: "member" }, object: { tag: "gate" }, actions: ["listen"], schedule: [] },
    ];
    const grid = ui.gridOf(grants, "tag:gate");
    assert.deepEqual([...grid.get("account:mei").always], ["talk"]);
    assert.deepEqual([...grid.get("account:mei").limited], ["ptz"]);
    assert.deepEqual([...grid.get("role:member").always], ["listen"]);
    const drafts = new Map([
        ["account:mei", new Set(["talk", "live-sub"])],
        ["role:member", new Set(["listen"])],
        ["role:admin", new Set(["config"])],
    ]);
    assert.deepEqual(ui.changesOf(grid, drafts), [
        { subject: mei, actions: ["live-sub", "talk"], take: ["1"], cells: 1 },
        { subject: { role: "admin" }, actions: ["config"], take: [], cells: 1 },
    ]);
    assert.deepEqual(ui.changesOf(grid, new Map([["account:mei", new Set()]]))[0].actions, []);
});

const b64 = (bytes) => Buffer.from(bytes).toString("base64url");

async function log(n) {
    const rows = [];
    let prev = Buffer.alloc(32);
    for (let seq = 1; seq <= n; seq++) {
        const row = { seq, at: 1000 + seq, actor_kind: "account", actor: "a", session: "s", action: `x.${seq}`, object_kind: "", object: "",
            result: "done", source: "::1", detail: "{\"门\":1}", prev: b64(prev), hash: "" };
        prev = await ui.rowHash(row);
        rows.push({ ...row, hash: b64(prev) });
    }
    const tree = new ui.Tree();
    for (const row of rows) await tree.append(ui.decoded(row.hash));
    return { rows, head: { size: n, at: 5, root: b64(await tree.root()), key: "", sig: "" } };
}

const put = (rows, at, row) => rows.map((r, i) => (i === at ? row : r));

const faultOf = async (rows, head) => {
    const follower = new ui.Follower(head);
    for (const row of rows) {
        const fault = await follower.take(row);
        if (fault) return fault;
    }
    return null;
};

test("log: whole, edited, missing, joined wrongly, made anew", async () => {
    const { rows, head } = await log(23);
    assert.equal(await faultOf(rows, head), null);
    assert.deepEqual(await faultOf(put(rows, 4, { ...rows[4], action: "x" }), head), { kind: "edited", row: 5 });
    assert.deepEqual(await faultOf(rows.filter((r) => r.seq !== 8), head), { kind: "missing", row: 8 });
    const anew = { ...rows[4], action: "x" };
    anew.hash = b64(await ui.rowHash(anew));
    assert.deepEqual(await faultOf(put(rows, 4, anew), head), { kind: "chain", row: 6 });
    const other = await log(23);
    other.rows[22] = { ...other.rows[22], action: "x" };
    other.rows[22].hash = b64(await ui.rowHash(other.rows[22]));
    assert.deepEqual(await faultOf(other.rows, head), { kind: "root", row: 23 });
    assert.equal(ui.rowOf("{}"), null);
    assert.equal(ui.rowOf("{"), null);
    assert.deepEqual(ui.rowOf(JSON.stringify(rows[0])), rows[0]);
});

/** RFC 9162 2.1.3.1, straight from its text: the path of leaf m in the tree over d. */
const sha = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const split = (n) => 2 ** (31 - Math.clz32(n - 1));
const mth = (d) => (d.length === 1 ? d[0] : sha(Buffer.of(1), mth(d.slice(0, split(d.length))), mth(d.slice(split(d.length)))));
function path(m, d) {
    if (d.length === 1) return [];
    const k = split(d.length);
    return m < k ? [...path(m, d.slice(0, k)), mth(d.slice(k))] : [...path(m - k, d.slice(k)), mth(d.slice(0, k))];
}

test("proof: every leaf of every tree up to 40 climbs to the root, and to no other", async () => {
    const leaves = Array.from({ length: 40 }, (_, i) => sha(Buffer.of(0, i)));
    for (let n = 1; n <= 40; n++) {
        const d = leaves.slice(0, n);
        const root = mth(d);
        for (let m = 0; m < n; m++) {
            const p = path(m, d);
            const steps = await ui.climb(d[m], m, n, p);
            assert.ok(steps, `${m} of ${n}`);
            assert.deepEqual(Buffer.from(steps.at(-1)?.result ?? d[m]), root);
            if (p.length) {
                assert.equal(await ui.climb(d[m], m, n, p.slice(1)), null, "too short");
                assert.equal(await ui.climb(d[m], m, n, [...p, root]), null, "too long");
            }
        }
        assert.equal(await ui.climb(d[0], n, n, []), null);
    }
});

test("head: signed by the key, and by no other, over nothing else", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = publicKey.export({ type: "spki", format: "pem" });
    const key = await ui.keyOf(pem);
    const id = sha(createPublicKey(pem).export({ type: "spki", format: "der" })).subarray(0, 8);
    assert.deepEqual(Buffer.from(key.id), id);
    const root = sha(Buffer.of(7)), numbers = Buffer.alloc(16);
    numbers.writeBigUInt64BE(9n, 0);
    numbers.writeBigUInt64BE(123456789n, 8);
    const sig = sign("sha256", Buffer.concat([Buffer.from("skep-audit-head-1"), numbers, root, id]), { key: privateKey, dsaEncoding: "ieee-p1363" });
    const head = { size: 9, at: 123456789, root: b64(root), key: b64(id), sig: b64(sig) };
    assert.equal(await ui.headHolds(head, key), true);
    for (const harm of [{ size: 10 }, { at: 1 }, { root: b64(sha(root)) }, { key: b64(sha(id).subarray(0, 8)) }, { sig: b64(Buffer.alloc(64, 1)) }])
        assert.equal(await ui.headHolds({ ...head, ...harm }, key), false, JSON.stringify(harm));
});

test("CSV: a text is a text, never a formula", () => {
    const row = { seq: 1, at: 0, actor_kind: "=1+1", actor: "a,b", session: "say \"x\"", action: "-x", object_kind: "", object: "@y", result: "done",
        source: "+1", detail: "", prev: "p", hash: "h" };
    assert.equal(ui.csvLine(row), "1,1970-01-01T00:00:00.000Z,'=1+1,\"a,b\",\"say \"\"x\"\"\",'-x,,'@y,done,'+1,,p,h");
});
