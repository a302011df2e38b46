// QR encoder, own and small: byte mode, level M, versions 1 to 10 (213 bytes). ISO/IEC 18004.

/** Per version: codewords in all, error codewords per block, blocks. Level M. */
const VERSIONS: readonly (readonly [total: number, ecc: number, blocks: number])[] = [
    [26, 10, 1],
    [44, 16, 1],
    [70, 26, 1],
    [100, 18, 2],
    [134, 24, 2],
    [172, 16, 4],
    [196, 18, 4],
    [242, 22, 4],
    [292, 22, 5],
    [346, 26, 5],
];
const ALIGN: readonly (readonly number[])[] = [
    [],
    [6, 18],
    [6, 22],
    [6, 26],
    [6, 30],
    [6, 34],
    [6, 22, 38],
    [6, 24, 42],
    [6, 26, 46],
    [6, 28, 50],
];

/** Multiplication in GF(256), polynomial 0x11d. */
function mul(a: number, b: number): number {
    let z = 0;
    for (let i = 7; i >= 0; i--) z = ((z << 1) ^ ((z >> 7) * 0x11d) ^ (((b >> i) & 1) * a)) & 0xff;
    return z;
}

export function errorCodewords(data: readonly number[], degree: number): number[] {
    const gen: number[] = [...Array<number>(degree - 1).fill(0), 1];
    for (let i = 0, root = 1; i < degree; i++, root = mul(root, 2)) {
        for (let j = 0; j < degree; j++) gen[j] = mul(gen[j] ?? 0, root) ^ (gen[j + 1] ?? 0);
    }
    const rest: number[] = Array<number>(degree).fill(0);
    for (const byte of data) {
        const factor = byte ^ (rest.shift() ?? 0);
        rest.push(0);
        gen.forEach((g, i) => {
            rest[i] = (rest[i] ?? 0) ^ mul(g, factor);
        });
    }
    return rest;
}

function dataCodewords(bytes: Uint8Array, version: number, capacity: number): number[] {
    const bits: number[] = [];
    const put = (value: number, n: number) => {
        for (let i = n - 1; i >= 0; i--) bits.push((value >> i) & 1);
    };
    put(4, 4);
    put(bytes.length, version < 10 ? 8 : 16);
    for (const b of bytes) put(b, 8);
    put(0, Math.min(4, capacity * 8 - bits.length));
    put(0, (8 - (bits.length % 8)) % 8);
    for (let pad = 0xec; bits.length < capacity * 8; pad ^= 0xec ^ 0x11) put(pad, 8);
    return Array.from({ length: capacity }, (_, i) =>
        bits.slice(i * 8, i * 8 + 8).reduce((a, b) => a * 2 + b, 0),
    );
}

function interleave(data: readonly number[], total: number, ecc: number, blocks: number): number[] {
    const short = Math.floor(total / blocks) - ecc;
    const longFrom = blocks - (total % blocks);
    const parts: number[][] = [];
    for (let i = 0, at = 0; i < blocks; i++) {
        const n = short + (i >= longFrom ? 1 : 0);
        parts.push(data.slice(at, at + n));
        at += n;
    }
    const out: number[] = [];
    for (let i = 0; i <= short; i++)
        for (const p of parts) {
            const c = p[i];
            if (c !== undefined) out.push(c);
        }
    const codes = parts.map((p) => errorCodewords(p, ecc));
    for (let i = 0; i < ecc; i++) for (const c of codes) out.push(c[i] ?? 0);
    return out;
}

