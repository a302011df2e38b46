// PKCS#10 requests and the certificates that come back, in as much DER as tests need.
import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";

const tlv = (tag, ...parts) => {
    const body = Buffer.concat(parts.flat().map((p) => (typeof p === "string" ? Buffer.from(p) : p)));
    const n = body.length;
    const head = n < 128 ? [tag, n] : n < 256 ? [tag, 0x81, n] : [tag, 0x82, n >> 8, n & 255];
    return Buffer.concat([Buffer.from(head), body]);
};
const hex = (text) => Buffer.from(text, "hex");
const CN = hex("0603550403"), SERIAL = hex("0603550405"), ECDSA_SHA256 = hex("06082a8648ce3d040302");
const attribute = (oid, text, tag = 0x0c) => tlv(0x31, tlv(0x30, oid, tlv(tag, text)));

/** A request with a fresh P-256 key -> {der, base64, key}. `tamper(der)` may change the signed bytes. */
export function csrMake({ name = "Test camera", serial = "T-1", curve = "P-256", key, signWith } = {}) {
    const pair = key ?? generateKeyPairSync("ec", { namedCurve: curve });
    const subject = tlv(0x30, attribute(CN, name), attribute(SERIAL, serial, 0x13));
    const info = tlv(0x30, hex("020100"), subject, pair.publicKey.export({ type: "spki", format: "der" }), hex("a000"));
    const signature = sign("sha256", info, (signWith ?? pair).privateKey);
    const der = tlv(0x30, info, tlv(0x30, ECDSA_SHA256), tlv(0x03, Buffer.from([0]), signature));
    return { der, base64: der.toString("base64"), key: pair };
}

/** The certificates of a certs-only answer: each whole X.509 that can be cut out of it. */
export function certificatesOf(base64) {
    const der = Buffer.from(base64, "base64");
    const found = [];
    for (let at = 0; at + 4 < der.length; at++) {
        if (der[at] !== 0x30 || der[at + 1] !== 0x82) continue;
        try {
            const cert = new X509Certificate(der.subarray(at, at + 4 + der.readUInt16BE(at + 2)));
            found.push(cert);
            at += 3 + der.readUInt16BE(at + 2);
        } catch {
            // not the start of one
        }
    }
    return found;
}

export const commonName = (cert) => /CN=([^\n]+)/.exec(cert.subject)?.[1];

/** Enrol one device -> {status, id, cert, key, answer}. */
export async function enrol(api, token, { csr = csrMake(), headers = {}, timeout } = {}) {
    const answer = await api.request("POST", "/.well-known/est/simpleenroll", { body: csr.base64, timeout,
        headers: { "Content-Type": "application/pkcs10", Authorization: `Bearer ${token}`, ...headers } });
    if (answer.status !== 200) return { status: answer.status, answer };
    const [cert] = certificatesOf(answer.text).filter((c) => c.publicKey.equals(csr.key.publicKey));
    return { status: 200, answer, cert, id: commonName(cert), key: csr.key.privateKey, pem: { cert: cert.toString(), key: csr.key.privateKey.export({ type: "pkcs8", format: "pem" }) } };
}
