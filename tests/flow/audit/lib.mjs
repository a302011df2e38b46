// A box with a log worth checking: some two hundred rows under a dozen signed heads.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "../lib/skep.mjs";
import { headsRead, keyRead } from "../../../scripts/verify-audit.mjs";

export const auditGet = async (owner, query = "") => (await owner.get(`/api/v1/audit?${query}`)).json;

/** All pages of the export as one text. */
export async function exportAll(owner) {
    let text = "", from = 1;
    for (;;) {
        const page = (await owner.get(`/api/v1/audit/export?from=${from}&limit=1000`)).text;
        const count = page.split("\n").length - 1;
        text += page;
        from += count;
        if (count < 1000) return text;
    }
}

/** Renames until the log has `rows` beside what is told of data, with a signed head every `every` of them. */
export async function logGrow(owner, { rows = 200, every = 17 } = {}) {
    const device = await waitFor(async () => (await owner.get("/api/v1/devices")).json.devices[0], 20000, "a camera");
    const { size } = await auditGet(owner, "limit=1");
    for (let n = 0; n < rows - size || n < rows / 2; n++) {
        await owner.patch(`/api/v1/devices/${device.id}`, { name: `Gate ${n}` });
        if (n % every === every - 1) {
            const now = await auditGet(owner, "limit=1");
            await owner.get(`/api/v1/audit/${now.size}/proof`); // signs a head over it
        }
    }
    return device;
}

/** What a careful customer has: the exported rows, a copy of the heads, the public key. */
export async function evidenceTake(skep, owner) {
    const text = await exportAll(owner);
    const rows = text.split("\n").length - 1;
    await owner.get(`/api/v1/audit/${rows}/proof`);
    const headsText = await readFile(join(skep.dataDir, "audit", "heads.log"), "utf8");
    const pem = (await owner.get("/api/v1/audit/head")).json.public_key;
    const { heads, faults } = headsRead(headsText, [keyRead(pem)]);
    // The export writes a row of its own, so the newest head may be over more rows than the text has.
    const kept = heads.filter((h) => h.size <= rows);
    // What was written after the newest of them nobody can miss: the evidence ends where it does.
    const lines = text.split("\n").slice(0, kept.at(-1)?.size ?? rows);
    return { text: lines.map((l) => l + "\n").join(""), lines, heads: kept, faults, headsText, pem };
}

/** The same as files -> their names. */
export async function evidenceWrite(skep, evidence) {
    const names = { rows: join(skep.folder, "rows.jsonl"), heads: join(skep.folder, "heads.log"), key: join(skep.folder, "key.pem") };
    const heads = evidence.headsText.split("\n").filter((l) => l && JSON.parse(l).size <= evidence.lines.length);
    await writeFile(names.rows, evidence.text);
    await writeFile(names.heads, heads.map((l) => l + "\n").join(""));
    await writeFile(names.key, evidence.pem);
    return names;
}
