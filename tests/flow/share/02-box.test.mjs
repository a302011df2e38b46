// The box's part of sharing: claims, the directory, the grant that goes with a list, and a list left
// for a camera that is away.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { DeviceLink, MESSAGE } from "../lib/peers.mjs";
import { cameras, member } from "../grant/lib.mjs";
import { DAY_MS, deviceRaw, listSign, neighbour, ownerKey, viewerKey } from "./lib.mjs";

const ABSENT = "a".repeat(26);
const bare = (answer) => answer.text.replace(/"request":"[^"]*"/, "");
const claim = (who, device, { point } = viewerKey()) =>
    who.post("/api/v1/shares/claims", { device, public_key: point.toString("base64url"), claim: randomBytes(32).toString("base64url") });
const code = (who, device, actions = ["live-main"]) =>
    who.post("/api/v1/authorizations", { device, actions, session: randomBytes(16).toString("base64url") });
const terms = (more = {}) => ({ actions: ["live-main"], not_after: Date.now() + 10 * DAY_MS, ...more });

test("claims, shares and their end", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [home, second] = await cameras(owner, 2);
    const guest = await neighbour(skep, owner);
    const at = (id, rest) => `/api/v1/devices/${id}/${rest}`;

    // Asking tells nothing about the camera; the key enters the directory.
    const key = viewerKey();
    const asked = await claim(guest, home.id, key), absent = await claim(guest, ABSENT, key);
    assert.deepEqual([asked.status, absent.status], [202, 202]);
    assert.deepEqual((await guest.get("/api/v1/shares/claims")).json.claims.map((c) => [c.device, c.key, c.state]).sort(),
        [[home.id, key.id, "waiting"], [ABSENT, key.id, "waiting"]].sort());
    assert.deepEqual((await guest.get("/api/v1/me/viewer-keys")).json.keys.map((k) => k.id), [key.id]);
    const named = await guest.put("/api/v1/me/viewer-keys", { public_key: key.point.toString("base64url"), name: "study" });
    assert.deepEqual([named.status, named.json.name], [200, "study"]);
    assert.equal((await claim(guest, home.id, { point: Buffer.alloc(65, 4) })).status, 400, "no point of the curve");
    assert.equal((await claim(guest, "no-camera")).status, 400);

    // Only the camera's owners see it; to others the camera is absent.
    const admin = await member(skep, owner, { role: "admin" }), mate = await member(skep, owner);
    const claims = (await owner.get(at(home.id, "claims"))).json.claims;
    assert.deepEqual(claims.map((c) => [c.id, c.account, c.public_key]), [[asked.json.id, { id: guest.account, name: guest.name, organization: "next door" }, key.point.toString("base64url")]]);
    for (const who of [admin, mate]) assert.equal((await who.get(at(home.id, "claims"))).status, 403);
    for (const [method, rest, body] of [["GET", "claims"], ["GET", "shares"], ["GET", "list"], ["DELETE", `claims/${asked.json.id}`], ["POST", `claims/${asked.json.id}/accept`, terms()]]) {
        const [there, none] = [await guest.request(method, at(home.id, rest), { body }), await guest.request(method, at(ABSENT, rest), { body })];
        assert.equal(there.status, 404, there.text);
        assert.equal(bare(there), bare(none));
    }
    const accept = (id, body, device = home.id) => owner.post(at(device, `claims/${id}/accept`), body);
    for (const bad of [terms({ actions: [] }), terms({ actions: ["list"] }), terms({ actions: ["manage"] }), terms({ not_after: Date.now() - 1 }), terms({ not_after: Date.now() + 91 * DAY_MS }), terms({ list: "AAAA" })])
        assert.equal((await accept(asked.json.id, bad)).status, 400);
    assert.equal((await accept(asked.json.id, terms(), second.id)).status, 410, "another camera's claim");

    // Accepted: this camera and no other, these rights and no other.
    assert.equal((await code(guest, home.id)).status, 404);
    const share = await accept(asked.json.id, terms());
    assert.equal(share.status, 201, share.text);
    assert.deepEqual([share.json.key, share.json.actions, share.json.active, share.json.keys[0].name], [key.id, ["live-main"], true, "study"]);
    assert.equal((await accept(asked.json.id, terms())).status, 410);
    assert.equal((await code(guest, home.id)).status, 201);
    assert.equal((await code(guest, home.id, ["ptz"])).status, 404);
    assert.equal((await code(guest, second.id)).status, 404);
    assert.deepEqual((await guest.get("/api/v1/devices")).json.devices.map((d) => d.id), [home.id]);
    assert.deepEqual((await guest.get("/api/v1/shares")).json.given, []);
    assert.deepEqual((await owner.get("/api/v1/shares")).json.given.map((s) => s.id), [share.json.id]);
    assert.deepEqual((await guest.get("/api/v1/shares/claims")).json.claims.find((c) => c.device === home.id).state, "accepted");

    // Changed, given up, refused; ended on the people's page.
    const changed = await owner.patch(at(home.id, `shares/${share.json.id}`), terms({ actions: ["snapshot", "ptz"] }));
    assert.deepEqual([changed.status, changed.json.id, changed.json.actions], [200, share.json.id, ["ptz", "snapshot"]], changed.text);
    assert.deepEqual([(await code(guest, home.id)).status, (await code(guest, home.id, ["ptz"])).status], [404, 201]);
    assert.equal((await mate.delete(`/api/v1/shares/${share.json.id}`)).status, 404, "not his");
    assert.equal((await guest.delete(`/api/v1/shares/${share.json.id}`)).status, 204);
    assert.equal((await code(guest, home.id, ["ptz"])).status, 404);
    assert.deepEqual((await owner.get(at(home.id, "shares"))).json, { shares: [] });
    const again = await claim(guest, home.id, key);
    assert.equal((await owner.delete(at(home.id, `claims/${again.json.id}`))).status, 204);
    assert.equal((await guest.get("/api/v1/shares/claims")).json.claims.find((c) => c.device === home.id).state, "refused");
    const third = await accept((await claim(guest, home.id, key)).json.id, terms());
    assert.equal((await owner.delete(`/api/v1/grants/${third.json.grant}`)).status, 204);
    assert.deepEqual((await owner.get(at(home.id, "shares"))).json.shares, []);
    assert.equal((await owner.delete(at(home.id, `shares/${third.json.id}`))).status, 404);

    // Bounds; who leaves takes claims and keys along.
    for (let i = 0; i < 14; i++) assert.equal((await claim(mate, home.id)).status, 202);
    const over = [];
    for (let i = 0; i < 4; i++) over.push(await claim(mate, home.id));
    const refused = over.filter((a) => a.status === 409);
    assert.ok(refused.length >= 2 && refused.every((a) => a.json.reason === "limit"));
    const left = (await owner.post(`/api/v1/accounts/${mate.account}/leave`, {})).json;
    assert.ok(left.revoked["viewer-keys"] >= 14, JSON.stringify(left));
    assert.equal(left.remaining["viewer-keys"], 0);
    assert.deepEqual((await owner.get(at(home.id, "claims"))).json.claims, []);

    const acts = (await owner.get("/api/v1/audit?action=share.&limit=200")).json.rows.map((r) => r.action);
    for (const name of ["share.given", "share.changed", "share.ended", "share.claimed", "share.claim-refused"]) assert.ok(acts.includes(name), name);
});

