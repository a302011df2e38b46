// A real mail server (the npm package smtp-server) that keeps what it is sent.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { certificateMake } from "./certificate.mjs";
import { waitFor } from "./skep.mjs";

const webRequire = createRequire(join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "web", "package.json"));
const { SMTPServer } = webRequire("smtp-server");
export const MAIL_FROM = "box@skep.example", MAIL_USER = "box", MAIL_PASSWORD = "a password for mail";

/** One message as it came -> {headers: Map (lower case), text, raw, to} */
function parse(raw, to) {
    const [head, ...rest] = raw.split("\r\n\r\n");
    const headers = new Map(head.replace(/\r\n[ \t]/g, " ").split("\r\n").map((line) => {
        const at = line.indexOf(":");
        return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }));
    const subject = (headers.get("subject") ?? "").replace(/\?=\s+=\?/g, "?==?").replace(/=\?UTF-8\?B\?([^?]*)\?=/g, (_, b) => Buffer.from(b, "base64").toString("latin1"));
    headers.set("subject", Buffer.from(subject, "latin1").toString("utf8"));
    return { headers, to, raw, text: Buffer.from(rest.join("\r\n\r\n"), "base64").toString("utf8") };
}

/** Options: t, tls (false: offers no STARTTLS), greylist (times it says "later" first). */
export async function mailServer({ t, tls = true, greylist = 0 } = {}) {
    const certificate = certificateMake(t);
    const mails = [], sessions = [];
    let later = greylist;
    const server = new SMTPServer({
        key: certificate.key, cert: certificate.cert, logger: false, disabledCommands: tls ? [] : ["STARTTLS"],
        authMethods: ["PLAIN", "LOGIN"], allowInsecureAuth: false,
        onAuth: (auth, session, done) => (auth.username === MAIL_USER && auth.password === MAIL_PASSWORD
            ? done(null, { user: MAIL_USER }) : done(new Error("wrong"))),
        onMailFrom: (address, session, done) => done(address.address === MAIL_FROM ? null : new Error("who?")),
        onRcptTo: (address, session, done) => {
            if (later > 0) {
                later--;
                done(Object.assign(new Error("come back later"), { responseCode: 451 }));
            } else done();
        },
        onData: (stream, session, done) => {
            const parts = [];
            stream.on("data", (d) => parts.push(d));
            stream.on("end", () => {
                sessions.push({ secure: session.secure, user: session.user });
                mails.push(parse(Buffer.concat(parts).toString("latin1"), session.envelope.rcptTo.map((r) => r.address)));
                done();
            });
        },
    });
    server.on("error", () => {}); // clients that break off
    await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
    t?.after(() => new Promise((resolve) => { server.close(resolve); }));
    const { port } = server.server.address();
    writeFileSync(join(certificate.dir, "password"), `${MAIL_PASSWORD}\n`, { mode: 0o600 });
    let taken = 0;
    return {
        port, mails, sessions,
        /** Lines for the box's settings. */
        config: `[outbound]\nsmtp_host = localhost\nsmtp_port = ${port}\nsmtp_user = ${MAIL_USER}\n`
            + `smtp_password_file = ${join(certificate.dir, "password")}\nca_file = ${certificate.certFile}\nmail_from = ${MAIL_FROM}\n`,
        /** The next one that has not been looked at. */
        async next(ms = 15000) {
            await waitFor(() => mails.length > taken, ms, "a mail");
            return mails[taken++];
        },
        hasMore: () => mails.length > taken,
    };
}

/** The token in a link of a letter, as the page reads it: the member of the fragment. */
export function linkToken(mail, page) {
    const found = new RegExp(`https://\\S+/${page}#[rv]=([A-Za-z0-9_-]{43})\\b`).exec(mail.text);
    if (!found) throw new Error(`no link to /${page} in: ${mail.text}`);
    return found[1];
}
