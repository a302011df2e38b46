// An authenticator in software and an authenticator app, for tests. Every byte that it makes can be
// bent, so that each check of the verifier is seen to fail.
import { createHash, createHmac, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const b64 = (bytes) => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

// ---- CBOR, shortest forms (RFC 8949 4.2.1) ----

function head(major, n) {
    if (n < 24) return Buffer.from([major << 5 | n]);
    if (n < 256) return Buffer.from([major << 5 | 24, n]);
    return Buffer.from([major << 5 | 25, n >> 8, n & 255]);
}

export function cbor(value) {
    if (typeof value === "number") return value >= 0 ? head(0, value) : head(1, -1 - value);
    if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
    if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
    if (value instanceof Map) return Buffer.concat([head(5, value.size), ...[...value].flatMap(([k, v]) => [cbor(k), cbor(v)])]);
    throw new Error(`cbor: ${typeof value}`);
}

// ---- time codes (RFC 6238) ----

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export function base32Decode(text) {
    let bits = 0, held = 0;
    const out = [];
    for (const c of text) {
        held = held << 5 | ALPHABET.indexOf(c);
        bits += 5;
        if (bits >= 8) out.push(held >> (bits -= 8) & 255);
        held &= 255;
    }
    return Buffer.from(out);
}

/** The code of the time step that is `steps` from now. */
export function timeCode(secret, steps = 0, now = Date.now()) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(now / 30000) + steps));
    const mac = createHmac("sha1", base32Decode(secret)).update(counter).digest();
    const at = mac[19] & 15;
    return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}

// ---- passkeys ----

export const FLAG = { UP: 1, UV: 4, BE: 8, BS: 16, AT: 64, ED: 128 };

function coseOf(publicKey, kind) {
    const jwk = publicKey.export({ format: "jwk" });
    const bytes = (name) => Buffer.from(jwk[name], "base64url");
    return kind === "rsa" ? new Map([[1, 3], [3, -257], [-1, bytes("n")], [-2, bytes("e")]])
        : new Map([[1, 2], [3, -7], [-1, 1], [-2, bytes("x")], [-3, bytes("y")]]);
}

export class Authenticator {
    /** kind: "ec" (ES256) or "rsa" (RS256). `origin`: of the page that asks. */
    constructor(origin, { kind = "ec" } = {}) {
        const options = kind === "rsa" ? { modulusLength: 2048 } : { namedCurve: "P-256" };
        this.key = generateKeyPairSync(kind, options).privateKey;
        this.cose = coseOf(createPublicKey(this.key), kind);
        this.origin = origin;
        this.id = randomBytes(32);
        this.count = 0;
        this.user = null;
    }

    #client(type, challenge, bend) {
        return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false, ...bend.client }));
    }

    #data(rp, flags, bend, attested = Buffer.alloc(0)) {
        const count = Buffer.alloc(4);
        count.writeUInt32BE(bend.count ?? this.count);
        return Buffer.concat([sha256(bend.rp ?? rp), Buffer.from([bend.flags ?? flags]), count, attested, bend.tail ?? Buffer.alloc(0)]);
    }

    #sign(data, client) {
        return sign("sha256", Buffer.concat([data, sha256(client)]), this.key);
    }

    /** navigator.credentials.create() -> what the contract wants. */
    create(creation, bend = {}) {
        const client = this.#client("webauthn.create", creation.challenge, bend);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(this.id.length);
        const attested = bend.attested ?? Buffer.concat([Buffer.alloc(16), length, this.id, cbor(bend.cose ?? this.cose)]);
        const data = this.#data(creation.rp, FLAG.UP | FLAG.UV | FLAG.AT, bend, attested);
        const statement = bend.fmt === "packed" ? new Map([["alg", this.cose.get(3)], ["sig", bend.sig ?? this.#sign(data, client)], ...bend.statement ?? []])
            : new Map(bend.statement ?? []);
        const object = bend.object ?? cbor(new Map([["fmt", bend.fmt ?? "none"], ["attStmt", statement], ["authData", data]]));
        this.user = creation.user;
        return { client_data: b64(client), attestation: b64(object) };
    }

    /** navigator.credentials.get() */
    get(request, bend = {}) {
        const client = this.#client("webauthn.get", request.challenge, bend);
        if (bend.count === undefined) this.count++;
        const data = this.#data(request.rp, FLAG.UP | FLAG.UV, bend);
        const signature = bend.signature ?? this.#sign(bend.signed ?? data, client);
        const out = { id: b64(bend.id ?? this.id), client_data: b64(client), authenticator_data: b64(data), signature: b64(signature) };
        const user = "user" in bend ? bend.user : this.user;
        return user ? { ...out, user_handle: user } : out;
    }
}

// ---- the ways of a person ----

/** Switch time codes on -> {secret, codes} */
export async function totpOn(client) {
    const begun = await client.post("/api/v1/me/totp", {});
    if (begun.status !== 201) throw new Error(`totp: ${begun.status} ${begun.text}`);
    const done = await client.post("/api/v1/me/totp/confirm", { code: timeCode(begun.json.secret, -1) });
    if (done.status !== 200) throw new Error(`totp/confirm: ${done.status} ${done.text}`);
    return { secret: begun.json.secret, uri: begun.json.uri, codes: done.json.codes };
}

/** Add a passkey -> {key: Authenticator, passkey, codes} */
export async function passkeyOn(client, origin, options = {}) {
    const key = new Authenticator(origin, options);
    const asked = await client.post("/api/v1/me/passkeys/request", {});
    if (asked.status !== 200) throw new Error(`passkeys/request: ${asked.status} ${asked.text}`);
    const made = await client.post("/api/v1/me/passkeys", { name: options.name ?? "a key", ...key.create(asked.json.passkey, options.bend) });
    if (made.status !== 201) throw new Error(`passkeys: ${made.status} ${made.text}`);
    return { key, ...made.json };
}
