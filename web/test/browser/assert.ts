// node:assert/strict as far as these tests use it, for the run in a browser.

function fail(what: string): never {
    throw new Error(what);
}

function show(value: unknown): string {
    return JSON.stringify(value, (_key, one: unknown) => (typeof one === "bigint" ? `${one}n` : one)) ?? String(value);
}

function same(a: unknown, b: unknown): boolean {
    if (Object.is(a, b)) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (Array.isArray(a) !== Array.isArray(b) || a instanceof Uint8Array !== b instanceof Uint8Array) return false;
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    return keys.every((key) => key in b && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}

/** As in node: a class names what it must be, a checker returns true, an object names members that must match. */
function judge(error: unknown, expected: unknown): void {
    if (typeof expected === "function" && expected.prototype instanceof Error) {
        if (!(error instanceof expected)) fail(`not a ${expected.name}: ${String(error)}`);
    } else if (typeof expected === "function") {
        if ((expected as (error: unknown) => unknown)(error) !== true) fail("wrong error");
    } else if (typeof expected === "object" && expected !== null) {
        for (const [key, value] of Object.entries(expected)) {
            if (!same((error as Record<string, unknown>)[key], value)) fail(`error's ${key}: ${show((error as Record<string, unknown>)[key])}`);
        }
    }
}

const assert = {
    fail,
    ok: (value: unknown, what = "not ok"): void => { if (!value) fail(what); },
    equal: (a: unknown, b: unknown, what = ""): void => { if (!Object.is(a, b)) fail(`${what} ${show(a)} is not ${show(b)}`); },
    notEqual: (a: unknown, b: unknown): void => { if (Object.is(a, b)) fail(`both ${show(a)}`); },
    deepEqual: (a: unknown, b: unknown, what = ""): void => { if (!same(a, b)) fail(`${what} ${show(a)} is not ${show(b)}`); },
    match: (text: string, how: RegExp): void => { if (!how.test(text)) fail(`${text} does not match`); },
    doesNotThrow: (run: () => unknown): void => { run(); },
    throws: (run: () => unknown, expected?: unknown, what = "did not throw"): void => {
        try {
            run();
        } catch (error) {
            return judge(error, expected);
        }
        fail(what);
    },
    rejects: async (promise: Promise<unknown>, expected?: unknown): Promise<void> => {
        try {
            await promise;
        } catch (error) {
            return judge(error, expected);
        }
        fail("did not reject");
    },
};

export default assert;
