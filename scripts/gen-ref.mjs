// Writes docs/ref from the program itself: routes, settings, verbs, reasons of refusal.
// Usage: node scripts/gen-ref.mjs BINARY [OUTDIR]
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [binary, outdir = 'docs/ref'] = process.argv.slice(2);
if (!binary) {
    console.error('usage: node scripts/gen-ref.mjs BINARY [OUTDIR]');
    process.exit(2);
}
const run = (...args) => execFileSync(binary, args, { encoding: 'utf8' });
const note = '<!-- Made by `make ref`; do not edit. -->\n\n';
const cell = (s) => String(s ?? '').replace(/\|/g, '\\|').replace(/\n/g, ' ');

function* sources(dir) {
    for (const name of readdirSync(dir)) {
        const path = join(dir, name);
        if (statSync(path).isDirectory()) yield* sources(path);
        else if (path.endsWith('.c')) yield path;
    }
}

function api() {
    const doc = JSON.parse(run('config', 'openapi'));
    let out = `${note}# HTTP routes\n\nOpenAPI 3.1 is served at \`/api/v1/openapi.json\`. Shapes: docs/design/api.md.\n\n`;
    out += '| method | path | permission | what |\n|---|---|---|---|\n';
    for (const [path, item] of Object.entries(doc.paths).sort())
        for (const [method, op] of Object.entries(item))
            out += `| ${method.toUpperCase()} | \`${path}\` | ${cell(op['x-permission'])} | ${cell(op.summary)} |\n`;
    return out;
}

function config() {
    const lines = run('config', 'show').split('\n');
    let out = `${note}# Settings\n\nIn the file \`[section] name = value\`, in the environment \`SKEP_SECTION_NAME\`, as a flag \`--section-name value\`; the later one wins.\n\n`;
    out += '| setting | default | what |\n|---|---|---|\n';
    for (let i = 0; i + 1 < lines.length; i += 2) {
        const [key, rest] = lines[i + 1].split(' = ');
        out += `| \`${key}\` | ${cell((rest ?? '').split('    #')[0])} | ${cell(lines[i].slice(2))} |\n`;
    }
    return out;
}

function cli() {
    let out = `${note}# Command line\n\n\`\`\`\n${run('help')}\`\`\`\n`;
    for (const verb of ['serve', 'view', 'camera', 'fleet'])
        out += `\n## skep ${verb}\n\n\`\`\`\n${run(verb, '--help')}\`\`\`\n`;
    return out;
}

function refusals() {
    const found = new Map();
    for (const path of sources('src'))
        for (const m of readFileSync(path, 'utf8').matchAll(/metric_refused\(\s*"([^"]+)",\s*"([^"]+)"\)/g))
            found.set(`${m[1]} ${m[2]}`, path);
    let out = `${note}# Refusals\n\nEach is counted in \`skep_refused_total{room,reason}\`. Reasons that come from a code list (abort, close, end, cut) are named as in src/wire/codes.h.\n\n`;
    out += '| room | reason | said in |\n|---|---|---|\n';
    for (const [key, path] of [...found].sort()) out += `| ${key.split(' ')[0]} | ${key.slice(key.indexOf(' ') + 1)} | ${path} |\n`;
    return out;
}

mkdirSync(outdir, { recursive: true });
for (const [name, make] of Object.entries({ api, config, cli, refusals }))
    writeFileSync(join(outdir, `${name}.md`), make());
console.log(`docs: api, config, cli, refusals in ${outdir}`);
