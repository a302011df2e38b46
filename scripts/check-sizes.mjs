// Sizes are guidance: this prints what deserves a second look and never fails.
import { filesOf, read } from './lib.mjs';

const functions = [], sizes = [];
for (const path of filesOf('src/*.c', 'src/*.h', 'firmware-sim/*.c', 'firmware-sim/*.h')) {
    const lines = read(path).split('\n');
    sizes.push({ path, lines: lines.length - 1 });
    let start = -1, head = '';
    lines.forEach((line, i) => {
        const m = line.match(/^[a-zA-Z_].*?(\w+)\(/);
        if (m && !line.endsWith(';')) head = m[1];
        if (line === '{') start = i;
        if (line === '}' && start >= 0) {
            functions.push({ path, name: head, line: start + 1, lines: i - start + 1 });
            start = -1;
        }
    });
}
const quantile = (list, q) => list.map((x) => x.lines).sort((a, b) => a - b)[Math.floor((list.length - 1) * q)] ?? 0;
const long = functions.filter((f) => f.lines > 60).sort((a, b) => b.lines - a.lines);
const large = sizes.filter((f) => f.lines > (f.path.endsWith('.h') ? 300 : 500)).sort((a, b) => b.lines - a.lines);
for (const f of long.slice(0, 10)) console.log(`  ${f.path}:${f.line}: ${f.name} has ${f.lines} lines`);
for (const f of large.slice(0, 10)) console.log(`  ${f.path}: ${f.lines} lines`);
console.log(`check-sizes: ${sizes.length} files, ${functions.length} functions; function lines p50 ${quantile(functions, 0.5)}, `
    + `p90 ${quantile(functions, 0.9)}, p99 ${quantile(functions, 0.99)}, max ${quantile(functions, 1)}; ${long.length} over 60, ${large.length} files over the mark`);
