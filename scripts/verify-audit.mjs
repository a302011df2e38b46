#!/usr/bin/env node
// Independent verifier of an exported audit log: node alone, no package, no code of the server. It
// hashes every row anew, follows the chain, builds the Merkle tree (RFC 9162 section 2.1), holds it
// against the signed heads, and says which row is wrong and how.
//
//   node scripts/verify-audit.mjs FILE [--heads FILE] [--key PEM]... [--json]
//
// FILE: `skep audit export FILE`, or the pages of GET /api/v1/audit/export. --heads: heads.log, best
// a copy that the box could not write to afterwards. --key: audit/key.pem; give it once more for
// each former key. Without heads and key a cut-off end, and a log that was made anew as a whole,
// cannot be seen. Exit code: 0 whole, 1 not, 2 cannot tell. The format: docs/design/audit.md.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const TEXTS = ["actor_kind", "actor", "session", "action", "object_kind", "object", "result", "source", "detail"];
const MEMBERS = ["seq", "at", ...TEXTS, "prev", "hash"];
const ZEROS = Buffer.alloc(32);

const sha256 = (...parts) => { const h = createHash("sha256"); for (const p of parts) h.update(p); return h.digest(); };
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

// ---- one row ----

/** base64url of exactly `size` bytes, in the one form that such bytes have; else null. */
function bytesOf(text, size) {
    const bytes = typeof text === "string" ? Buffer.from(text, "base64url") : ZEROS;
    return bytes.length === size && bytes.toString("base64url") === text ? bytes : null;
}

export function rowHash(row) {
    const numbers = Buffer.alloc(17);
    numbers[0] = 1;
    numbers.writeBigUInt64BE(BigInt(row.seq), 1);
    numbers.writeBigUInt64BE(BigInt(row.at), 9);
    const texts = TEXTS.flatMap((name) => {
        const text = Buffer.from(row[name], "utf8"), length = Buffer.alloc(4);
        length.writeUInt32BE(text.length);
        return [length, text];
    });
    return sha256(Buffer.of(0), numbers, row.prev, ...texts);
}

/** A line -> {seq, prev, hash, fits}; null when it is no row in the one form that a row has. */
function rowRead(line) {
    let v;
    try { v = JSON.parse(line); } catch { return null; }
    const isRow = v !== null && typeof v === "object" && Object.keys(v).join() === MEMBERS.join() && JSON.stringify(v) === line &&
        Number.isSafeInteger(v.seq) && v.seq > 0 && Number.isSafeInteger(v.at) && v.at >= 0 && TEXTS.every((name) => typeof v[name] === "string");
    if (!isRow) return null;
    const row = { ...v, prev: bytesOf(v.prev, 32), hash: bytesOf(v.hash, 32) };
    if (!row.prev || !row.hash) return null;
    return { seq: row.seq, prev: row.prev, hash: row.hash, fits: rowHash(row).equals(row.hash) };
}

// ---- the tree: the roots of its full subtrees, largest first ----

class Tree {
    constructor() { this.size = 0; this.edge = []; }

    append(leaf) {
        let hash = leaf;
        for (let rest = this.size; rest % 2 === 1; rest = (rest - 1) / 2) hash = nodeHash(this.edge.pop(), hash);
        this.edge.push(hash);
        this.size++;
    }

    root() {
        if (this.size === 0) return sha256();
        return this.edge.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), this.edge.at(-1));
    }
}

// ---- heads ----

/** A PEM public key -> {id, key}. */
export function keyRead(pem) {
    const key = createPublicKey(pem);
    return { key, id: sha256(key.export({ type: "spki", format: "der" })).subarray(0, 8).toString("base64url") };
}

