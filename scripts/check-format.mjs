// Formatting: C by clang-format 14 (.clang-format), all text by the plain rules of .editorconfig.
// `--fix` lets clang-format rewrite the files.
import { spawnSync } from 'node:child_process';
import { filesOf, read, Faults } from './lib.mjs';

const faults = new Faults('format');
const tool = ['clang-format-14', 'clang-format'].find((t) => /version 14\./.test(spawnSync(t, ['--version'], { encoding: 'utf8' }).stdout ?? ''));
const c = filesOf('src/*.c', 'src/*.h', 'firmware-sim/*.c', 'firmware-sim/*.h', 'tests/*.c', 'tests/*.h', 'scripts/*.c')
    .filter((f) => !read(f).startsWith('/* clang-format off'));

if (tool && process.argv.includes('--fix')) spawnSync(tool, ['-i', ...c], { stdio: 'inherit' });
if (tool) {
    // One line per file tells enough; `make format` mends it.
    const out = spawnSync(tool, ['--dry-run', ...c], { encoding: 'utf8', maxBuffer: 1 << 28 }).stderr;
    const first = new Map();
    for (const m of out.matchAll(/^(\S+?):(\d+):\d+: warning: code should be clang-formatted/gm)) {
        const seen = first.get(m[1]) ?? { line: Number(m[2]), count: 0 };
        first.set(m[1], { ...seen, count: seen.count + 1 });
    }
    for (const [path, { line, count }] of first) faults.add(path, line, `not formatted, ${count} place${count > 1 ? 's' : ''} (make format)`);
}

const text = filesOf('*.c', '*.h', '*.mjs', '*.ts', '*.tsx', '*.css', '*.sql', '*.md', '*.mk', 'Makefile', '*.json', '*.html', '*.svg')
    .filter((f) => !f.endsWith('package-lock.json'));
for (const path of text) {
    const content = read(path), isMake = /(^|\/)Makefile$|\.mk$/.test(path);
    if (content && !content.endsWith('\n')) faults.add(path, content.split('\n').length, 'no line end at the end');
    content.split('\n').forEach((line, i) => {
        if (line.includes('\r')) faults.add(path, i + 1, 'carriage return');
        if (/[ \t]$/.test(line) && !path.endsWith('.md')) faults.add(path, i + 1, 'blanks at the end');
        if (line.includes('\t') && !isMake) faults.add(path, i + 1, 'tab');
        if (/^(<<<<<<<|>>>>>>>) /.test(line)) faults.add(path, i + 1, 'merge mark');
    });
}
faults.done(`${c.length} C files${tool ? '' : ' NOT checked: clang-format 14 is not installed'}, ${text.length} text files`);
