// Builds the console: node build.mjs [--outdir DIR] [--watch]
// Bundles with esbuild, names assets by content, writes index.html and manifest.json, and fails past the size budgets.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import {
    existsSync,
    readdirSync,
    readFileSync,
    rmSync,
    mkdirSync,
    watch,
    writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { checkFirst, checkStrings } from "./strings-check.mjs";

const root = dirname(fileURLToPath(import.meta.url));
const kb = 1000;
const BUDGET = {
    "first load, js": 60 * kb,
    css: 12 * kb,
    sprite: 6 * kb,
    "whole console": 250 * kb,
};

// `skep:rooms` is the list of all rooms that have pages: a new room is a new folder, nothing else.
const rooms = {
    name: "rooms",
    setup(b) {
        b.onResolve({ filter: /^skep:rooms$/ }, () => ({ path: "rooms", namespace: "skep" }));
        b.onLoad({ filter: /.*/, namespace: "skep" }, () => {
            const dir = join(root, "src", "rooms");
            const names = readdirSync(dir)
                .sort()
                .filter((n) => existsSync(join(dir, n, "pages.ts")));
            const lines = names.map(
                (n) => `import { pages as ${n} } from './src/rooms/${n}/pages';`,
            );
            return {
                contents: `${lines.join("\n")}\nexport const pages = [${names.map((n) => `...${n}`).join(", ")}];`,
                resolveDir: root,
            };
        });
    },
};

const common = {
    absWorkingDir: root,
    bundle: true,
    minify: true,
    target: ["es2022"],
    legalComments: "none",
    charset: "utf8",
    metafile: true,
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    logLevel: "warning",
};
const WORKER = "src/live/worker.ts";
const MIC = "src/live/mic.ts";
const AUDIT = "src/rooms/trust/audit-worker.ts";
const PROOF = "src/rooms/login/proof-worker.ts";

/** Static imports of an output file, itself included. */
function closure(meta, path, seen = new Set()) {
    if (seen.has(path)) return seen;
    seen.add(path);
    for (const i of meta.outputs[path].imports)
        if (i.kind === "import-statement") closure(meta, i.path, seen);
    return seen;
}

const gz = (path) => gzipSync(readFileSync(path), { level: 9 }).length;

