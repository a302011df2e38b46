// Public vectors (sealed.md 7.1) and our own (7.2).

import assert from "node:assert/strict";
import { test } from "node:test";
import {
    base64Decode, base64Encode, bytesConcat, bytesToBig, hexDecode, hexEncode, lp8, textBytes,
} from "../src/seal/bytes";
import { channelNew, RecordType } from "../src/seal/channel";
import { deviceIdDecode, deviceIdEncode } from "../src/seal/crockford";
import { Role, keyName } from "../src/seal/fingerprint";
import { gcmKey, gcmSeal, hkdfExpand, hkdfExtract, hmac, nonceFor, sha256 } from "../src/seal/hash";
import { kkRun } from "../src/seal/kk";
import { labelParse, labelSimulated } from "../src/seal/label";
import { keyRecordDecode, keyStoreNew } from "../src/seal/mediakeys";
import { headEncode, Kind } from "../src/seal/messages";
import { pakeRun } from "../src/seal/pake";
import { parameterId, parametersDecode, passwordHash, passwordScalars } from "../src/seal/password";
import { pointBase, pointEncode } from "../src/seal/point";
import { receiverNew } from "../src/seal/receive";
import { relayDecode } from "../src/seal/relay";
import { channelSecrets } from "../src/seal/schedule";
import {
    sframeDerive, sframeHeaderDecode, sframeHeaderEncode, sframeKey, sframeOpen, sframeSeal,
} from "../src/seal/sframe";
import { proverSecrets, proverShare, spake2Keys } from "../src/seal/spake2p";
import {
    ACCOUNT, CODE, DEVICE, PARAMS_CLASS1, SESSION, fixedDh, ownerListVector, range, shareVerifier, textOf, x as X, y as Y,
} from "./camera";

const hex = hexEncode;

test("RFC 9383, P-256 set: both sides' secrets, tags and shared key", async () => {
    const w0 = 0xbb8e1bbcf3c48f62c08db243652ae55d3e5586053fca77102994f23ad95491b3n;
    const w1 = 0x7e945f34d78785b8a3ef44d0df5a1a97d6b3b460409a345ca7830387a74b1dban;
    const shareP = proverShare(w0, X);
    const shareV = shareVerifier(w0, Y);
    const { Z, V } = proverSecrets(shareV, w0, w1, X);
    const keys = await spake2Keys({
        context: textBytes("SPAKE2+-P256-SHA256-HKDF-SHA256-HMAC-SHA256 Test Vectors"), idProver: "client",
        idVerifier: "server", shareP, shareV, Z, V, w0,
    });
    assert.equal(hex(keys.main), "4c59e1ccf2cfb961aa31bd9434478a1089b56cd11542f53d3576fb6c2a438a29");
    assert.equal(hex(keys.confirmP), "926cc713504b9b4d76c9162ded04b5493e89109f6d89462cd33adc46fda27527");
    assert.equal(hex(keys.confirmV), "9747bcc4f8fe9f63defee53ac9b07876d907d55047e6ff2def2e7529089d3e68");
    assert.equal(hex(keys.shared), "0c5f8ccd1413423a54f6c1fb26ff01534a87f893779c6e68666d772bfd91f3e7");
});

