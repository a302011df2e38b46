#!/usr/bin/env node
// `make show-front-door`: measures what the front door promises, against the build in SKEP_BIN, and
// prints one line for each figure: show <point> <name> <value> <unit>. SHOW=1,3 picks points. What
// could not be measured prints no line and fails the run.
import { pathToFileURL } from "node:url";
import { logVerify } from "./verify-audit.mjs";
import { setupOwner, startSkep } from "../tests/flow/lib/skep.mjs";
import { evidenceTake, logGrow } from "../tests/flow/audit/lib.mjs";
import { isLocated, randomMake, tamper } from "../tests/flow/audit/tamper.mjs";
import { idpCuts } from "../tests/flow/sso/cut.mjs";
import { refreshRaces } from "../tests/flow/account/refresh.mjs";
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

const points = { 1: [callerMatrix, cutTimes, providerCuts], 3: [auditEdits], 6: [refreshTokens] };
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

const points = { 1: [callerMatrix, cutTimes, killSwitch], 3: [auditEdits], 6: [refreshTokens] };

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
