// An app that signs: RFC 9421 and the short form, made here from node's crypto alone, so that what
// the box takes is held against a second reading of the standard.
import assert from "node:assert/strict";
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign as ecSign } from "node:crypto";
import { api } from "../lib/skep.mjs";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const bytesOf = (body) => (body === undefined ? Buffer.alloc(0) : Buffer.from(body));
const targetOf = (path) => {
    const at = path.indexOf("?");
    return at < 0 ? { path, query: "?" } : { path: path.slice(0, at), query: path.slice(at) };
};

export const nonceMake = () => randomBytes(16).toString("base64url");
export const nowS = () => Math.floor(Date.now() / 1000);

/** Fields of a signed request. `credential`: {id, secret} or {id, key} (ECDSA). Any part may be given wrong. */
export function signStandard(credential, { method, authority, path, body, created = nowS(), nonce = nonceMake(), alg, covered, digest, params, label = "sig1" }) {
    const bytes = bytesOf(body), { path: p, query } = targetOf(path);
    const values = { "@method": method, "@authority": authority.replace(/:443$/, "").toLowerCase(), "@path": p, "@query": query };
    if (bytes.length > 0 || digest) values["content-digest"] = digest ?? `sha-256=:${sha256(bytes).toString("base64")}:`;
    alg ??= credential.key ? "ecdsa-p256-sha256" : "hmac-sha256";
    covered ??= Object.keys(values);
    params ??= `;created=${created};keyid="${credential.id}";nonce="${nonce}";alg="${alg}"`;
    const list = `(${covered.map((c) => `"${c}"`).join(" ")})${params}`;
    const base = [...covered.map((c) => `"${c}": ${values[c]}`), `"@signature-params": ${list}`].join("\n");
    const sig = credential.key ? ecSign("sha256", Buffer.from(base), { key: credential.key, dsaEncoding: "ieee-p1363" })
        : createHmac("sha256", credential.secret).update(base).digest();
    return { ...(values["content-digest"] ? { "Content-Digest": values["content-digest"] } : {}),
        "Signature-Input": `${label}=${list}`, Signature: `${label}=:${sig.toString("base64")}:` };
}

export function signShort({ id, secret }, { method, authority, path, body, t = nowS(), nonce = nonceMake() }) {
    const { path: p, query } = targetOf(path);
    const day = createHmac("sha256", secret).update(`skep-hmac/1 day ${Math.floor(t / 86400)}`).digest();
    const base = ["skep-hmac/1", method, authority.toLowerCase(), p, query, sha256(bytesOf(body)).toString("hex"), t, nonce, id].join("\n");
    return { Authorization: `Skep-HMAC key=${id}, t=${t}, nonce=${nonce}, sig=${createHmac("sha256", day).update(base).digest("base64url")}` };
}

/** An Api whose every request, sockets' openings too, is signed with the credential. */
export function appClient(skep, credential, { form = signStandard } = {}) {
    const client = api(skep);
    const authority = `localhost:${skep.port}`;
    const sign = (method, path, body) => form(credential, { method, authority, path, body });
    const request = client.request.bind(client), socket = client.socket.bind(client);
    client.request = (method, path, options = {}) => {
        const body = options.body === undefined || typeof options.body === "string" || Buffer.isBuffer(options.body) ? options.body : JSON.stringify(options.body);
        return request(method, path, { ...options, body, headers: { ...sign(method, path, body), ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...options.headers } });
    };
    client.socket = (path, protocol, options = {}) => socket(path, protocol, { ...options, headers: { ...sign("GET", path), ...options.headers } });
    return client;
}

export async function appMake(owner, terms = {}) {
    const answer = await owner.post("/api/v1/apps", { name: `app ${randomBytes(3).toString("hex")}`, scopes: ["device.list", "device.view"], ...terms });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

export function ecKeyMake() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x, y } = publicKey.export({ format: "jwk" });
    const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
    return { key: privateKey, public_key: point.toString("base64url") };
}