const MASKS: readonly ((x: number, y: number) => boolean)[] = [
    (x, y) => (x + y) % 2 === 0,
    (_, y) => y % 2 === 0,
    (x) => x % 3 === 0,
    (x, y) => (x + y) % 3 === 0,
    (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
    (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
    (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
    (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** BCH remainder appended to the value: format (5 bits, 0x537) and version (6 bits, 0x1f25). */
function bch(value: number, poly: number, degree: number): number {
    let rem = value;
    for (let i = 0; i < degree; i++) rem = (rem << 1) ^ ((rem >> (degree - 1)) * poly);
    return (value << degree) | rem;
}

class Grid {
    readonly dark: boolean[][];
    readonly fixed: boolean[][];
    constructor(readonly size: number) {
        this.dark = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
        this.fixed = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
    }
    at(x: number, y: number): boolean {
        return this.dark[y]?.[x] ?? false;
    }
    isFixed(x: number, y: number): boolean {
        return this.fixed[y]?.[x] ?? true;
    }
    set(x: number, y: number, dark: boolean): void {
        const row = this.dark[y];
        const fix = this.fixed[y];
        if (!row || !fix || x < 0 || x >= this.size) return;
        row[x] = dark;
        fix[x] = true;
    }
    flip(x: number, y: number): void {
        const row = this.dark[y];
        if (row) row[x] = !row[x];
    }
}

function drawFunction(g: Grid, version: number): void {
    const n = g.size;
    for (let i = 0; i < n; i++) {
        g.set(6, i, i % 2 === 0);
        g.set(i, 6, i % 2 === 0);
    }
    for (const [cx, cy] of [
        [3, 3],
        [n - 4, 3],
        [3, n - 4],
    ] as const) {
        for (let dy = -4; dy <= 4; dy++) {
            for (let dx = -4; dx <= 4; dx++) {
                const d = Math.max(Math.abs(dx), Math.abs(dy));
                if (cy + dy >= 0 && cy + dy < n) g.set(cx + dx, cy + dy, d !== 2 && d !== 4);
            }
        }
    }
    const centres = ALIGN[version - 1] ?? [];
    for (const cx of centres) {
        for (const cy of centres) {
            if ((cx === 6 && cy === 6) || (cx === 6 && cy === n - 7) || (cx === n - 7 && cy === 6))
                continue;
            for (let dy = -2; dy <= 2; dy++)
                for (let dx = -2; dx <= 2; dx++)
                    g.set(cx + dx, cy + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
        }
    }
    if (version >= 7) {
        const bits = bch(version, 0x1f25, 12);
        for (let i = 0; i < 18; i++) {
            const a = n - 11 + (i % 3);
            const b = Math.floor(i / 3);
            g.set(a, b, ((bits >> i) & 1) === 1);
            g.set(b, a, ((bits >> i) & 1) === 1);
        }
    }
    drawFormat(g, 0);
}

function drawFormat(g: Grid, mask: number): void {
    const n = g.size;
    const bits = bch(mask, 0x537, 10) ^ 0x5412; // level M is 00
    const bit = (i: number) => ((bits >> i) & 1) === 1;
    for (let i = 0; i <= 5; i++) g.set(8, i, bit(i));
    g.set(8, 7, bit(6));
    g.set(8, 8, bit(7));
    g.set(7, 8, bit(8));
    for (let i = 9; i < 15; i++) g.set(14 - i, 8, bit(i));
    for (let i = 0; i < 8; i++) g.set(n - 1 - i, 8, bit(i));
    for (let i = 8; i < 15; i++) g.set(8, n - 15 + i, bit(i));
    g.set(8, n - 8, true);
}

function drawData(g: Grid, codewords: readonly number[]): void {
    let i = 0;
    for (let right = g.size - 1; right >= 1; right -= 2) {
        if (right === 6) right = 5;
        for (let step = 0; step < g.size; step++) {
            for (let j = 0; j < 2; j++) {
                const x = right - j;
                const y = ((right + 1) & 2) === 0 ? g.size - 1 - step : step;
                if (g.isFixed(x, y) || i >= codewords.length * 8) continue;
                if ((((codewords[i >> 3] ?? 0) >> (7 - (i & 7))) & 1) === 1) g.flip(x, y);
                i++;
            }
        }
    }
}

function applyMask(g: Grid, mask: number): void {
    const on = MASKS[mask];
    for (let y = 0; y < g.size; y++)
        for (let x = 0; x < g.size; x++) if (!g.isFixed(x, y) && on?.(x, y)) g.flip(x, y);
}

/** Penalty rules 1 to 4. */
function penalty(g: Grid): number {
    const n = g.size;
    let score = 0;
    let dark = 0;
    const finder = /(?=10111010000|00001011101)/g;
    for (const line of [
        (i: number, j: number) => g.at(j, i),
        (i: number, j: number) => g.at(i, j),
    ]) {
        for (let i = 0; i < n; i++) {
            let text = "";
            for (let j = 0; j < n; j++) text += line(i, j) ? "1" : "0";
            for (const run of text.match(/0{5,}|1{5,}/g) ?? []) score += run.length - 2;
            score += 40 * [...text.matchAll(finder)].length;
        }
    }
    for (let y = 0; y < n; y++) {
        for (let x = 0; x < n; x++) {
            dark += Number(g.at(x, y));
            if (
                x + 1 < n &&
                y + 1 < n &&
                g.at(x, y) === g.at(x + 1, y) &&
                g.at(x, y) === g.at(x, y + 1) &&
                g.at(x, y) === g.at(x + 1, y + 1)
            )
                score += 3;
        }
    }
    return score + 10 * Math.floor(Math.abs((dark * 20) / (n * n) - 10));
}

/** Rows of dark modules, without the quiet zone; null if the text is too long. `mask` fixes the mask for tests. */
export function encodeQr(text: string, mask?: number): boolean[][] | null {
    const bytes = new TextEncoder().encode(text);
    const index = VERSIONS.findIndex(
        ([total, ecc, blocks], i) => bytes.length + (i < 9 ? 2 : 3) <= total - ecc * blocks,
    );
    const shape = VERSIONS[index];
    if (!shape) return null;
    const [total, ecc, blocks] = shape;
    const codewords = interleave(
        dataCodewords(bytes, index + 1, total - ecc * blocks),
        total,
        ecc,
        blocks,
    );
    let best: { grid: Grid; score: number } | null = null;
    for (const m of mask === undefined ? MASKS.keys() : [mask]) {
        const grid = new Grid(17 + 4 * (index + 1));
        drawFunction(grid, index + 1);
        drawData(grid, codewords);
        applyMask(grid, m);
        drawFormat(grid, m);
        const score = penalty(grid);
        if (!best || score < best.score) best = { grid, score };
    }
    return best?.grid.dark ?? null;
}

/** One path of unit squares, for an SVG of side `size + 8` (quiet zone 4). */
export function qrPath(rows: readonly (readonly boolean[])[]): string {
    return rows
        .map((row, y) => row.map((dark, x) => (dark ? `M${x + 4} ${y + 4}h1v1h-1z` : "")).join(""))
        .join("");
}
