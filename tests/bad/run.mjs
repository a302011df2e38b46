// Point 5 of first light: bad input at every layer of a live box, twice: the release, with an honest
// client whose 99th percentile must not move, and the AddressSanitizer build.
//   SKEP_BIN=build/skep [SKEP_ASAN_BIN=build/asan/skep] node tests/bad/run.mjs
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { SKEP_BIN } from "../flow/lib/skep.mjs";
import { bedMake, judge } from "./bench.mjs";
import { allCases } from "./cases.mjs";
import { honestStart } from "./honest.mjs";
import { slowClients, slowHttpTests } from "./slow.mjs";

const here = fileURLToPath(import.meta.url), root = join(dirname(here), "..", "..");

function add(sum, out) {
    sum.tried += out.tried;
    sum.accepted.push(...out.accepted);
    sum.uncounted.push(...out.uncounted);
    for (const [k, n] of Object.entries(out.reasons)) sum.reasons[k] = (sum.reasons[k] ?? 0) + n;
    return sum;
}

/** One pass over a box of SKEP_BIN. */
async function pass({ withSlow }) {
    const bed = await bedMake();
    const honest = honestStart(bed);
    await sleep(500);
    await honest.figures();
    await sleep(4000);
    const calm = await honest.figures();
    const sum = { tried: 0, accepted: [], uncounted: [], reasons: {} };
    add(sum, await judge(bed, await allCases(bed)));
    const busy = await honest.figures();
    let slow;
    if (withSlow) {
        // The counters of one are seen by all that run beside it: each looks for reasons of its own.
        const parts = await Promise.all(slowClients.map((one) => judge(bed, [one])));
        for (const part of parts) add(sum, part);
        slow = await honest.figures();
        for (const one of slowHttpTests()) add(sum, await judge(bed, [one]));
        slow.slowhttptest = await honest.figures();
    }
    await honest.stop();
    const exit = bed.skep;
    await bed.close();
    return { ...sum, calm, busy, slow, exit: exit.exit, log: exit.logs.match(/.*(AddressSanitizer|runtime error|LeakSanitizer).*/g) ?? [] };
}

if (process.argv.includes("--pass")) {
    const out = await pass({ withSlow: false });
    console.log(JSON.stringify(out));
    process.exit(0);
}

function asanBinary() {
    if (process.env.SKEP_ASAN_BIN) return resolve(process.env.SKEP_ASAN_BIN);
    const build = join(dirname(resolve(SKEP_BIN)), "asan");
    const { MAKEFLAGS, MAKELEVEL, MFLAGS, ...env } = process.env;
    const made = spawnSync("make", ["-s", "MODE=asan", `BUILD=${build}`, "-j2", `${build}/skep`], { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] });
    if (made.status !== 0 || !existsSync(join(build, "skep"))) throw new Error("the ASan build failed");
    return join(build, "skep");
}

async function asanPass() {
    const env = { ...process.env, SKEP_BIN: asanBinary(), SKEP_SLOW: "4", SKEP_CORE_SANDBOX: "false", // the leak check traces its own process
        ASAN_OPTIONS: "abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1",
        LSAN_OPTIONS: `suppressions=${join(root, "tests/sanitizer/lsan.supp")}:print_suppressions=0`, UBSAN_OPTIONS: "print_stacktrace=1" };
    const proc = spawn(process.execPath, [here, "--pass"], { env, stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    proc.stdout.on("data", (d) => { text += d; });
    const code = await new Promise((done) => proc.once("close", done));
    if (code !== 0) throw new Error("the pass under ASan failed");
    return JSON.parse(text.trim().split("\n").at(-1));
}

function tell(name, out) {
    console.error(`${name}: ${out.tried} tried; honest p50/p99/worst ms: calm ${fig(out.calm)}, bad input ${fig(out.busy)}${out.slow ? `, slow clients ${fig(out.slow)}, slowhttptest ${fig(out.slow.slowhttptest)}` : ""}`);
    for (const what of out.accepted) console.error(`  ACCEPTED ${what}`);
    for (const what of out.uncounted) console.error(`  NOT COUNTED ${what}`);
    for (const what of out.log) console.error(`  LOG ${what}`);
}
const release = await pass({ withSlow: true });
tell("release", release);
const asan = await asanPass();
tell("asan", asan);
function fig(f) { return f ? `${[f.p50, f.p99, f.worst].map((v) => v?.toFixed(1)).join("/")} (${f.count}, ${f.failed} failed)` : "-"; }
console.error(JSON.stringify(release.reasons, null, 1));
const targets = readdirSync(join(root, "tests/fuzz")).filter((f) => /^fuzz_.*\.c$/.test(f)).length;
console.log(`show 5 bad_inputs_tried ${release.tried + asan.tried} count`);
console.log(`show 5 bad_inputs_accepted ${release.accepted.length + asan.accepted.length} count`);
console.log(`show 5 fuzz_targets ${targets} count`);
// One core is the attackers': a few milliseconds more are theirs, not the box's.
const moved = [release.busy, release.slow, release.slow.slowhttptest].filter((f) => f.failed > 0 || f.p99 > Math.max(3 * release.calm.p99, release.calm.p99 + 30));
if (moved.length > 0) console.error("the honest client noticed");
const isGood = [release, asan].every((o) => o.accepted.length + o.uncounted.length + o.log.length === 0 && o.exit?.code === 0) && moved.length === 0;
process.exit(isGood ? 0 : 1);
