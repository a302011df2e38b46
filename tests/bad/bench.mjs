// What bad input is tried on: a live box with an owner, a second login, two hand-made cameras, one
// that was removed, and one of another box; and the judge of each attempt.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { api, login, setupOwner, startSkep, rawTls, waitFor } from "../flow/lib/skep.mjs";
import { enrol } from "../flow/lib/csr.mjs";
import { authorize, DeviceLink, liveOpen, MESSAGE, signalOpen } from "../flow/lib/peers.mjs";

/** Thrown when the box took what it should have refused. */
export class Accepted extends Error {}

export async function bedMake(options = {}) {
    // The bed's mobs come from loopback addresses, one case after the other: no case must suffer for the one before.
    const skep = await startSkep({ ...options, args: [...(options.args ?? []), "--guard-allow", "127.0.0.0/8 ::1"] });
    const owner = await setupOwner(skep);
    const other = await login(skep, { bearer: true });
    const token = async (count = 1, more = {}) => (await owner.post("/api/v1/enrolment-tokens", { count, ttl_s: 600, ...more })).json;
    const enrolNew = async () => {
        const got = await enrol(owner, (await token()).token);
        if (got.status !== 200) throw new Error(`enrolment: ${got.answer.text}`);
        return { id: got.id, pem: got.pem };
    };
    const bed = { usedTickets: new Set(), skep, owner, other, token, enrolNew, stranger: api(skep), camera: await enrolNew(), spare: await enrolNew(), revoked: await enrolNew() };
    await owner.delete(`/api/v1/devices/${bed.revoked.id}`);
    const elsewhere = await startSkep(options.t ? { t: options.t } : {});
    const there = await setupOwner(elsewhere);
    const foreignToken = (await there.post("/api/v1/enrolment-tokens", { count: 2, ttl_s: 600 })).json.token;
    const foreign = await enrol(there, foreignToken);
    bed.foreign = { id: foreign.id, pem: foreign.pem, token: foreignToken, caPem: elsewhere.caPem };
    there.close();
    if (!options.t) await elsewhere.stop();
    bed.link = await (await DeviceLink.open(skep, bed.camera.pem)).greet();
    bed.close = async () => {
        bed.link.close();
        for (const client of [owner, other, bed.stranger]) client.close();
        if (!options.t) await skep.stop();
    };
    return bed;
}

// ---- verdicts: each returns a short text, or throws Accepted ----

/** One raw request: refused means one answer of 4xx or 5xx, or none, and never two. */
export async function rawHttp(bed, bytes, { wait = 4000, alpn } = {}) {
    const raw = await rawTls(bed.skep, alpn ? { alpn } : {});
    try {
        await raw.send(bytes).catch(() => {});
        await raw.until((got) => got.length > 0 || !raw.isOpen(), wait).catch(() => {});
        await sleep(20);
        const text = raw.text();
        const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((m) => Number(m[1]));
        if (statuses.length > 1) throw new Accepted(`two answers: ${statuses}`);
        if (statuses.length === 1 && statuses[0] < 400) throw new Accepted(`status ${statuses[0]}`);
        if (statuses.length === 0 && raw.isOpen()) throw new Accepted("still open, no answer");
        return statuses[0] ? String(statuses[0]) : "cut";
    } finally {
        raw.destroy();
    }
}

export async function refusedStatus(promise) {
    const answer = await promise;
    if (answer.status < 400) throw new Accepted(`status ${answer.status}`);
    return String(answer.status);
}

/** A socket that must be refused at the upgrade. */
export async function refusedUpgrade(promise) {
    try {
        (await promise).destroy();
    } catch (error) {
        if (error.status) return String(error.status);
        throw error;
    }
    throw new Accepted("upgraded");
}

/** A TLS connection for a device protocol, refused before or right after the handshake. */
export async function refusedLink(bed, pem, bytes, { forbidden = MESSAGE.HELLO_OK, ...options } = {}) {
    let link;
    try {
        link = await DeviceLink.open(bed.skep, pem, options);
    } catch {
        return "handshake";
    }
    try {
        if (bytes) await link.tls.send(bytes).catch(() => {});
        await link.tls.untilClose(8000);
        if (link.messages().some((m) => m.id === forbidden)) throw new Accepted("HELLO_OK");
        const error = link.messages().find((m) => m.id === MESSAGE.ERROR);
        return error ? `ERROR ${JSON.parse(error.body).code}` : "cut";
    } finally {
        link.close();
    }
}

