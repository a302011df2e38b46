// Under attack the box looks at a password only with a proof of work. The browser computes one; where that takes too
// long, or cannot be done, waiting is as good: whichever comes first. Nobody has to read distorted letters.
import { Problem } from "../../app/api";
import { proofStart } from "../../live/trusted";

export type Why = "account" | "network" | "attack";
export interface Challenge {
    readonly salt: string;
    readonly bits: number;
    readonly wait_ms: number;
    readonly expires: number;
    readonly mac: string;
}
export type Proof = Pick<Challenge, "salt" | "bits" | "expires" | "mac"> & { readonly nonce?: string };

const TRIES = 3;

/** The challenge in a refusal, or null when it is another one. */
export function challengeOf(problem: unknown): { challenge: Challenge; why: Why } | null {
    if (!(problem instanceof Problem) || problem.status !== 428) return null;
    const { challenge, why } = problem.body as { challenge?: Challenge; why?: Why };
    return challenge ? { challenge, why: why ?? "account" } : null;
}

function prove({ salt, bits, wait_ms, expires, mac }: Challenge): Promise<Proof> {
    const asked = { salt, bits, expires, mac };
    return new Promise((resolve) => {
        let worker: Worker | null = null;
        const done = (proof: Proof) => {
            clearTimeout(timer);
            worker?.terminate();
            resolve(proof);
        };
        const timer = setTimeout(() => done(asked), wait_ms + 500);
        try {
            worker = proofStart();
            worker.onmessage = (e: MessageEvent<string>) => done({ ...asked, nonce: e.data });
            worker.postMessage({ salt, bits });
        } catch {
            worker = null; // no workers here: wait
        }
    });
}

/** Ask `question`; when it is answered by a challenge, say so to `working`, meet it and ask again. */
export async function proving<T>(
    question: (proof?: Proof) => Promise<T>,
    working: (why: Why | null, waitMs: number) => void,
): Promise<T> {
    let proof: Proof | undefined;
    for (let left = TRIES; ; left--) {
        try {
            return await question(proof);
        } catch (problem) {
            const asked = challengeOf(problem);
            if (!asked || left === 0) throw problem;
            working(asked.why, asked.challenge.wait_ms);
            proof = await prove(asked.challenge);
            working(null, 0);
        }
    }
}