/** Lines of heads.log -> {heads: good ones by size, faults, strange: how many by keys not given}. */
export function headsRead(text, keys) {
    const heads = [], faults = [];
    let strange = 0;
    const lines = text.split("\n");
    lines.pop(); // empty, or what a crash cut
    lines.forEach((line, i) => {
        let h;
        try { h = JSON.parse(line); } catch { return faults.push({ kind: "bad-head", line: i + 1 }); }
        if (h?.note !== undefined) return;
        const key = keys.find((k) => k.id === h?.key);
        if (!key) return void strange++;
        const root = bytesOf(h.root, 32), sig = bytesOf(h.sig, 64), numbers = Buffer.alloc(16);
        if (!root || !sig || !Number.isSafeInteger(h.size) || h.size < 1 || !Number.isSafeInteger(h.at) || h.at < 0)
            return faults.push({ kind: "bad-head", line: i + 1 });
        numbers.writeBigUInt64BE(BigInt(h.size), 0);
        numbers.writeBigUInt64BE(BigInt(h.at), 8);
        const signed = Buffer.concat([Buffer.from("skep-audit-head-1"), numbers, root, Buffer.from(h.key, "base64url")]);
        if (!verify("sha256", signed, { key: key.key, dsaEncoding: "ieee-p1363" }, sig)) return faults.push({ kind: "bad-head", line: i + 1 });
        heads.push({ size: h.size, root });
    });
    heads.sort((a, b) => a.size - b.size);
    return { heads, faults, strange };
}

// ---- what is wrong ----

/** Rows that came twice: the one that follows from the row before is the true one. */
function insertedTake(rows, faults) {
    const bySeq = new Map();
    for (const row of rows) bySeq.set(row.seq, [...(bySeq.get(row.seq) ?? []), row]);
    const out = new Set();
    for (const [seq, same] of bySeq) {
        if (same.length === 1) continue;
        const before = bySeq.get(seq - 1)?.[0].hash ?? (seq === 1 ? ZEROS : null);
        const next = bySeq.get(seq + 1)?.[0].prev;
        const true_ = same.find((r) => r.fits && before?.equals(r.prev) && (!next || next.equals(r.hash))) ?? same.find((r) => r.fits) ?? same[0];
        for (const row of same) {
            if (row === true_) continue;
            out.add(row);
            faults.push({ kind: "inserted", row: seq, line: row.line });
        }
    }
    return rows.filter((row) => !out.has(row));
}

/** Runs of numbers that are left out, and the end that heads know of. */
function missingFind(sorted, heads, faults) {
    let want = 1;
    for (const { seq } of sorted) {
        if (seq > want) faults.push({ kind: "deleted", row: want, to: seq - 1 });
        want = seq + 1;
    }
    const most = heads.at(-1)?.size ?? 0;
    if (most >= want) faults.push({ kind: "truncated", row: want, to: most });
}

/** Rows that fit themselves but not each other: somebody hashed a changed row anew. */
function chainCheck(sorted, faults) {
    const broken = (i) => {
        const row = sorted[i], before = sorted[i - 1];
        if (!row || !row.fits || (before && (!before.fits || before.seq !== row.seq - 1)) || (!before && row.seq !== 1)) return false;
        return !row.prev.equals(before ? before.hash : ZEROS);
    };
    for (let i = 0; i < sorted.length; i++) {
        if (!broken(i)) continue;
        // The joint before row i is broken. If the joint behind it is too, row i was changed; if that one
        // holds, the row before; of the last row nobody can tell which of the two.
        const { seq } = sorted[i];
        if (i === 0 || broken(i + 1)) faults.push({ kind: "edited", row: seq });
        else faults.push({ kind: "edited", row: seq - 1, ...(i === sorted.length - 1 ? { to: seq } : {}) });
        if (broken(i + 1)) i++;
    }
}

/** Everything hangs together, but not with what was signed: made anew between two heads. */
function headsHold(sorted, heads, faults) {
    const tree = new Tree(), firstFault = Math.min(Infinity, ...faults.map((f) => f.row ?? Infinity));
    let next = 0, good = 0, held = 0;
    for (const row of sorted) {
        if (row.seq !== tree.size + 1 || row.seq >= firstFault) break;
        tree.append(row.hash);
        for (; next < heads.length && heads[next].size === tree.size; next++, held++) {
            if (!tree.root().equals(heads[next].root)) {
                faults.push({ kind: "rewritten", row: good + 1, to: tree.size });
                return held;
            }
            good = tree.size;
        }
    }
    return held;
}