test("RFC 5869, test case 1: HKDF-SHA256", async () => {
    const prk = await hkdfExtract(hexDecode("000102030405060708090a0b0c"), hexDecode("0b".repeat(22)));
    assert.equal(hex(prk), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    const okm = await hkdfExpand(prk, hexDecode("f0f1f2f3f4f5f6f7f8f9"), 42);
    assert.equal(hex(okm),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
});

test("RFC 9605: header table", () => {
    const rows: readonly (readonly [bigint, bigint, string])[] = [
        [0n, 0n, "00"], [0n, 255n, "08ff"], [1n, 1n, "11"], [255n, 256n, "89ff0100"],
        [65536n, 255n, "a8010000ff"], [0x123n, 0x4567n, "9901234567"],
    ];
    for (const [kid, ctr, text] of rows) {
        assert.equal(hex(sframeHeaderEncode(kid, ctr)), text);
        const back = sframeHeaderDecode(hexDecode(text));
        assert.deepEqual(back, { kid, ctr, length: text.length / 2 });
    }
    for (let k = 0n; k < 64n; k += 7n) {
        for (let c = 0n; c < 64n; c += 5n) {
            const encoded = sframeHeaderEncode((1n << k) - 1n, (1n << c) - 1n);
            assert.deepEqual(sframeHeaderDecode(encoded), {
                kid: (1n << k) - 1n, ctr: (1n << c) - 1n, length: encoded.length,
            });
            assert.equal(sframeHeaderDecode(encoded.subarray(0, encoded.length - 1))?.length ?? null,
                null, "cut short");
        }
    }
});

test("RFC 9605: suite 4", async () => {
    const base = range(0x00, 16);
    const derived = await sframeDerive(base, 0x123n, 4);
    assert.match(hex(derived.secret), /^d926952c.*14c40c0$/);
    assert.equal(hex(derived.key), "d34f547f4ca4f9a7447006fe7fcbf768");
    assert.equal(hex(derived.salt), "75234edefe07819026751816");
    const key = await sframeKey(base, 0x123n, 4);
    const meta = hexDecode("4945544620534672616d65205747");
    const plain = hexDecode("64726166742d696574662d736672616d652d656e63");
    const out = await sframeSeal(key, 0x4567n, meta, plain);
    assert.equal(hex(out), "9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb");
    const header = sframeHeaderDecode(out);
    assert.ok(header !== null);
    assert.equal(hex(await sframeOpen(key, header, meta, out) ?? new Uint8Array(0)), hex(plain));
});

test("RFC 9605: suite 5", async () => {
    const key = await sframeKey(range(0x00, 16), 0x123n, 5);
    const out = await sframeSeal(key, 0x4567n, hexDecode("4945544620534672616d65205747"),
        hexDecode("64726166742d696574662d736672616d652d656e63"));
    assert.equal(hex(out), "990123456794f509d36e9beacb0e261d99c7d1e972f1fed787d4049f17ca21353c1cc24d56ceabced279");
});

test("own: device id and base64url", () => {
    assert.equal(deviceIdEncode(range(0, 16)), DEVICE);
    assert.equal(hex(deviceIdDecode(DEVICE) ?? new Uint8Array(0)), hex(range(0, 16)));
    assert.equal(deviceIdDecode(DEVICE.slice(0, 25) + "5"), null, "spare bits");
    for (let n = 0; n < 40; n++) {
        const raw = range(0xd0, n);
        assert.equal(hex(base64Decode(base64Encode(raw), n) ?? new Uint8Array(0)), hex(raw));
        assert.equal(base64Encode(raw), btoa(String.fromCharCode(...raw)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
    }
    assert.equal(base64Decode("AB"), null, "spare bits");
    assert.equal(base64Decode("AA=="), null, "padding");
});

test("own: label code", async () => {
    const result = await labelParse("r30w-5gy4 rq3c fj69-sb5w sk0s");
    assert.ok(result.ok);
    assert.equal(result.code, CODE);
    assert.equal((await labelParse("R30W5GY4RQ3CFJ69SB5WSK0T")).ok, false);
    const simulated = await labelSimulated(range(0, 16), DEVICE);
    assert.ok((await labelParse(simulated)).ok);
    const bits = await hmac(range(0, 16), textBytes("skep-sim/1 label\0" + DEVICE));
    const expected = bytesToBig(bits.subarray(0, 14)) >> 2n;
    let value = 0n;
    for (const char of simulated.slice(0, 22)) {
        value = value * 32n + BigInt("0123456789ABCDEFGHJKMNPQRSTVWXYZ".indexOf(char));
    }
    assert.equal(value, expected);
});

test("own: password, class 1", async () => {
    const password = { class: 1, text: CODE } as const;
    const params = parametersDecode(PARAMS_CLASS1);
    assert.equal(hex(PARAMS_CLASS1), "01010000000003e800000001202122232425262728292a2b2c2d2e2f");
    assert.equal(hex(await parameterId(PARAMS_CLASS1)), "486a4b10a438225d");
    assert.equal(hex(await passwordHash(password, params, DEVICE)),
        "5fe7715d24b5f4e86eb286a9a35e1badb43c1841e8a7d232be674a992012dd53");
    const { w0, w1 } = await passwordScalars(password, params, DEVICE);
    assert.equal(w0, 0x5d134a6eee94ccaae896da2ae57f56f55becbac11db5bac2bc2d63eecf5f1f4cn);
    assert.equal(w1, 0xdac2e9eec1e6425b6a845adf3af234ef462627937fc07459f2c71ebc11b84099n);
    assert.equal(hex(pointEncode(pointBase(w1))), "04f6e05a0179a8cf74f5bfd4301323119908f477f21726bc49253aae3f2a9a0f3b"
        + "aef7a817ab05ec027169e90c3db6ed24429aa52f894ceac8fa90cf791c01721f");
});

test("own: password, class 2", async () => {
    const params = parametersDecode(bytesConcat(hexDecode("01020000000927c000000001"), range(0x20, 16)));
    const password = { class: 2, text: "correct horse battery" } as const;
    assert.equal(hex(await passwordHash(password, params, DEVICE)),
        "f5d007e7f69d988ef856010b8cac8511b75e9805b371d3d6c9fdc14459008c7c");
    const { w0, w1 } = await passwordScalars(password, params, DEVICE);
    assert.equal(w0, 0x73465300ce5b6f03097bf87ffc0c08bf3c1ef5e8a5a6efa3ee033ecb866cb2d9n);
    assert.equal(w1, 0x65b8f8b7c40d265b92c1438b24c745ef4124df011965bd6fc52c9e0dca6bb653n);
});

const SHARE_P = "04b5efdd43ca02e66bf149d6b2157d66c636882176f657621a854f018de6e0a4aa548d07c562068b10c7f452a586b06974270fe16fe2304cb07736fdf9b61c86b6";
const SHARE_V = "04cf7e3749cbcb5d0ee864400d7eabf994d78353dd854c704409d00b543768df96e804c1ff6d6430e47011854eee699ec56b2df6cec566fa957a0f8883694157ca";
const CONFIRM_V = "5369f57cf769602834c24bf31b46c7459d2ab22d6cfa042845b64d21227b90e1";
const CONFIRM_P = "b781f3000041a2d0a46b792776ee2aba7e1160024d867ee71823bdd820e93afe";

async function pakeOpened() {
    const run = pakeRun({
        device: DEVICE, account: ACCOUNT, session: SESSION, password: { class: 1, text: CODE },
        params: PARAMS_CLASS1, x: X,
    });
    const first = await run.start();
    assert.ok(first.do === "send");
    const answer = bytesConcat(
        headEncode(Kind.answer, SESSION), hexDecode("486a4b10a438225d"), hexDecode(SHARE_V), hexDecode(CONFIRM_V));
    const step = await run.take(answer);
    assert.ok(step.do === "open");
    return { open: first.body, step };
}

test("own: PAKE run to the channel's keys", async () => {
    const { open, step } = await pakeOpened();
    assert.equal(hex(open), "01010000101112131415161718191a1b1c1d1e1f486a4b10a438225d" + SHARE_P);
    assert.equal(hex(step.confirm(null)), "04010000101112131415161718191a1b1c1d1e1f" + CONFIRM_P);
    assert.equal(hex(step.secrets.id), "fc19f19c61e7a1caf56f747b6d5ed2ec");
    assert.equal(hex(step.secrets.v2c), "0c56c184436b8ec910c129bcd95f307ce439f75267f3ecf95afca3467baca229");
    assert.equal(hex(await hkdfExpand(step.secrets.v2c, "key", 32)),
        "52cda10d3ffc8962ce28e9e64aae09289a747e5a38b71cd7687249ffa1baab00");
    assert.equal(hex(await hkdfExpand(step.secrets.v2c, "iv", 12)), "08ae128894eb3290bde302f3");
    assert.equal(hex(await hkdfExpand(step.secrets.c2v, "key", 32)),
        "b3fd255718def7d21176acb84eeed2f910c70aa4139e2ffb606022ce6266889f");
    assert.equal(hex(await hkdfExpand(step.secrets.c2v, "iv", 12)), "2940290d799c4fa4cd6d64e8");
});

test("own: PAKE context, K_main, K_shared, prk", async () => {
    const { w0, w1 } = await passwordScalars({ class: 1, text: CODE }, parametersDecode(PARAMS_CLASS1), DEVICE);
    const head = (kind: number) => bytesConcat(headEncode(kind, SESSION), hexDecode("486a4b10a438225d"));
    const context = bytesConcat(
        textBytes("skep-seal/1 pake\0"), PARAMS_CLASS1, head(Kind.open), head(Kind.answer));
    const salt = await sha256(context);
    assert.equal(hex(salt), "f2401b70d2a8c981998c90671e8467eb77a365173ddb390296b5f6e9231dd22b");
    const { Z, V } = proverSecrets(hexDecode(SHARE_V), w0, w1, X);
    const keys = await spake2Keys({
        context, idProver: ACCOUNT, idVerifier: DEVICE, shareP: hexDecode(SHARE_P), shareV: hexDecode(SHARE_V), Z, V, w0,
    });
    assert.equal(hex(keys.main), "7ec7acc2fdf43d887e537bed1e597b08516230d4984b863ea02427927b35c284");
    assert.equal(hex(keys.confirmV), CONFIRM_V);
    assert.equal(hex(keys.confirmP), CONFIRM_P);
    assert.equal(hex(keys.shared), "57e1d71349eb9c75417dc9565152212644bf9bb4523f8040d3f7bad07d0886dc");
    assert.equal(hex(await hkdfExtract(salt, keys.shared)),
        "75e5cb11ff4aad2a6bf61442e9efa7f785ede09dbdf78dd48e6af3bd4076820b");
});

test("own: records, both directions, and PING in epoch 1", async () => {
    const { step } = await pakeOpened();
    const copy = () => ({
        id: step.secrets.id, v2c: step.secrets.v2c.slice(), c2v: step.secrets.c2v.slice(),
    });
    const viewer = channelNew(copy(), { role: "viewer", now: () => 0, rekeyRecords: 1 });
    const camera = channelNew(copy(), { role: "camera", now: () => 0 });
    const req = textBytes('{"id":1,"do":"live.start","arg":{"stream":"main"}}');
    const [first] = await viewer.seal(RecordType.req, req);
    assert.ok(first !== undefined);
    assert.equal(hex(first), "10000000fc19f19c000000000000000039591f62331bc14717656832237b2453a0798c7d0fd9bee6ed6d45"
        + "35f35157b01961c5a5b6f8b601c0c47bf81e11f40e45bed597bd3041d4c7a57a1b2aace2cfbf35c370eba8d62e8c7d14e6b598a0f7");
    assert.equal(hex((await camera.open(first))?.content ?? new Uint8Array(0)), hex(req));
    const [rep] = await camera.seal(RecordType.rep, textBytes('{"id":1,"ok":true,"val":{"stream":305419896}}'));
    assert.equal(hex(rep ?? new Uint8Array(0)),
        "10000000fc19f19c0000000000000000e61799525924369daf941179ecc2432d4b5cc47fba91147a2af28891b32e085a1af1e7594af2"
        + "aee17d8486cae6bd6dbbf01d8b5a0b979655bf77cf345265cb4f79a66e0ee2e7967a7540fa969c21ea59");
});

test("own: PING with empty content, epoch 1, record 2, by hand", async () => {
    const { step } = await pakeOpened();
    const s1 = await hkdfExpand(step.secrets.v2c, "next", 32);
    const head = hexDecode("10000001fc19f19c0000000000000002");
    const nonce = nonceFor(await hkdfExpand(s1, "iv", 12), 2n);
    const plain = new Uint8Array(64);
    plain[0] = RecordType.ping;
    const sealed = await gcmSeal(
        await gcmKey(await hkdfExpand(s1, "key", 32)), nonce, bytesConcat(head, step.secrets.id), plain);
    assert.equal(hex(bytesConcat(head, sealed)),
        "10000001fc19f19c000000000000000269eca6082c80a600eb0bd00464cf96058a334ff0f1f985b06d5924e9a39d93f7653041929"
        + "63b91de245f236a454773ff1930af979802d4cfb2021d3cd91287f081fc9f68fc15c1dc5c709117d9384e3a");
});

const KK = {
    viewer: "3255f597083e39deb4aa984d09be35ff961634ddb7ee67e43de335b046995f0d",
    seal: "481278374613f0107abd7e7932d11f741ab2baba1dec44ebf0888192a6f8e15e",
    ev: "98602ef22daa4c7f56dc479bbc649909291dbab2b05dcb9c1b8363e886db5f07",
    kopen: "06010000101112131415161718191a1b1c1d1e1fa2943b570114ba0fd2f8a2d462de2d8504a491eec519963753aaf3395385e6406f572d59e00af5ea4042da3ec18dc29a5b7953cce64ec6ec68115ee8c2b0166737f1cc3f74cc237182c28e416d183b97a2148a3c7f8a2a4e4945c1f985362c127b",
    kanswer: "07010000101112131415161718191a1b1c1d1e1f049a3b95ff2810f705fc218abfc4f30cdf11e46aaa51947ff5299a304bcec644e858669d29de15561f038eeb4683e42aafe7fc7d8ac9ae76317c99cb2bc135902c487a6c4a96c373f614c0b13155c26924572260ef70d15d965d17e48cb3970a16144c33ed",
};

test("own: KK, key id, fingerprint, both messages, h, channel id", async () => {
    const viewer = await fixedDh(KK.viewer);
    const seal = await fixedDh(KK.seal);
    const id = (await keyName(Role.viewer, viewer.publicKey)).id;
    assert.equal(hex(id), "a2943b570114ba0fd2f8a2d462de2d85");
    assert.equal((await keyName(Role.seal, seal.publicKey)).fingerprint, "BHNR-26TZ-21A8-51JN-5YAE");
    const run = kkRun({
        device: DEVICE, account: ACCOUNT, session: SESSION, viewer, viewerKeyId: id, seal: seal.publicKey,
        ephemeral: await fixedDh(KK.ev),
    });
    const first = await run.start();
    assert.ok(first.do === "send");
    assert.equal(hex(first.body), KK.kopen);
    const step = await run.take(hexDecode(KK.kanswer));
    assert.ok(step.do === "open");
    assert.equal(hex(step.hash), "b0e4d60aee87c2f440e8ce23206629c402ab15965ec2ac96f213e6263416e2dc");
    assert.equal(hex(step.secrets.id), "a855de60d1db2c3ef7cf06af1400846f");
    assert.equal(step.list, 7);
    assert.equal(hex(step.boot), "e0e1e2e3e4e5e6e7");
    assert.equal(step.camera_ms, 1795334400000);
    const k1k2 = hexDecode("ec71489312b8f102e2bd4b46da76aff578f90a375bf5d68b1b4749d408bffdcf"
        + "1050e9ea68a88758ce0c6d89c8e8971ecb0d70a3a539846ebeb7d0ad95dddf25");
    assert.equal(hex((await channelSecrets(step.hash, k1k2)).v2c), hex(step.secrets.v2c));
});

const MEDIA_KEY = "01000001e0e1e2e3e4e5e6e700005a17c0de01011234567801010000000000000000000000000258fd2c967abcd02d626b82aea6b1011fbb9f97b23794105c2e67539814eb1fb8a5";
const UNITS: readonly (readonly [bigint, string, string, string])[] = [
    [0n, "init", "010100021234567800000011223344550000001b", "d05a17c0de01018dab4e01896b51645d8c6439671be67bd6134fea"],
    [1n, "key", "010100011234567800000011223344550000001a", "d15a17c0de0101eca4b2ec6ffb5d1cd4be75295f8b1d86160fdd"],
    [256n, "delta", "010100001234567800000011223894550000001e", "d95a17c0de01010100519845c65960dcba204029dc1134a4ceade411ff2c"],
];

test("own: media key derivation and SFrame units", async () => {
    const kid = 0x5a17c0de0101n;
    const prk = await hkdfExtract(textBytes("skep-seal/1 media"), range(0x40, 64));
    const base = await hkdfExpand(prk, hexDecode("0000000000000007" + "00005a17c0de0101"), 32);
    assert.equal(hex(base), "fd2c967abcd02d626b82aea6b1011fbb9f97b23794105c2e67539814eb1fb8a5");
    const derived = await sframeDerive(base, kid);
    assert.equal(hex(derived.key), "d6e8743f541759ddb2063b591458aaca");
    assert.equal(hex(derived.salt), "0e3f6d57ee2cc8ec031c12ac");
    const key = await sframeKey(base, kid);
    for (const [ctr, text, header, output] of UNITS) {
        assert.equal(hex(await sframeSeal(key, ctr, hexDecode(header), textBytes(text))), output);
    }
});

test("own: KEY record and the units through the receiver", async () => {
    const record = keyRecordDecode(hexDecode(MEDIA_KEY));
    assert.equal(record.entries[0]?.kid, 0x5a17c0de0101n);
    assert.equal(record.entries[0]?.lifetime_s, 600);
    const keys = keyStoreNew();
    await keys.take(hexDecode(MEDIA_KEY), range(0xe0, 8), 0);
    const receiver = receiverNew({ stream: 0x12345678, kind: 1, keys, marks: new Map(), now: () => 0 });
    const texts: string[] = [];
    for (const [ctr, , header, output] of UNITS) {
        const units = await receiver.take(relayDecode(bytesConcat(hexDecode(header), hexDecode(output))));
        for (const unit of units) texts.push(textOf(unit.bytes));
        assert.equal(units.length, ctr === 256n ? 0 : 1, "after a gap only KEY or INIT");
    }
    assert.deepEqual(texts, ["init", "key"]);
    assert.equal(receiver.counts().withheld, 254);
});

test("own: claim", async () => {
    const viewer = await fixedDh(KK.viewer);
    const claim = await hmac(range(0x80, 16), bytesConcat(
        textBytes("skep-seal/1 claim\0"), lp8(ACCOUNT), lp8(DEVICE), viewer.publicKey));
    assert.equal(hex(claim), "8d83e4333a33f8c882f9c05fd1ea9c2b28f3f1caac9f534bf57deea163f0b948");
});

test("own: access list hash and signature", async () => {
    const { signed, signature, publicKey } = await ownerListVector(KK.viewer);
    assert.equal(signed.length, 152);
    assert.equal(hex(await sha256(signed)), "833b621eca7f52abc924b1588ad8768e855a5395295090f327b4759712d5f0f3");
    const key = await crypto.subtle.importKey("raw", publicKey, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    assert.ok(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, signed));
});
