// Point 2 of first light: the blindness test over 100 viewing sessions, native and in Chromium.
//   SKEP_BIN=build/skep node tests/canary/run.mjs [SESSIONS]
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { OWNER } from "../flow/lib/skep.mjs";
import { openPage, picturesPlay, startBrowser } from "../web/lib/browser.mjs";
import { isAble, runCanary } from "./canary.mjs";

const sessions = Number(process.argv[2] ?? 100);
const started = Date.now();

/** Chromium's side inside TLS: its sockets' frames and its requests. */
function pageTap(page, folder) {
    let n = 0;
    const keep = (name, data) => appendFileSync(join(folder, name), data);
    page.on("websocket", (ws) => {
        const name = `page-${++n}`;
        ws.on("framesent", (f) => keep(`${name}.out`, f.payload));
        ws.on("framereceived", (f) => keep(`${name}.in`, f.payload));
    });
    page.on("request", (r) => keep("page-requests", `${r.method()} ${r.url()}\n${r.postData() ?? ""}\n`));
}

async function browse(canary, count) {
    const after = [];
    const t = { after: (fn) => after.unshift(fn) };
    try {
        const browser = await startBrowser(t, canary.skep);
        const { page } = await openPage(t, canary.skep, browser);
        pageTap(page, join(canary.folder, "tap"));
        await page.goto(`${canary.skep.url}/login#s=${canary.seed.toString("base64url")}`);
        await page.fill("input[name=username]", OWNER.name);
        await page.fill("input[type=password]", OWNER.password);
        await page.click("button[type=submit]");
        await page.waitForSelector(".wall .tile");
        await picturesPlay(page, canary.cameras.length); // the wall: each camera once, by its label
        let played = canary.cameras.length;
        while (played < count) {
            const { device } = canary.cameras[played % canary.cameras.length];
            await page.goto(`${canary.skep.url}/cameras/${device}`); // again, by the key of this browser
            await picturesPlay(page, 1);
            played++;
        }
        return played;
    } finally {
        for (const fn of after) await fn();
    }
}

if (!isAble) {
    console.error("canary: reading another process's memory needs root; nothing was measured");
    process.exit(1);
}
const found = await runCanary({ sessions, cameras: 4, kills: 2, revocations: 5, every_ms: 2000,
    browse, browserSessions: Math.floor(sessions / 4) });
console.error(JSON.stringify({ ...found, seconds: (Date.now() - started) / 1000 }, null, 1));
const controls = found.missing.length === 0 ? Object.values(found.controls).reduce((a, b) => a + b, 0) : 0;
// No hits say nothing unless the same search finds what it must find.
if (found.missing.length === 0) console.log(`show 2 canary_hits ${found.hits} count`);
console.log(`show 2 canary_control_hits ${controls} count`);
console.log(`show 2 canary_sessions ${found.sessions} count`);
const isGood = found.hits === 0 && found.missing.length === 0 && found.sessions >= sessions && found.failures.length === 0 && found.lost === 0
    && !found.core?.isDumpable && (found.core?.left.length ?? 0) === 0;
process.exit(isGood ? 0 : 1);
