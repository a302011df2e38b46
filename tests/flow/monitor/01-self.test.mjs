// The box watches itself: newest figures, series, its own front door; nobody without the module sees it.
import assert from "node:assert/strict";
import { setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";

test("the box is a host of its own, with figures, facts and a series", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const self = await waitFor(async () => (await owner.get("/api/v1/hosts")).json.hosts.find((h) => h.id === "self" && h.memory !== undefined));
    assert.equal(self.state, "up");
    assert.equal(self.simulated, false);
    assert.ok(self.memory > 0 && self.memory < 100 && self.disk >= 0 && self.uptime > 0);
    const host = (await owner.get("/api/v1/hosts/self")).json;
    assert.ok(host.facts.cores >= 1 && host.facts.memory_mb > 0 && host.facts.kernel.startsWith("Linux"));
    assert.ok(host.metrics.find((m) => m.name === "memory" && m.unit === "%"));
    const chart = await waitFor(async () => {
        const { json } = await owner.get("/api/v1/hosts/self/series?metric=memory,load1&step=10000");
        return json.series[0].avg.some((v) => v !== null) && json;
    });
    assert.equal(chart.series.length, 2);
    assert.equal(chart.t.length, chart.series[0].avg.length);
    assert.ok(chart.series[0].avg.includes(null), "what was before the box is a gap");
    const at = chart.series[0].avg.findLastIndex((v) => v !== null);
    assert.ok(chart.series[0].min[at] <= chart.series[0].avg[at] && chart.series[0].avg[at] <= chart.series[0].max[at]);
});

test("figures outlive kill -9, and the front door is asked", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const there = async (api) => (await api.get("/api/v1/hosts/self/series?metric=memory&step=10000")).json.series[0].avg.filter((v) => v !== null).length;
    const before = await waitFor(() => there(owner));
    const door = await waitFor(async () => (await owner.get("/api/v1/hosts/self")).json.services.find((s) => s.name === "EDGE"), 20000);
    assert.ok(door.up, door.detail);
    await skep.restart({ kill: true });
    assert.ok(await there(owner) >= before);
});

test("what is asked wrongly is refused", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    for (const query of ["", "metric=", "metric=none", "metric=cpu,", "metric=cpu&from=-1", "metric=cpu&step=0", "metric=cpu&step=x",
        "metric=cpu&from=5000&to=5000", `metric=${Array(9).fill("cpu").join(",")}`])
        assert.equal((await owner.get(`/api/v1/hosts/self/series?${query}`)).status, 400, query);
    assert.equal((await owner.get("/api/v1/hosts/none/series?metric=cpu")).status, 404);
    assert.equal((await owner.get("/api/v1/hosts/none")).status, 404);
    assert.equal((await owner.delete("/api/v1/hosts/self")).status, 409);
    for (const body of [{}, { name: "x" }, { name: "", ttl_s: 60 }, { name: "x", ttl_s: 59 }, { name: "a\nb", ttl_s: 60 }, { name: "x", ttl_s: 60, count: 2001 }])
        assert.equal((await owner.post("/api/v1/host-tokens", body)).status, 400, JSON.stringify(body));
    const made = await owner.post("/api/v1/host-tokens", { name: "db", region: "DE", ttl_s: 600 });
    assert.equal(made.status, 201);
    assert.match(made.json.command, /^skep agent --hub https:\/\/localhost:\d+ --pin [0-9a-f]{64} --enrol-file -$/);
    assert.equal((await owner.delete(`/api/v1/host-tokens/${made.json.id}`)).status, 204);
    assert.equal((await owner.delete(`/api/v1/host-tokens/${made.json.id}`)).status, 404);
});
