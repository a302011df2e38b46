// Checks both languages: same keys, same placeholders and tags, no forbidden words, no string that nobody uses, no key
// in two files.
// Run by build.mjs; alone: node strings-check.mjs
import { build } from "esbuild";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEVER = [
    /something went wrong/i,
    /\bsuccess(ful(ly)?)?\b/i,
    /please wait/i,
    /are you sure/i,
    /\boops\b/i,
    /!/,
    /！/,
    /unhackable/i,
    /military.grade/i,
    /nobody can see/i,
    /\bcertified\b/i,
    /\bcompliant\b/i,
    /ddos/i,
    /\bwaf\b/i,
    /court.proof/i,
    /legally valid/i,
    /physically destroyed/i,
    /trusted execution/i,
    /操作成功/,
    /系统异常/,
    /军工级/,
    /请稍候/,
    /\p{Extended_Pictographic}/u,
];

async function load(root, file) {
    const out = await build({
        entryPoints: [join(root, "src/i18n", file)],
        bundle: true,
        format: "esm",
        write: false,
        charset: "utf8",
    });
    const url = `data:text/javascript;base64,${Buffer.from(out.outputFiles[0].text).toString("base64")}`;
    return import(url);
}

/** Keys that stand in more than one of the rooms' files of a language: the later would hide the earlier. */
export function findDoubles(tables) {
    const seen = new Map();
    const faults = [];
    for (const [file, table] of tables)
        for (const key of Object.keys(table)) {
            if (seen.has(key)) faults.push(`${key}: in ${seen.get(key)} and in ${file}`);
            seen.set(key, file);
        }
    return faults;
}

async function roomTables(root, language) {
    const dir = join(root, "src/i18n", language);
    const files = readdirSync(dir).filter((f) => f.endsWith(".ts"));
    return Promise.all(
        files
            .sort()
            .map(async (f) => [
                `${language}/${f}`,
                Object.assign({}, ...Object.values(await load(root, `${language}/${f}`))),
            ]),
    );
}

const forms = (m) => (typeof m === "string" ? [m] : Object.values(m));
const marks = (m) =>
    [...new Set(forms(m).flatMap((f) => f.match(/\{\w+\}|<\/?\w+>/g) ?? []))].sort().join(" ");

function sources(dir) {
    return readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
        const path = join(dir, e.name);
        if (e.isDirectory()) return sources(path);
        return /\.tsx?$/.test(e.name) && !/\/i18n\/(later-)?(en|zh)(\.ts|\/)/.test(path)
            ? [readFileSync(path, "utf8")]
            : [];
    });
}

export function findFaults(en, zh, code) {
    const faults = [];
    for (const key of new Set([...Object.keys(en), ...Object.keys(zh)])) {
        if (!(key in en) || !(key in zh)) {
            faults.push(`${key}: missing in ${key in en ? "zh" : "en"}`);
            continue;
        }
        if (marks(en[key]) !== marks(zh[key]))
            faults.push(`${key}: en has [${marks(en[key])}], zh has [${marks(zh[key])}]`);
        for (const form of [...forms(en[key]), ...forms(zh[key])]) {
            if (!form.trim()) faults.push(`${key}: empty`);
            for (const word of NEVER)
                if (word.test(form)) faults.push(`${key}: never say ${word} ("${form}")`);
        }
        const head = key.slice(0, key.lastIndexOf(".") + 1);
        if (code && !code.includes(`"${key}"`) && !code.includes(`\`${head}\${`))
            faults.push(`${key}: not used`);
    }
    return faults;
}

export async function checkStrings(root) {
    const whole = async (language) => ({
        ...(await load(root, `${language}.ts`))[language],
        ...(await load(root, `later-${language}.ts`)).later,
    });
    const en = await whole("en");
    const zh = await whole("zh");
    const faults = findFaults(en, zh, sources(join(root, "src")).join("\n"));
    for (const [language, all] of [
        ["en", en],
        ["zh", zh],
    ]) {
        const tables = await roomTables(root, language);
        faults.push(...findDoubles(tables));
        for (const [file, table] of tables)
            for (const [key, m] of Object.entries(table))
                if (JSON.stringify(all[key]) !== JSON.stringify(m))
                    faults.push(`${key}: ${file} is not spread into ${language}.ts or later-${language}.ts`);
    }
    if (faults.length) throw new Error(`strings:\n  ${faults.join("\n  ")}`);
    return Object.keys(en).length;
}

/** The code of the first load must not need a string that comes later. A page's own title and nav label included. */
export async function checkFirst(root, files) {
    const code = files.map((f) => readFileSync(join(root, f), "utf8")).join("\n");
    const { later } = await load(root, "later-en.ts");
    const early = Object.keys(later).filter((key) => code.includes(`t("${key}"`) || code.includes(`rich("${key}"`) || code.includes(`label: "${key}"`));
    if (early.length) throw new Error(`strings of later-en.ts that the first load needs:\n  ${early.join("\n  ")}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    console.log(
        `${await checkStrings(dirname(fileURLToPath(import.meta.url)))} strings in two languages, whole`,
    );
}
