// A camera's way in: a token counts down with each certificate, and certificates are what they say.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { api, setupOwner, startSkep, test } from "../lib/skep.mjs";
import { certificatesOf, commonName, csrMake, enrol } from "../lib/csr.mjs";
import { DeviceLink } from "../lib/peers.mjs";

const DEVICE_ID = /^[a-z2-7]{26}$/;

test("a token gives as many certificates as it says", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const made = await owner.post("/api/v1/enrolment-tokens", { count: 2, ttl_s: 60 });
    assert.equal(made.status, 201);
    const { id, token, expires, command } = made.json;
    assert.ok(Math.abs(expires - Date.now() - 60000) < 5000);
    assert.ok(!command.includes(token) || command.includes("token"), "the command says where the token goes");

    const stranger = api(skep);
    const first = await enrol(stranger, token, { csr: csrMake({ name: "Gate <b>&\"'", serial: "SN-1" }) });
    assert.equal(first.status, 200);
    assert.match(first.id, DEVICE_ID);
    assert.ok(new Date(first.cert.validTo) > Date.now() + 300 * 86400e3);
    const device = (await owner.get(`/api/v1/devices/${first.id}`)).json;
    assert.equal(device.name, "Gate <b>&\"'");
    assert.equal(device.serial, "SN-1");
    assert.equal(device.state, "offline");

    const second = await enrol(stranger, token);
    assert.equal(second.status, 200);
    assert.notEqual(second.id, first.id);
    const third = await enrol(stranger, token);
    assert.equal(third.status, 410);
    assert.equal(third.answer.json.code, "gone");
    const state = (await owner.get(`/api/v1/enrolment-tokens/${id}`)).json;
    assert.equal(state.used, 2);
    assert.deepEqual([...state.devices].sort(), [first.id, second.id].sort());
    assert.ok(!JSON.stringify(state).includes(token), "the token is shown once");
});

test("a withdrawn token and a made-up one give nothing", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { id, token } = (await owner.post("/api/v1/enrolment-tokens", { count: 5, ttl_s: 600 })).json;
    assert.equal((await owner.delete(`/api/v1/enrolment-tokens/${id}`)).status, 204);
    const stranger = api(skep);
    assert.equal((await enrol(stranger, token)).status, 410);
    assert.equal((await enrol(stranger, "A".repeat(token.length))).status, 401);
    assert.equal((await enrol(stranger, "short")).status, 401);
    assert.equal((await owner.get("/api/v1/devices")).json.total, 0);
});

test("racing for the last place", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { id, token } = (await owner.post("/api/v1/enrolment-tokens", { count: 3, ttl_s: 600 })).json;
    const all = await Promise.all(Array.from({ length: 8 }, () => enrol(owner, token)));
    assert.equal(all.filter((one) => one.status === 200).length, 3);
    assert.equal((await owner.get(`/api/v1/enrolment-tokens/${id}`)).json.used, 3);
    assert.equal((await owner.get("/api/v1/devices")).json.total, 3);
});

test("the authorities, and a link with what came back", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const authorities = certificatesOf((await api(skep, { validate: false }).get("/.well-known/est/cacerts")).text);
    assert.equal(authorities.length, 2);
    const { token } = (await owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 600 })).json;
    const camera = await enrol(owner, token);
    const issuer = authorities.find((ca) => camera.cert.checkIssued(ca));
    assert.ok(issuer && camera.cert.verify(issuer.publicKey), "the device authority vouches for it");
    assert.ok(authorities.some((ca) => ca.fingerprint256 === new X509Certificate(skep.caPem).fingerprint256));
    assert.equal(commonName(camera.cert), camera.id);
    const link = await (await DeviceLink.open(skep, camera.pem)).greet();
    assert.ok(link.session > 0);
    assert.equal((await owner.get(`/api/v1/devices/${camera.id}`)).json.state, "online");
    link.close();
});
