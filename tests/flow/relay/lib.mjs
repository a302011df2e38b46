// What the tests of this folder share.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SKEP_BIN } from "../lib/skep.mjs";

/** Decode a clip to its end with FFmpeg's libraries. `first` and `last` are the burnt-in clock's low 40 bits. */
export function clipCheck(clip) {
    const program = join(dirname(resolve(SKEP_BIN)), "host", "clip_check");
    mkdirSync(dirname(program), { recursive: true });
    const source = join(dirname(fileURLToPath(import.meta.url)), "clip_check.c");
    const made = spawnSync(process.env.CC ?? "cc", ["-O1", "-Wall", "-Werror", "-o", program, source, "-lavformat", "-lavcodec", "-lavutil"], { encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);
    const run = spawnSync(program, [clip], { encoding: "utf8" });
    assert.equal(run.status, 0, `${clip} cannot be decoded: ${run.stderr}`);
    const [pictures, width, height, ms, first, last] = run.stdout.trim().split(" ").map(Number);
    return { pictures, width, height, ms, first, last };
}
