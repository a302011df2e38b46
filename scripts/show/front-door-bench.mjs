// Point 7 of `make show-front-door`: logins a second, authorized reads and nginx's static answers for a second of
// processor time, may() and audit rows. Both servers are asked by the same client over TLS with kept connections.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { toolEnsure } from "../../tests/bench/tools.mjs";
import { api, OWNER, setupOwner, SKEP_BIN, startSkep } from "../../tests/flow/lib/skep.mjs";

const SECONDS = 5, CONNECTIONS = 8, WARM_MS = 500;

/** User and system time of the processes, seconds. */
function cpuOf(pids) {
    return pids.reduce((sum, pid) => {
        const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1].split(" ");
        return sum + (Number(fields[11]) + Number(fields[12])) / 100;
    }, 0);
}

/** GETs over kept connections for a while -> answers for a second of the servers' processor time. */
async function readsPerCpu(options, pids) {
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const one = () => new Promise((resolve, reject) => {
        request({ ...options, agent }, (res) => {
            res.resume();
            res.on("end", () => (res.statusCode === 200 ? resolve() : reject(new Error(`status ${res.statusCode}`))));
        }).on("error", reject).end();
    });
    let count = 0, until = Date.now() + WARM_MS;
    const run = async () => { while (Date.now() < until) { await one(); count++; } };
    await Promise.all(Array.from({ length: CONNECTIONS }, run));
    count = 0;
    const before = cpuOf(pids);
    until = Date.now() + SECONDS * 1000;
    await Promise.all(Array.from({ length: CONNECTIONS }, run));
    agent.destroy();
    return count / (cpuOf(pids) - before);
}

async function loginsPerSecond(skep) {
    const until = Date.now() + SECONDS * 1000;
    let count = 0, busy = 0;
    const client = api(skep, { validate: false });
    const run = async () => {
        while (Date.now() < until) {
            const answer = await client.post("/api/v1/login", { ...OWNER, bearer: true }, { timeout: 60000 });
            if (answer.status === 200) count++;
            else if (answer.status === 503) busy++;
            else throw new Error(`login: ${answer.status} ${answer.text}`);
        }
    };
    await Promise.all(Array.from({ length: 2 }, run));
    client.close();
    if (busy) console.error(`# ${busy} logins were told to come again`);
    return count / SECONDS;
}

/** nginx with the box's own certificate and one small file, one worker. */
async function nginxReads(skep) {
    if (!toolEnsure("nginx", "nginx-light")) throw new Error("no nginx to compare with");
    const dir = mkdtempSync(join(tmpdir(), "skep-nginx-"));
    chmodSync(dir, 0o755); // its worker is another user
    const port = 20000 + Math.floor(Math.random() * 20000);
    writeFileSync(join(dir, "devices.json"), JSON.stringify({ devices: [], total: 0, online: 0, simulated: 0 }));
    writeFileSync(join(dir, "nginx.conf"), `daemon off; worker_processes 1; pid ${dir}/pid; error_log ${dir}/error.log; events {}
http { access_log off; keepalive_requests 1000000; client_body_temp_path ${dir}/a; proxy_temp_path ${dir}/b; fastcgi_temp_path ${dir}/c; uwsgi_temp_path ${dir}/d; scgi_temp_path ${dir}/e;
server { listen 127.0.0.1:${port} ssl; ssl_certificate ${skep.dataDir}/tls/server.crt; ssl_certificate_key ${skep.dataDir}/tls/server.key; root ${dir}; } }`);
    const proc = spawn("nginx", ["-p", dir, "-c", join(dir, "nginx.conf")], { stdio: "ignore" });
    try {
        await new Promise((resolve) => setTimeout(resolve, 800));
        const children = execFileSync("sh", ["-c", `cat /proc/${proc.pid}/task/*/children`]).toString().trim().split(" ").map(Number);
        return await readsPerCpu({ host: "127.0.0.1", servername: "localhost", port, path: "/devices.json", rejectUnauthorized: false }, children);
    } finally {
        proc.kill("SIGTERM");
        await new Promise((resolve) => (proc.exitCode === null && proc.signalCode === null ? proc.once("exit", resolve) : resolve()));
        rmSync(dir, { recursive: true, force: true });
    }
}

/** The benches of single rooms stand beside the program; they are built when they are not there. */
function benchRun(name, args, pattern) {
    const build = dirname(SKEP_BIN), program = join(build, "bench", name);
    execFileSync("make", [`BUILD=${build}`, "WEB=no", program], { stdio: ["ignore", "ignore", "inherit"] });
    const found = pattern.exec(execFileSync(program, args).toString());
    if (!found) throw new Error(`${name} does not print what is looked for`);
    return Number(found[1]);
}

export async function frontDoorBench(say) {
    const skep = await startSkep({});
    try {
        const owner = await setupOwner(skep);
        say("logins_per_s", (await loginsPerSecond(skep)).toFixed(1), "1/s");
        const token = (await owner.post("/api/v1/login", { ...OWNER, bearer: true })).json.token;
        const reads = await readsPerCpu({ host: "localhost", port: skep.port, ca: skep.caPem, path: "/api/v1/devices?limit=1",
            headers: { Authorization: `Bearer ${token}` } }, [skep.pid]);
        say("api_reads_per_cpu_s", Math.round(reads), "1/s");
        say("peer_nginx_per_cpu_s", Math.round(await nginxReads(skep)), "1/s");
        owner.close();
    } finally {
        await skep.stop();
    }
    say("may_ns", benchRun("bench_may", [], /may_ns (\d+)/), "ns");
    const dir = mkdtempSync(join(tmpdir(), "skep-bench-"));
    try {
        say("audit_rows_per_s", Math.round(benchRun("bench_audit", [dir], /full_\d+_writers_rows_per_s ([\d.]+)(?![\s\S]*full_\d+_writers_rows_per_s)/)), "1/s");
    } finally {
        rmSync(dir, { recursive: true, force: true });
    }
}
