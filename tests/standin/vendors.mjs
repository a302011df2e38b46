// The vendors of messages, all on one port: each checks what the real one checks (signatures, windows, limits, byte
// caps, fields), answers with its codes (HTTP 200 with an error code inside), and writes down which facts arrived.
//   const v = await vendorsStart(t);  v.url("dingtalk"), v.faults.push(...), v.ledger("dingtalk")
import { createHmac } from "node:crypto";
import { createServer } from "node:https";
import { certificateMake } from "../flow/lib/certificate.mjs";

export const SECRET = "SECdeadbeef", WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const MINUTE = 60000, HOUR = 60 * MINUTE;
const hmac = (key, text) => createHmac("sha256", key).update(text).digest("base64");

/** "#12 host[93]" of digests, or the "#12," of a single message; "#3-#9" of ranges. -> [{no, what}] */
export function factsOf(text) {
    const facts = [];
    let what = "fired";
    for (const line of text.split("\n")) {
        const head = /^(?:Skep[^:]*: )?\[([^\]]+)\]/.exec(line);
        if (head) what = { resolved: "resolved", "已恢复": "resolved", "not acknowledged": "escalated", "无人确认": "escalated", test: "test", "测试": "test" }[head[1]] ?? "fired";
        for (const m of line.matchAll(/#(\d+)(?:-#(\d+))?(?=[ ,]|$)/g))
            for (let no = Number(m[1]); no <= Number(m[2] ?? m[1]); no++) facts.push({ no, what });
    }
    return facts;
}

function dingtalk(v, q, body) {
    const stamp = q.get("timestamp"), sign = q.get("sign");
    if (q.get("access_token") !== "T") return { errcode: 300001, errmsg: "token is not exist" };
    if (!/^\d{13}$/.test(stamp ?? "") || Math.abs(v.now() - Number(stamp)) > HOUR) return { errcode: 310000, errmsg: "invalid timestamp" };
    if (sign !== hmac(SECRET, `${stamp}\n${SECRET}`)) return { errcode: 310000, errmsg: "sign not match" };
    if (Buffer.byteLength(body) > 20000) return { errcode: 460101, errmsg: "message too long, exceed 20000 bytes" };
    if (v.isFast("dingtalk", 20, 10 * MINUTE)) return { errcode: 130101, errmsg: "send too fast, exceed 20 times per minute" };
    const o = JSON.parse(body);
    if (o.msgtype !== "text" || !o.text?.content) return { errcode: 40035, errmsg: "bad body" };
    return { ok: { errcode: 0, errmsg: "ok" }, text: o.text.content };
}

function wecom(v, q, body) {
    const o = JSON.parse(body);
    if (q.get("key") !== "K") return { errcode: 93000, errmsg: "invalid webhook url" };
    if (o.msgtype !== "text") return { errcode: 40008, errmsg: "invalid message type" };
    if (Buffer.byteLength(o.text.content) > 2048) return { errcode: 40058, errmsg: "content exceed max length" };
    if (v.isFast("wecom", 20, MINUTE)) return { errcode: 45009, errmsg: "api freq out of limit" };
    return { ok: { errcode: 0, errmsg: "ok" }, text: o.text.content };
}

function feishu(v, q, body) {
    const o = JSON.parse(body);
    if (!/^\d{10}$/.test(o.timestamp ?? "") || Math.abs(v.now() - Number(o.timestamp) * 1000) > HOUR ||
        o.sign !== hmac(`${o.timestamp}\n${SECRET}`, ""))
        return { code: 19021, msg: "sign match fail or timestamp is not within one hour from current time" };
    if (Buffer.byteLength(body) > 20480 || o.msg_type !== "text") return { code: 9499, msg: "Bad Request", status: 400 };
    if (v.isFast("feishu", 100, MINUTE) || v.sent.feishu.filter((at) => v.now() - at < 1000).length > 5) return { code: 9499, msg: "too many request", status: 400 };
    return { ok: { code: 0, msg: "success", StatusCode: 0, StatusMessage: "success" }, text: o.content.text };
}

const TYPES = { thing: 20, character_string: 32, phrase: 5, time: 20 };
function wechat(v, q, body) {
    if (q.get("access_token") !== v.token) return { errcode: v.oldTokens.has(q.get("access_token")) ? 42001 : 40001, errmsg: "access_token expired" };
    const o = JSON.parse(body);
    if (o.touser !== "o1") return { errcode: 40003, errmsg: "invalid openid" };
    if (o.template_id !== "t1") return { errcode: 40037, errmsg: "invalid template_id rid: 1-2-3" };
    for (const [key, { value }] of Object.entries(o.data))
        if ([...value].length > (TYPES[key.replace(/\d+$/, "")] ?? 20)) return { errcode: 47003, errmsg: `argument invalid! ${key}` };
    const again = v.messageIds.has(o.client_msg_id);
    v.messageIds.add(o.client_msg_id);
    return { ok: { errcode: 0, errmsg: "ok", msgid: v.messageIds.size }, text: again ? "" : `[${o.data.phrase4?.value ?? ""}] ${o.data.character_string1.value}` };
}

function webhook(v, q, body, headers) {
    const id = headers["webhook-id"], stamp = headers["webhook-timestamp"];
    const good = `v1,${hmac(Buffer.from(WHSEC.slice(6), "base64"), `${id}.${stamp}.${body}`)}`;
    if (!headers["webhook-signature"].split(" ").includes(good) || Math.abs(v.now() - Number(stamp) * 1000) > 5 * MINUTE) return { status: 401 };
    const o = JSON.parse(body);
    if (o.version !== "4" || o.alerts.some((a) => a.status === "firing" && a.endsAt !== "0001-01-01T00:00:00Z")) return { status: 400 };
    if (v.messageIds.has(id)) return { ok: {}, facts: [] };
    v.messageIds.add(id);
    return { ok: {}, facts: o.alerts.map((a) => ({ no: Number(a.annotations.number), what: a.annotations.what })) };
}

function slack(v, q, body) {
    if (v.isFast("slack", 60, MINUTE)) return { status: 429, retry: 2 };
    return { ok: "ok", text: JSON.parse(body).text };
}

const VENDORS = { dingtalk, wecom, feishu, wechat, webhook, slack };

export async function vendorsStart(t) {
    const certificate = certificateMake(t);
    const v = { certificate, faults: {}, sent: {}, penalty: {}, facts: {}, messages: {}, refusals: {}, token: "", oldTokens: new Set(), messageIds: new Set(), shift: 0,
        now: () => Date.now() + v.shift };
    for (const name of Object.keys(VENDORS)) for (const kept of ["sent", "facts", "messages", "faults", "refusals"]) v[kept][name] = [];
    /** More than `most` in a minute: refused, and for `punish` ms from then on. */
    v.isFast = (name, most, punish) => {
        if ((v.penalty[name] ?? 0) > v.now()) return true;
        v.sent[name] = v.sent[name].filter((at) => v.now() - at < MINUTE);
        v.sent[name].push(v.now());
        if (v.sent[name].length > most) v.penalty[name] = v.now() + punish;
        return v.sent[name].length > most;
    };
    const answer = (res, o, status = 200, headers = {}) => {
        res.writeHead(status, { "Content-Type": "application/json", ...headers });
        res.end(typeof o === "string" ? o : JSON.stringify(o));
    };
    const take = (name, url, body, req, res) => {
        const fault = v.faults[name].shift(); // "5xx", "hang", "cut", or a vendor's own answer
        if (fault === "5xx") return answer(res, "oops", 503);
        if (fault === "hang") return; // until the other side gives up
        if (fault && typeof fault === "object") return answer(res, fault);
        const got = VENDORS[name](v, url.searchParams, body, req.headers);
        if (!got.ok) {
            v.refusals[name].push(got);
            return answer(res, got, got.status ?? 200, got.retry ? { "Retry-After": String(got.retry) } : {});
        }
        v.messages[name].push({ at: v.now(), bytes: Buffer.byteLength(body), body });
        v.facts[name].push(...(got.facts ?? factsOf(got.text)));
        if (fault === "cut") return req.socket.destroy(); // it was taken, and nobody hears of it
        return answer(res, got.ok);
    };
    const server = createServer({ key: certificate.key, cert: certificate.cert }, (req, res) => {
        const url = new URL(req.url, "https://localhost");
        let body = "";
        req.setEncoding("utf8").on("data", (d) => { body += d; }).on("end", () => {
            if (url.pathname === "/cgi-bin/token") { // a new one ends the former
                if (v.token) v.oldTokens.add(v.token);
                v.token = `token-${v.oldTokens.size}`;
                return answer(res, url.searchParams.get("secret") === "wxs" ? { access_token: v.token, expires_in: 7200 } : { errcode: 40125, errmsg: "invalid appsecret" });
            }
            const name = url.pathname === "/cgi-bin/message/template/send" ? "wechat" : url.pathname.slice(1);
            return VENDORS[name] ? take(name, url, body, req, res) : answer(res, {}, 404);
        });
    });
    await new Promise((resolve) => { server.listen(0, "localhost", resolve); });
    t?.after(() => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }));
    const base = `https://localhost:${server.address().port}`;
    /** config of a channel of each kind */
    v.config = {
        dingtalk: { url: `${base}/dingtalk?access_token=T`, secret: SECRET }, wecom: { url: `${base}/wecom?key=K` }, feishu: { url: `${base}/feishu`, secret: SECRET },
        webhook: { url: `${base}/webhook`, secret: WHSEC }, slack: { url: `${base}/slack` },
        wechat: { base, appid: "wx1", secret: "wxs", openid: "o1", template: "t1", data: { character_string1: "number", thing2: "title", time3: "time", phrase4: "state" } },
    };
    /** -> Map "no what" -> how often */
    v.ledger = (name) => v.facts[name].reduce((m, f) => m.set(`${f.no} ${f.what}`, (m.get(`${f.no} ${f.what}`) ?? 0) + 1), new Map());
    v.settings = `[outbound]\nca_file = ${certificate.certFile}\nallow = 127.0.0.0/8, ::1\n`;
    return v;
}
