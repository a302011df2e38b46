// WebSockets: who is refused before the upgrade, and when an open one ends.
import assert from "node:assert/strict";
import { api, login, setupOwner, startSkep, test } from "../lib/skep.mjs";

const PATH = "/api/v1/events";
const PROTOCOL = "skep.events.1";

async function refusal(promise) {
    try {
        (await promise).close();
    } catch (error) {
        return error.status;
    }
    return "let in";
}

test("who may open a socket", async (t) => {
    const skep = await startSkep({ t });
    assert.equal(await refusal(api(skep).socket(PATH, PROTOCOL)), 401);
    const owner = await setupOwner(skep);
    assert.equal(await refusal(owner.socket(PATH, "other.protocol")), 403);
    assert.equal(await refusal(owner.socket(PATH, null)), 403);
    for (const origin of ["https://evil.example", `http://localhost:${skep.port}`, "https://localhost", "null", `https://localhost:${skep.port}.evil.example`])
        assert.equal(await refusal(owner.socket(PATH, PROTOCOL, { headers: { Origin: origin } })), 403, origin);
    assert.equal(await refusal(owner.socket(PATH, PROTOCOL, { headers: { "Sec-WebSocket-Version": "8" } })), 426);
    assert.equal(await refusal(owner.socket(PATH, PROTOCOL, { headers: { "Sec-WebSocket-Key": "short" } })), 400);
    const open = await owner.socket(PATH, PROTOCOL);
    assert.equal((await open.nextJson()).ev, "hello");
    open.close();
    const native = await login(skep, { bearer: true });
    const socket = await native.socket(PATH, PROTOCOL);
    assert.equal((await socket.nextJson()).ev, "hello");
    socket.close();
});

test("an open socket ends with its session, and only then", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const other = await login(skep);
    const mine = await owner.socket(PATH, PROTOCOL);
    const theirs = await other.socket(PATH, PROTOCOL);
    await mine.nextJson();
    await theirs.nextJson();
    const at = Date.now();
    assert.equal((await other.post("/api/v1/logout")).status, 204);
    assert.equal((await theirs.closed()).code, 4401);
    assert.ok(Date.now() - at < 2000, `${Date.now() - at} ms`);
    await mine.nextJson((m) => m.ev === "relay");
    const bye = mine.closed();
    await skep.stop({ keep: true });
    assert.equal((await bye).code, 1001);
    assert.deepEqual(skep.exit, { code: 0, signal: null });
    await skep.start();
});

test("frames that break the rules", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    for (const [name, bytes, codes] of [
        ["not masked", [0x81, 0x01, 0x61], [1002]],
        ["reserved bit", [0xc1, 0x81, 0, 0, 0, 0, 0x61], [1002]],
        ["reserved opcode", [0x83, 0x81, 0, 0, 0, 0, 0x61], [1002]],
        ["a client's text", [0x81, 0x81, 0, 0, 0, 0, 0x61], [1002, 1003, 1009]],
        ["an absurd length", [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x61], [1009]],
    ]) {
        const socket = await owner.socket(PATH, PROTOCOL);
        await socket.nextJson();
        socket.sendRaw(Buffer.from(bytes));
        const how = await socket.closed();
        assert.ok(codes.includes(how.code), `${name}: ${how.code}`);
    }
});

test("sockets of one account are counted", async (t) => {
    const skep = await startSkep({ t, args: ["--edge-sockets-per-account", "3"] });
    const owner = await setupOwner(skep);
    const open = [];
    for (let i = 0; i < 3; i++) open.push(await owner.socket(PATH, PROTOCOL));
    assert.equal(await refusal(owner.socket(PATH, PROTOCOL)), 429);
    open.forEach((s) => s.close());
});