/** Builds once; true if every size is within its budget. `plugins` let development stand in for parts. */
export async function buildConsole({ outdir, plugins = [] }) {
    const outputOf = (meta, entry, ext) => {
        const hit = Object.entries(meta.outputs).find(
            ([path, o]) => o.entryPoint === entry && path.endsWith(ext),
        );
        return hit && relative(outdir, resolve(root, hit[0]));
    };
    const began = performance.now();
    await checkStrings(root);
    rmSync(outdir, { recursive: true, force: true });
    mkdirSync(join(outdir, "assets"), { recursive: true });

    const worker = await build({ ...common, outdir, entryPoints: [WORKER, MIC, AUDIT, PROOF], format: "iife" });
    const workerUrl = `/${outputOf(worker.metafile, WORKER, ".js")}`;
    const micUrl = `/${outputOf(worker.metafile, MIC, ".js")}`;
    const auditUrl = `/${outputOf(worker.metafile, AUDIT, ".js")}`;
    const proofUrl = `/${outputOf(worker.metafile, PROOF, ".js")}`;
    const app = await build({
        ...common,
        outdir,
        entryPoints: ["src/app/main.tsx"],
        format: "esm",
        splitting: true,
        jsx: "automatic",
        jsxImportSource: "preact",
        plugins: [rooms, ...plugins],
        define: {
            SKEP_WORKER_URL: JSON.stringify(workerUrl),
            SKEP_MIC_URL: JSON.stringify(micUrl),
            SKEP_AUDIT_URL: JSON.stringify(auditUrl),
            SKEP_PROOF_URL: JSON.stringify(proofUrl),
        },
    });
    const early = await build({
        ...common,
        outdir,
        entryPoints: ["src/app/early.ts"],
        format: "iife",
    });
    const css = await build({ ...common, outdir, entryPoints: ["static/skep.css"] });

    const place = (name) => {
        const bytes = readFileSync(join(root, "static", name));
        const dot = name.lastIndexOf(".");
        const path = `assets/${name.slice(0, dot)}-${createHash("sha256").update(bytes).digest("hex").slice(0, 8)}${name.slice(dot)}`;
        writeFileSync(join(outdir, path), bytes);
        return path;
    };
    // First load: the shell, the Live page and the larger of the two languages.
    const meta = app.metafile;
    const key = (entry) =>
        Object.keys(meta.outputs).find((p) => meta.outputs[p].entryPoint === entry);
    const first = new Set();
    for (const entry of ["src/app/main.tsx", "src/rooms/live/wall.tsx", "src/i18n/zh.ts"])
        closure(meta, key(entry), first);
    await checkFirst(
        root,
        [...first].flatMap((p) => Object.keys(meta.outputs[p].inputs)).filter((f) => /^src\/(?!i18n\/)/.test(f)),
    );
    const sprite = readFileSync(join(root, "static", "sprite.svg"), "utf8")
        .replace(/>\s+</g, "><")
        .trim();
    const fill = {
        MAIN: outputOf(app.metafile, "src/app/main.tsx", ".js"),
        EARLY: outputOf(early.metafile, "src/app/early.ts", ".js"),
        CSS: outputOf(css.metafile, "static/skep.css", ".css"),
        ICON: place("mark-16.svg"),
        SPRITE: sprite,
        // What the first page needs is fetched at once, not one import after another; the language is not known here.
        PRELOAD: [...first]
            .map((p) => relative(outdir, resolve(root, p)))
            .filter((p) => !/\/(zh|main)-/.test(p))
            .map((p) => `<link rel="modulepreload" href="/${p}">`)
            .join("\n"),
    };
    const html = readFileSync(join(root, "static", "index.html"), "utf8").replace(
        /%(\w+)%/g,
        (_, k) => fill[k],
    );
    writeFileSync(join(outdir, "index.html"), html);

    const files = [
        "index.html",
        ...readdirSync(join(outdir, "assets"))
            .sort()
            .map((f) => `assets/${f}`),
    ];
    writeFileSync(
        join(outdir, "manifest.json"),
        `${JSON.stringify(
            files.map((path) => ({
                path,
                sha256: createHash("sha256")
                    .update(readFileSync(join(outdir, path)))
                    .digest("hex"),
            })),
            null,
            1,
        )}\n`,
    );

    const sizes = {
        "first load, js":
            [...first].reduce((sum, p) => sum + gz(resolve(root, p)), 0) +
            gz(join(outdir, fill.EARLY)),
        css: gz(join(outdir, fill.CSS)),
        sprite: gzipSync(sprite, { level: 9 }).length,
        "whole console": files.reduce((sum, f) => sum + gz(join(outdir, f)), 0),
    };
    let over = false;
    for (const [what, size] of Object.entries(sizes)) {
        const bad = size > BUDGET[what];
        over ||= bad;
        console.log(
            `${what.padEnd(16)} ${(size / kb).toFixed(1).padStart(6)} kB gz of ${BUDGET[what] / kb}${bad ? "  OVER BUDGET" : ""}`,
        );
    }
    console.log(
        `${files.length} files in ${relative(process.cwd(), outdir) || "."}, ${Math.round(performance.now() - began)} ms`,
    );
    return !over;
}

async function main(args) {
    const at = args.indexOf("--outdir");
    const outdir = resolve(at < 0 ? join(root, "..", "build", "web") : (args[at + 1] ?? "."));
    if (!args.includes("--watch")) {
        process.exitCode = (await buildConsole({ outdir })) ? 0 : 1;
        return;
    }
    let timer;
    const again = () => buildConsole({ outdir }).catch((e) => console.error(e.message));
    await again();
    for (const dir of ["src", "static"]) {
        watch(join(root, dir), { recursive: true }, () => {
            clearTimeout(timer);
            timer = setTimeout(again, 120);
        });
    }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
