// Shared by the checks: which files there are, what is code in them, how faults are told.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Files of the tree that are tracked or would be: sorted, existing, ignored ones left out. */
export function filesOf(...patterns) {
    const out = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard', '--', ...patterns], { encoding: 'utf8' });
    return [...new Set(out.split('\0'))].filter((f) => f && existsSync(f)).sort();
}

export const read = (path) => readFileSync(path, 'utf8');

/** C text of the same shape in which comments (and, if asked, strings) are blanks. */
export function codeOnly(text, { keepStrings = false } = {}) {
    const blank = (s) => s.replace(/[^\n]/g, ' ');
    return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/g,
        (s) => (s[0] === '/' || !keepStrings ? blank(s) : s));
}

/** Collects faults; `done` prints them and sets the exit code. */
export class Faults {
    constructor(check) { this.check = check; this.list = []; }
    add(path, line, text) { this.list.push(`${path}:${line}: ${text}`); }
    done(summary) {
        for (const f of this.list) console.error(f);
        const state = this.list.length ? `${this.list.length} fault${this.list.length > 1 ? 's' : ''}` : 'ok';
        console.log(`check-${this.check}: ${state} (${summary})`);
        process.exitCode = this.list.length ? 1 : 0;
    }
}
