// The checks of `make lint` find what they are for: each is run on a small tree with one fault.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

function run(check, files) {
    const dir = mkdtempSync(join(tmpdir(), 'skep-lint-'));
    try {
        for (const f of [`scripts/check-${check}.mjs`, 'scripts/lib.mjs', 'src/LAYERS', '.clang-format']) cpSync(f, join(dir, f));
        for (const [path, text] of Object.entries(files)) {
            mkdirSync(dirname(join(dir, path)), { recursive: true });
            writeFileSync(join(dir, path), text);
        }
        execFileSync('git', ['init', '-q'], { cwd: dir });
        const out = spawnSync('node', [`scripts/check-${check}.mjs`], { cwd: dir, encoding: 'utf8' });
        return { status: out.status, text: out.stdout + out.stderr };
    } finally {
        rmSync(dir, { recursive: true });
    }
}

function refuses(check, files, word) {
    const { status, text } = run(check, files);
    assert.equal(status, 1, `${word}: passed\n${text}`);
    assert.match(text, word);
}

function accepts(check, files) {
    const { status, text } = run(check, files);
    assert.equal(status, 0, text);
}

test('layers', () => {
    accepts('layers', { 'src/core/a.c': '#include "base/buf.h"\n#include "core/internal.h"\n#include <stdio.h>\n' });
    accepts('layers', { 'src/store/a.c': '#include <sqlite3.h>\n/* #include "edge/edge.h" */\n' });
    accepts('layers', { 'tests/unit/core/test_a.c': '#include "core/internal.h"\n' });
    refuses('layers', { 'src/base/a.c': '#include "core/room.h"\n' }, /src\/base\/a\.c:1: core\/room\.h/);
    refuses('layers', { 'src/wire/a.c': '#include "crypto/hash.h"\n' }, /may not include crypto/);
    refuses('layers', { 'src/device/a.c': '#include "account/account.h"\n' }, /may not include account/);
    refuses('layers', { 'src/core/a.c': '#include "store/internal.h"\n' }, /private to store/);
    refuses('layers', { 'src/core/a.c': '#include "crypto/tls_internal.h"\n' }, /private to crypto/);
    refuses('layers', { 'tests/unit/http/test_a.c': '#include "edge/internal.h"\n' }, /private to edge/);
    refuses('layers', { 'src/core/a.c': '#include <sqlite3.h>\n' }, /belongs in store/);
    refuses('layers', { 'src/edge/a.c': '#include <mbedtls/ssl.h>\n' }, /belongs in crypto/);
    refuses('layers', { 'src/edge/a.c': '#include <libavcodec/avcodec.h>\n' }, /belongs in firmware-sim/);
    refuses('layers', { 'src/sdk/a.c': '#include "net/loop.h"\n' }, /sdk may include/);
    refuses('layers', { 'src/device/a.c': '#include "sdk/camera.h"\n' }, /sdk is for/);
    refuses('layers', { 'firmware-sim/link/a.c': '#include "device/device.h"\n' }, /firmware-sim may include/);
    refuses('layers', { 'src/core/a.c': '#include "room.h"\n' }, /write the room's name/);
    refuses('layers', { 'src/attic/a.c': '#include "base/buf.h"\n' }, /attic is not in/);
});

test('banned', () => {
    accepts('banned', { 'src/core/a.c': 'void f(void) { snprintf(a, 1, "strcpy(x)"); /* sprintf(x) */ my_sprintf(x); }\n' });
    accepts('banned', { 'src/core/a.c': '/* allow system: the test of the test */\nvoid f(void) { system(x); }\n' });
    accepts('banned', { 'src/core/a.h': 'extern const struct room core_room;\n' });
    for (const name of ['sprintf', 'strcpy', 'strcat', 'strtok', 'atoi', 'gets', 'sscanf', 'alloca', 'system', 'popen', 'rand', 'time'])
        refuses('banned', { 'src/core/a.c': `void f(void) { x = ${name}(y); }\n` }, new RegExp(`:1: ${name}:`));
    refuses('banned', { 'src/core/a.c': '/* allow strcpy: no */\nvoid f(void) { strcat(x, y); }\n' }, /strcat/);
    refuses('banned', { 'src/core/a.c': 'void f(void) { goto fail; }\n' }, /named out/);
    refuses('banned', { 'src/core/a.h': 'extern int count;\n' }, /extern/);
    refuses('banned', { 'src/core/a.c': '/* TODO later */\n' }, /TODO/);
    refuses('banned', { 'src/core/a.c': 'int f(void) { return sqlite3_exec(d, s, 0, 0, 0); }\n' }, /sqlite3_exec/);
});

const column = (rest) => `CREATE TABLE lab_item (\n    id BIGINT NOT NULL PRIMARY KEY, -- class: internal; its name; forever\n    ${rest}\n);\n`;
const good = column('x TEXT NOT NULL -- class: personal; purpose: shown; retention: 90 days');
const query = (sql) => ({ 'src/lab/sql/001_init.sql': good, 'src/lab/sql/queries.sql': `-- name: lab_item_x :many\n${sql};\n` });

test('sql', () => {
    accepts('sql', query("SELECT id FROM lab_item WHERE x LIKE $x ESCAPE '!' ORDER BY id LIMIT $limit"));
    accepts('sql', query('SELECT CAST(SUM(id) AS BIGINT) FROM lab_item -- datetime() is not used'));
    refuses('sql', { 'src/lab/sql/001_init.sql': column('x TEXT NOT NULL') }, /lab_item\.x has no/);
    refuses('sql', { 'src/lab/sql/001_init.sql': column('x TEXT -- class: private; why; 1 day') }, /class private/);
    refuses('sql', { 'src/lab/sql/001_init.sql': column('x VARCHAR(9) -- class: public; why; 1 day') }, /type VARCHAR/);
    refuses('sql', { 'src/lab/sql/001_init.sql': good, 'src/lab/sql/002_b.sql': 'ALTER TABLE lab_item ADD COLUMN y TEXT;\n' }, /lab_item\.y has no/);
    refuses('sql', { 'src/lab/sql/001_init.sql': good, 'src/lab/sql/003_b.sql': 'DROP TABLE lab_item;\n' }, /expected number 002/);
    const bad = {
        'SELECT * FROM lab_item': /name the columns/, "SELECT x->>'a' FROM lab_item": /JSON/, 'SELECT datetime() FROM lab_item': /times/,
        'INSERT OR IGNORE INTO lab_item (id) VALUES ($id)': /ON CONFLICT/, 'SELECT MAX(id, 3) FROM lab_item': /two-argument/,
        'SELECT SUM(id) FROM lab_item': /CAST/, 'SELECT id FROM lab_item WHERE x LIKE $x': /LIKE/, 'SELECT "x" FROM lab_item': /quotes/,
        'SELECT id FROM lab_item WHERE id = ?1': /\$name/, 'SELECT rowid FROM lab_item': /ids are/, 'SELECT id FROM lab_item LIMIT 1, 2': /OFFSET/,
        'COMMIT': /transaction/, 'PRAGMA user_version': /not in SQL/,
    };
    for (const [sql, why] of Object.entries(bad)) refuses('sql', query(sql), why);
    refuses('sql', { ...query('SELECT id FROM lab_item'), 'src/shed/sql/queries.sql': '-- name: shed_x :one\nSELECT id FROM lab_item;\n' }, /belongs to lab/);
    refuses('sql', { 'src/lab/sql/queries.sql': '-- name: other_x :one\nSELECT 1;\n' }, /begins with/);
    refuses('sql', { 'src/lab/sql/queries.sql': '-- name: lab_x\nSELECT 1;\n' }, /head is not/);
});

test('format', () => {
    accepts('format', { 'src/core/a.c': 'int f(void)\n{\n    return 0;\n}\n' });
    refuses('format', { 'src/core/a.c': 'int f(void)\n{\n    return 0; \n}\n' }, /blanks at the end|not formatted/);
    refuses('format', { 'src/core/a.c': 'int f(void)\n{\n\treturn 0;\n}\n' }, /tab/);
    refuses('format', { 'docs/a.md': 'text' }, /no line end/);
    refuses('format', { 'src/lab/sql/a.sql': 'SELECT 1;\r\n' }, /carriage return/);
});
