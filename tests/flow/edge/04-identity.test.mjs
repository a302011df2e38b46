// The certificate: names, tickets that survive kill -9, the owner's own files.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { copyFile, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { Api, rawTls, startSkep, test, waitFor } from "../lib/skep.mjs";

test("names, modes and the fingerprint that setup shows", async (t) => {
    const skep = await startSkep({ t });
    const conn = await rawTls(skep);
    const cert = new X509Certificate(conn.socket.getPeerCertificate(true).raw);
    for (const name of ["DNS:localhost", "IP Address:127.0.0.1", "IP Address:0:0:0:0:0:0:0:1"])
        assert.ok(cert.subjectAltName.includes(name), cert.subjectAltName);
    if (/^[\w.-]+$/.test(hostname())) assert.ok(cert.subjectAltName.includes(`DNS:${hostname()}`), cert.subjectAltName);
    conn.destroy();
    const days = (Date.parse(cert.validTo) - Date.now()) / 86400000;
    assert.ok(days > 390 && days < 398, `${days} days`);
    const web = new Api(skep);
    t.after(() => web.close());
    const setup = (await web.get("/api/v1/setup")).json;
    assert.equal(Buffer.from(setup.fingerprint_raw, "base64url").toString("hex").toUpperCase(), cert.fingerprint256.replaceAll(":", ""));
    for (const name of ["ca.key", "ca.crt", "server.key", "server.crt", "tickets"])
        assert.equal((await stat(join(skep.dataDir, "tls", name))).mode & 0o077, 0, name);
});

test("a browser's ticket survives kill -9, and a new certificate does not", async (t) => {
    const skep = await startSkep({ t });
    const first = await rawTls(skep, { maxVersion: "TLSv1.2" });
    const before = first.socket.getPeerCertificate().fingerprint256;
    const session = first.socket.getSession();
    first.destroy();
    await skep.restart({ kill: true });
    const second = await rawTls(skep, { session, maxVersion: "TLSv1.2" });
    assert.equal(second.socket.isSessionReused(), true);
    await second.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert.match((await second.untilClose()).toString(), /^HTTP\/1\.1 200 /);
    const third = await rawTls(skep);
    assert.equal(third.socket.getPeerCertificate().fingerprint256, before);
    third.destroy();
    await skep.stop({ keep: true });
    await rm(join(skep.dataDir, "tls", "server.key"));
    await skep.start();
    const fourth = await rawTls(skep, { session, maxVersion: "TLSv1.2" });
    assert.equal(fourth.socket.isSessionReused(), false);
    assert.notEqual(fourth.socket.getPeerCertificate().fingerprint256, before);
    fourth.destroy();
});

test("the owner's certificate, replaced while running", async (t) => {
    const one = await startSkep({ t });
    const two = await startSkep({ t });
    const folder = await mkdtemp(join(tmpdir(), "skep-cert-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const put = async (from) => {
        for (const [name, as] of [["server.crt", "own.crt"], ["server.key", "own.key"]]) {
            await copyFile(join(from.dataDir, "tls", name), join(folder, `${as}.new`));
            await rename(join(folder, `${as}.new`), join(folder, as));
        }
        return new X509Certificate(await readFile(join(folder, "own.crt"))).fingerprint256;
    };
    const first = await put(one);
    const skep = await startSkep({ t });
    await skep.stop({ keep: true });
    skep.options.args = ["--edge-certificate", join(folder, "own.crt"), "--edge-key", join(folder, "own.key")];
    await skep.start({ ready: false });
    const seen = async () => {
        const conn = await rawTls(skep, { ca: undefined, rejectUnauthorized: false });
        const print = conn.socket.getPeerCertificate().fingerprint256;
        conn.destroy();
        return print;
    };
    assert.equal(await seen(), first);
    const second = await put(two);
    assert.notEqual(second, first);
    await waitFor(async () => (await seen()) === second, 15000, "the new certificate");
});