/** The exported text and good heads -> {rows, held, root, faults: [{kind, row, to?, line?}]}. */
export function logVerify(text, heads = []) {
    const lines = text.split("\n"), faults = [];
    if (lines.at(-1) === "") lines.pop();
    // A row that does not give its hash may lie about its number: it is where it stands.
    let rows = [], last = 0;
    lines.forEach((line, i) => {
        const row = rowRead(line) ?? { fits: false };
        if (!row.fits) row.seq = last + 1;
        row.line = i + 1;
        last = row.seq;
        rows.push(row);
    });
    rows = insertedTake(rows, faults);
    for (const row of rows) if (!row.fits) faults.push({ kind: "edited", row: row.seq });
    const sorted = [...rows].sort((a, b) => a.seq - b.seq);
    const moved = rows.findIndex((row, i) => row !== sorted[i]);
    if (moved >= 0) faults.push({ kind: "reordered", row: sorted[moved].seq, line: rows[moved].line });
    missingFind(sorted, heads, faults);
    chainCheck(sorted, faults);
    const held = headsHold(sorted, heads, faults);
    faults.sort((a, b) => a.row - b.row);
    const tree = new Tree();
    if (faults.length === 0) for (const row of sorted) tree.append(row.hash);
    return { rows: lines.length, held, root: faults.length === 0 ? tree.root().toString("base64url") : null, faults };
}

// ---- the command ----

const sentences = {
    edited: "was edited", deleted: "deleted", truncated: "cut off at the end", reordered: "rows stand in another order from here",
    inserted: "was inserted", rewritten: "hashed anew after a head was signed over them", "bad-head": "head without a valid signature",
};

function say(fault) {
    const where = fault.row === undefined ? `head, line ${fault.line}` : fault.to > fault.row ? `rows ${fault.row} to ${fault.to}` : `row ${fault.row}`;
    return `${where}${fault.row !== undefined && fault.line ? ` (line ${fault.line})` : ""}: ${fault.kind} - ${sentences[fault.kind]}`;
}

function main(args) {
    const options = { keys: [], heads: null, file: null, json: false };
    while (args.length > 0) {
        const arg = args.shift();
        if (arg === "--heads") options.heads = args.shift();
        else if (arg === "--key") options.keys.push(keyRead(readFileSync(args.shift(), "utf8")));
        else if (arg === "--json") options.json = true;
        else if (arg.startsWith("-") || options.file) throw new Error(`${arg}: what is this?`);
        else options.file = arg;
    }
    if (!options.file || (options.heads && options.keys.length === 0))
        throw new Error("usage: verify-audit.mjs FILE [--heads FILE --key PEM]... [--json]");
    const { heads, faults, strange } = options.heads ? headsRead(readFileSync(options.heads, "utf8"), options.keys) : { heads: [], faults: [], strange: 0 };
    const result = logVerify(readFileSync(options.file, "utf8"), heads);
    result.faults.push(...faults);
    if (options.json) console.log(JSON.stringify({ ...result, strange }));
    else {
        for (const fault of result.faults) console.log(say(fault));
        console.log(`${result.rows} rows, ${result.held} of ${heads.length} signed heads held against them${strange ? `, ${strange} by keys that were not given` : ""}`);
        if (heads.length === 0) console.log("No signed head: a cut-off end and a log made anew as a whole cannot be seen.");
        console.log(result.faults.length > 0 ? "NOT whole" : `Whole. Root ${result.root}`);
    }
    return result.faults.length > 0 ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
    try {
        process.exitCode = main(process.argv.slice(2));
    } catch (error) {
        console.error(`verify-audit: ${error.message}`);
        process.exitCode = 2;
    }
}
