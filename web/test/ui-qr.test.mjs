// QR encoder against an independent encoder's matrix, the standard's own examples, and its limits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadUi } from "./ui-load.mjs";

const { encodeQr, errorCodewords, qrPath } = await loadUi("export * from './ui/qr';");

/** Made by qrcode-generator (npm, level M, byte mode, mask 0) from the same text; rows in hex. */
const LABEL = "skep:1?d=aaaqeayeaudaocajbifqydiob4&c=R30W5GY4RQ3CFJ69SB5WSK0S";
const ROWS = [
    "1fc426e7f",
    "105db7b41",
    "17465515d",
    "1748f335d",
    "1751bb05d",
    "104bb6f41",
    "1fd55557f",
    "000bccd00",
    "154fab812",
    "0c1d919cf",
    "16c9d506b",
    "1717dfad1",
    "076751172",
    "1d013ff4b",
    "06e00d4f3",
    "193ccdf99",
    "19fdd9969",
    "03b619d63",
    "1444ccc7f",
    "1da86fa60",
    "0c7e21068",
    "0d08fb461",
    "1441c44a7",
    "0f1e5cd2b",
    "15ce589f2",
    "001659b1b",
    "1fc49c757",
    "10430ad1a",
    "17594ddfb",
    "174537c11",
    "175f0c111",
    "104b78cb2",
    "1fd1d9b43",
];

const hexRows = (rows) =>
    rows.map((r) =>
        BigInt(`0b${r.map(Number).join("")}`)
            .toString(16)
            .padStart(Math.ceil(r.length / 4), "0"),
    );

test("a label gives the matrix of another encoder", () => {
    assert.deepEqual(hexRows(encodeQr(LABEL, 0)), ROWS);
});

test("error codewords of the known 1-M example", () => {
    const data = [32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17];
    assert.deepEqual(errorCodewords(data, 10), [196, 35, 39, 119, 235, 215, 231, 226, 93, 23]);
});

test("format bits of level M stand twice, for every mask", () => {
    const known = [
        "101010000010010",
        "101000100100101",
        "101111001111100",
        "101101101001011",
        "100010111111001",
        "100000011001110",
        "100111110010111",
        "100101010100000",
    ];
    known.forEach((bits, mask) => {
        const rows = encodeQr("skep", mask);
        const n = rows.length;
        const first = [0, 1, 2, 3, 4, 5, 7]
            .map((x) => rows[8][x])
            .concat(
                [rows[8][8], rows[7][8]],
                [5, 4, 3, 2, 1, 0].map((y) => rows[y][8]),
            );
        assert.equal(first.map(Number).join(""), bits);
        const second = [1, 2, 3, 4, 5, 6, 7]
            .map((i) => rows[n - i][8])
            .concat([8, 7, 6, 5, 4, 3, 2, 1].map((i) => rows[8][n - i]));
        assert.equal(second.map(Number).join(""), bits);
    });
});

test("version bits of version 7", () => {
    const rows = encodeQr("x".repeat(110));
    assert.equal(rows.length, 45);
    let bits = "";
    for (let i = 17; i >= 0; i--) bits += Number(rows[Math.floor(i / 3)][45 - 11 + (i % 3)]);
    assert.equal(bits, "000111110010010100");
});

test("takes 213 bytes and no more", () => {
    assert.equal(encodeQr("x".repeat(213)).length, 57);
    assert.equal(encodeQr("x".repeat(214)), null);
    assert.equal(encodeQr("密".repeat(72)), null);
});

test("one path with a quiet zone of four", () => {
    assert.match(
        qrPath([
            [true, false],
            [false, true],
        ]),
        /^M4 4h1v1h-1zM5 5h1v1h-1z$/,
    );
});
