#!/usr/bin/env node
// Runs the tests that `make test` has built, side by side, and counts them. Shows one line for each
// program and the output of those that fail. The last line is "N passed, N failed".
//
//   node scripts/run-tests.mjs [--build DIR] [--jobs N] [--kinds a,b] [--verbose] [part of a name]
//
// A program that runs no test, dies, or is late counts as failed.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const SLOW = Math.max(1, Number(process.env.SKEP_SLOW ?? 1));
const options = { build: "build", jobs: "2", kinds: "unit,fuzz,lint,web,flow,browser", verbose: false, only: "" };
for (let args = process.argv.slice(2); args.length > 0;) {
    const arg = args.shift();
    if (arg === "--verbose") options.verbose = true;
    else if (arg.startsWith("--") && arg.slice(2) in options) options[arg.slice(2)] = args.shift() ?? "";
    else if (arg.startsWith("-")) throw new Error(`${arg}: no such flag`);
    else options.only = arg;
}
const build = resolve(options.build);
const slots = Math.max(1, Number(options.jobs));
const kinds = new Set(options.kinds.split(","));

function filesUnder(dir, wanted) {
    if (!existsSync(dir)) return [];
    return readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
        const path = join(dir, entry.name);
        if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesUnder(path, wanted);
        return wanted.test(entry.name) ? [path] : [];
    });
}

// ---- what there is to run: {kind, name, command, args, seconds, weight, count} ----

function programs() {
    return [...new Set(filesUnder("tests/unit", /^test_.*\.c$/).map((f) => f.slice("tests/unit/".length, -2)))].map((name) => ({
        kind: "unit", name, command: join(build, "unit", name), args: [], seconds: 120, count: countTap, env: { CMOCKA_MESSAGE_OUTPUT: "TAP" },
    }));
}

function fuzzers() {
    return filesUnder("tests/fuzz", /^fuzz_.*\.c$/).map((f) => f.slice("tests/fuzz/".length, -2)).map((name) => ({
        kind: "fuzz", name, command: join(build, "fuzz", name), count: countTap, seconds: 120,
        args: ["--mutations", SLOW > 1 ? "1000" : "5000", "--crash", join(build, "fuzz", name + ".crash"), join("tests/fuzz/corpus", name.slice("fuzz_".length))],
    }));
}

