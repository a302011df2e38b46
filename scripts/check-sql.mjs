// SQL that SQLite and PostgreSQL read alike, tables that belong to their room, and a class, purpose
// and retention for every column. `--map` prints the data map as JSON instead.
import { basename } from 'node:path';
import { filesOf, read, Faults } from './lib.mjs';

const faults = new Faults('sql');
const classes = ['public', 'internal', 'personal', 'secret'];
const types = ['BIGINT', 'TEXT', 'BYTEA'];
const columns = [], tables = new Map(); // table -> room

// Fails on one side, or means another thing there.
const banned = [
    [/->>?/, 'no JSON operators: parse in C, make a column'], [/\bjson_\w+\s*\(/i, 'no JSON functions: parse in C'],
    [/\bINSERT\s+OR\b|\bREPLACE\s+INTO\b|\bUPDATE\s+OR\b/i, 'ON CONFLICT instead'],
    [/\b(MAX|MIN)\s*\([^()]*,/i, 'two-argument MAX/MIN: CASE WHEN'], [/\bFOR\s+UPDATE\b/i, 'a gen column instead'],
    [/\bSTRICT\b/i, 'STRICT is SQLite only'], [/\b(IDENTITY|AUTOINCREMENT)\b/i, 'ids are made by us'],
    [/\bBOOLEAN\b|\bTRUE\b|\bFALSE\b/i, 'BIGINT 0/1'], [/\bCURRENT_(TIMESTAMP|DATE|TIME)\b/i, 'times are bound by the caller'],
    [/\b(now|datetime|date|time|julianday|strftime|unixepoch|random|randomblob)\s*\(/i, 'times and chance come from the caller'],
    [/\blast_insert_rowid\b|\browid\b|\b_rowid_\b|\boid\b/i, 'ids are made by us'], [/\bpg_\w+/i, 'PostgreSQL only'],
    [/"/, 'double quotes: plain lower-case names need none'], [/\b(GLOB|REGEXP|MATCH)\b/i, 'SQLite only'],
    [/\bI?LIKE\b(?!\s+\S+\s+ESCAPE)/i, 'LIKE differs in case: match a folded column, LIKE $x ESCAPE'],
    [/\bIFNULL\s*\(|\bIIF\s*\(/i, 'COALESCE, CASE WHEN'], [/\bLIMIT\s+\S+\s*,/i, 'LIMIT n OFFSET m'],
    [/\bSELECT\s+\*|,\s*\*|\bRETURNING\s+\*/i, 'name the columns'], [/(?<!AS BIGINT\)\s*)(?<!CAST\s*\(\s*)\bSUM\s*\(/i, 'SUM of bigint is numeric: CAST(SUM(x) AS BIGINT)'],
    [/\b(INTEGER|INT|SMALLINT|REAL|DOUBLE|FLOAT|NUMERIC|VARCHAR|CHAR|BLOB|TIMESTAMP\w*|JSONB?)\b/i, 'types are BIGINT, TEXT, BYTEA'],
    [/\b(DEFERRABLE|DEFERRED)\b/i, 'a deferred fault would fail the commit of others'],
    [/\b(PRAGMA|ATTACH|DETACH|VACUUM|REINDEX|ANALYZE|EXPLAIN)\b/i, 'not in SQL files'],
    [/\b(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b/i, 'the store holds the transaction'],
    [/\bWITHOUT\s+ROWID\b|\bCREATE\s+TRIGGER\b|\bCREATE\s+(TEMP|VIRTUAL)\b/i, 'SQLite only'],
    [/\bIF\s+(NOT\s+)?EXISTS\b/i, 'migrations know what is there'], [/\bsqlite_\w+|\bpragma_\w+/i, 'SQLite only'],
    [/\?\d*/, 'parameters are $name'], [/\bCOLLATE\b/i, 'order is by bytes on both'], [/\bDISTINCT\s+ON\b/i, 'PostgreSQL only'],
];

/** SQL with comments and strings blanked, of the same shape. */
const codeOnly = (text) => text.replace(/--[^\n]*|'(?:''|[^'])*'/g, (s) => (s[0] === '-' ? s.replace(/[^\n]/g, ' ') : `'${' '.repeat(s.length - 2)}'`));
const lineAt = (text, at) => text.slice(0, at).split('\n').length;

function checkDialect(path, text) {
    const code = codeOnly(text);
    for (const [pattern, why] of banned) {
        const g = new RegExp(pattern.source, `${pattern.flags}g`);
        for (const m of code.matchAll(g)) faults.add(path, lineAt(code, m.index), `${m[0].trim()}: ${why}`);
    }
}

function addColumn(path, line, room, table, name, rest, comment) {
    const type = rest.match(/^\s*(\w+)/)?.[1];
    if (!types.includes(type)) faults.add(path, line, `${table}.${name}: type ${type}; ${types.join(', ')}`);
    const m = comment?.match(/class:\s*(\w+);\s*(?:purpose:\s*)?([^;]+);\s*(?:retention:\s*)?([^;]+)/);
    if (!m) return faults.add(path, line, `${table}.${name} has no "-- class: ..; purpose: ..; retention: .."`);
    if (!classes.includes(m[1])) faults.add(path, line, `${table}.${name}: class ${m[1]}; ${classes.join(', ')}`);
    columns.push({ room, table, column: name, type, class: m[1], purpose: m[2].trim(), retention: m[3].trim() });
}

/** Columns stand one to a line; the comment is at the line's end or on the lines before it. */
function checkTables(path, room, text) {
    const raw = text.split('\n'), code = codeOnly(text).split('\n');
    const note = (i) => raw[i].slice(code[i].trimEnd().length).match(/--\s*(.*)/)?.[1];
    let table = null, depth = 0, above = '';
    code.forEach((line, i) => {
        const created = line.match(/\bCREATE\s+TABLE\s+(\w+)/i), added = line.match(/\bALTER\s+TABLE\s+(\w+)\s+ADD\s+(?:COLUMN\s+)?(\w+)(.*)/i);
        if (added) addColumn(path, i + 1, room, added[1], added[2], added[3], note(i) ?? above);
        if (created) {
            table = created[1];
            depth = 0;
            if (tables.has(table)) faults.add(path, i + 1, `table ${table} is made twice`);
            tables.set(table, room);
        }
        const column = table && depth === 1 && line.match(/^\s*(\w+)\s+(.*)/);
        if (column && !/^(PRIMARY|FOREIGN|UNIQUE|CHECK|CONSTRAINT)$/i.test(column[1])) {
            // A constraint may go on over the next lines before its comment.
            let end = i, parens = 0;
            const count = (l) => [...l].reduce((n, c) => n + (c === '(' ? 1 : c === ')' ? -1 : 0), 0);
            for (parens = count(code[end]); end + 1 < code.length && (parens > 0 || !/[,;]\s*$/.test(code[end])) && !/^\s*\)/.test(code[end + 1]); parens += count(code[++end]));
            const own = Array.from({ length: end - i + 1 }, (_, k) => note(i + k)).filter(Boolean).join(' ');
            addColumn(path, i + 1, room, table, column[1], column[2], own.includes('class:') ? own : above);
        }
        for (const c of line) depth += c === '(' ? 1 : c === ')' ? -1 : 0;
        if (table && /;/.test(line) && depth <= 0) table = null;
        above = line.trim() ? '' : raw[i].trim().startsWith('--') ? `${above} ${raw[i].trim().slice(2)}` : '';
    });
}

function checkQueries(path, room, text) {
    text.split('\n').forEach((line, i) => {
        const head = line.match(/^--\s*name:(.*)/i);
        if (!head) return;
        const m = line.match(/^-- name: ([a-z0-9_]+) :(one|many|exec)$/);
        if (!m) faults.add(path, i + 1, `head is not "-- name: ${room}_noun_verb :one|:many|:exec"`);
        else if (![room, ...[...tables].filter((t) => t[1] === room).map((t) => t[0])].some((n) => m[1].startsWith(`${n}_`)))
            faults.add(path, i + 1, `${m[1]}: the name begins with the room's or one of its tables' name`);
    });
}

/** A table belongs to one room: only that room's SQL names it (a foreign key may point to it). */
function checkOwners(path, room, text) {
    const code = codeOnly(text);
    for (const [table, owner] of tables)
        for (const m of owner === room ? [] : code.matchAll(new RegExp(`\\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ON)\\s+${table}\\b(?!\\.)`, 'gi')))
            faults.add(path, lineAt(code, m.index), `${table} belongs to ${owner}`);
}

const files = filesOf('src/*/sql/*.sql').map((path) => ({ path, room: path.split('/').at(-3), text: read(path) }));
const isQueries = (f) => basename(f.path) === 'queries.sql';
const next = new Map();
for (const f of files.filter((f) => !isQueries(f))) {
    const number = basename(f.path).match(/^(\d{3})_[a-z0-9_]+\.sql$/)?.[1], want = (next.get(f.room) ?? 0) + 1;
    if (Number(number) !== want) faults.add(f.path, 1, `expected number ${String(want).padStart(3, '0')}`);
    next.set(f.room, want);
    checkTables(f.path, f.room, f.text);
}
for (const f of files) {
    if (isQueries(f)) checkQueries(f.path, f.room, f.text);
    if (!(f.room === 'store' && isQueries(f))) checkDialect(f.path, f.text); // its dump is SQLite's own
    checkOwners(f.path, f.room, f.text);
}
if (process.argv.includes('--map')) console.log(JSON.stringify(columns, null, 1));
else faults.done(`${files.length} files, ${tables.size} tables, ${columns.length} columns`);
