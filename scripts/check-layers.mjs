// Includes go down only (src/LAYERS); internal headers stay inside; each foreign library has one home.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { filesOf, read, codeOnly, Faults } from './lib.mjs';

const level = new Map(), only = new Map(), users = new Map(), pairs = new Set(), foreign = [];
const faults = new Faults('layers');

read('src/LAYERS').split('\n').forEach((line, i) => {
    const [word, ...rest] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!word) return;
    if (word === 'level') rest.slice(1).forEach((room) => level.set(room, Number(rest[0])));
    else if (word === 'only') only.set(rest[0], rest.slice(1));
    else if (word === 'users') users.set(rest[0], rest.slice(1));
    else if (word === 'foreign') foreign.push({ prefix: rest[0], homes: rest.slice(1) });
    else if (word === 'pair' && rest[1] === '->' && rest.length > 3) pairs.add(`${rest[0]} ${rest[2]}`);
    else faults.add('src/LAYERS', i + 1, `not understood: ${line} (pairs: pair A -> B reason)`);
});

/** The room that a source file or an include belongs to; main.c and rooms.c are "main". */
const roomOfFile = (path) => {
    const [top, room, rest] = path.split('/');
    if (top === 'src') return rest === undefined ? 'main' : room;
    return top;
};
const roomOfInclude = (name) => (name.startsWith('firmware-sim/') ? 'firmware-sim' : name.split('/')[0]);

/** Why `from` may not include `to`, or null. */
function refusal(from, to) {
    if (from === to) return null;
    if (only.has(from)) return only.get(from).includes(to) ? null : `${from} may include ${only.get(from).join(', ')} only`;
    if (users.has(to)) return users.get(to).includes(from) ? null : `${to} is for ${users.get(to).join(', ')} only`;
    if (!level.has(from)) return `room ${from} is not in src/LAYERS`;
    if (!level.has(to)) return `room ${to} is not in src/LAYERS`;
    if (level.get(to) < level.get(from) || pairs.has(`${from} ${to}`)) return null;
    return `${from} (level ${level.get(from)}) may not include ${to} (level ${level.get(to)})`;
}

function checkOwn(path, line, name) {
    const isTest = path.startsWith('tests/');
    const mirrored = path.match(/^tests\/unit\/([^/]+)\//)?.[1];
    const from = roomOfFile(path), to = roomOfInclude(name);
    if (name.startsWith('tests/')) {
        if (!isTest) faults.add(path, line, `${name}: only tests may include test helpers`);
        return;
    }
    if (!name.includes('/')) {
        if (isTest && existsSync(`${dirname(path)}/${name}`)) return;
        faults.add(path, line, `"${name}": write the room's name, "room/header.h"`);
        return;
    }
    const isInternal = /(^|[/_])internal\.h$/.test(name);
    // tests/unit/<cam library>/ mirrors firmware-sim/<cam library>/
    const isMirror = mirrored === to || (to === 'firmware-sim' && name.split('/')[1] === mirrored);
    const isPart = to === 'firmware-sim' && path.split('/').slice(0, 2).join('/') === name.split('/').slice(0, 2).join('/');
    const isFuzz = path.startsWith('tests/fuzz/'); // a fuzzer reaches the decoder itself
    if (isInternal && !isFuzz && (isTest ? !isMirror : to === 'firmware-sim' ? !isPart : from !== to))
        faults.add(path, line, `${name} is private to ${to}`);
    if (isTest || path.startsWith('scripts/')) return;
    const why = refusal(from, to);
    if (why) faults.add(path, line, `${name}: ${why}`);
}

function checkForeign(path, line, name) {
    const rule = foreign.find((r) => (r.prefix.endsWith('/') || !r.prefix.includes('.') ? name.startsWith(r.prefix) : name === r.prefix));
    if (!rule || /^tests\/(bench|embed|flow|fuzz)\//.test(path)) return;
    const mirrored = path.match(/^tests\/unit\/([^/]+)\//)?.[1];
    const home = path.startsWith('tests/') ? (rule.homes.includes('firmware-sim') && /^(cam|link|fleet)$/.test(mirrored) ? 'firmware-sim' : mirrored) : roomOfFile(path);
    if (!rule.homes.includes(home)) faults.add(path, line, `<${name}> belongs in ${rule.homes.join(', ')} only`);
}

const files = filesOf('src/*.c', 'src/*.h', 'firmware-sim/*.c', 'firmware-sim/*.h', 'tests/*.c', 'tests/*.h');
for (const path of files) {
    codeOnly(read(path), { keepStrings: true }).split('\n').forEach((text, i) => {
        const m = text.match(/^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)/);
        if (!m) return;
        if (m[1] && !foreign.some((r) => m[1].startsWith(r.prefix))) checkOwn(path, i + 1, m[1]);
        else checkForeign(path, i + 1, m[1] ?? m[2]);
    });
}
faults.done(`${files.length} files, ${pairs.size} sideways pairs`);
