// Files that a script writes are as that script writes them.
import { execFileSync } from 'node:child_process';
import { read, Faults } from './lib.mjs';

const generated = [['data/weak-passwords.txt', 'scripts/gen-weak-passwords.mjs', 'make weak-passwords']];
const faults = new Faults('generated');
for (const [path, script, how] of generated)
    if (execFileSync('node', [script], { encoding: 'utf8', maxBuffer: 1 << 26 }) !== read(path))
        faults.add(path, 1, `is not what ${script} prints (${how})`);
faults.done(`${generated.length} file`);
