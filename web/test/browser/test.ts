// node:test as far as these tests use it, for the run in a browser.

export interface Collected { readonly name: string; readonly run: () => unknown }

export const collected: Collected[] = [];

export function test(name: string, run: () => unknown): void {
    collected.push({ name, run });
}
