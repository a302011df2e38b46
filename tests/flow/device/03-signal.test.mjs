// Envelopes go through untouched and in order, and end with the login that they stand on.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { login, setupOwner, SLOW, startSkep, test, waitFor } from "../lib/skep.mjs";
import { enrol } from "../lib/csr.mjs";
import { authorize, DeviceLink, envelope, MESSAGE, signalOpen } from "../lib/peers.mjs";

async function bed(t) {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const { token } = (await owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 600 })).json;
    const camera = await enrol(owner, token);
    const link = await (await DeviceLink.open(skep, camera.pem)).greet();
    t.after(() => link.close());
    const open = async (client) => {
        const session = randomBytes(16);
        const code = await authorize(client, camera.id, session);
        const { ws, answer } = await signalOpen(client, camera.id, session, code);
        assert.ok(answer.opened, JSON.stringify(answer));
        return { session, ws, device: camera.id };
    };
    const signals = () => link.messages().filter((m) => m.id === MESSAGE.SIGNAL).map((m) => m.body);
    return { skep, owner, camera, link, open, signals };
}

test("bodies arrive as they were sent, with the account filled in", async (t) => {
    const { owner, link, open, signals } = await bed(t);
    const account = (await owner.get("/api/v1/me")).json.account.id;
    const s = await open(owner);
    const bodies = Array.from({ length: 20 }, (_, i) => randomBytes(1 + i * 800));
    for (const [seq, body] of bodies.entries()) s.ws.send(envelope({ ...s, seq, body }));
    await waitFor(() => signals().length >= 20);
    for (const [seq, body] of bodies.entries()) {
        const got = signals()[seq];
        assert.equal(got.readUInt32BE(4), seq);
        assert.equal(got[40], account.length);
        assert.equal(got.subarray(41, 41 + account.length).toString(), account);
        assert.ok(got.subarray(41 + account.length).equals(body), `body ${seq}`);
    }
    const back = randomBytes(16384);
    await link.send(MESSAGE.SIGNAL, envelope({ ...s, body: back }));
    const answer = await s.ws.next();
    assert.ok(answer.subarray(41).equals(back));
    assert.equal(answer[40], 0);

    const asked = Date.now();
    s.ws.sendJson({ ping: 7 });
    const pong = await s.ws.nextJson((m) => m.pong === 7);
    assert.ok(Math.abs(pong.wall - asked) < 2000);
    s.ws.send(envelope({ ...s, seq: 20, type: 3, body: Buffer.from([7]) }));
    await waitFor(() => signals().at(-1)[1] === 3, 3000, "the end at the camera");
    s.ws.close();
});

test("a logout ends its signaling within a second, and nobody else's", async (t) => {
    const { skep, owner, open, signals } = await bed(t);
    const other = await login(skep, { bearer: true });
    const mine = await open(owner), theirs = await open(other);
    const at = Date.now();
    await other.post("/api/v1/logout");
    const how = await theirs.ws.closed(3000);
    assert.equal(how.code, 4401);
    assert.ok(Date.now() - at < 1000 * SLOW, `${Date.now() - at} ms`);
    await waitFor(() => signals().some((e) => e[1] === 3 && e.subarray(8, 24).equals(theirs.session)), 1000, "the camera is told");
    mine.ws.send(envelope({ ...mine, body: "still here" }));
    await waitFor(() => signals().some((e) => e.includes("still here")));
    mine.ws.close();
});

test("a camera that goes ends its sessions; one that is away opens none", async (t) => {
    const { owner, camera, link, open } = await bed(t);
    const s = await open(owner);
    const at = Date.now();
    link.close();
    const end = await s.ws.next(3000);
    assert.equal(end[1], 2);
    assert.equal(end.at(-1), 1, "offline");
    assert.ok(Date.now() - at < 1000 * SLOW);
    const session = randomBytes(16);
    const { ws, answer } = await signalOpen(owner, camera.id, session, await authorize(owner, camera.id, session));
    assert.equal(answer.refused.reason, "offline");
    for (const one of [ws, s.ws]) one.close();
});
