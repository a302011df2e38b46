// The figures of the abuse defence, for scripts/show-front-door.mjs: a stuffed list, the timing of names, a flood and
// slow connections. Sources are loopback addresses; generator and box share the machine.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OWNER, setupOwner, startSkep } from "../lib/skep.mjs";
import { ask, isRefused, keeper, open } from "./lib.mjs";
import { solve } from "./proof.mjs";

const rssMb = (skep) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${skep.pid}/status`, "utf8"))[1]) / 1024;
const name = (kind, i) => `${kind}-${i}`;
const login = (skep, from, body, headers) => ask(skep, from, "/api/v1/login", { method: "POST", body, headers, timeout: 60000 });

/** Rows of `count` people of each kind, all with the owner's stored password: 1,200 honest hashes would take a minute. */
async function peopleMake(skep, kinds) {
    await skep.stop({ keep: true });
    const sql = Object.entries(kinds).map(([kind, count]) => `
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${count})
        INSERT INTO account (id, name, role, password, lang, theme, created, password_set, disabled, organization)
        SELECT lower(hex(randomblob(13))), '${kind}-' || i, 'member', password, lang, theme, created, password_set, 0, organization
        FROM n, account WHERE role = 'owner';`).join("\n");
    const made = spawnSync("sqlite3", [join(skep.dataDir, "core.db")], { input: `PRAGMA journal_mode=WAL;${sql}`, encoding: "utf8" });
    if (made.status !== 0) throw new Error(`sqlite3: ${made.stderr}`);
    await skep.start();
}

/** A person who wants in: works when asked, comes again when told to; ms until in, or null. */
async function enter(skep, from, who, cookie) {
    const began = Date.now(), body = { name: who, password: OWNER.password };
    let proof;
    for (let i = 0; i < 60; i++) {
        const answer = await login(skep, from, proof ? { ...body, proof } : body, cookie ? { Cookie: cookie } : {});
        if (answer.status === 200) return { ms: Date.now() - began, cookie: (answer.headers["set-cookie"] ?? []).find((c) => c.startsWith("__Host-skep-device="))?.split(";")[0] };
        if (answer.status === 428) proof = solve(answer.json.challenge);
        else await sleep(Math.min(2000, answer.json?.retry_ms ?? 500));
    }
    return { ms: null };
}

/** 1,000 accounts x 20 guesses from 50 networks, while 200 people log in, three of four from a browser that is known. */
export async function stuffing(t, { victims = 1000, guesses = 20, sources = 50, honest = 200 } = {}) {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    await peopleMake(skep, { victim: victims, honest });
    const cookies = [];
    for (let i = 0; i < honest; i++) if (i % 4) cookies[i] = (await enter(skep, `127.50.${i}.1`, name("honest", i))).cookie;
    let takeovers = 0, refused = 0, ownerRefused = 0, done = false;
    const seen = {};
    const attacker = async (s) => {
        for (let i = s; i < victims * guesses; i += sources) {
            const answer = await login(skep, `127.20.${s}.1`, { name: name("victim", i % victims), password: `guess-${Math.floor(i / victims)}-password123` });
            const what = answer.error ? "refused" : answer.status;
            seen[what] = (seen[what] ?? 0) + 1;
            if (answer.status === 200) takeovers++;
            if (answer.error) { refused++; await sleep(5); }
        }
    };
    // The owner of honest-1 is aimed at by everybody, too, and logs in from the known browser every second.
    const owner = async () => {
        while (!done) {
            const target = login(skep, "127.60.1.1", { name: name("honest", 1), password: "not the password at all" });
            const own = await login(skep, "127.50.1.1", { name: name("honest", 1), password: OWNER.password }, { Cookie: cookies[1] });
            if (own.status !== 200) ownerRefused++;
            await target;
            await sleep(1000);
        }
    };
    const watching = owner();
    const attack = Promise.all(Array.from({ length: sources }, (_, s) => attacker(s)));
    const times = [];
    const people = Promise.all(Array.from({ length: honest }, async (_, i) => {
        await sleep(500 + i * 150);
        times.push((await enter(skep, `127.50.${i}.1`, name("honest", i), cookies[i])).ms);
    }));
    await Promise.all([attack, people]);
    done = true;
    await watching;
    const delayed = times.filter((ms) => ms === null || ms > 2000).length;
    return { takeovers, honestDelayedPct: 100 * delayed / honest, ownerRefused, seen, refused, slowest: Math.max(...times.map((ms) => ms ?? Infinity)) };
}

/** Welch's t of the answer times to names that exist and names that do not, in turn, each from a network of its own. */
export async function enumTimes(t, tries) {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    await peopleMake(skep, { victim: 1000 });
    const samples = { yes: [], no: [] };
    for (let i = 0; i < tries; i++) {
        const kind = randomBytes(1)[0] & 1 ? "yes" : "no";
        const from = `127.${100 + Math.floor(i / 250) % 100}.${i % 250}.1`;
        const body = { name: kind === "yes" ? name("victim", i % 1000) : name("absent", i % 1000), password: "a guess that is wrong anyway" };
        let began = process.hrtime.bigint();
        let answer = await login(skep, from, body);
        if (answer.status === 428) {
            body.proof = solve(answer.json.challenge);
            began = process.hrtime.bigint();
            answer = await login(skep, from, body);
        }
        if (answer.status === 401) samples[kind].push(Number(process.hrtime.bigint() - began) / 1e6);
    }
    // The slowest twentieth of both together is the machine's, not the name's.
    const all = [...samples.yes, ...samples.no].sort((a, b) => a - b), cut = all[Math.floor(all.length * 0.95)];
    const moments = (list) => {
        const kept = list.filter((x) => x <= cut), mean = kept.reduce((a, b) => a + b, 0) / kept.length;
        return { n: kept.length, mean, variance: kept.reduce((a, b) => a + (b - mean) ** 2, 0) / (kept.length - 1) };
    };
    const a = moments(samples.yes), b = moments(samples.no);
    return { t: Math.abs(a.mean - b.mean) / Math.sqrt(a.variance / a.n + b.variance / b.n), looked: all.length, yes: a, no: b };
}

/** `people` sessions that ask `perSecond` times in all for `ms` -> share of answers 200. */
async function honestRun(skep, people, perSecond, ms) {
    const end = Date.now() + ms, agents = people.map((p) => keeper(p.from));
    let asked = 0, good = 0;
    const waiting = [];
    while (Date.now() < end) {
        const n = asked++ % people.length;
        waiting.push(ask(skep, people[n].from, "/api/v1/me", { headers: { Authorization: `Bearer ${people[n].token}` }, agent: agents[n] }).then((a) => { good += a.status === 200; }));
        await sleep(1000 / perSecond);
    }
    await Promise.all(waiting);
    agents.forEach((a) => a.destroy());
    return { asked, pct: 100 * good / asked };
}

async function peopleIn(skep, count) {
    const list = [];
    for (let i = 0; i < count; i++) {
        const from = `127.50.${i}.1`;
        const answer = await login(skep, from, { ...OWNER, bearer: true });
        if (answer.status !== 200) throw new Error(`honest login ${i}: ${answer.status}`);
        list.push({ from, token: answer.json.token });
    }
    return list;
}

/** Fifty times as many anonymous requests as honest ones, from `sources` addresses. */
export async function flood(t, { seconds = 20, sources = 20, honestPerSecond = 20, refuseS = 15 } = {}) {
    const skep = await startSkep({ t, args: ["--guard-refuse-s", String(refuseS)] });
    await setupOwner(skep);
    const people = await peopleIn(skep, 6), before = rssMb(skep);
    let peak = before, flooded = 0, done = false;
    const began = Date.now(), isolated = [];
    const each = honestPerSecond * 50 / sources;
    const flooder = async (s) => {
        const from = `127.30.${s}.1`, agent = keeper(from);
        let under = 0, sent = 0;
        while (!done) {
            const due = (Date.now() - began) * each / 1000;
            if (sent >= due || under > 60) { await sleep(5); continue; }
            sent++;
            flooded++;
            under++;
            void ask(skep, from, "/api/v1/setup", { agent, timeout: 5000 }).then((a) => {
                under--;
                if (a.error && isolated[s] === undefined) isolated[s] = Date.now() - began;
            });
        }
        agent.destroy();
    };
    const flooders = Array.from({ length: sources }, (_, s) => flooder(s));
    const watcher = (async () => { while (!done) { peak = Math.max(peak, rssMb(skep)); await sleep(200); } })();
    const run = await honestRun(skep, people, honestPerSecond, seconds * 1000);
    const stopped = Date.now();
    done = true;
    await Promise.all([...flooders, watcher]);
    while (await isRefused(skep, "127.30.0.1") && Date.now() - stopped < (refuseS * 2 + 30) * 1000) await sleep(200);
    return { pct: run.pct, asked: run.asked, flooded, rssMb: peak - before, isolateS: isolated.filter((x) => x !== undefined).length === sources ? Math.max(...isolated) / 1000 : NaN, releaseS: (Date.now() - stopped) / 1000 };
}

/** `count` connections that send a byte of a head now and then. */
export async function slow(t, { count = 2000, sources = 40, seconds = 20, honestPerSecond = 20 } = {}) {
    const skep = await startSkep({ t });
    await setupOwner(skep);
    const people = await peopleIn(skep, 6), before = rssMb(skep);
    let peak = before, opened = 0, done = false;
    const crawl = async (i) => {
        while (!done) {
            const socket = await open(skep, `127.40.${i % sources}.1`);
            if (!socket) { await sleep(500); continue; }
            opened++;
            let over = false;
            socket.on("close", () => { over = true; });
            socket.on("error", () => { over = true; });
            socket.write("GET /api/v1/setup HTTP/1.1\r\nHost: localhost\r\nX: ");
            while (!over && !done) { await sleep(2000); if (!over) socket.write("a"); }
            socket.destroy();
        }
    };
    const crawlers = Array.from({ length: count }, (_, i) => crawl(i));
    const watcher = (async () => { while (!done) { peak = Math.max(peak, rssMb(skep)); await sleep(200); } })();
    const run = await honestRun(skep, people, honestPerSecond, seconds * 1000);
    done = true;
    await Promise.all([...crawlers, watcher]);
    return { pct: run.pct, asked: run.asked, opened, rssMb: peak - before };
}
