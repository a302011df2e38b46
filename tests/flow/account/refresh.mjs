// A native client that keeps its session by a device key, as docs/design/api.md has it, and the
// figures of `make show-front-door` point 6: races, lost answers, theft, crashes.
import { generateKeyPairSync, sign, createPublicKey } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, login, OWNER, setupOwner, startSkep } from "../lib/skep.mjs";

export function deviceKey() {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = createPublicKey(privateKey).export({ format: "jwk" });
    const point = Buffer.concat([Buffer.from([4]), Buffer.from(jwk.x, "base64url"), Buffer.from(jwk.y, "base64url")]);
    return { privateKey, point: point.toString("base64url") };
}

export function proof(key, token, at = Date.now()) {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(at));
    const bytes = Buffer.concat([Buffer.from(`skep-refresh-1\0${token}\0`), time]);
    return { at, sig: sign("sha256", bytes, { key: key.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url") };
}

/** Log in as a native client and bind the session to `key` -> {client, key, refresh, session, first} */
export async function keepSession(skep, { key = deviceKey(), ...who } = {}) {
    const client = await login(skep, { ...OWNER, ...who, bearer: true });
    const first = client.bearer;
    const answer = await client.post("/api/v1/refresh/begin", { device_key: key.point, ...proof(key, first) });
    if (answer.status !== 201) throw new Error(`refresh/begin: ${answer.status} ${answer.text}`);
    client.bearer = answer.json.token;
    client.close(); // the connection; it makes another one when asked
    return { client, key, first, refresh: answer.json.refresh, session: answer.json.session.id };
}

/** `fn` with a connection of its own, closed afterwards: the box counts them for each source. */
async function withClient(skep, fn) {
    const client = new Api(skep);
    try {
        return await fn(client);
    } finally {
        client.close();
    }
}

/** One refresh from a client of its own -> the answer. */
export async function refreshAs(skep, key, token, { at, client } = {}) {
    const ask = (c) => c.post("/api/v1/refresh", { token, ...proof(key, token, at) });
    return client ? ask(client) : withClient(skep, ask);
}

export async function isIn(skep, token) {
    return withClient(skep, async (c) => (await Object.assign(c, { bearer: token }).get("/api/v1/me")).status === 200);
}

/** `count` refreshes at once, over several connections -> answers. */
export async function refreshStorm(skep, kept, count) {
    const clients = Array.from({ length: 7 }, () => new Api(skep));
    const all = Array.from({ length: count }, (_, i) => refreshAs(skep, kept.key, kept.refresh, { client: clients[i % 7] }));
    return Promise.all(all).finally(() => clients.forEach((c) => c.close()));
}

/** Kill the box somewhere around the commit of a refresh, start it again, and ask again: the session must go on. */
export async function refreshOverCrash(skep, kept, delayMs) {
    const lost = refreshAs(skep, kept.key, kept.refresh).then((a) => a.json, () => null);
    await sleep(delayMs);
    await skep.restart({ kill: true });
    const answered = await lost;
    const again = await refreshAs(skep, kept.key, kept.refresh);
    return { answered, again };
}

/** Point 6. `t`: what startSkep takes. -> {falseLogouts, tries, theftsMissed, thefts} */
export async function refreshRaces(t, { rounds = 10 } = {}) {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    let falseLogouts = 0, tries = 0, theftsMissed = 0, thefts = 0;
    const mustLive = async (kept, answer, what) => {
        tries++;
        const alive = answer.status === 200 && await isIn(skep, answer.json.token);
        if (!alive) { falseLogouts++; console.error(`${what}: logged out (${answer.status})`); }
        return alive ? answer.json.refresh : kept.refresh;
    };
    const mustEnd = async (token, what) => {
        thefts++;
        if (await isIn(skep, token)) { theftsMissed++; console.error(`${what}: not noticed`); }
    };
    for (let i = 0; i < rounds; i++) {
        const racer = await keepSession(skep);
        const answers = await refreshStorm(skep, racer, 50);
        if (new Set(answers.map((a) => a.json.refresh)).size !== 1) { falseLogouts++; console.error("more than one successor"); }
        for (const answer of answers) await mustLive(racer, answer, "50 at once");
        racer.refresh = answers[0].json.refresh;
        await refreshAs(skep, racer.key, racer.refresh); // the answer of this one is lost
        racer.refresh = await mustLive(racer, await refreshAs(skep, racer.key, racer.refresh), "lost answer");

        const before = await keepSession(skep); // the thief comes first, with a key of his own
        await refreshAs(skep, deviceKey(), before.refresh);
        await mustEnd(before.client.bearer, "theft before the owner");
        const after = await keepSession(skep); // and after
        const next = (await refreshAs(skep, after.key, after.refresh)).json;
        await refreshAs(skep, deviceKey(), after.refresh);
        await mustEnd(next.token, "theft after the owner");
        const cloned = await keepSession(skep); // a thief with the key as well, who goes on
        const one = (await refreshAs(skep, cloned.key, cloned.refresh)).json;
        const two = (await refreshAs(skep, cloned.key, one.refresh)).json;
        await refreshAs(skep, cloned.key, cloned.refresh);
        await mustEnd(two.token, "theft with the device key");
        tries++; // the others are left alone
        if (!(await isIn(skep, racer.client.bearer))) { falseLogouts++; console.error("a theft ended another session"); }
    }
    const crash = await keepSession(skep);
    for (let i = 0; i < rounds; i++) {
        const { again } = await refreshOverCrash(skep, crash, i * 2);
        crash.refresh = await mustLive(crash, again, "crash");
    }
    return { falseLogouts, tries, theftsMissed, thefts };
}
