// The box's interface as a client sees it: HTTPS with the box's own CA, a cookie jar, the CSRF
// token, and every answer held against /api/v1/openapi.json.
import { Agent, request } from "node:https";
import { answerFaults } from "./openapi.mjs";
import { webSocketOpen } from "./ws.mjs";

const ANSWER_MAX = 16 * 1024 * 1024;

function send(options, body) {
    return new Promise((resolve, reject) => {
        const req = request(options, (res) => {
            const parts = [];
            let size = 0;
            res.on("data", (d) => {
                size += d.length;
                if (size > ANSWER_MAX) req.destroy(new Error("answer too big"));
                parts.push(d);
            });
            res.on("end", () => resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(parts) }));
            res.on("error", reject);
        });
        req.on("timeout", () => req.destroy(new Error(`${options.method} ${options.path}: no answer within ${options.timeout} ms`)));
        req.on("error", reject);
        req.end(body);
    });
}

export class Api {
    #doc = null; #agent; #skep;

    /** `validate: false` is for pages that are no API (the console's files). */
    constructor(skep, { validate = true, timeout = 20000 } = {}) {
        this.#skep = skep;
        this.validate = validate;
        this.timeout = timeout;
        this.cookies = new Map();
        this.csrf = null;
        this.bearer = null;
        this.#agent = new Agent({ keepAlive: true, maxSockets: 8 });
    }

    get #target() {
        return { host: "localhost", port: this.#skep.port, ca: this.#skep.caPem, ALPNProtocols: ["http/1.1"] };
    }

    cookieHeader() {
        return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    }

    #cookiesTake(headers) {
        for (const line of headers["set-cookie"] ?? []) {
            const [pair, ...attributes] = line.split(";").map((s) => s.trim());
            const at = pair.indexOf("=");
            const name = pair.slice(0, at);
            const gone = pair.length === at + 1 || attributes.some((a) => a.toLowerCase() === "max-age=0");
            if (gone) this.cookies.delete(name);
            else this.cookies.set(name, pair.slice(at + 1));
        }
    }

    #headers(method, extra, body) {
        const headers = {};
        if (this.cookies.size > 0) headers.Cookie = this.cookieHeader();
        if (this.bearer) headers.Authorization = `Bearer ${this.bearer}`;
        if (this.csrf && method !== "GET" && method !== "HEAD") headers["Skep-Csrf"] = this.csrf;
        if (body !== undefined && !Object.keys(extra).some((n) => n.toLowerCase() === "content-type"))
            headers["Content-Type"] = "application/json";
        if (body !== undefined) headers["Content-Length"] = Buffer.byteLength(body);
        for (const [name, value] of Object.entries(extra)) {
            if (value === null) delete headers[name];
            else headers[name] = value;
        }
        return headers;
    }

    /** The box's description, read once. */
    async description() {
        if (!this.#doc) {
            const answer = await send({ ...this.#target, method: "GET", path: "/api/v1/openapi.json", agent: this.#agent, timeout: this.timeout });
            if (answer.status !== 200) throw new Error(`openapi.json: status ${answer.status}`);
            this.#doc = JSON.parse(answer.body.toString());
        }
        return this.#doc;
    }

    /** One request -> {status, headers, body, text, json}. `body`: an object (sent as JSON), a string or a Buffer. */
    async request(method, path, { body, headers = {}, timeout = this.timeout, agent = this.#agent } = {}) {
        const bytes = body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
        const options = { ...this.#target, method, path, agent, timeout, headers: this.#headers(method, headers, bytes) };
        const answer = await send(options, bytes);
        answer.text = answer.body.toString();
        const type = answer.headers["content-type"];
        answer.json = type?.split(";")[0].endsWith("json") && answer.body.length > 0 ? JSON.parse(answer.text) : undefined;
        this.#cookiesTake(answer.headers);
        if (this.validate) {
            const pathname = path.split("?")[0];
            const faults = answerFaults(await this.description(), { method, pathname, status: answer.status, type, body: answer.body, json: answer.json });
            if (faults.length > 0)
                throw new Error(`${method} ${path} -> ${answer.status} breaks the description:\n  ${faults.join("\n  ")}\n  ${answer.text.slice(0, 600)}`);
        }
        return answer;
    }

    get(path, options) { return this.request("GET", path, options); }
    head(path, options) { return this.request("HEAD", path, options); }
    delete(path, options) { return this.request("DELETE", path, options); }
    post(path, body, options) { return this.request("POST", path, { body, ...options }); }
    put(path, body, options) { return this.request("PUT", path, { body, ...options }); }
    patch(path, body, options) { return this.request("PATCH", path, { body, ...options }); }

    /** Keep what a session answer carries. */
    sessionTake(answer) {
        this.csrf = answer.json.csrf;
        if (answer.json.token) this.bearer = answer.json.token;
        return answer.json;
    }

    /** A WebSocket with this client's cookie or token. Options: protocol, headers. */
    socket(path, protocol, { headers = {}, timeout } = {}) {
        const own = this.#headers("GET", {}, undefined);
        return webSocketOpen({ ...this.#target, path, protocol, timeout, headers: { Origin: this.#skep.url, ...own, ...headers } });
    }

    /** The connections that are kept open are closed. */
    close() {
        this.#agent.destroy();
    }
}
