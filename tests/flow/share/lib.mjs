// An owner and a guest of sharing, in node: the list as sealed.md 5.3 has it, written a second time.
import assert from "node:assert/strict";
import { createECDH, createHash, createHmac, generateKeyPairSync, sign } from "node:crypto";
import { api } from "../lib/skep.mjs";
import { PASSWORD } from "../grant/lib.mjs";

export const DAY_MS = 24 * 3600 * 1000;
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();

/** The first account of another organization, logged in. */
export async function neighbour(skep, owner, name = "next door") {
    const made = await owner.post("/api/v1/organizations", { name });
    assert.equal(made.status, 201, made.text);
    const client = api(skep);
    const answer = await client.post("/api/v1/join", { token: made.json.token, name: `${name} owner`, password: PASSWORD }, { timeout: 60000 });
    assert.equal(answer.status, 201, answer.text);
    client.sessionTake(answer);
    return Object.assign(client, { account: answer.json.account.id, name: `${name} owner` });
}

/** A viewer key: its public point, its id. */
export function viewerKey() {
    const ecdh = createECDH("prime256v1");
    const point = ecdh.generateKeys();
    return { point, id: sha256(Buffer.from("skep-seal/1 key\0\x02", "latin1"), point).subarray(0, 16).toString("base64url") };
}

const lp8 = (text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);

export function claimMake(secret, account, device, point) {
    return createHmac("sha256", secret).update(Buffer.concat([Buffer.from("skep-seal/1 claim\0", "latin1"), lp8(account), lp8(device), point])).digest();
}

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
export function deviceRaw(id) {
    let bits = 0n;
    for (const c of id) bits = (bits << 5n) | BigInt(BASE32.indexOf(c));
    return Buffer.from((bits >> 2n).toString(16).padStart(32, "0"), "hex");
}

export function ownerKey() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x, y } = publicKey.export({ format: "jwk" });
    const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
    return { privateKey, id: sha256(Buffer.from("skep-seal/1 key\0\x03", "latin1"), point).subarray(0, 16) };
}

/** entries: [{point, rights, account}] */
export function listSign(owner, device, { version, issued = Date.now(), entries = [] }) {
    const head = Buffer.alloc(52);
    head.write("SKAL\x01", 0, "latin1");
    head.writeUInt16BE(entries.length, 6);
    deviceRaw(device).copy(head, 8);
    head.writeUInt32BE(version, 24);
    head.writeBigUInt64BE(BigInt(issued), 28);
    owner.id.copy(head, 36);
    const rows = entries.map(({ point, rights, account }) => {
        const row = Buffer.alloc(100);
        point.copy(row, 0);
        row.writeUInt16BE(rights, 66);
        row.writeBigUInt64BE(BigInt(issued), 68);
        row.writeBigUInt64BE(BigInt(issued + 30 * DAY_MS), 76);
        sha256(Buffer.from(account)).copy(row, 84, 0, 16);
        return row;
    });
    const body = Buffer.concat([head, ...rows]);
    return Buffer.concat([body, sign("sha256", body, { key: owner.privateKey, dsaEncoding: "ieee-p1363" })]);
}
