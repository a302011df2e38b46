// Calls that have no place in this tree. An exception is written where it stands, with its reason:
//     call(...); /* allow NAME: why */        (on the same line or the line before)
import { filesOf, read, codeOnly, Faults } from './lib.mjs';

const faults = new Faults('banned');
const everywhere = {
    'sprintf vsprintf strcpy strcat strncpy strncat gets': 'no bound: snprintf, sk_copy, sk_buf',
    'strtok strtok_r': 'changes its input: walk with pointers and lengths',
    'atoi atol atoll atof sscanf fscanf scanf': 'lenient: sk_parse_u64 or a parser of one\'s own',
    'system popen execlp execvp wordexp': 'a shell or PATH in between: execve with a full path',
    'alloca': 'unbounded stack',
    'tmpnam tempnam mktemp': 'a race: mkstemp, mkdtemp or sk_file_write',
    'rand srand random srandom drand48': 'foreseeable: sk_random',
    'localtime gmtime ctime asctime': 'shared buffer: gmtime_r',
    'setjmp longjmp': 'hidden control flow: return a code',
};
// Rules with folders in which they do not hold.
const placed = [
    { names: 'sqlite3_exec sqlite3_prepare_v2 sqlite3_mprintf', free: ['src/store/'], why: 'SQL lives in sql/ files and is run by name' },
    { names: 'time gettimeofday clock_gettime', free: ['src/base/', 'src/net/', 'tests/', 'firmware-sim/'], why: 'the clock is asked through base/sys.h and passed in as now_ms' },
    { names: 'stpcpy', free: ['tests/'], why: 'no bound: snprintf, sk_copy, sk_buf' },
    { names: 'strtol strtoul strtoll strtoull', free: ['tests/'], why: 'takes blanks, signs and tails: sk_parse_u64' },
    { names: 'printf puts putchar', free: ['src/cli/', 'src/main.c', 'tests/', 'scripts/', 'firmware-sim/'], why: 'log_info and friends' },
];
const rules = [
    ...Object.entries(everywhere).flatMap(([names, why]) => names.split(' ').map((name) => ({ name, why, free: [] }))),
    ...placed.flatMap((r) => r.names.split(' ').map((name) => ({ ...r, name }))),
].map((r) => ({ ...r, pattern: new RegExp(`(?<![\\w.>])${r.name}\\s*\\(`) }));

const holds = (rule, path) => !rule.free.some((f) => path.startsWith(f));

function checkFile(path) {
    const raw = read(path).split('\n');
    const code = codeOnly(raw.join('\n')).split('\n');
    const allowed = (i, name) => [raw[i], raw[i - 1]].some((l) => l?.match(/\/\*\s*allow (\w+): ?(.+)/)?.[1] === name);
    const fault = (i, name, why) => { if (!allowed(i, name)) faults.add(path, i + 1, `${name}: ${why}`); };
    code.forEach((line, i) => {
        for (const rule of rules)
            if (rule.pattern.test(line) && holds(rule, path)) fault(i, rule.name, rule.why);
        const target = line.match(/\bgoto\s+(\w+)/)?.[1];
        if (target && target !== 'out') fault(i, 'goto', 'one label, named out');
        if (/^\s*extern\s+(?!const\b|char \*\*environ)[^()]*;/.test(line)) fault(i, 'extern', 'no variable that changes is shared between files');
        if (/__attribute__\s*\(\(\s*cleanup/.test(line)) fault(i, 'cleanup', 'one out: label instead');
        if (/\btypedef\s+(struct|enum|union)\b/.test(line)) fault(i, 'typedef', 'structs and enums keep their word');
    });
    raw.forEach((line, i) => {
        if (/\b(TODO|FIXME|XXX|HACK)\b/.test(line)) fault(i, 'TODO', 'finish it, or file it as an issue');
    });
}

const files = filesOf('src/*.c', 'src/*.h', 'firmware-sim/*.c', 'firmware-sim/*.h', 'tests/*.c', 'tests/*.h', 'scripts/*.c');
files.forEach(checkFile);
faults.done(`${files.length} files, ${rules.length} names`);
