// Point 1 of first light: does any of skep's processes reach for anything but loopback? Server, fleet
// and native viewer run in a network namespace that has only `lo`, under strace; every address that
// they connect or send to is read. A control shows that the counter counts: a viewer that is told to
// go to 192.0.2.1 (RFC 5737) must be seen. Needs strace, iproute2, util-linux.
//   SKEP_BIN=build/skep node tests/bench/outside.mjs
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { toolEnsure } from "./tools.mjs";

const CAMERAS = 12, VIEW_SECONDS = "3", WATCH_MS = 10000;

/** Once more, inside the namespace. */
function enter() {
    for (const [command, debianPackage] of [["strace", "strace"], ["ip", "iproute2"], ["unshare", "util-linux"]]) {
        if (toolEnsure(command, debianPackage)) continue;
        console.error(`# ${command} is missing and cannot be installed`);
        process.exit(1);
    }
    const mine = process.getuid() === 0 ? ["--net"] : ["--map-root-user", "--net"];
    const inside = ["sh", "-c", 'ip link set lo up && exec "$@"', "-", process.execPath, fileURLToPath(import.meta.url)];
    const done = spawnSync("unshare", [...mine, ...inside], { stdio: "inherit", env: { ...process.env, OUTSIDE_INSIDE: "1" } });
    if (done.error) console.error(`# unshare: ${done.error.message}`);
    process.exit(done.status ?? 1);
}

/** Addresses of the families that leave the machine, from strace's lines. */
export function addressesOf(text) {
    const found = [];
    for (const m of text.matchAll(/sa_family=AF_(?:INET6?|PACKET)\b[^}]*/g)) {
        const v4 = /inet_addr\("([^"]+)"\)/.exec(m[0])?.[1];
        const v6 = /inet_pton\(AF_INET6, "([^"]+)"/.exec(m[0])?.[1];
        found.push(v4 ?? v6 ?? m[0]);
    }
    return found;
}

export const isLoopback = (address) => /^(127\.|::1$|::ffff:127\.)/.test(address);

function tracer(folder, program) {
    const path = join(folder, "skep");
    writeFileSync(path, `#!/bin/sh\nexec strace -f -qq -s 0 -e signal=none -e trace=connect,sendto,sendmsg,sendmmsg -o "${folder}/trace.$$" "${program}" "$@"\n`);
    chmodSync(path, 0o755);
    return path;
}

const traced = (folder) => readdirSync(folder).filter((f) => f.startsWith("trace.")).flatMap((f) => addressesOf(readFileSync(join(folder, f), "utf8")));

async function inside() {
    const folder = mkdtempSync(join(tmpdir(), "skep-outside-"));
    process.env.SKEP_BIN = tracer(folder, resolve(process.env.SKEP_BIN ?? "build/skep"));
    const { OWNER, camerasOnline, runSkep, setupOwner, startSkep } = await import("../flow/lib/skep.mjs");
    const skep = await startSkep({ fleet: CAMERAS });
    const secret = (name, value) => { writeFileSync(join(folder, name), value, { mode: 0o600 }); return join(folder, name); };
    const password = secret("password", OWNER.password), seed = secret("seed", Buffer.from(skep.seed, "base64url"));
    const view = (device, server) => runSkep(["view", device, "--server", server, "--ca", join(skep.dataDir, "tls", "ca.crt"),
        "--account", OWNER.name, "--password-file", password, "--seed-file", seed, "--seconds", VIEW_SECONDS, "--out", join(folder, "clip.mp4"), "--quiet"]);

    const owner = await setupOwner(skep);
    const devices = await camerasOnline(owner, CAMERAS);
    for (const { id } of devices.slice(0, 3)) {
        const seen = await view(id, skep.url);
        if (seen.code !== 0) throw new Error(`skep view: ${seen.stderr}`);
    }
    await sleep(WATCH_MS);
    owner.close();
    // strace lets no signal through to itself: the server is its child.
    const child = readFileSync(`/proc/${skep.pid}/task/${skep.pid}/children`, "utf8").trim().split(" ")[0];
    process.kill(Number(child), "SIGTERM");
    await sleep(1000);
    await skep.stop({ keep: true });

    const all = traced(folder);
    await view(devices[0].id, "https://192.0.2.1:8443");
    const control = traced(folder).filter((a) => !isLoopback(a)).length - all.filter((a) => !isLoopback(a)).length;
    const outside = all.filter((a) => !isLoopback(a));
    console.error(`# ${all.length} connections and datagrams of skep's processes, outside: ${outside.join(" ") || "none"}; control: ${control}`);
    rmSync(folder, { recursive: true });
    rmSync(skep.folder, { recursive: true });
    if (control < 1 || all.length === 0) throw new Error("the counter does not count");
    console.log(`show 1 outside_connections ${outside.length} connections`);
}

if (process.env.OUTSIDE_INSIDE) await inside();
else enter();
