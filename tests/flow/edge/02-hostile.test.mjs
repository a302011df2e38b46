// Requests that try to be two, and clients that take their time: each refused and counted, and the
// honest client beside them notices nothing.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { Api, rawTls, startSkep, test, waitFor } from "../lib/skep.mjs";

const HIDDEN = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

// [name, bytes, status]; each must get exactly one answer, this one, and the end of the connection.
const SMUGGLES = [
    ["both lengths", `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
    ["both, the other way round", `${POST}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
    ["two lengths", `${POST}Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}${HIDDEN}`, 400],
    ["a list of lengths", `${POST}Content-Length: 2, 60\r\n\r\n{}${HIDDEN}`, 400],
    ["a signed length", `${POST}Content-Length: +2\r\n\r\n{}${HIDDEN}`, 400],
    ["a hexadecimal length", `${POST}Content-Length: 0x2\r\n\r\n{}${HIDDEN}`, 400],
    ["blank before the colon", `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
    ["tab before the colon", `${POST}Content-Length\t: 2\r\n\r\n{}${HIDDEN}`, 400],
    ["folded coding", `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
    ["vertical tab in the coding", `${POST}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
    ["coding twice", `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
    ["coding in a list", `${POST}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 501],
    ["coding with rubbish", `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 501],
    ["chunks in 1.0", `POST /api/v1/login HTTP/1.0\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
    ["chunk extension", `${POST}Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n${HIDDEN}`, 400],
    ["chunk trailer", `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n${HIDDEN}`, 400],
    ["chunk size with a blank", `${POST}Transfer-Encoding: chunked\r\n\r\n2 \r\n{}\r\n0\r\n\r\n${HIDDEN}`, 400],
    ["chunk ended by LF", `${POST}Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n${HIDDEN}`, 400],
    ["chunk size that overflows", `${POST}Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n${HIDDEN}`, 400],
    ["head ended by LF", `GET / HTTP/1.1\nHost: a\n\n${HIDDEN}`, 400],
    ["LF within a head", `GET / HTTP/1.1\r\nHost: a\nContent-Length: 60\r\n\r\n${HIDDEN}`, 400],
    ["CR within a head", `GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n${HIDDEN}`, 400],
    ["NUL within a head", `GET / HTTP/1.1\r\nHost: a\0\r\n\r\n${HIDDEN}`, 400],
    ["two Hosts", `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${HIDDEN}`, 400],
    ["no Host", `GET / HTTP/1.1\r\n\r\n${HIDDEN}`, 400],
    ["two cookies", `GET /api/v1/me HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n${HIDDEN}`, 400],
    ["absolute target", `GET https://a/api/v1/me HTTP/1.1\r\nHost: b\r\n\r\n${HIDDEN}`, 400],
    ["encoded slash", `GET /api/v1%2fme HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`, 400],
    ["backslash", `GET /api/v1\\me HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`, 400],
    ["climb", `GET /assets/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`, 400],
    ["encoded climb", `GET /assets/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`, 400],
    ["CRLF in the path", `GET /a%0d%0aX:%20y HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`, 400],
    ["body on a file", `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`, 400],
    ["HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ["an unknown method", `BREW / HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`, 501],
    ["a large head", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(17000)}\r\n\r\n${HIDDEN}`, 431],
    ["many fields", `GET / HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(60)}\r\n${HIDDEN}`, 431],
    ["a long path", `GET /${"a".repeat(1100)} HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`, 414],
    ["a large body", `${POST}Content-Length: 100000000\r\n\r\n{}`, 413],
    ["another type", `POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`, 415],
];

const refusedSum = (text) => text.split("\n").filter((l) => l.startsWith("skep_refused_total{room=\"edge\""))
    .reduce((sum, l) => sum + Number(l.slice(l.lastIndexOf(" "))), 0);

test("requests that try to be two", async (t) => {
    const skep = await startSkep({ t });
    const before = refusedSum(await skep.metrics());
    for (const [name, bytes, status] of SMUGGLES) {
        const conn = await rawTls(skep);
        await conn.send(Buffer.from(bytes, "latin1")).catch(() => {});
        const reply = (await conn.untilClose()).toString("latin1");
        const answers = reply.match(/HTTP\/1\.1 \d\d\d /g) ?? [];
        assert.deepEqual(answers, [`HTTP/1.1 ${status} `], name);
        assert.doesNotMatch(reply, /"openapi"/, name);
        assert.match(reply, /Content-Security-Policy: default-src 'none'/, name);
    }
    assert.equal(refusedSum(await skep.metrics()) - before, SMUGGLES.length);
});

test("fields of the client do not pose as ours", async (t) => {
    const skep = await startSkep({ t });
    const web = new Api(skep);
    t.after(() => web.close());
    for (const value of [`${"0".repeat(64)}.0000000000000001`, "x", ""]) {
        const answer = await web.get("/api/v1/me", { headers: { "Skep-Request": value, "X-Forwarded-For": "192.0.2.1" } });
        assert.equal(answer.status, 401, value);
    }
});

test("slow clients", { timeout: 90000 }, async (t) => {
    const skep = await startSkep({ t, args: ["--edge-head-timeout-s", "2", "--edge-http-per-source-max", "300"] });
    const honest = new Api(skep);
    t.after(() => honest.close());
    const times = async (n) => {
        const all = [];
        for (let i = 0; i < n; i++) {
            const at = performance.now();
            assert.equal((await honest.get("/healthz")).status, 200);
            all.push(performance.now() - at);
        }
        return all.sort((a, b) => a - b)[Math.floor(n * 0.99)];
    };
    const calm = await times(100);
    const slow = [];
    for (let i = 0; i < 120; i++) {
        const conn = await rawTls(skep);
        await conn.send(i % 2 ? "GET / HTTP/1.1\r\nHost: a\r\nX-" : `${POST}Content-Length: 40\r\n\r\n{`);
        slow.push(conn);
    }
    const dribble = setInterval(() => slow.forEach((c) => c.isOpen() && c.send("a").catch(() => {})), 300);
    t.after(() => clearInterval(dribble));
    const beside = await times(100);
    t.diagnostic(`p99 of an honest client: ${calm.toFixed(1)} ms alone, ${beside.toFixed(1)} ms beside 120 slow ones`);
    assert.ok(beside < Math.max(100, calm * 5), `p99 went from ${calm} to ${beside} ms`);
    await Promise.all(slow.map((c) => c.untilClose(20000)));
    assert.ok((await skep.metric('skep_refused_total{room="edge",reason="slow-head"}')) >= 60);
    assert.ok((await skep.metric('skep_refused_total{room="edge",reason="slow-body"}')) >= 60);
});

test("one source has its limit", async (t) => {
    const skep = await startSkep({ t, args: ["--edge-http-per-source-max", "10"] });
    const conns = await Promise.all(Array.from({ length: 16 }, () => rawTls(skep)));
    await waitFor(() => conns.filter((c) => !c.isOpen()).length >= 6, 5000, "the surplus to be closed");
    assert.ok(conns.filter((c) => c.isOpen()).length <= 10);
    conns.forEach((c) => c.destroy());
    const web = new Api(skep);
    t.after(() => web.close());
    await waitFor(async () => (await web.get("/healthz")).status === 200, 5000, "room for the next one");
    assert.ok((await skep.metric('skep_refused_total{room="edge",reason="source-connections"}')) >= 6);
});

function plain(skep, bytes) {
    return new Promise((resolve, reject) => {
        const got = [];
        const socket = connect({ host: "localhost", port: skep.port }, () => socket.write(bytes, "latin1"));
        socket.on("data", (d) => got.push(d));
        socket.on("error", reject);
        socket.on("close", () => resolve(Buffer.concat(got).toString("latin1")));
    });
}

test("plain HTTP on the TLS port", async (t) => {
    const skep = await startSkep({ t });
    const moved = await plain(skep, `GET /setup/%41?x=1 HTTP/1.1\r\nHost: localhost:${skep.port}\r\nCookie: a=b\r\n\r\n`);
    assert.match(moved, /^HTTP\/1\.1 308 /);
    assert.match(moved, new RegExp(`\r\nLocation: https://localhost:${skep.port}/setup/A\\?x=1\r\n`));
    assert.doesNotMatch(moved, /Set-Cookie/i);
    for (const bytes of [
        `${POST}Content-Length: 2\r\n\r\n{}`,
        "GET /\r\nSet-Cookie: a=b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET //evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
    ].map((b) => (b.startsWith("SSH") ? `${b}\n` : b))) assert.equal(await plain(skep, bytes), "", bytes);
});
