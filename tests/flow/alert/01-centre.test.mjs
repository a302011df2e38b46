// The alert centre: from a number to a row, a person's word about it, and its end.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";

const put = (owner, ...samples) => owner.post("/api/v1/alert-samples", { samples });
const disk = (host, value) => ({ host, metric: "disk_pct", value, ip: "192.0.2.7" });

test("a number becomes an alert that people read, take on and silence", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const list = async (query = "") => (await owner.get(`/api/v1/alerts${query}`)).json;
    assert.deepEqual((await put(owner, disk("alpha", 91), disk("beta", 40), { host: "x", metric: "none", value: 1 }, { host: "", metric: "cpu_pct", value: 1 })).json, { taken: 2, refused: 2 });
    const [alert] = await waitFor(async () => { const { alerts } = await list("?host=alpha"); return alerts.length === 1 && alerts; });
    assert.deepEqual([alert.title, alert.level, alert.state, alert.read, alert.ip], ["HI-DISK[91]", "warning", "firing", false, "192.0.2.7"]);
    assert.match(alert.content.zh, /磁盘占用 91 %，限值 85/);
    await put(owner, disk("alpha", 93)); // the same fingerprint: the same row
    assert.equal((await list("?host=alpha")).alerts.length, 1);
    assert.equal((await owner.post("/api/v1/alerts/read", { ids: [alert.id] })).status, 204);
    assert.equal((await list("?state=unread&host=alpha")).alerts.length, 0);
    const acked = (await owner.post(`/api/v1/alerts/${alert.id}/ack`, { comment: "on my way" })).json;
    assert.equal(acked.acked.comment, "on my way");
    assert.deepEqual(acked.line.map((l) => l.what), ["fired", "acked"]);
    const until = Date.now() + 600000;
    assert.equal((await owner.post("/api/v1/alert-silences", { host: "gamma", until, reason: "new disks" })).status, 201);
    await put(owner, disk("gamma", 92));
    await waitFor(async () => (await list("?state=silenced")).alerts.some((a) => a.host === "gamma" && a.silenced));
    await skep.restart({ kill: true });
    assert.deepEqual((await list()).alerts.map((a) => a.host).filter((h) => h !== "box").sort(), ["alpha", "gamma"], "what was open is open");
    for (const bad of [{ host: "a", until: 1, reason: "x" }, { until, reason: "" }, { until, reason: "x", rule: "none" }])
        assert.equal((await owner.post("/api/v1/alert-silences", bad)).status, 400);
    assert.equal((await owner.patch("/api/v1/alert-rules/hi-disk", { limit: 95, clear: 96 })).status, 400);
    assert.equal((await owner.patch("/api/v1/alert-rules/hi-disk", { enabled: false })).json.enabled, false);
    assert.equal((await owner.delete("/api/v1/alert-rules/hi-disk")).status, 409);
    await waitFor(async () => (await list("?state=resolved")).alerts.some((a) => a.host === "alpha"));
    const own = (await owner.post("/api/v1/alert-rules", { name: "Hot", metric: "temperature_c", op: "above", limit: 80.5, clear: 70, for_s: 0, clear_s: 0, level: "error", title: "HOT[{v}]" })).json;
    await put(owner, { host: "alpha", metric: "temperature_c", value: 82 });
    await waitFor(async () => (await list()).alerts.some((a) => a.title === "HOT[82]"));
    assert.equal((await owner.delete(`/api/v1/alert-rules/${own.id}`)).status, 204);
});

test("channels say where they go, never how", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const config = { url: "https://oapi.dingtalk.com/robot/send?access_token=verysecret", secret: "SECdeadbeef" };
    const made = await owner.post("/api/v1/alert-channels", { name: "night", kind: "dingtalk", config });
    assert.equal(made.status, 201);
    assert.equal(made.json.target, "oapi.dingtalk.com ..cret");
    assert.doesNotMatch((await owner.get("/api/v1/alert-channels")).text, /verysecret|deadbeef/);
    const preview = (await owner.get(`/api/v1/alert-channels/${made.json.id}/preview?facts=500`)).json;
    assert.ok(preview.bytes <= 20000 && preview.text.includes("HI-CPU"));
    for (const bad of [{ url: "http://a.example/" }, { url: "https://a@b.example/" }, {}, { ...config, x: 1 }])
        assert.equal((await owner.post("/api/v1/alert-channels", { name: "n", kind: "dingtalk", config: bad })).status, 400);
    assert.equal((await owner.delete(`/api/v1/alert-channels/${made.json.id}`)).status, 204);
    // inside the own network: the guard says no, and the channel says so
    const inner = (await owner.post("/api/v1/alert-channels", { name: "inner", kind: "slack", config: { url: "https://127.0.0.1:9/x" } })).json;
    assert.equal((await owner.post(`/api/v1/alert-channels/${inner.id}/test`, {})).status, 202);
    await waitFor(async () => (await owner.get("/api/v1/alert-channels")).json.channels[0].last?.code === "address-refused");
});

test("what the monitor measures is judged, and told", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const rule = { name: "Any", metric: "mem_pct", op: "above", limit: 0.1, clear: 0, for_s: 0, clear_s: 0, level: "error", title: "ANY[{v}]" };
    assert.equal((await owner.post("/api/v1/alert-rules", rule)).status, 201);
    const alert = await waitFor(async () => (await owner.get("/api/v1/alerts")).json.alerts.find((a) => a.title.startsWith("ANY[")), 25000, "the box's own memory");
    assert.ok(alert.value > 0.1 && alert.value <= 100, String(alert.value));
});

test("the box judges its own certificate and its own backup, and a whole log raises nothing", async (t) => {
    const skep = await startSkep({ t });
    const owner = await setupOwner(skep);
    const records = join(skep.dataDir, "backups"); // as `skep backup now` leaves it, 40 days ago
    const made = Date.now() - 40 * 86400000;
    await mkdir(records, { mode: 0o700 });
    await writeFile(join(records, "skep-20260101T000000Z.json"), JSON.stringify({ name: "skep-20260101T000000Z", bytes: 1, made, verified: made, sha256: Buffer.alloc(32).toString("base64url") }), { mode: 0o600 });
    assert.equal((await owner.patch("/api/v1/alert-rules/certificate-expiry", { limit: 1000, clear: 2000 })).status, 200);
    const titled = (list, start) => list.find((a) => a.title.startsWith(start));
    const alerts = await waitFor(async () => {
        const list = (await owner.get("/api/v1/alerts")).json.alerts;
        return titled(list, "CERTIFICATE[") && titled(list, "BACKUP-AGE[") && list;
    }, 25000, "both alerts");
    assert.ok(Math.abs(titled(alerts, "BACKUP-AGE[").value - 960) < 2, "40 days are 960 hours");
    assert.ok(titled(alerts, "CERTIFICATE[").value > 390, "the box makes certificates for 397 days");
    assert.equal(titled(alerts, "AUDIT"), undefined);
});
