// The kill switch under load of its own: an app that asks, signals and watches, and is ended.
import assert from "node:assert/strict";
import { cutBed, watch } from "../grant/lib.mjs";
import { waitFor } from "../lib/skep.mjs";
import { appClient, appMake } from "./lib.mjs";

/** One app watches and is killed -> {ms, effect, app, client}; ms: until the last of request, stream and signaling. */
export async function killOnce(bed, take = (owner, id) => owner.post(`/api/v1/apps/${id}/kill`, {})) {
    const app = await appMake(bed.owner, { scopes: ["device.list", "device.live-main"], rate: 1000, burst: 1000 });
    const client = appClient(bed.skep, app);
    const view = await watch(bed, client);
    assert.equal((await client.get("/api/v1/devices")).status, 200);
    const at = Date.now();
    const answer = await take(bed.owner, app.id);
    const answered = Date.now();
    assert.ok(answer.status < 300, answer.text);
    const refused = await client.get("/api/v1/devices");
    assert.equal(refused.status, 401, refused.text);
    const { seen } = view;
    await waitFor(() => seen.liveClosed && seen.signalClosed, 5000, "the sockets of the killed app");
    assert.ok(seen.lastUnit <= answered + 20, "nothing comes after the answer");
    const ends = [answered, seen.cut || seen.liveClosed, seen.ended || seen.signalClosed, seen.liveClosed, seen.signalClosed];
    view.close();
    return { ms: Math.max(...ends) - at, effect: answer.json?.effect_ms, app, client, code: view.code };
}

export async function killTries(t, tries) {
    const bed = await cutBed(t);
    const results = [];
    for (let i = 0; i < tries; i++) {
        const one = await killOnce(bed);
        results.push(one.ms);
        assert.equal((await bed.owner.delete(`/api/v1/apps/${one.app.id}`)).status, 204);
    }
    return results;
}