/** Bytes on an established link of the spare camera: it must end with an ERROR. */
export async function refusedMessage(bed, send) {
    const link = await (await DeviceLink.open(bed.skep, bed.spare.pem)).greet();
    try {
        await send(link);
        await link.tls.untilClose(8000);
        const error = link.messages().find((m) => m.id === MESSAGE.ERROR);
        if (!error) throw new Accepted("no ERROR");
        return `ERROR ${JSON.parse(error.body).code}`;
    } finally {
        link.close();
    }
}

export const closedWith = async (ws, ...codes) => {
    const how = await ws.closed(8000);
    if (codes.length > 0 && !codes.includes(how.code)) throw new Accepted(`closed with ${how.code}, not ${codes}`);
    return `close ${how.code}`;
};

export const newSession = () => randomBytes(16);

/** A signaling session with the hand-made camera, opened. */
export async function sessionOpen(bed, client = bed.owner) {
    const session = newSession();
    const code = await authorize(client, bed.camera.id, session);
    const { ws, answer } = await signalOpen(client, bed.camera.id, session, code);
    if (!answer.opened) throw new Error(`not opened: ${JSON.stringify(answer)}`);
    return { session, code, ws, id: bed.camera.id };
}

/** A live socket that has the hand-made camera ready, and the ticket that the camera was sent. */
export async function liveReady(bed, client = bed.owner) {
    const session = newSession();
    const code = await authorize(client, bed.camera.id, session);
    const { ws, answer } = await liveOpen(client, code);
    if (!answer.ready) throw new Error(`not ready: ${JSON.stringify(answer)}`);
    return { ws, session, code };
}

/** A MEDIA_OPEN ticket of the hand-made camera's link that has not been used, and its viewer. */
export async function ticketNew(bed) {
    const live = await liveReady(bed);
    const unused = () => bed.link.messages().filter((m) => m.id === MESSAGE.MEDIA_OPEN).map((m) => JSON.parse(m.body).ticket)
        .filter((ticket) => !bed.usedTickets.has(ticket)).at(-1);
    const ticket = await waitFor(unused, 5000, "MEDIA_OPEN");
    bed.usedTickets.add(ticket);
    return { ticket, live };
}

// ---- the judge ----

export function refusedSum(metrics) {
    const rows = {};
    for (const [, labels, value] of metrics.matchAll(/^skep_refused_total\{([^}]*)\} (\d+)/gm))
        rows[/room="([^"]*)"/.exec(labels)[1] + "/" + /reason="([^"]*)"/.exec(labels)[1]] = Number(value);
    return rows;
}

/** Run cases one after the other -> {tried, accepted: [..], uncounted: [..], reasons}. */
export async function judge(bed, cases, { onCase } = {}) {
    const out = { tried: 0, accepted: [], uncounted: [], reasons: {} };
    let before = refusedSum(await bed.skep.metrics());
    for (const one of cases) {
        const label = `${one.layer}: ${one.name}`;
        let how;
        try {
            how = await one.run(bed);
        } catch (error) {
            if (!(error instanceof Accepted)) error.message = `${label}: ${error.message}`;
            how = null;
            out.accepted.push(`${label}: ${error.message}`);
        }
        out.tried++;
        if (bed.skep.proc.exitCode !== null || bed.skep.proc.signalCode !== null) throw new Error(`the box died of "${label}"\n${bed.skep.logTail()}`);
        // Counted a moment after the peer noticed.
        const wanted = one.counted === undefined ? /./ : one.counted; // null: nothing to count
        let after, grown = [];
        const end = Date.now() + 400;
        do {
            after = refusedSum(await bed.skep.metrics());
            grown = Object.keys(after).filter((k) => after[k] > (before[k] ?? 0));
        } while (wanted && !grown.some((k) => wanted.test(k)) && Date.now() < end);
        if (wanted && !grown.some((k) => wanted.test(k))) out.uncounted.push(`${label} (${how}; grew: ${grown.join(" ") || "nothing"})`);
        for (const k of grown) out.reasons[k] = (out.reasons[k] ?? 0) + 1;
        onCase?.(label, how, grown);
        before = after;
    }
    return out;
}
