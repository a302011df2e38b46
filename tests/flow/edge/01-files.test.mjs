// What a browser loads: headers on everything, ETag, gzip, immutable names, the fallback to the page.
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { Api, startSkep, test } from "../lib/skep.mjs";

const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; " +
    "media-src blob:; worker-src 'self'; font-src 'none'; manifest-src 'self'; form-action 'self'; base-uri 'none'; " +
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types skep";

function assertSecure(answer, where) {
    const h = answer.headers;
    assert.equal(h["content-security-policy"], CSP, where);
    assert.match(h["strict-transport-security"], /^max-age=31536000$/, where);
    assert.equal(h["x-content-type-options"], "nosniff", where);
    assert.equal(h["referrer-policy"], "no-referrer", where);
    assert.equal(h["cross-origin-opener-policy"], "same-origin", where);
    assert.equal(h["cross-origin-resource-policy"], "same-origin", where);
    assert.equal(h["cross-origin-embedder-policy"], "require-corp", where);
    assert.match(h["permissions-policy"], /geolocation=\(\)/, where);
    assert.equal(h.server, undefined, where);
    assert.doesNotMatch(JSON.stringify(h), /unsafe-/, where);
}

test("files of the console", async (t) => {
    const skep = await startSkep({ t });
    const web = new Api(skep, { validate: false });
    t.after(() => web.close());

    const page = await web.get("/");
    assert.equal(page.status, 200);
    assertSecure(page, "/");
    assert.match(page.headers["content-type"], /^text\/html; ?charset=utf-8$/);
    assert.equal(page.headers["cache-control"], "no-cache");
    const script = /src="(\/assets\/main-[^"]+\.js)"/.exec(page.text)[1];

    const plain = await web.get(script);
    assert.equal(plain.headers["cache-control"], "public, max-age=31536000, immutable");
    assert.match(plain.headers["content-type"], /javascript/);
    assert.equal(plain.headers["content-encoding"], undefined);
    assertSecure(plain, script);
    const packed = await web.get(script, { headers: { "Accept-Encoding": "br;q=1.0, gzip;q=0.8" } });
    assert.equal(packed.headers["content-encoding"], "gzip");
    assert.ok(packed.body.length < plain.body.length);
    assert.deepEqual(gunzipSync(packed.body), plain.body);
    assert.notEqual(packed.headers.etag, plain.headers.etag);

    for (const tag of [plain.headers.etag, `"other", ${plain.headers.etag}`, `W/${plain.headers.etag}`]) {
        const same = await web.get(script, { headers: { "If-None-Match": tag } });
        assert.equal(same.status, 304, tag);
        assert.equal(same.body.length, 0);
        assertSecure(same, tag);
    }
    assert.equal((await web.get(script, { headers: { "If-None-Match": packed.headers.etag } })).status, 200);
    const head = await web.head(script);
    assert.equal(Number(head.headers["content-length"]), plain.body.length);
    assert.equal(head.body.length, 0);

    for (const path of ["/setup", "/cameras/abcdef", "/live/", "/%E4%B8%AD"]) {
        const route = await web.get(path);
        assert.equal(route.status, 200, path);
        assert.equal(route.text, page.text, path);
    }
    for (const path of ["/missing.js", "/assets/missing-00000000.css", "/.env", "/api/v1/missing", "/api", "/ws/missing", "/.well-known/missing"]) {
        const missing = await web.get(path);
        assert.equal(missing.status, 404, path);
        assert.equal(missing.headers["content-type"], "application/problem+json", path);
        assert.equal(missing.json.code, "not-found", path);
        assertSecure(missing, path);
    }
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        const refused = await web.request(method, "/");
        assert.equal(refused.status, 405, method);
        assert.equal(refused.headers.allow, "GET, HEAD");
    }
    const api = await web.get("/api/v1/setup");
    assert.equal(api.headers["cache-control"], "no-store");
    assertSecure(api, "/api/v1/setup");
});
