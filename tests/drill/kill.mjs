// kill -9 in the middle of enrolments and setting changes: whatever was acknowledged must be there
// after the restart, whatever was not must be whole or absent.
//   SKEP_BIN=build/skep node tests/drill/kill.mjs [ROUNDS]
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, OWNER, setupOwner, startSkep } from "../flow/lib/skep.mjs";
import { csrMake, enrol } from "../flow/lib/csr.mjs";

const WORKERS = 6;
const THEMES = ["auto", "light", "dark"];

/** What was said of one thing: the last acknowledged value, and one that was asked for and not answered. */
class Told {
    constructor(value) { this.acked = value; this.asked = undefined; }

    async change(value, request) {
        this.asked = value;
        const isDone = await request();
        if (isDone) this.acked = value;
        this.asked = isDone ? undefined : value;
        return isDone;
    }

    /** `found` is what the box says now. */
    isKept(found) {
        const isRight = found === this.acked || (this.asked !== undefined && found === this.asked);
        this.acked = found;
        this.asked = undefined;
        return isRight;
    }
}

export class KillDrill {
    constructor(skep) {
        this.skep = skep;
        this.devices = new Map(); // id -> Told of the name
        this.tokens = new Map(); // id -> how many enrolments were acknowledged with it
        this.prefs = new Told("auto");
        this.acknowledged = 0;
        this.lost = [];
    }

    async prepare() {
        const owner = await setupOwner(this.skep);
        const bearer = await owner.post("/api/v1/login", { ...OWNER, bearer: true });
        this.bearer = bearer.json.token;
    }

    #client() {
        const api = new Api(this.skep, { validate: false, timeout: 15000 });
        api.bearer = this.bearer;
        return api;
    }

    /** One change by worker `w`; false when it was not acknowledged. A refusal is a fault of the drill. */
    async #step(api, w, n) {
        const call = async (method, path, body, wanted) => {
            const answer = await api.request(method, path, { body });
            assert.equal(answer.status, wanted, `${method} ${path}: ${answer.text}`);
            return answer.json ?? {};
        };
        const kind = n % 4;
        if (w === 0 && kind === 3) {
            const theme = THEMES[(THEMES.indexOf(this.prefs.acked) + 1) % 3];
            return this.prefs.change(theme, async () => call("PUT", "/api/v1/me/prefs", { lang: "en", theme }, 204));
        }
        const mine = [...this.devices.keys()].filter((_, i) => i % WORKERS === w);
        if (kind === 1 && mine.length > 0) {
            const name = `Camera ${randomBytes(6).toString("hex")}`;
            return this.devices.get(mine[n % mine.length]).change(name, async () => call("PATCH", `/api/v1/devices/${mine[n % mine.length]}`, { name }, 200));
        }
        if (kind === 2) {
            const { id, token } = await call("POST", "/api/v1/enrolment-tokens", { count: 10, ttl_s: 3600 }, 201);
            this.tokens.set(id, 0);
            this.own[w] = { id, token, left: 10 };
            return true;
        }
        return this.#enrol(api, w, n);
    }

    async #enrol(api, w, n) {
        const token = this.own[w];
        if (!token || token.left === 0) return this.#step(api, w, 2);
        token.left--;
        const name = `Enrolled ${w}-${n}`;
        const got = await enrol(api, token.token, { csr: csrMake({ name }) });
        assert.equal(got.status, 200, got.answer?.text);
        this.devices.set(got.id, new Told(name));
        this.tokens.set(token.id, this.tokens.get(token.id) + 1);
        return true;
    }

    /** Changes from several clients until the server dies under them. */
    async round(after_ms, least) {
        let isDead = false, done = 0;
        this.own = [];
        const work = async (w) => {
            const api = this.#client();
            for (let n = w; !isDead; n++) {
                try {
                    if (await this.#step(api, w, n)) done++;
                } catch (error) {
                    if (error.code === "ERR_ASSERTION") throw error;
                    break; // the connection died: nothing was acknowledged
                }
            }
            api.close();
        };
        const workers = Array.from({ length: WORKERS }, (_, w) => work(w));
        const killer = (async () => {
            for (let i = 0; done < least && i < 2000; i++) await sleep(5);
            await sleep(after_ms);
            await this.skep.kill9();
            isDead = true;
        })();
        await Promise.all([...workers, killer]);
        this.acknowledged += done;
        await this.skep.start();
        await this.#verify();
        return done;
    }

    async #verify() {
        const api = this.#client();
        const found = new Map();
        for (let cursor = ""; cursor !== undefined;) {
            const { json } = await api.get(`/api/v1/devices?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
            for (const d of json.devices) found.set(d.id, d.name);
            cursor = json.next;
        }
        for (const [id, told] of this.devices)
            if (!told.isKept(found.get(id))) this.lost.push(`device ${id}: ${told.acked}`);
        for (const [id, name] of found) if (!this.devices.has(id)) this.devices.set(id, new Told(name)); // done, not told
        if (!this.prefs.isKept((await api.get("/api/v1/me")).json.prefs.theme)) this.lost.push("prefs");
        for (const [id, acked] of this.tokens) {
            const { status, json } = await api.get(`/api/v1/enrolment-tokens/${id}`);
            if (status !== 200 || json.used < acked) this.lost.push(`token ${id}: ${status}`);
            else if (json.used !== json.devices.length || json.devices.some((d) => !found.has(d))) this.lost.push(`token ${id} is half done`);
        }
        this.tokens.clear(); // told once; the next round makes its own
        api.close();
    }
}

/** `rounds` rounds, at least `least` changes acknowledged in each -> the drill. */
export async function killDrill({ rounds, least, t }) {
    const skep = await startSkep({ t });
    const drill = new KillDrill(skep);
    await drill.prepare();
    try {
        for (let i = 0; i < rounds; i++) await drill.round(Math.random() * 60, least);
    } finally {
        if (!t) await skep.stop();
    }
    return drill;
}

if (process.argv[1]?.endsWith("drill/kill.mjs")) {
    const rounds = Number(process.argv[2] ?? 100);
    const drill = await killDrill({ rounds, least: Math.ceil(1000 / rounds) });
    console.error(`${drill.acknowledged} changes acknowledged, ${drill.devices.size} devices at the end`);
    for (const what of drill.lost) console.error(`lost: ${what}`);
    console.log(`show 6 kill_rounds ${rounds} count`);
    console.log(`show 6 kill_lost ${drill.lost.length} count`);
    process.exit(drill.lost.length === 0 && drill.acknowledged >= 1000 ? 0 : 1);
}
