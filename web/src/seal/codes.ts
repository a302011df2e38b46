// The one list of refusal codes of ABORT and CLOSE (sealed.md 3.3) and the one error of this layer.

export const Code = {
    normal: 0,
    version: 1,
    malformed: 2,
    parameters: 3,
    confirmFailed: 4,
    locked: 5,
    busy: 6,
    keyUnknown: 7,
    expired: 8,
    replay: 9,
    gap: 10,
    limit: 11,
    idle: 12,
    revoked: 13,
    passwordChanged: 14,
    superseded: 15,
    internal: 16,
    crypto: 17,
} as const;

export type Code = (typeof Code)[keyof typeof Code];

const KNOWN: ReadonlySet<number> = new Set(Object.values(Code));

/** A code off the wire; unknown ones count as malformed. */
export function codeFrom(byte: number): Code {
    return KNOWN.has(byte) ? (byte as Code) : Code.malformed;
}

/** What the peer did wrong, as the code that is sent to it. Holds no secret. */
export class SealError extends Error {
    constructor(readonly code: Code, what: string) {
        super(what);
        this.name = "SealError";
    }
}
