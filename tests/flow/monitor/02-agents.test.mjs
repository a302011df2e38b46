// Agents: the real one over a restart of the box, simulated ones with faults, and what forged ones get.
import assert from "node:assert/strict";
import { api, setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { csrMake, enrol } from "../lib/csr.mjs";
import { agentEnrol, agentLink, agentStart, FRAME, hostToken, sample, SLOT_MS } from "./lib.mjs";

const CPU = 0, MEMORY = 7;
const host = async (owner, id) => (await owner.get(`/api/v1/hosts/${id}`)).json;
const hosts = async (owner) => (await owner.get("/api/v1/hosts")).json.hosts.filter((h) => h.id !== "self");
const refused = (skep, reason) => skep.metric(`skep_refused_total{room="monitor",reason="${reason}"}`);

test("an agent enrols once, links, measures, tells its clock, and comes back after the box was away", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const token = await hostToken(owner);
    const agent = await agentStart(t, skep, "agent", token);
    const up = await waitFor(async () => (await hosts(owner)).find((h) => h.state === "up" && h.memory > 0), 15000, "a sample");
    assert.equal(up.name, "db-1");
    assert.equal(up.region, "DE");
    assert.ok(!up.simulated && up.source !== "");
    assert.ok(Math.abs(up.clock_offset ?? 0) < 1000);
    const detail = await host(owner, up.id);
    assert.ok(detail.facts.cores >= 1 && detail.disks.length >= 0);
    await skep.restart({ kill: true });
    await waitFor(async () => (await hosts(owner)).find((h) => h.id === up.id && h.source !== ""), 15000, "the link again");
    assert.equal((await owner.delete(`/api/v1/hosts/${up.id}`)).status, 204);
    await waitFor(async () => !Number.isNaN(await skep.metric('skep_refused_total{room="edge",reason="device-denied"}')), 15000, "its certificate is refused");
    assert.equal((await hosts(owner)).length, 0);
    const used = await agentEnrol(api(skep), token);
    assert.equal(used.status, 401, "a token is for one");
    await agent.stop();
});

test("simulated hosts have the faults of their scenario, by the real protocol", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const token = await hostToken(owner, { name: "sim", simulated: true, count: 4 });
    await agentStart(t, skep, "hosts", token, ["--count", "4"], "# faults\n0 cpu=97.5\n1 skew=15000 # its clock\n2 down=P2P-NAT\n");
    const all = await waitFor(async () => {
        const list = await hosts(owner);
        return list.length === 4 && list.every((h) => h.cpu !== undefined && h.clock_offset !== undefined) && list;
    }, 25000, "four hosts with clocks");
    assert.ok(all.every((h) => h.simulated && h.name.startsWith("sim-")));
    assert.equal(all.filter((h) => h.cpu === 97.5).length, 1);
    const late = all.filter((h) => h.clock_offset - h.clock_uncertainty > 1000);
    assert.equal(late.length, 1);
    assert.ok(Math.abs(late[0].clock_offset - 15000) < 500, `${late[0].clock_offset}`);
    const down = all.filter((h) => h.services.some((s) => !s.up));
    assert.equal(down.length, 1);
    assert.deepEqual(down[0].services.find((s) => !s.up), { name: "P2P-NAT", up: false, failed: "probe", detail: "no answer to the probe" });
    const at = await waitFor(async () => { // what is newest reaches the disk within a second
        const chart = (await owner.get(`/api/v1/hosts/${late[0].id}/series?metric=memory&step=10000&from=${Date.now() - 120000}`)).json;
        return chart.t[chart.series[0].avg.findLastIndex((v) => v !== null)];
    });
    assert.ok(Math.abs(at - Date.now()) < 3 * SLOT_MS, "its points are where they belong, however wrong its clock is");
});

