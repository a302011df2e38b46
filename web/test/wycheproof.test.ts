// Project Wycheproof's vectors (tests/golden/wycheproof, a subset) in the browser's layer: ECDH on P-256, AES-GCM, HKDF.

import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../tests/golden/wycheproof/vectors.json";
import { bytesConcat, bytesToBig, hexDecode, hexEncode } from "../src/seal/bytes";
import { SealError } from "../src/seal/codes";
import { gcmKey, gcmOpen, gcmSeal, hkdfExpand, hkdfExtract } from "../src/seal/hash";
import { type DhKey, ecdhKey } from "../src/seal/kk";
import { pkcs8Encode, pointBase, pointDecode, pointEncode } from "../src/seal/point";

async function keyOf(secretHex: string): Promise<DhKey> {
    const secret = hexDecode(secretHex.slice(-64));
    const publicKey = pointEncode(pointBase(bytesToBig(secret)));
    const how = { name: "ECDH", namedCurve: "P-256" };
    const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8Encode(secret, publicKey), how, false, ["deriveBits"]);
    const shown = await crypto.subtle.importKey("raw", publicKey, how, true, []);
    return ecdhKey({ privateKey, publicKey: shown }, publicKey);
}

test("Wycheproof: ECDH on P-256", async () => {
    let good = 0, bad = 0;
    for (const v of vectors.ecdh) {
        const key = await keyOf(v.private), peer = hexDecode(v.public);
        if (v.result === "valid") {
            pointDecode(peer);
            assert.equal(hexEncode(await key.dh(peer)), v.shared, `tcId ${v.tcId}`);
            good++;
        } else {
            assert.throws(() => pointDecode(peer), SealError, `tcId ${v.tcId}`);
            await assert.rejects(key.dh(peer), `tcId ${v.tcId}`);
            bad++;
        }
    }
    assert.deepEqual([good, bad], [29, 25]);
});

test("Wycheproof: AES-GCM, and each with every bit of its tag flipped", async () => {
    for (const v of vectors.aes_gcm) {
        const key = await gcmKey(hexDecode(v.key)), nonce = hexDecode(v.iv), aad = hexDecode(v.aad);
        const sealed = bytesConcat(hexDecode(v.ct), hexDecode(v.tag));
        assert.equal(hexEncode(await gcmSeal(key, nonce, aad, hexDecode(v.msg))), hexEncode(sealed), `tcId ${v.tcId}`);
        const opened = await gcmOpen(key, nonce, aad, sealed);
        assert.equal(opened && hexEncode(opened), v.msg);
        for (let bit = 0; bit < 128; bit++) {
            const wrong = sealed.slice(), at = sealed.length - 16 + (bit >> 3);
            wrong[at] = (wrong[at] ?? 0) ^ (1 << (bit & 7));
            assert.equal(await gcmOpen(key, nonce, aad, wrong), null, `tcId ${v.tcId}, bit ${bit}`);
        }
    }
});

test("Wycheproof: HKDF-SHA256", async () => {
    for (const v of vectors.hkdf_sha256) {
        const prk = await hkdfExtract(hexDecode(v.salt), hexDecode(v.ikm));
        assert.equal(hexEncode(await hkdfExpand(prk, hexDecode(v.info), v.size)), v.okm, `tcId ${v.tcId}`);
    }
});
