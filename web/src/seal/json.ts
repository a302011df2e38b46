// Strict JSON for commands (sealed.md 3.4): duplicate keys, depth over 8, numbers outside 2^53,
// control characters, lone surrogates and anything after the value are refused.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject { readonly [key: string]: Json }

const DEPTH_MAX = 8;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
    '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t",
};

class Refused extends Error {}

/** The value, or undefined if the text is refused. Objects have no prototype. */
export function jsonParse(text: string): Json | undefined {
    try {
        const reader = new Reader(text);
        const value = reader.value(1);
        reader.end();
        return value;
    } catch (error) {
        if (error instanceof Refused) return undefined;
        throw error;
    }
}

export function isObject(value: Json | undefined): value is JsonObject {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True if the object has no member outside `allowed`. */
export function hasOnly(value: JsonObject, ...allowed: readonly string[]): boolean {
    return Object.keys(value).every((key) => allowed.includes(key));
}

class Reader {
    private at = 0;

    constructor(private readonly text: string) {}

    end(): void {
        this.blanks();
        if (this.at !== this.text.length) throw new Refused();
    }

    value(depth: number): Json {
        if (depth > DEPTH_MAX) throw new Refused();
        this.blanks();
        switch (this.text[this.at]) {
            case "{": return this.object(depth);
            case "[": return this.array(depth);
            case '"': return this.string();
            case "t": return this.word("true", true);
            case "f": return this.word("false", false);
            case "n": return this.word("null", null);
            default: return this.number();
        }
    }

    private blanks(): void {
        while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at++;
    }

    private word<T>(word: string, value: T): T {
        if (!this.text.startsWith(word, this.at)) throw new Refused();
        this.at += word.length;
        return value;
    }

    private taken(char: string): boolean {
        this.blanks();
        if (this.text[this.at] !== char) return false;
        this.at++;
        return true;
    }

    private object(depth: number): JsonObject {
        const out: Record<string, Json> = Object.create(null) as Record<string, Json>;
        this.at++;
        if (this.taken("}")) return out;
        do {
            this.blanks();
            const key = this.string();
            if (key in out || !this.taken(":")) throw new Refused();
            out[key] = this.value(depth + 1);
        } while (this.taken(","));
        if (!this.taken("}")) throw new Refused();
        return out;
    }

    private array(depth: number): readonly Json[] {
        const out: Json[] = [];
        this.at++;
        if (this.taken("]")) return out;
        do out.push(this.value(depth + 1)); while (this.taken(","));
        if (!this.taken("]")) throw new Refused();
        return out;
    }

    private string(): string {
        if (this.text[this.at] !== '"') throw new Refused();
        let out = "";
        for (this.at++; ; this.at++) {
            const char = this.text[this.at];
            if (char === undefined || char < " ") throw new Refused();
            if (char === '"') break;
            out += char === "\\" ? this.escape() : char;
        }
        this.at++;
        if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(out)) throw new Refused();
        return out;
    }

    private escape(): string {
        const char = this.text[++this.at] ?? "";
        if (char !== "u") {
            const plain = ESCAPES[char];
            if (plain === undefined) throw new Refused();
            return plain;
        }
        const digits = this.text.slice(this.at + 1, this.at + 5);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new Refused();
        this.at += 4;
        return String.fromCharCode(parseInt(digits, 16));
    }

    private number(): number {
        NUMBER.lastIndex = this.at;
        const match = NUMBER.exec(this.text)?.[0];
        const value = Number(match);
        if (match === undefined || Math.abs(value) > Number.MAX_SAFE_INTEGER) throw new Refused();
        this.at += match.length;
        return value;
    }
}
