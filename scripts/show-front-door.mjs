#!/usr/bin/env node
// `make show-front-door`: measures what the front door promises, against the build in SKEP_BIN, and
// prints one line for each figure: show <point> <name> <value> <unit>. SHOW=1,3 picks points. What
// could not be measured prints no line and fails the run.
import { spawnSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { frontDoorBench } from "./show/front-door-bench.mjs";
import { logVerify } from "./verify-audit.mjs";
import { setupOwner, startSkep } from "../tests/flow/lib/skep.mjs";
import { evidenceTake, logGrow } from "../tests/flow/audit/lib.mjs";
import { isLocated, randomMake, tamper } from "../tests/flow/audit/tamper.mjs";
import { idpCuts } from "../tests/flow/sso/cut.mjs";
import { refreshRaces } from "../tests/flow/account/refresh.mjs";
import { enumTimes, flood, slow, stuffing } from "../tests/flow/guard/figures.mjs";
import { cutTries, p99 } from "../tests/flow/grant/lib.mjs";
import { killTries } from "../tests/flow/app/kill.mjs";
import { matrix, matrixMore } from "../tests/flow/grant/matrix.mjs";

const say = (point, name, value, unit) => console.log(`show ${point} ${name} ${value} ${unit}`);

/** Stands in for a test's context: what startSkep would leave to the end of a test runs after `fn`. */
async function withBox(options, fn) {
    const after = [];
    const t = { after: (f) => after.push(f), name: "show-front-door", diagnostic: console.error };
    try {
        return await fn(await startSkep({ t, ...options }));
    } finally {
        for (const f of after.reverse()) await f();
    }
}

/** Point 3: 10,000 random harms to a log of some 200 rows, each found as what it was and where. */
async function auditEdits() {
    const tries = 10000;
    const evidence = await withBox({ fleet: 1 }, async (skep) => {
        const owner = await setupOwner(skep);
        await logGrow(owner, { rows: 200, every: 17 });
        return evidenceTake(skep, owner);
    });
    const unharmed = logVerify(evidence.text, evidence.heads).faults;
    if (unharmed.length > 0 || evidence.faults.length > 0) throw new Error(`the log is not whole as it came: ${JSON.stringify(unharmed)}`);
    const seed = Number(process.env.SHOW_SEED ?? Date.now() % 2 ** 31), random = randomMake(seed);
    let found = 0;
    for (let i = 0; i < tries; i++) {
        const harm = tamper(evidence.lines, random);
        const { faults } = logVerify(harm.text, evidence.heads);
        if (isLocated(harm, faults, evidence.heads)) found++;
        else console.error(`not located (SHOW_SEED=${seed}, try ${i}): ${harm.name} row ${harm.row}..${harm.to ?? harm.row}, found ${JSON.stringify(faults.slice(0, 3))}`);
    }
    say(3, "audit_edits_tried", tries, "count");
    say(3, "audit_edits_found", found, "count");
}

/** Point 1: every caller at every route, code, socket and link. */
async function callerMatrix() {
    let cells = 0, wrong = [];
    for (const run of [matrix, matrixMore])
        await withBox({}, async (skep) => {
            const result = await run(skep, await setupOwner(skep));
            cells += result.cells;
            wrong = [...wrong, ...result.wrong];
        });
    for (const one of wrong) console.error(one);
    say(1, "matrix_cells", cells, "count");
    say(1, "matrix_wrong", wrong.length, "count");
}

/** Point 1: 50 rights taken while they are in use, in each of the ways in turn. */
async function cutTimes() {
    const after = [];
    const t = { after: (f) => after.push(f), name: "show-front-door", diagnostic: console.error };
    try {
        const results = await cutTries(t, 50);
        for (const way of new Set(results.map((r) => r.way)))
            console.error(`cut by ${way}: p99 ${p99(results.filter((r) => r.way === way).map((r) => r.all))} ms`);
        say(1, "cut_p99_ms", p99(results.map((r) => r.all)), "ms");
    } finally {
        for (const f of after.reverse()) await f();
    }
}

/** Point 1: 50 people lose their group at the identity provider. */
async function providerCuts() {
    const after = [];
    const t = { after: (f) => after.push(f), name: "show-front-door", diagnostic: console.error };
    try {
        say(1, "idp_cut_s", p99(await idpCuts(t, 50)).toFixed(1), "s");
    } finally {
        for (const f of after.reverse()) await f();
    }
}

/** Point 6: races, lost answers and crashes must log nobody out; each thief must end the session. */
async function refreshTokens() {
    const after = [];
    const t = { after: (f) => after.push(f), name: "show-front-door", diagnostic: console.error };
    try {
        const { falseLogouts, tries, theftsMissed, thefts } = await refreshRaces(t, { rounds: 50 });
        console.error(`${tries} refreshes by the owner, ${thefts} thefts`);
        say(6, "refresh_false_logouts", falseLogouts, "count");
        say(6, "refresh_thefts_missed", theftsMissed, "count");
    } finally {
        for (const f of after.reverse()) await f();
    }
}

/** Point 1: 50 apps killed while they ask, signal and watch. */
async function killSwitch() {
    const after = [];
    const t = { after: (f) => after.push(f), name: "show-front-door", diagnostic: console.error };
    try {
        say(1, "killswitch_p99_ms", p99(await killTries(t, 50)), "ms");
    } finally {
        for (const f of after.reverse()) await f();
    }
}

/** Point 5: the tests of what must never ship, and the scanners of Debian. */
async function neverShip() {
    const file = fileURLToPath(new URL("../tests/flow/never/01-never-ship.test.mjs", import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", file], { encoding: "utf8", env: { ...process.env, SKEP_NEIGHBOURS: "100000" }, maxBuffer: 1 << 26 });
    if (status !== 0) throw new Error(stdout);
    const passed = [...stdout.matchAll(/^ok \d+ - (?!.*# SKIP).*$/gm)].length;
    say(5, "never_ship_tests", passed, "count");
}

async function scanners() {
    const done = spawnSync("make", ["--no-print-directory", "scan"], { encoding: "utf8", cwd: fileURLToPath(new URL("..", import.meta.url)), env: process.env, maxBuffer: 1 << 26 });
    console.error(done.stdout);
    const open = [...done.stdout.matchAll(/^\w+: \d+ found, (\d+) without explanation/gm)];
    if (open.length < 5) throw new Error(`only ${open.length} of 5 scanners ran: ${done.stderr}`);
    say(5, "scan_findings", open.reduce((sum, m) => sum + Number(m[1]), 0), "count");
}

/** Run `part` with a context whose clean-up comes at the end. */
async function within(part) {
    const after = [];
    try {
        return await part({ after: (f) => after.push(f), name: "show-front-door", diagnostic: console.error });
    } finally {
        for (const f of after.reverse()) await f();
    }
}

/** Point 2: 1,000 accounts x 20 guesses from 50 networks while 200 people log in. */
async function stuffedList() {
    const { takeovers, honestDelayedPct, ownerRefused, seen, slowest } = await within((t) => stuffing(t));
    console.error(`answers to the attacker ${JSON.stringify(seen)}, slowest honest login ${slowest} ms`);
    say(2, "takeovers", takeovers, "count");
    say(2, "honest_delayed_pct", honestDelayedPct, "%");
    say(2, "owner_refused", ownerRefused, "count");
}

/** Point 2: names that exist against names that do not. Each try costs a hash and, under attack, a proof: 10,000 take about 40 minutes (SHOW_LONG=1). */
async function nameTimes() {
    const { t: value, looked, yes, no } = await within((t) => enumTimes(t, process.env.SHOW_LONG ? 10000 : 2500));
    console.error(`${looked} looked at; existing ${yes.mean.toFixed(2)} ms, absent ${no.mean.toFixed(2)} ms`);
    say(2, "enum_abs_t", value.toFixed(2), "t");
}

/** Point 4: fifty anonymous requests for each honest one, from 20 sources. */
async function requestFlood() {
    const { pct, flooded, asked, rssMb, isolateS, releaseS } = await within((t) => flood(t));
    console.error(`${flooded} requests of the flood, ${asked} honest; released ${releaseS.toFixed(1)} s after its end`);
    say(4, "flood_honest_pct", pct.toFixed(2), "%");
    say(4, "flood_rss_growth_mb", rssMb.toFixed(1), "MB");
    if (Number.isFinite(isolateS)) say(4, "isolate_s", isolateS.toFixed(2), "s");
}

/** Point 4: 2,000 connections that dribble. */
async function slowClients() {
    const { pct, opened, rssMb } = await within((t) => slow(t));
    console.error(`${opened} slow connections, RSS +${rssMb.toFixed(1)} MB`);
    say(4, "slow_honest_pct", pct.toFixed(2), "%");
}

/** Point 7: logins, reads beside nginx, decisions, audit rows. */
const bench = () => frontDoorBench((name, value, unit) => say(7, name, value, unit));

const points = { 1: [callerMatrix, cutTimes, providerCuts, killSwitch], 2: [stuffedList, nameTimes], 3: [auditEdits], 4: [requestFlood, slowClients], 5: [neverShip, scanners], 6: [refreshTokens], 7: [bench] };

export async function show(wanted) {
    let failed = 0;
    for (const [point, parts] of Object.entries(points)) {
        for (const part of wanted.includes(point) ? parts : []) {
            try {
                await part();
            } catch (error) {
                failed++;
                console.error(`point ${point}, ${part.name}: ${error.stack}`);
            }
        }
    }
    return failed;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
    const wanted = process.env.SHOW ? process.env.SHOW.split(",").map((s) => s.trim()) : Object.keys(points);
    process.exit((await show(wanted)) > 0 ? 1 : 0);
}