const nodeArgs = Number(process.versions.node.split(".")[0]) < 20 ? ["--experimental-global-webcrypto"] : [];
const nodeTest = (kind, file, more = {}) => ({
    kind, name: file.replace(/^tests\//, ""), command: process.execPath, args: [...nodeArgs, "--test-reporter=tap", file], seconds: 300, count: countNode, ...more,
});
const plain = (kind, name, command, args, more = {}) => ({ kind, name, command, args, seconds: 180, count: countExit, ...more });

function webTests() {
    const bundled = existsSync("web/test/run.mjs") ? filesUnder("web/test", /\.test\.ts$/).filter((file) => !file.includes("/browser/")).map((file) => ({
        ...nodeTest("web", file), args: ["web/test/run.mjs", file.split("/").at(-1)],
        env: { NODE_OPTIONS: [...nodeArgs, "--test-reporter=tap"].join(" ") },
    })) : [];
    return [
        ...filesUnder("web/test", /\.test\.mjs$/).map((file) => nodeTest("web", file)),
        ...bundled,
        plain("web", "web: types", "npm", ["--prefix", "web", "run", "--silent", "check"]),
        // The sealed layer's vectors and manipulations once more, in Chromium.
        plain("browser", "web/test/browser", process.execPath, ["web/test/browser/run.mjs"], { count: countOf }),
    ];
}

function all() {
    const flows = filesUnder("tests/flow", /\.test\.mjs$/);
    return [
        ...programs(),
        ...fuzzers(),
        plain("lint", "embedded files", join(build, "host", "check_embed"), [join(build, existsSync("web/node_modules/esbuild") ? "web" : "no-web")]),
        // The checks of `make lint`; formatting is judged where clang-format 14 is installed.
        ...filesUnder("scripts", /^check-.*\.mjs$/).map((file) => plain("lint", file, process.execPath, [file])),
        ...filesUnder("tests/lint", /\.test\.mjs$/).map((file) => nodeTest("lint", file)),
        ...webTests(),
        ...flows.map((file) => nodeTest("flow", file)),
        // Chromium, the box and its cameras want both cores: one at a time.
        ...filesUnder("tests/web", /\.test\.mjs$/).map((file) => nodeTest("browser", file, { weight: slots })),
    ].filter((job) => kinds.has(job.kind) && job.name.includes(options.only));
}

// ---- counting: {passed, failed, skipped} ----

/** TAP of cmocka and of the fuzz replay; several plans in one program are added up. */
function countTap(text) {
    const sum = { passed: 0, failed: 0, skipped: 0, planned: 0 };
    for (const line of text.split("\n")) {
        const plan = /^1\.\.(\d+)/.exec(line);
        if (plan) sum.planned += Number(plan[1]);
        else if (/^not ok\b/.test(line)) sum.failed++;
        else if (/^ok\b.*# SKIP/i.test(line)) sum.skipped++;
        else if (/^ok\b/.test(line)) sum.passed++;
    }
    const missing = sum.planned - sum.passed - sum.failed - sum.skipped;
    if (missing > 0) sum.failed += missing;
    return sum;
}

/** The closing lines of node's test runner, the last ones in the text. */
function countNode(text) {
    const of = (word) => Number([...text.matchAll(new RegExp(`^# ${word} (\\d+)$`, "gm"))].at(-1)?.[1] ?? 0);
    return { passed: of("pass"), failed: of("fail") + of("cancelled"), skipped: of("skipped") + of("todo") };
}

/** "117 of 119 passed"; a runner that says nothing has failed. */
function countOf(text, code) {
    const said = /(\d+) of (\d+) passed/.exec(text);
    if (!said || Number(said[2]) === 0) return { passed: 0, failed: 1, skipped: 0 };
    const [passed, all] = [Number(said[1]), Number(said[2])];
    return { passed, failed: Math.max(all - passed, code === 0 ? 0 : 1), skipped: 0 };
}

const countExit = (text, code) => ({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 });

// ---- running ----

const OUTPUT_MAX = 4_000_000;
const started = new Set();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => { for (const p of started) kill(p); process.exit(130); });

function kill(proc) {
    try {
        process.kill(-proc.pid, "SIGKILL");
    } catch (error) {
        if (error.code !== "ESRCH") throw error;
    }
}

function run(job) {
    return new Promise((done) => {
        const env = { ...process.env, SKEP_BIN: process.env.SKEP_BIN ?? join(build, "skep"), FORCE_COLOR: "0", ...job.env };
        delete env.NODE_TEST_CONTEXT;
        const proc = spawn(job.command, job.args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
        const begin = Date.now();
        let text = "", late = false, error = null;
        const take = (data) => { if (text.length < OUTPUT_MAX) text += data; };
        started.add(proc);
        proc.stdout.on("data", take);
        proc.stderr.on("data", take);
        proc.once("error", (e) => { error = e; });
        // SIGTERM first: a test's harness then ends the boxes that it started.
        const timer = setTimeout(() => {
            late = true;
            proc.kill("SIGTERM");
            setTimeout(() => kill(proc), 3000);
        }, job.seconds * 1000 * SLOW);
        const finish = (code, signal) => {
            clearTimeout(timer);
            started.delete(proc);
            done({ job, text, seconds: (Date.now() - begin) / 1000, ...verdict(job, text, { code, signal, late, error }) });
        };
        proc.once("close", finish);
        proc.once("error", () => finish(null, null));
    });
}

function verdict(job, text, { code, signal, late, error }) {
    const count = job.count(text, code);
    const ran = count.passed + count.failed + count.skipped;
    let why = "";
    if (error) why = error.message;
    else if (late) why = `still running after ${job.seconds * SLOW} s`;
    else if (signal) why = `ended by ${signal}`;
    else if (code !== 0 && count.failed === 0) why = `exit code ${code}`;
    else if (ran === 0) why = "ran no test";
    if (why && count.failed === 0) count.failed = 1;
    return { ...count, why };
}

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

function report(result, nth, of) {
    for (const word of Object.keys(total)) total[word] += result[word];
    const bad = result.failed > 0;
    const figures = `${result.passed} passed${bad ? `, ${result.failed} FAILED` : ""}${result.skipped ? `, ${result.skipped} skipped` : ""}`;
    console.log(`[${nth}/${of}] ${result.job.kind.padEnd(7)} ${result.job.name}: ${figures}${result.why ? ` (${result.why})` : ""}, ${result.seconds.toFixed(1)} s`);
    if (bad) failures.push(`${result.job.kind} ${result.job.name}`);
    if (bad || options.verbose) console.log(output(result.text).replace(/^/gm, "    "));
}

// What passed says nothing: leave its lines out of a failing program's output, and keep the end of long ones.
function output(text) {
    const lines = text.split("\n").filter((line) => !/^\s*(ok \d+ - |# Subtest: |duration_ms: |type: '|---$|\.\.\.$)/.test(line));
    return (lines.length > 200 ? ["...", ...lines.slice(-200)] : lines).join("\n").trimEnd();
}

async function main() {
    const jobs = all();
    const waiting = [...jobs];
    const began = Date.now();
    let free = slots, nth = 0;
    await new Promise((done) => {
        const next = () => {
            if (waiting.length === 0 && free === slots) return done();
            while (waiting.length > 0 && free >= (waiting[0].weight ?? 1)) {
                const job = waiting.shift();
                const weight = Math.min(job.weight ?? 1, slots);
                free -= weight;
                void run(job).then((result) => {
                    free += weight;
                    report(result, ++nth, jobs.length);
                    next();
                });
            }
        };
        next();
    });
    if (jobs.length === 0) total.failed++;
    if (failures.length > 0) console.log(`failed: ${failures.join(", ")}`);
    if (total.skipped > 0) console.log(`${total.skipped} skipped`);
    console.log(`in ${((Date.now() - began) / 1000).toFixed(0)} s`);
    console.log(`${total.passed} passed, ${total.failed} failed`);
    process.exitCode = total.failed > 0 ? 1 : 0;
}

await main();