test("what is out of time or range is dropped and counted; the rest of the frame stands", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const identity = await agentEnrol(api(skep), await hostToken(owner));
    const link = await agentLink(skep, identity);
    const slot = Math.floor(await link.hello() / SLOT_MS);
    await link.send(FRAME.SAMPLES, Buffer.concat([sample(slot - 400, { [CPU]: 1 }), sample(slot - 30, { [CPU]: 300 }), sample(slot - 1, { [CPU]: 500, [MEMORY]: 250 }),
        sample(slot - 1, { [CPU]: 999 }), sample(slot + 100, { [CPU]: 999 })]));
    await link.next(FRAME.ACK);
    assert.equal((await host(owner, identity.id)).cpu, 50);
    assert.deepEqual(await Promise.all(["sample-stale", "sample-twice", "sample-future"].map((r) => refused(skep, r))), [1, 1, 1]);
    const chart = await waitFor(async () => {
        const { json } = await owner.get(`/api/v1/hosts/${identity.id}/series?metric=cpu&step=10000&from=${(slot - 40) * SLOT_MS}&to=${(slot + 1) * SLOT_MS}`);
        return json.series[0].avg.filter((v) => v !== null).length === 2 && json;
    });
    assert.deepEqual([chart.series[0].avg[10], chart.series[0].avg[39]], [30, 50], "back-filled where it was measured, a gap between");
    await link.send(FRAME.CLOCK_ASK, Buffer.from("0000000000000007", "hex"));
    const clock = await link.next(FRAME.CLOCK_ANSWER);
    assert.equal(clock.readBigUInt64BE(), 7n);
    assert.ok(clock.readBigUInt64BE(16) >= clock.readBigUInt64BE(8));
});

test("a malformed frame, one before hello, a huge one or too many cut the link and change nothing", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const identity = await agentEnrol(api(skep), await hostToken(owner));
    const huge = Buffer.alloc(5);
    huge.writeUInt32BE(0x10000001);
    const slot = Math.floor(Date.now() / SLOT_MS);
    const nan = Buffer.concat([sample(slot), Buffer.alloc(0)]);
    nan.writeBigUInt64BE(1n << 63n, 8); // a metric that there is not
    const attacks = [
        (l) => l.send(FRAME.SAMPLES, sample(slot, { [CPU]: 1 })), // before hello
        async (l) => { await l.hello(); await l.send(FRAME.SAMPLES, nan); },
        async (l) => { await l.hello(); await l.send(FRAME.SAMPLES, sample(slot, { [CPU]: 2 ** 31 })); },
        async (l) => { await l.hello(); await l.send(FRAME.SAMPLES, sample(slot, { [CPU]: 1 }).subarray(0, 16)); },
        async (l) => { await l.hello(); await l.send(FRAME.SAMPLES, Buffer.concat(Array(401).fill(sample(slot)))); },
        async (l) => { await l.hello(); await l.raw(huge); },
        async (l) => { await l.hello(); await l.send(99, ""); },
        async (l) => { await l.hello(); await l.send(FRAME.FACTS, { services: [{ name: "x\u0007", up: true }] }); },
        async (l) => { await l.hello(); await l.send(FRAME.FACTS, { services: Array(17).fill({ name: "x", up: true }) }); },
        async (l) => { await l.hello(); await l.send(FRAME.HELLO, { version: "again", cores: 1, memory_mb: 1 }); },
        async (l) => { await l.hello(); for (let i = 0; i < 70; i++) await l.send(FRAME.CLOCK_ASK, Buffer.alloc(8)).catch(() => {}); },
    ];
    for (const [i, attack] of attacks.entries()) {
        const link = await agentLink(skep, identity);
        await attack(link);
        await link.closed().catch((error) => assert.fail(`attack ${i}: ${error.message}`));
    }
    assert.equal(await refused(skep, "agent-frame") + await refused(skep, "agent-flood"), attacks.length);
    const after = await host(owner, identity.id);
    assert.deepEqual([after.state, after.services.length, after.metrics.length], ["never", 0, 0]);
});

test("an agent's certificate opens no camera link, a camera's no agent link, and none nothing", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const agent = await agentEnrol(api(skep), await hostToken(owner));
    const { json } = await owner.post("/api/v1/enrolment-tokens", { count: 1, ttl_s: 600 });
    const camera = await enrol(api(skep), json.token);
    const denied = () => skep.metric('skep_refused_total{room="edge",reason="device-denied"}');
    for (const [identity, alpn] of [[agent, "skep-device/1"], [camera, "skep-agent/1"]]) {
        const before = await denied() || 0;
        const link = await agentLink(skep, identity, alpn);
        await link.closed();
        assert.equal(await denied(), before + 1, alpn);
    }
    await agentLink(skep, { pem: {} }).then((link) => link.closed(), () => {});
    assert.equal((await hosts(owner))[0].source, "");
    assert.equal((await agentEnrol(api(skep), { token: json.token })).status, 401, "a camera's token");
    assert.equal((await enrol(api(skep), (await hostToken(owner)).token, { csr: csrMake() })).status, 401, "a host's token");
});
