// 500 alerts in 10 s, to every kind of channel at its limits, through faults and a kill -9.
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../lib/skep.mjs";

export async function channelsMake(owner, vendors, kinds, language = "en") {
    const ids = {};
    for (const kind of kinds) {
        const made = await owner.post("/api/v1/alert-channels", { name: kind, kind, language, config: vendors.config[kind] });
        if (made.status !== 201) throw new Error(`${kind}: ${made.status} ${made.text}`);
        ids[kind] = made.json.id;
    }
    return ids;
}

/** -> {facts_sent, facts_lost, facts_duplicated, messages: {kind: n}} */
export async function storm(skep, owner, vendors, kinds, { hosts = 500, parts = 20, gap = 500, killAfter = -1 } = {}) {
    const per = hosts / parts;
    for (let p = 0; p < parts; p++) {
        const samples = Array.from({ length: per }, (_, i) => ({ host: `host-${String(p * per + i).padStart(4, "0")}`, metric: "disk_pct", value: 88 + (i % 9) }));
        await owner.post("/api/v1/alert-samples", { samples });
        if (p === killAfter) {
            await waitFor(async () => (await owner.get("/api/v1/alerts?limit=1&state=all")).json.alerts[0]?.id >= (p + 1) * per, 10000, "all of them kept");
            await skep.restart({ kill: true });
        }
        await sleep(gap); // the storm's own pace, not a wait for something
    }
    const alerts = [];
    await waitFor(async () => {
        alerts.length = 0;
        for (let before = ""; ;) {
            const page = (await owner.get(`/api/v1/alerts?state=all&limit=200${before}`)).json;
            alerts.push(...page.alerts.filter((a) => a.host.startsWith("host-")));
            if (!page.next) break;
            before = `&before=${page.next}`;
        }
        return new Set(alerts.map((a) => a.host)).size === hosts;
    }, 10000, "a row for each host");
    const want = [...new Set(alerts.flatMap((a) => [`${a.id} fired`]))];
    await waitFor(() => kinds.every((k) => want.every((f) => vendors.ledger(k).has(f))), 120000, "every fact at every vendor").catch(() => {});
    const result = { facts_sent: 0, facts_lost: 0, facts_duplicated: 0, messages: {} };
    for (const kind of kinds) {
        const ledger = vendors.ledger(kind);
        result.messages[kind] = vendors.messages[kind].length;
        for (const fact of want) {
            const n = ledger.get(fact) ?? 0;
            result.facts_sent += n > 0;
            result.facts_lost += n === 0;
            result.facts_duplicated += n > 1;
        }
    }
    return result;
}
