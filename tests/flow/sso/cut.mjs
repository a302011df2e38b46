// How long somebody whom the provider took out of the group is still in, with the settings as they come.
import { setTimeout as sleep } from "node:timers/promises";
import { setupOwner } from "../lib/skep.mjs";
import { boxWithProvider } from "./idp.mjs";

/** `count` people lose their group at once -> seconds until each is out. */
export async function idpCuts(t, count) {
    const box = await boxWithProvider(t, { more: "poll_s = 20\n" });
    await setupOwner(box.skep);
    let inside = [];
    for (let i = 0; i < count; i++) {
        box.users.set(`p${i}`, ["guests"]);
        const { client, where } = await box.login(`p${i}`);
        if (where !== "/live") throw new Error(`login ${i}: ${where}`);
        client.close();
        inside.push(client);
    }
    for (const name of box.users.keys()) box.users.set(name, []);
    const began = Date.now(), took = [];
    while (inside.length > 0 && Date.now() - began < 120_000) {
        const still = [];
        for (const client of inside) {
            if ((await client.get("/api/v1/me")).status === 200) still.push(client);
            else took.push((Date.now() - began) / 1000);
            client.close();
        }
        inside = still;
        await sleep(200);
    }
    if (inside.length > 0) throw new Error(`${inside.length} are still in`);
    return took;
}
