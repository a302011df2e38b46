// The one Trusted Types policy of the console: it lets its own worker and worklet through, nothing else.
// The page's CSP says `require-trusted-types-for 'script'; trusted-types skep`.

declare const SKEP_WORKER_URL: string;
declare const SKEP_MIC_URL: string;
declare const SKEP_AUDIT_URL: string;
declare const SKEP_PROOF_URL: string;

interface TrustedScriptUrl { toString(): string }
interface TrustedPolicy { createScriptURL(url: string): TrustedScriptUrl }
interface TrustedFactory {
    createPolicy(name: string, rules: { createScriptURL(url: string): string }): TrustedPolicy;
}

let policy: TrustedPolicy | null = null;

function onlyOurs(url: string): string {
    const ours: readonly string[] = [SKEP_WORKER_URL, SKEP_MIC_URL, SKEP_AUDIT_URL, SKEP_PROOF_URL];
    if (!ours.includes(url)) throw new TypeError("skep: not a script of this console");
    return url;
}

/** The build fills the names in. */
function trusted(url: string): string {
    const factory = (globalThis as { trustedTypes?: TrustedFactory }).trustedTypes;
    policy ??= factory?.createPolicy("skep", { createScriptURL: onlyOurs }) ?? null;
    return (policy === null ? onlyOurs(url) : policy.createScriptURL(url)) as string;
}

/** Starts the sealed worker. */
export function workerStart(): Worker {
    return new Worker(trusted(SKEP_WORKER_URL), { name: "skep-live" });
}

/** Starts the worker that checks the audit log. */
export function auditStart(): Worker {
    return new Worker(trusted(SKEP_AUDIT_URL), { name: "skep-audit" });
}

/** Starts the worker that meets a challenge. */
export function proofStart(): Worker {
    return new Worker(trusted(SKEP_PROOF_URL), { name: "skep-proof" });
}

/** Loads the microphone's worklet into an audio context. */
export function micLoad(context: AudioContext): Promise<void> {
    return context.audioWorklet.addModule(trusted(SKEP_MIC_URL));
}
