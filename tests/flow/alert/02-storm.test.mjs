// Nothing is lost and nothing is told twice, whatever the vendors do.
import assert from "node:assert/strict";
import { setupOwner, startSkep, test, waitFor } from "../lib/skep.mjs";
import { vendorsStart } from "../../standin/vendors.mjs";
import { channelsMake, storm } from "./storm.mjs";

const KINDS = ["dingtalk", "wecom", "feishu", "wechat", "webhook", "slack"];

test("500 alerts in 10 s: every fact once in every channel, through refusals, 5xx and kill -9", { timeout: 150000 }, async (t) => {
    const vendors = await vendorsStart(t);
    const skep = await startSkep({ t, config: vendors.settings });
    const owner = await setupOwner(skep);
    await channelsMake(owner, vendors, KINDS);
    vendors.faults.dingtalk.push({ errcode: -1, errmsg: "system busy" });
    vendors.faults.wecom.push("5xx");
    vendors.faults.feishu.push({ code: 9499, msg: "too many request" });
    vendors.faults.wechat.push({ errcode: 42001, errmsg: "access_token expired" });
    vendors.faults.webhook.push("cut"); // taken, and the answer is lost: the second time has the same id
    const result = await storm(skep, owner, vendors, KINDS, { killAfter: 9 });
    assert.deepEqual([result.facts_lost, result.facts_duplicated, result.facts_sent], [0, 0, 500 * KINDS.length], JSON.stringify(result.messages));
    for (const kind of KINDS) assert.deepEqual(vendors.refusals[kind].filter((r) => r.errcode !== 42001), [], `${kind} refused nothing`);
    assert.ok(result.messages.dingtalk <= 4 && result.messages.feishu <= 4, JSON.stringify(result.messages));
});

test("a dead channel's facts go to its failover, and others are told that it fails", { timeout: 90000 }, async (t) => {
    const vendors = await vendorsStart(t);
    const skep = await startSkep({ t, config: vendors.settings });
    const owner = await setupOwner(skep);
    const { slack } = await channelsMake(owner, vendors, ["slack"]);
    const ids = await channelsMake(owner, vendors, ["dingtalk"]);
    assert.equal((await owner.patch(`/api/v1/alert-channels/${slack}`, { levels: "error" })).status, 200);
    const bad = { ...vendors.config.dingtalk, secret: "SECwrong" };
    assert.equal((await owner.patch(`/api/v1/alert-channels/${ids.dingtalk}`, { config: bad, failover: slack })).status, 200);
    await owner.post("/api/v1/alert-samples", { samples: [{ host: "alpha", metric: "disk_pct", value: 91 }] });
    await waitFor(() => vendors.messages.slack.some((m) => m.body.includes("HI-DISK[91]")), 15000, "the failover's message");
    assert.equal(vendors.messages.dingtalk.length, 0);
    const alerts = async () => (await owner.get("/api/v1/alerts")).json.alerts;
    await waitFor(async () => (await alerts()).some((a) => a.title === "CHANNEL[dingtalk]"), 20000, "an alert about the channel");
    assert.equal((await owner.get("/api/v1/alert-channels")).json.channels.find((c) => c.id === ids.dingtalk).last.code, "310000");
    assert.equal((await owner.patch(`/api/v1/alert-channels/${ids.dingtalk}`, { config: vendors.config.dingtalk })).status, 200);
    assert.equal((await owner.post(`/api/v1/alert-channels/${ids.dingtalk}/test`, {})).status, 202);
    await waitFor(() => vendors.messages.dingtalk.length === 1, 15000, "the test message");
});
