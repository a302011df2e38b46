#!/usr/bin/env node
// `make scan`: the scanners of Debian against a live box on loopback, in a network namespace of its own where
// that is allowed. What each may find stands, with the reason, in expected/<tool>.txt; anything else is a
// finding without explanation, and the run fails. SCAN=nmap,testssl picks tools. See README.md here.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { setupOwner, startSkep } from "../flow/lib/skep.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const LIMIT_MS = 4 * 60 * 1000; // each tool

/** Run to the end or the limit -> what it wrote. A tool that is cut off says so in `late`. */
function run(program, args, { cwd, limit_ms = LIMIT_MS } = {}) {
    return new Promise((resolve, reject) => {
        const proc = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, TERM: "dumb", HOME: cwd } });
        let text = "", late = false;
        proc.stdout.on("data", (d) => { text += d; });
        proc.stderr.on("data", (d) => { text += d; });
        const timer = setTimeout(() => { late = true; proc.kill("SIGKILL"); }, limit_ms);
        proc.once("error", reject);
        proc.once("close", (code) => { clearTimeout(timer); resolve({ code, text, late }); });
    });
}

/** expected/<tool>.txt -> patterns; a line is `pattern  # why`, `*` stands for anything. */
function expectedOf(tool) {
    return readFileSync(join(here, "expected", `${tool}.txt`), "utf8").split("\n")
        .map((line) => line.split(/\s+# /)).filter(([pattern]) => pattern && !pattern.startsWith("#"))
        .map(([pattern, why]) => {
            if (!why) throw new Error(`expected/${tool}.txt: "${pattern}" has no reason`);
            const parts = pattern.trim().split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
            return { pattern: new RegExp(`^${parts.join(".*")}$`), text: pattern.trim(), why };
        });
}

const tools = {
    /** Every open TCP port, and what the TLS of the public one offers. */
    async nmap(skep, dir) {
        const inner = (port) => (Number(port) === skep.port ? "public" : "other");
        const all = await run("nmap", ["-Pn", "-n", "-p-", "--open", "-T4", "127.0.0.1"], { cwd: dir });
        const open = [...all.text.matchAll(/^(\d+)\/tcp\s+open/gm)].map((m) => m[1]);
        if (!open.includes(String(skep.port))) throw new Error(`nmap did not see the public port:\n${all.text}`);
        const tls = await run("nmap", ["-Pn", "-n", "-p", String(skep.port), "--script", "ssl-enum-ciphers,ssl-cert,ssl-dh-params,http-methods,http-trace", "127.0.0.1"], { cwd: dir });
        const suites = [...tls.text.matchAll(/^\|\s+(TLS_\w+)/gm)].map((m) => `suite ${m[1]}`);
        const grade = /least strength: (\w)/.exec(tls.text);
        if (!grade) throw new Error(`nmap did not read the TLS:\n${tls.text}`);
        const versions = [...tls.text.matchAll(/^\|\s+((?:SSL|TLS)v[\d.]+):/gm)].map((m) => `version ${m[1]}`);
        return [...open.map((p) => `port ${inner(p)}`), ...suites, ...versions, `least strength ${grade[1]}`,
            ...(/VULNERABLE/.test(tls.text) ? ["VULNERABLE"] : [])];
    },

    async testssl(skep, dir) {
        const file = join(dir, "testssl.json");
        const done = await run("testssl", ["--quiet", "--color", "0", "--warnings", "batch", "--fast", "--ip", "127.0.0.1", "--jsonfile", file, `https://localhost:${skep.port}`], { cwd: dir });
        if (!existsSync(file)) throw new Error(`testssl wrote nothing:\n${done.text}`);
        let text = readFileSync(file, "utf8");
        if (done.late) text = text.replace(/,?\s*$/, "]");
        const found = JSON.parse(text);
        if (found.length < 40) throw new Error(`testssl looked at ${found.length} things only:\n${done.text.slice(-2000)}`);
        return found.filter((f) => !["OK", "INFO", "DEBUG"].includes(f.severity)).map((f) => `${f.severity} ${f.id}: ${f.finding}`);
    },

    async wapiti(skep, dir, session) {
        const file = join(dir, "wapiti.json");
        const paths = ["/", "/login", "/live", "/api/v1/devices?q=a&state=online&limit=10", "/api/v1/audit?actor=a&action=session.&limit=10", "/api/v1/grants?account=a", "/api/v1/setup"];
        const done = await run("wapiti", ["-u", `${skep.url}/`, "--flush-session", "--verify-ssl", "0", "--no-bugreport", "-f", "json", "-o", file, "--scope", "domain",
            "-m", "backup,cookieflags,crlf,csp,exec,file,htaccess,http_headers,methods,redirect,sql,ssrf,xss,xxe", "--max-scan-time", "180", "-t", "5", "--store-session", dir,
            "-H", `Cookie: ${session.cookieHeader()}`, ...paths.flatMap((p) => ["-s", skep.url + p])], { cwd: dir });
        if (!existsSync(file)) throw new Error(`wapiti wrote nothing:\n${done.text.slice(-3000)}`);
        const report = JSON.parse(readFileSync(file, "utf8"));
        const rows = (group) => Object.entries(report[group] ?? {}).flatMap(([kind, list]) => list.map((f) => `${kind}: ${f.method} ${f.path.replace(/[?].*/, "")} ${f.info.replace(/\s+/g, " ")}`));
        return [...rows("vulnerabilities"), ...rows("anomalies")];
    },

    async sqlmap(skep, dir, session) {
        const common = ["--batch", "--flush-session", "--level", "2", "--risk", "1", "--time-sec", "2", "--threads", "4", "--output-dir", dir, "--cookie", session.cookieHeader(), "--ignore-code", "400,401,404,422,428,429"];
        const aims = [["-u", `${skep.url}/api/v1/devices?q=gate&state=online&tag=x&limit=10`], ["-u", `${skep.url}/api/v1/audit?actor=a&action=session.&object=b&limit=10`],
            ["-u", `${skep.url}/api/v1/grants?account=a&device=b`]];
        const found = [];
        for (const aim of aims) {
            const done = await run("sqlmap", [...aim, ...common], { cwd: dir, limit_ms: LIMIT_MS / 2 });
            const tested = /testing if|do not appear to be injectable|is vulnerable|injectable/.test(done.text);
            if (!tested) throw new Error(`sqlmap tried nothing:\n${done.text.slice(-3000)}`);
            if (process.env.SCAN_VERBOSE) console.error(done.text);
            for (const line of done.text.split("\n").filter((l) => /injectable|is vulnerable|injection point/.test(l) && !/\bnot\b|testing for|testing if|all tested parameters/.test(l)))
                found.push(`${aim[1].replace(/^https:\/\/[^/]+/, "").replace(/\?.*/, "")} ${line.replace(/^\[[\d:]+\] /, "")}`);
        }
        return found;
    },

    /** Slow heads, slow bodies, slow reading: an honest asker must be served all along. */
    async slowhttptest(skep, dir) {
        const found = [];
        for (const [name, mode] of Object.entries({ head: ["-H"], body: ["-B"], read: ["-X", "-w", "1", "-y", "8", "-n", "5", "-z", "8"] })) {
            const asked = (async () => {
                let failed = 0;
                for (let i = 0; i < 20; i++) {
                    await new Promise((r) => setTimeout(r, 1000));
                    await honestAsk(skep).catch((error) => { failed++; console.error(`  ${name}: ${error.message}`); });
                }
                return failed;
            })();
            await run("slowhttptest", ["-c", "1000", "-r", "200", "-i", "10", "-l", "20", "-p", "3", ...mode, "-u", `${skep.url}/api/v1/setup`], { cwd: dir, limit_ms: 60000 });
            const failed = await asked;
            if (failed > 0) found.push(`slow ${name}: ${failed} of 20 honest requests failed`);
        }
        return found;
    },
};

/** An honest asker from an address of its own: what one source is denied must not touch another. */
function honestAsk(skep) {
    return new Promise((resolve, reject) => {
        const req = request({ host: "127.0.0.1", localAddress: "127.0.0.9", port: skep.port, path: "/api/v1/setup", servername: "localhost", ca: skep.caPem, agent: false, timeout: 3000,
            headers: { Host: `localhost:${skep.port}` } }, (res) => {
            res.resume();
            res.on("end", () => (res.statusCode === 200 ? resolve() : reject(new Error(`status ${res.statusCode}`))));
        });
        req.on("timeout", () => req.destroy(new Error("no answer within 3 s")));
        req.on("error", reject);
        req.end();
    });
}

/** -> {tools, findings: number without explanation} */
export async function scan(wanted = Object.keys(tools), say = console.log) {
    const after = [];
    const t = { after: (fn) => after.push(fn), name: "scan" };
    let unexplained = 0, ran = 0;
    try {
        for (const tool of wanted) {
            if (!tools[tool]) throw new Error(`no scanner of the name ${tool}; there are ${Object.keys(tools).join(", ")}`);
            const skep = await startSkep({ t }); // each its own: what one did to itself must not shield the next
            const owner = await setupOwner(skep);
            const dir = mkdtempSync(join(tmpdir(), "skep-scan-"));
            after.push(() => rmSync(dir, { recursive: true, force: true }));
            const began = Date.now();
            const found = [...new Set(await tools[tool](skep, dir, owner))];
            const expected = expectedOf(tool);
            const open = found.filter((f) => !expected.some((e) => e.pattern.test(f)));
            for (const f of open) say(`  ${tool}: without explanation: ${f}`);
            for (const e of expected.filter((one) => !found.some((f) => one.pattern.test(f)))) say(`  ${tool}: expected and no longer found: ${e.text}`);
            say(`${tool}: ${found.length} found, ${open.length} without explanation, ${Math.round((Date.now() - began) / 1000)} s`);
            unexplained += open.length;
            ran += 1;
            await skep.stop();
        }
    } finally {
        for (const fn of after.reverse()) await fn();
    }
    return { tools: ran, findings: unexplained };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
    const { findings } = await scan(process.env.SCAN?.split(",").filter(Boolean));
    process.exit(findings ? 1 : 0);
}
