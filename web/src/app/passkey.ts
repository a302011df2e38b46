// Passkeys: between the bytes of the contract (base64url) and what the browser's API wants.
export interface PasskeyRequest {
    readonly challenge: string;
    readonly rp: string;
    readonly allow?: readonly string[];
}
export interface PasskeyCreation {
    readonly challenge: string;
    readonly rp: string;
    readonly user: string;
    readonly name: string;
    readonly exclude: readonly string[];
}
export interface Assertion {
    readonly id: string;
    readonly client_data: string;
    readonly authenticator_data: string;
    readonly signature: string;
    readonly user_handle?: string;
}
export interface Attestation {
    readonly client_data: string;
    readonly attestation: string;
}

const ES256 = -7;
const RS256 = -257;

function bytes(text: string): Uint8Array<ArrayBuffer> {
    const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    const out = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
    return out;
}

function base64url(buffer: ArrayBuffer): string {
    let raw = "";
    for (const b of new Uint8Array(buffer)) raw += String.fromCharCode(b);
    return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const named = (ids: readonly string[]): PublicKeyCredentialDescriptor[] =>
    ids.map((id) => ({ type: "public-key", id: bytes(id) }));

/** Why this page cannot use passkeys, or null: the browser has none, or the page stands under an address. */
export function passkeysOff(): "browser" | "address" | null {
    if (typeof PublicKeyCredential === "undefined") return "browser";
    return /^[\d.]+$|^\[/.test(location.hostname) ? "address" : null;
}

/** The person chose another way, or waited too long. */
export const passkeyGivenUp = (e: unknown): boolean =>
    e instanceof DOMException && (e.name === "NotAllowedError" || e.name === "AbortError");

/** The authenticator holds a passkey of this account already. */
export const passkeyIsThere = (e: unknown): boolean =>
    e instanceof DOMException && e.name === "InvalidStateError";

export async function showPasskey(request: PasskeyRequest): Promise<Assertion> {
    const got = await navigator.credentials.get({
        publicKey: {
            challenge: bytes(request.challenge),
            rpId: request.rp,
            userVerification: "required",
            allowCredentials: named(request.allow ?? []),
        },
    });
    const answer = (got as PublicKeyCredential).response as AuthenticatorAssertionResponse;
    return {
        id: base64url((got as PublicKeyCredential).rawId),
        client_data: base64url(answer.clientDataJSON),
        authenticator_data: base64url(answer.authenticatorData),
        signature: base64url(answer.signature),
        ...(answer.userHandle?.byteLength ? { user_handle: base64url(answer.userHandle) } : {}),
    };
}

export async function makePasskey(creation: PasskeyCreation): Promise<Attestation> {
    const made = await navigator.credentials.create({
        publicKey: {
            challenge: bytes(creation.challenge),
            rp: { id: creation.rp, name: "Skep" },
            user: { id: bytes(creation.user), name: creation.name, displayName: creation.name },
            pubKeyCredParams: [
                { type: "public-key", alg: ES256 },
                { type: "public-key", alg: RS256 },
            ],
            excludeCredentials: named(creation.exclude),
            authenticatorSelection: { residentKey: "required", userVerification: "required" },
            attestation: "none",
        },
    });
    const answer = (made as PublicKeyCredential).response as AuthenticatorAttestationResponse;
    return {
        client_data: base64url(answer.clientDataJSON),
        attestation: base64url(answer.attestationObject),
    };
}
