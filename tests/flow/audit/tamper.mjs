// Random harm to an exported log, and whether the verifier names it. Each way is {text, kinds, row,
// to?}: the changed text and what must be reported. Seeded, so that a failing try can be repeated.
import { rowHash } from "../../../scripts/verify-audit.mjs";

/** mulberry32: a small generator with a seed. below(n): 0..n-1. */
export function randomMake(seed) {
    let a = seed >>> 0;
    const next = () => {
        a = (a + 0x6d2b79f5) >>> 0;
        let t = Math.imul(a ^ (a >>> 15), 1 | a);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    return { below: (n) => Math.floor(next() * n), pick: (list) => list[Math.floor(next() * list.length)] };
}

const join = (lines) => lines.map((l) => l + "\n").join("");
const b64 = (bytes) => bytes.toString("base64url");
const TEXTS = ["actor_kind", "actor", "session", "action", "object_kind", "object", "result", "source", "detail"];

/** A row with one of its facts changed. */
function rowChanged(line, r) {
    const row = JSON.parse(line), field = r.pick([...TEXTS, "at"]);
    if (field === "at") row.at += r.pick([-1, 1, 60000, -86400000]);
    else if (row[field] === "" || r.below(3) === 0) row[field] += r.pick(["x", "0", " ", "-"]);
    else row[field] = row[field].slice(0, -1) + (row[field].endsWith("q") ? "z" : "q");
    return row;
}

/** The row with the hash that its content gives. */
function rehashed(row) {
    const hash = rowHash({ ...row, prev: Buffer.from(row.prev, "base64url") });
    return { ...row, hash: b64(hash) };
}

const at = (lines, k, line) => join(lines.map((l, i) => (i === k ? line : l)));

const ways = {
    editField(lines, r) {
        const k = r.below(lines.length);
        return { text: at(lines, k, JSON.stringify(rowChanged(lines[k], r))), kinds: ["edited"], row: k + 1 };
    },
    editByte(lines, r) {
        const k = r.below(lines.length), i = r.below(lines[k].length), old = lines[k].charCodeAt(i);
        const now = String.fromCharCode(32 + ((old - 32 + 1 + r.below(94)) % 95));
        return { text: at(lines, k, lines[k].slice(0, i) + now + lines[k].slice(i + 1)), kinds: ["edited"], row: k + 1 };
    },
    editHash(lines, r) {
        const k = r.below(lines.length), row = JSON.parse(lines[k]), name = r.pick(["prev", "hash"]);
        row[name] = b64(Buffer.from(Array.from({ length: 32 }, () => r.below(256))));
        return { text: at(lines, k, JSON.stringify(row)), kinds: ["edited"], row: k + 1 };
    },
    editNumber(lines, r) {
        const k = r.below(lines.length), row = JSON.parse(lines[k]);
        row.seq += r.pick([1, -1, 7, 1000000]);
        return { text: at(lines, k, JSON.stringify(row)), kinds: ["edited"], row: k + 1 };
    },
    editRehash(lines, r) {
        const k = r.below(lines.length);
        return { text: at(lines, k, JSON.stringify(rehashed(rowChanged(lines[k], r)))), kinds: ["edited", "rewritten"], row: k + 1 };
    },
    /** All rows from k on made anew: only the signed heads can tell, to within two of them. */
    rewrite(lines, r) {
        const k = r.below(lines.length), out = lines.slice(0, k);
        let row = rehashed(rowChanged(lines[k], r));
        out.push(JSON.stringify(row));
        for (const line of lines.slice(k + 1)) {
            row = rehashed({ ...JSON.parse(line), prev: row.hash });
            out.push(JSON.stringify(row));
        }
        return { text: join(out), kinds: ["rewritten"], row: k + 1 };
    },
    delete(lines, r) {
        const k = r.below(lines.length - 1), count = Math.min(1 + (r.below(3) === 0 ? r.below(8) : 0), lines.length - 1 - k);
        return { text: join([...lines.slice(0, k), ...lines.slice(k + count)]), kinds: ["deleted"], row: k + 1, to: k + count };
    },
    /** One row out, all behind it numbered and hashed anew: as if it had never been. */
    deleteRewrite(lines, r) {
        const k = r.below(lines.length - 1), out = lines.slice(0, k);
        let prev = k ? JSON.parse(lines[k - 1]).hash : b64(Buffer.alloc(32));
        for (const line of lines.slice(k + 1)) {
            const old = JSON.parse(line), row = rehashed({ ...old, seq: old.seq - 1, prev });
            prev = row.hash;
            out.push(JSON.stringify(row));
        }
        return { text: join(out), kinds: ["rewritten", "truncated"], row: k + 1 };
    },
    truncate(lines, r) {
        const keep = r.below(lines.length);
        return { text: join(lines.slice(0, keep)), kinds: ["truncated"], row: keep + 1, to: lines.length };
    },
    cut(lines, r) {
        const k = r.below(lines.length), bytes = 1 + r.below(lines[k].length - 1);
        return { text: join(lines.slice(0, k)) + lines[k].slice(0, bytes), kinds: ["edited"], row: k + 1 };
    },
    swap(lines, r) {
        const i = r.below(lines.length - 1), j = i + 1 + r.below(lines.length - 1 - i), out = [...lines];
        [out[i], out[j]] = [out[j], out[i]];
        return { text: join(out), kinds: ["reordered"], row: i + 1 };
    },
    move(lines, r) {
        const i = r.below(lines.length), j = (i + 1 + r.below(lines.length - 1)) % lines.length, out = [...lines];
        out.splice(j, 0, ...out.splice(i, 1));
        return { text: join(out), kinds: ["reordered"], row: Math.min(i, j) + 1 };
    },
    duplicate(lines, r) {
        const k = r.below(lines.length), j = r.below(lines.length + 1), out = [...lines];
        out.splice(j, 0, lines[k]);
        return { text: join(out), kinds: ["inserted"], row: k + 1 };
    },
    insert(lines, r) {
        const k = r.below(lines.length), out = [...lines];
        out.splice(k + r.below(2), 0, JSON.stringify(rehashed(rowChanged(lines[k], r))));
        return { text: join(out), kinds: ["inserted"], row: k + 1 };
    },
};

export const wayNames = Object.keys(ways);

/** One random harm: its name and what must be found. */
export function tamper(lines, r, name = r.pick(wayNames)) {
    return { name, ...ways[name](lines, r) };
}

/** Was it found, as what it was and where it was, before anything else? (A row put in elsewhere may
 *  show by the order first.) A span counts when it ends at the next signed head. */
export function isLocated(harm, faults, heads) {
    return (harm.kinds.includes("inserted") ? faults : faults.slice(0, 1)).some((f) => {
        if (!harm.kinds.includes(f.kind)) return false;
        if (f.kind === "rewritten") {
            const before = heads.filter((h) => h.size < harm.row).at(-1)?.size ?? 0;
            return f.row === before + 1 && f.to === heads.find((h) => h.size >= harm.row).size;
        }
        if (f.kind === "truncated" && harm.name === "deleteRewrite") // no head lay between: the missing end gives it away
            return !heads.some((h) => h.size >= harm.row && h.size < f.row) && f.row > harm.row - 1;
        if (f.kind === "edited") return f.row <= harm.row && (f.to ?? f.row) >= harm.row && (f.to ?? f.row) - f.row <= 1;
        return f.row === harm.row && (harm.to === undefined || (f.to ?? f.row) === harm.to);
    });
}
