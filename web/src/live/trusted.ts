// The one Trusted Types policy of the console: it lets the worker's own script through, nothing else.
// The page's CSP says `require-trusted-types-for 'script'; trusted-types skep`.

declare const SKEP_WORKER_URL: string;

interface TrustedScriptUrl { toString(): string }
interface TrustedPolicy { createScriptURL(url: string): TrustedScriptUrl }
interface TrustedFactory {
    createPolicy(name: string, rules: { createScriptURL(url: string): string }): TrustedPolicy;
}

let policy: TrustedPolicy | null = null;

function onlyWorker(url: string): string {
    if (url !== SKEP_WORKER_URL) throw new TypeError("skep: not a script of this console");
    return url;
}

/** Starts the sealed worker; its file name is filled in by the build. */
export function workerStart(): Worker {
    const factory = (globalThis as { trustedTypes?: TrustedFactory }).trustedTypes;
    policy ??= factory?.createPolicy("skep", { createScriptURL: onlyWorker }) ?? null;
    const url = policy === null ? onlyWorker(SKEP_WORKER_URL) : policy.createScriptURL(SKEP_WORKER_URL);
    return new Worker(url as string, { name: "skep-live" });
}
