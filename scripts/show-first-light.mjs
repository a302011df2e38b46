#!/usr/bin/env node
// Measures the first slice, point by point, on a fresh clone and build, and prints a line
// "show <point> <name> <value> <unit>" for each figure. What could not be measured is said on
// stderr, and no line is printed for it.
//
//   make show-first-light [SHOW=3,4] [SHOW_LONG=1] [SHOW_HERE=1]
//
// SHOW picks points (1 to 7). Each has 20 minutes, without a limit with SHOW_LONG=1, which also adds
// the sanitizer runs to point 7. SHOW_HERE=1 measures this tree as it lies (build/show) in place of
// a clone of the last commit.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const LIMIT_MS = process.env.SHOW_LONG ? 0 : 20 * 60 * 1000;
const points = (process.env.SHOW || "1,2,3,4,5,6,7").split(",").map(Number);
const { MAKEFLAGS, MAKELEVEL, MFLAGS, MAKEOVERRIDES, BUILD, ...env } = process.env; // none of this make's own
const tree = process.env.SHOW_HERE ? root : mkdtempSync(join(tmpdir(), "skep-show-"));
const build = join(tree, "build", ...(process.env.SHOW_HERE ? ["show"] : []));
let failures = 0;
let running = null;

process.on("exit", () => {
    if (running) endGroup(running);
    if (tree !== root) rmSync(tree, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

function endGroup(child) {
    try { process.kill(-child.pid, "SIGKILL"); } catch (error) { if (error.code !== "ESRCH") throw error; }
}

const say = (text) => console.error(`# ${text}`);
const show = (point, name, value, unit) => console.log(`show ${point} ${name} ${value} ${unit}`);

function missing(point, why) {
    failures++;
    say(`point ${point}: ${why}`);
}

/** Run to the end; lines of standard output go to `onLine`. Resolves to seconds, or null when it failed. */
function run(command, args, { onLine = say, point = 0 } = {}) {
    const from = Date.now();
    const child = running = spawn(command, args, {
        cwd: tree, env: { ...env, SKEP_BIN: join(build, "skep") }, stdio: ["ignore", "pipe", "inherit"], detached: true,
    });
    const timer = LIMIT_MS ? setTimeout(() => { missing(point, `${args.join(" ")}: stopped after 20 minutes`); endGroup(child); }, LIMIT_MS) : null;
    let rest = "";
    child.stdout.on("data", (d) => {
        const lines = (rest + d).split("\n");
        rest = lines.pop();
        lines.forEach(onLine);
    });
    return new Promise((done) => child.once("close", (code) => {
        clearTimeout(timer);
        running = null;
        if (rest) onLine(rest);
        if (code !== 0) missing(point, `${command} ${args.join(" ")}: ended with ${code}`);
        done(code === 0 ? (Date.now() - from) / 1000 : null);
    }));
}

const make = (targets, options) => run("make", ["-j2", `BUILD=${build}`, ...targets], options);

/** A script that prints its own "show" lines; all else that it says goes to stderr. */
async function script(point, path, args = []) {
    if (!existsSync(join(tree, path))) return missing(point, `${path} is not there`);
    await run(process.execPath, [path, ...args], { point, onLine: (line) => (line.startsWith(`show ${point} `) ? console.log(line) : say(line)) });
}

// ---- the build that everything is measured on ----

async function freshBuild() {
    if (tree !== root && spawnSync("git", ["clone", "--quiet", root, tree], { stdio: "inherit" }).status !== 0) throw new Error("git clone failed");
    if (tree === root) rmSync(build, { recursive: true, force: true });
    const install = await run("scripts/deps", [], { point: 1 });
    const built = install === null ? null : await make(["all"], { point: 1, onLine: () => {} });
    if (built === null) throw new Error("no build, nothing to measure");
    return { install, built };
}

// ---- what is measured from here ----

async function coldStart({ install, built }) {
    show(1, "install_s", install.toFixed(1), "s");
    show(1, "build_s", built.toFixed(1), "s");
    await script(1, "tests/bench/wall.mjs");
    await script(1, "tests/bench/outside.mjs");
}

async function load() {
    if (await make(["load"], { point: 4, onLine: () => {} }) !== null) await script(4, "tests/bench/run.mjs");
}

/** The last line of the runner is "N passed, N failed". */
async function tests(target, names) {
    let counts = null;
    const from = Date.now();
    const seconds = await make([target], { point: 7, onLine: (line) => {
        counts = /^(\d+) passed, (\d+) failed/.exec(line) ?? counts;
        say(line);
    } });
    if (!counts) return missing(7, `make ${target} gave no counts`);
    if (names.seconds && (seconds !== null || counts)) show(7, names.seconds, ((Date.now() - from) / 1000).toFixed(1), "s");
    show(7, names.passed, counts[1], "tests");
    show(7, names.failed, counts[2], "tests");
}

async function allTests() {
    await tests("test", { seconds: "test_s", passed: "tests_passed", failed: "tests_failed" });
    if (!process.env.SHOW_LONG) return;
    await tests("test-asan", { passed: "asan_passed", failed: "asan_failed" });
    await tests("test-tsan", { passed: "tsan_passed", failed: "tsan_failed" });
}

async function main() {
    const fresh = await freshBuild();
    const measures = {
        1: () => coldStart(fresh),
        2: () => script(2, "tests/canary/run.mjs"),
        3: () => script(3, "tests/web/measure.mjs"),
        4: load,
        5: () => script(5, "tests/bad/run.mjs"),
        6: () => script(6, "tests/drill/kill.mjs"),
        7: allTests,
    };
    for (const point of points) {
        if (!measures[point]) { missing(point, "there is no such point"); continue; }
        const from = Date.now();
        say(`point ${point}, load ${loadavg()[0].toFixed(2)}`);
        await measures[point]();
        say(`point ${point} took ${((Date.now() - from) / 1000).toFixed(0)} s, load ${loadavg()[0].toFixed(2)}`);
    }
}

try {
    await main();
} catch (error) {
    missing(0, error.message);
}
process.exitCode = failures > 0 ? 1 : 0;
