// What the owner does with cameras, and what the page hears of it.
import assert from "node:assert/strict";
import { setupOwner, SLOW, startSkep, test, waitFor } from "../lib/skep.mjs";
import { csrMake, enrol } from "../lib/csr.mjs";
import { DeviceLink, MESSAGE } from "../lib/peers.mjs";

async function cameras(owner, names) {
    const { token } = (await owner.post("/api/v1/enrolment-tokens", { count: names.length, ttl_s: 600 })).json;
    const made = [];
    for (const [i, name] of names.entries()) made.push(await enrol(owner, token, { csr: csrMake({ name, serial: `S-${i}` }) }));
    return made;
}

test("pages, search and state", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const names = ["North gate", "South gate", "Dock 1", "Dock 2", "门口", "100% _wild", "Yard"];
    const made = await cameras(owner, names);
    const seen = [];
    let pages = 0;
    for (let cursor = ""; cursor !== undefined; pages++) {
        const { json } = await owner.get(`/api/v1/devices?limit=3${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
        assert.ok(json.devices.length <= 3);
        assert.equal(json.total, 7);
        seen.push(...json.devices.map((d) => d.id));
        cursor = json.next;
    }
    assert.equal(pages, 3);
    assert.deepEqual([...seen].sort(), made.map((m) => m.id).sort(), "each once");

    const found = async (q) => (await owner.get(`/api/v1/devices?q=${encodeURIComponent(q)}`)).json.devices.map((d) => d.name).sort();
    assert.deepEqual(await found("gate"), ["North gate", "South gate"]);
    assert.deepEqual(await found("DOCK"), ["Dock 1", "Dock 2"]);
    assert.deepEqual(await found("门"), ["门口"]);
    assert.deepEqual(await found("%"), ["100% _wild"], "no sign is a wildcard");
    assert.deepEqual(await found("_"), ["100% _wild"]);
    assert.deepEqual(await found("' OR 1=1 --"), []);

    const link = await (await DeviceLink.open(skep, made[2].pem)).greet();
    const online = (await owner.get("/api/v1/devices?state=online")).json;
    assert.deepEqual(online.devices.map((d) => d.id), [made[2].id]);
    assert.equal(online.online, 1);
    assert.equal((await owner.get("/api/v1/devices?state=offline")).json.devices.length, 6);
    link.close();
});

test("rename, history, events", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const events = await owner.socket("/api/v1/events", "skep.events.1");
    const [camera] = await cameras(owner, ["Before"]);
    assert.equal((await events.nextJson((m) => m.ev === "enrolled")).device, camera.id);
    const link = await (await DeviceLink.open(skep, camera.pem)).greet();
    await events.nextJson((m) => m.ev === "device" && m.device.id === camera.id && m.device.state === "online");
    const renamed = await owner.patch(`/api/v1/devices/${camera.id}`, { name: "After" });
    assert.equal(renamed.json.name, "After");
    assert.equal((await events.nextJson((m) => m.ev === "device" && m.device.name === "After")).device.state, "online");
    link.close();
    const gone = await events.nextJson((m) => m.ev === "device" && m.device.state === "offline");
    assert.ok(gone.device.last_seen <= Date.now());
    const kinds = await waitFor(async () => {
        const list = (await owner.get(`/api/v1/devices/${camera.id}/history`)).json.events;
        return list.some((e) => e.kind === "offline") && list;
    }, 3000, "the history");
    for (const kind of ["enrolled", "online", "renamed", "offline"]) assert.ok(kinds.some((e) => e.kind === kind), kind);
    for (let i = 1; i < kinds.length; i++) assert.ok(kinds[i - 1].at >= kinds[i].at, "newest first");
    assert.equal((await owner.get(`/api/v1/devices/${camera.id}/history?from=${Date.now() + 1000}`)).json.events.length, 0);
    const relay = await events.nextJson((m) => m.ev === "relay", 5000);
    assert.ok(relay.oldest_byte_ms < relay.limit_ms);
    events.close();
});

test("a second link takes the first one's place; a removed camera is cut at once", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [camera] = await cameras(owner, ["Twice"]);
    const first = await (await DeviceLink.open(skep, camera.pem)).greet();
    const second = await (await DeviceLink.open(skep, camera.pem)).greet();
    assert.equal(JSON.parse((await first.next(MESSAGE.ERROR)).body).code, 15);
    await first.tls.untilClose();
    assert.equal((await owner.get(`/api/v1/devices/${camera.id}`)).json.state, "online");

    const events = await owner.socket("/api/v1/events", "skep.events.1");
    const at = Date.now();
    assert.equal((await owner.delete(`/api/v1/devices/${camera.id}`)).status, 204);
    await second.tls.untilClose(2000);
    assert.ok(Date.now() - at < 1000 * SLOW, `the link ended after ${Date.now() - at} ms`);
    assert.equal((await events.nextJson((m) => m.ev === "device.removed")).id, camera.id);
    assert.equal((await owner.get(`/api/v1/devices/${camera.id}`)).status, 404);
    events.close();
    await assert.rejects((async () => {
        const again = await DeviceLink.open(skep, camera.pem);
        await again.greet();
    })(), "its certificate opens nothing any more");
});

test("keepalives give the camera's clock", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [camera] = await cameras(owner, ["Clock"]);
    const link = await (await DeviceLink.open(skep, camera.pem)).greet();
    const fast = () => Date.now() + 5000;
    let last;
    for (let i = 0; i < 3; i++) {
        const t0 = fast(), before = link.messages().filter((m) => m.id === MESSAGE.KEEPALIVE_OK).length;
        await link.send(MESSAGE.KEEPALIVE, { t0, ...(last ? { last } : {}) });
        await waitFor(() => link.messages().filter((m) => m.id === MESSAGE.KEEPALIVE_OK).length > before);
        last = { t0, t3: fast() };
    }
    const device = (await owner.get(`/api/v1/devices/${camera.id}`)).json;
    assert.ok(Math.abs(Math.abs(device.clock_offset_ms) - 5000) < 200, `${device.clock_offset_ms} ms`);
    assert.ok(device.clock_rtt_ms >= 0 && device.clock_rtt_ms < 500);
    link.close();
});
