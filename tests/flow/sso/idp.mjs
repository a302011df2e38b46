// An OpenID Connect provider (the npm package oidc-provider) for tests: whoever `login` names is logged in
// there without a page, and `users` says in which groups.
import { createPrivateKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer, request } from "node:https";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { writeFileSync } from "node:fs";
import { certificateMake } from "../lib/certificate.mjs";
import { api, startSkep } from "../lib/skep.mjs";

const web = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "web");
const { default: Provider } = await import(pathToFileURL(join(web, "node_modules/oidc-provider/lib/index.js")));
const CLIENT = "skep-box", SECRET = "between: box & provider";

export function signingKey(alg = "RS256", kid = randomUUID()) {
    const { privateKey } = alg === "RS256" ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : generateKeyPairSync("ec", { namedCurve: "P-256" });
    return { ...privateKey.export({ format: "jwk" }), kid, alg, use: "sig" };
}

export function tokenSign(jwk, claims, header = {}) {
    const part = (o) => Buffer.from(JSON.stringify(o)).toString("base64url");
    const text = `${part({ alg: jwk.alg, kid: jwk.kid, typ: "JWT", ...header })}.${part(claims)}`;
    const key = createPrivateKey({ key: jwk, format: "jwk" });
    return `${text}.${sign("sha256", Buffer.from(text), jwk.alg === "ES256" ? { key, dsaEncoding: "ieee-p1363" } : key).toString("base64url")}`;
}

/** Any https request -> {status, headers, text}. */
export function ask(url, { ca, method = "GET", headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
        const req = request(url, { method, ca, headers: { ...headers, ...(body !== undefined ? { "Content-Length": Buffer.byteLength(body) } : {}) } }, (res) => {
            let text = "";
            res.on("data", (d) => { text += d; });
            res.on("end", () => resolve({ status: res.statusCode, headers: res.headers, text }));
        });
        req.on("error", reject);
        req.end(body);
    });
}

/** Provider and box that know each other (`amr`: how people prove themselves there) -> {skep, users, keys, login(name), client, ...}. */
export async function boxWithProvider(t, { alg = "RS256", more = "", head = "", allow = "127.0.0.0/8, ::1" } = {}) {
    const certificate = certificateMake(t);
    const users = new Map(), keys = [signingKey(alg)];
    let handler = null, who = null;
    const server = createServer({ key: certificate.key, cert: certificate.cert }, (req, res) => handler(req, res));
    await new Promise((resolve) => { server.listen(0, "localhost", resolve); });
    t.after(() => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }));
    const issuer = `https://localhost:${server.address().port}`;
    writeFileSync(join(certificate.dir, "secret"), SECRET, { mode: 0o600 });
    const skep = await startSkep({ t, config: `${head}[outbound]\nca_file = ${certificate.certFile}\nallow = ${allow}\n[sso]\nissuer = ${issuer}\n`
        + `client_id = ${CLIENT}\nclient_secret_file = ${join(certificate.dir, "secret")}\nname = Testhaus\nadmin_groups = keepers\nmember_groups = guests, friends\npoll_s = 1\n${more}` });
    const box = { skep, users, keys, issuer, ca: certificate.cert };
    const provider = () => {
        const p = new Provider(issuer, {
            clients: [{ client_id: CLIENT, client_secret: SECRET, redirect_uris: [`${skep.url}/api/v1/sso/callback`], id_token_signed_response_alg: alg,
                backchannel_logout_uri: `${skep.url}/api/v1/sso/backchannel` }],
            jwks: { keys: box.keys },
            cookies: { keys: ["tests only"] },
            claims: { openid: ["sub", "amr"], profile: ["preferred_username", "groups"] },
            features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
            findAccount: (ctx, id) => (users.has(id) ? { accountId: id, claims: () => ({ sub: id, preferred_username: id, groups: users.get(id) }) } : undefined),
            interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
            loadExistingGrant: async (ctx) => {
                const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
                grant.addOIDCScope("openid profile");
                await grant.save();
                return grant;
            },
            fetch: async (url, options) => {
                const answer = await ask(url, { ca: skep.caPem, method: options.method, headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: options.body.toString() });
                return new Response(answer.text || null, { status: answer.status });
            },
        });
        handler = async (req, res) => (req.url.startsWith("/interaction/")
            ? p.interactionFinished(req, res, { login: { accountId: who, amr: box.amr } }, { mergeWithLastSubmission: false }) : p.callback()(req, res));
        return p;
    };
    box.provider = provider();
    /** The provider forgets everything, its keys included (those of `box.keys` are used). */
    box.providerAgain = () => { box.provider = provider(); };
    /** As a browser goes: away, through the provider, back. -> {client, where, steps} */
    box.login = async (name, { tamper = (url) => url, client = api(skep, { validate: false }) } = {}) => {
        who = name;
        const jar = new Map();
        const first = await client.get("/api/v1/sso/start");
        let where = first.headers.location;
        while (where.startsWith(issuer)) {
            const answer = await ask(where, { ca: certificate.cert, headers: { Cookie: [...jar].map(([n, v]) => `${n}=${v}`).join("; ") } });
            for (const line of answer.headers["set-cookie"] ?? []) jar.set(line.split("=")[0], line.split(";")[0].slice(line.indexOf("=") + 1));
            if (!answer.headers.location) throw new Error(`provider: ${answer.status} ${answer.text}`);
            where = new URL(answer.headers.location, issuer).href;
        }
        const back = new URL(tamper(where));
        const answer = await client.get(back.pathname + back.search);
        if (answer.headers.location === "/live") client.sessionTake(await client.get("/api/v1/me"));
        return { client, where: answer.headers.location, back: back.pathname + back.search, first };
    };
    return box;
}