test("who is concerned hears of it, and nobody else", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [home] = await cameras(owner, 1);
    const guest = await neighbour(skep, owner), mate = await member(skep, owner);
    const feeds = await Promise.all([owner, guest, mate].map((who) => who.socket("/api/v1/events", "skep.events.1")));
    for (const feed of feeds) await feed.nextJson((m) => m.ev === "hello");
    const seen = [];
    feeds[2].on("message", (m) => seen.push(JSON.parse(m.toString()).ev));
    const told = (feed) => feed.nextJson((m) => m.ev === "shares" && m.device === home.id);
    const { json: { id } } = await claim(guest, home.id);
    await Promise.all(feeds.slice(0, 2).map(told));
    assert.equal((await owner.delete(`/api/v1/devices/${home.id}/claims/${id}`)).status, 204);
    await Promise.all(feeds.slice(0, 2).map(told));
    assert.equal((await owner.post("/api/v1/grants", { subject: { account: mate.account }, object: { device: home.id }, actions: ["live-main"] })).status, 201);
    await waitFor(() => seen.includes("access"), 5000, "what the member is told"); // behind all of the above
    assert.ok(!seen.includes("shares"));
    for (const feed of feeds) feed.close();
});

test("a list waits for its camera", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const [home, other] = await cameras(owner, 2);
    const guest = await neighbour(skep, owner);
    const path = `/api/v1/devices/${home.id}/list`, signer = ownerKey(), key = viewerKey();
    const entries = [{ point: key.point, rights: 1, account: guest.account }];
    const text = (list) => list.toString("base64url");
    const first = listSign(signer, home.id, { version: 3, entries });

    assert.equal((await owner.get(path)).status, 404);
    for (const bad of [listSign(signer, other.id, { version: 3, entries }), first.subarray(1), Buffer.concat([first, Buffer.alloc(1)]), listSign(signer, home.id, { version: 3, entries: [{ ...entries[0], rights: 0x100 }] })])
        assert.equal((await owner.put(path, { list: text(bad) })).status, 400);
    const { json: { id } } = await claim(guest, home.id, key);
    const share = await owner.post(`/api/v1/devices/${home.id}/claims/${id}/accept`, { actions: ["live-main"], not_after: Date.now() + DAY_MS, list: text(first) });
    assert.equal(share.status, 201, share.text);
    assert.deepEqual((({ version, list, sent, by }) => ({ version, list, sent, by }))((await owner.get(path)).json),
        { version: 3, list: text(first), sent: undefined, by: (await owner.get("/api/v1/me")).json.account.id });
    const older = await owner.put(path, { list: text(listSign(signer, home.id, { version: 2 })) });
    assert.deepEqual([older.status, older.json.reason], [409, "version"]);

    // It comes to the camera as it was left, in an envelope of kind 08 from who left it; at each link.
    const lists = (link) => link.messages().filter((m) => m.id === MESSAGE.SIGNAL).map(({ body }) => {
        const from = body.subarray(41, 41 + body[40]).toString(), sealed = body.subarray(41 + body[40]);
        assert.ok(body.subarray(24, 40).equals(deviceRaw(home.id)));
        assert.equal(sealed.subarray(0, 4).toString("hex"), "08010000");
        assert.ok(sealed.subarray(4, 20).equals(body.subarray(8, 24)), "its session is the envelope's");
        return { from, list: text(sealed.subarray(20)) };
    });
    const me = (await owner.get("/api/v1/me")).json.account.id;
    let link = await (await DeviceLink.open(skep, home.pem)).greet();
    await link.next(MESSAGE.SIGNAL);
    assert.deepEqual(lists(link), [{ from: me, list: text(first) }]);
    await waitFor(async () => (await owner.get(path)).json.sent > 0, 5000, "the time it was sent");
    const next = listSign(signer, home.id, { version: 4 });
    assert.equal((await owner.put(path, { list: text(next) })).status, 200); // the camera is there: at once
    await waitFor(() => lists(link).length === 2, 5000, "the second list");
    assert.equal(lists(link)[1].list, text(next));
    link.close();
    await skep.restart();
    link = await (await DeviceLink.open(skep, home.pem)).greet();
    await link.next(MESSAGE.SIGNAL);
    assert.equal(lists(link)[0].list, text(next), "kept over a restart");
    link.close();
    assert.equal((await owner.delete(path)).status, 204);
    assert.equal((await owner.delete(path)).status, 404);
    link = await (await DeviceLink.open(skep, home.pem)).greet();
    const last = listSign(signer, home.id, { version: 5 });
    assert.equal((await owner.put(path, { list: text(last) })).status, 200);
    await link.next(MESSAGE.SIGNAL);
    assert.deepEqual(lists(link).map((l) => l.list), [text(last)], "what was taken back does not come");
    link.close();
});
