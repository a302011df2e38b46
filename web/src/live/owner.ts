// Owner channels: opened when a page of sharing wants one, apart from what plays, kept for a minute. A camera without an
// owner gets this browser's key, made for it alone, through a channel that its password opened (sealed.md 5.2).

import type { Action, LiveSession } from "./api";
import type { CameraEntry, Keyring, OwnerKey } from "./keyring";
import { type Labels, type Proof, proofRead } from "./labels";
import { type Handshake, type Session, type SessionFailure, sessionOpen } from "./session";
import type { OwnerFault, OwnerHow, OwnerOpened } from "./shareapi";
import type { Signal } from "./signal";
import { RIGHT_MANAGE } from "../seal/accesslist";
import { bytesEqual } from "../seal/bytes";
import { Code } from "../seal/codes";
import { Role, fingerprintIs, keyName } from "../seal/fingerprint";
import { triesLeft } from "../seal/limits";
import { keyArg, ownerProof } from "../seal/shapes";

const LINGER_MS = 60_000;
const ACTIONS: readonly Action[] = ["manage"];

export interface OwnersContext {
    readonly account: () => LiveSession;
    readonly keyring: () => Keyring;
    readonly labels: Labels;
    readonly signal: Signal;
    /** The owner's key or the pin of a camera has changed. */
    readonly changed: (device: string) => void;
    /** The last channel is closed. */
    readonly idle: () => void;
}

export type OwnerChannel =
    | { readonly ok: true; readonly session: Session; readonly fresh: boolean }
    | Extract<OwnerOpened, { ok: false }>;

export interface Owners {
    /** `how` null: only as an owner that this browser is already. */
    open(device: string, how: OwnerHow | null): Promise<OwnerChannel>;
    isOpen(): boolean;
    drop(device: string): void;
    end(): void;
}

const no = (why: OwnerFault): Extract<OwnerOpened, { ok: false }> => ({ ok: false, why });

/** Owner key id || signature, for hello. */
export async function proofFor(owner: OwnerKey | null, channelId: Uint8Array<ArrayBuffer>) {
    if (owner === null) return null;
    return ownerProof(owner.pair.privateKey, (await keyName(Role.owner, owner.publicKey)).id, channelId);
}

export async function ownerKeyNew(): Promise<Omit<OwnerKey, "accepted">> {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    return { pair, publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)) };
}

export function ownersNew(context: OwnersContext): Owners {
    const channels = new Map<string, { session: Session; timer: ReturnType<typeof setTimeout> }>();
    const opening = new Map<string, Promise<OwnerChannel>>();

    function drop(device: string): void {
        const found = channels.get(device);
        if (found === undefined) return;
        clearTimeout(found.timer);
        channels.delete(device);
        found.session.close();
        if (channels.size === 0) context.idle();
    }

    function linger(device: string): void {
        const found = channels.get(device);
        if (found === undefined) return;
        clearTimeout(found.timer);
        found.timer = setTimeout(() => drop(device), LINGER_MS);
    }

    async function failed(failure: SessionFailure, by: Handshake["by"], device: string): Promise<OwnerChannel> {
        if (failure.why !== "abort") {
            return no(failure.why === "offline" || failure.why === "no-permission" ? failure.why : "failed");
        }
        if (failure.guess) {
            context.labels.drop(device);
            await context.keyring().badAdd(device, Date.now());
            return no("wrong-password");
        }
        if (failure.code === Code.locked) return no("locked");
        return no(by === "key" && failure.code === Code.keyUnknown ? "needs-password" : "failed");
    }

    async function channel(device: string, how: Handshake, entry: CameraEntry | null): Promise<Session | OwnerChannel> {
        const result = await sessionOpen({
            account: context.account(), device, signal: context.signal, how, actions: ACTIONS,
            ownerProof: (channelId) => proofFor(entry?.owner ?? null, channelId),
            handlers: {
                stage: () => undefined, event: () => undefined, keys: () => undefined, pong: () => undefined,
                ended: () => {
                    clearTimeout(channels.get(device)?.timer);
                    channels.delete(device);
                    if (channels.size === 0) context.idle();
                },
            },
        });
        return result.ok ? result.session : failed(result.failure, how.by, device);
    }

    /** The camera without an owner takes our key; one that has an owner refuses it. */
    async function become(device: string, session: Session): Promise<OwnerChannel> {
        const keyring = context.keyring();
        const key = await ownerKeyNew();
        await keyring.change(device, { owner: { ...key, accepted: false } });
        const result = await session.request("owner.add", keyArg(key.publicKey), true);
        await keyring.change(device, { owner: result.ok ? { ...key, accepted: true } : null });
        if (result.ok) {
            await keyring.change(device, { sharing: null });
            return { ok: true, session, fresh: true };
        }
        session.close();
        return no(result.err.code === "denied" || result.err.code === "conflict" ? "has-owner" : "failed");
    }

    async function passwordProof(device: string, how: OwnerHow): Promise<Proof | Extract<OwnerOpened, { ok: false }>> {
        if (how.credential !== undefined) {
            const read = await proofRead(device, how.credential);
            return read.ok ? read.proof : { ok: false, why: "bad-credential", fault: read.fault };
        }
        return await context.labels.find(device, how.simulated) ?? no("needs-password");
    }

    async function byPassword(device: string, how: OwnerHow, entry: CameraEntry | null): Promise<OwnerChannel> {
        const keyring = context.keyring();
        const proof = await passwordProof(device, how);
        if ("ok" in proof) return proof;
        if (triesLeft(entry?.bad ?? [], Date.now()).left === 0) return no("locked");
        const session = await channel(device, { by: "password", proof, params: entry?.params ?? null }, entry);
        if ("ok" in session) return session;
        const seal = session.hello.seal;
        const isPinned = entry !== null && entry.seal !== null;
        const isOther = (isPinned && !bytesEqual(entry.seal, seal))
            || (proof.fingerprint !== null && !fingerprintIs(await keyName(Role.seal, seal), proof.fingerprint));
        if (isOther) {
            session.close();
            return no("key-changed");
        }
        const enrolled = await session.request("enrol", keyArg((await keyring.viewer()).publicKey), true);
        await keyring.change(device, {
            seal, enrolled: enrolled.ok || entry?.enrolled === true, last_used_ms: Date.now(),
            via: proof.via === "label" ? "label" : entry?.via ?? proof.via, simulated: proof.simulated,
            first_seen_ms: isPinned ? entry.first_seen_ms : Date.now(),
            ...(session.params === null ? {} : { params: session.params }),
        });
        if ((session.hello.rights & RIGHT_MANAGE) !== 0) return { ok: true, session, fresh: true };
        return become(device, session);
    }

    async function openNew(device: string, how: OwnerHow | null): Promise<OwnerChannel> {
        const keyring = context.keyring();
        const entry = await keyring.camera(device);
        if (entry?.owner?.accepted === true && entry.seal !== null && entry.enrolled) {
            const viewer = await keyring.viewer();
            const keyId = (await keyName(Role.viewer, viewer.publicKey)).id;
            const session = await channel(device, { by: "key", viewer, keyId, seal: entry.seal }, entry);
            if ("ok" in session) return session.ok || session.why !== "needs-password" || how === null ? session : byPassword(device, how, entry);
            if ((session.hello.rights & RIGHT_MANAGE) !== 0) return { ok: true, session, fresh: true };
            session.close(); // the camera forgot its owners (factory reset)
        }
        if (how === null) return no(entry?.owner?.accepted === true ? "not-owner" : "needs-password");
        return byPassword(device, how, entry);
    }

    async function open(device: string, how: OwnerHow | null): Promise<OwnerChannel> {
        const found = channels.get(device);
        if (found !== undefined && found.session.isOpen()) {
            linger(device);
            return { ok: true, session: found.session, fresh: false };
        }
        const waiting = opening.get(device);
        if (waiting !== undefined) return waiting;
        const made = openNew(device, how).then((result) => {
            opening.delete(device);
            if (result.ok) {
                channels.set(device, { session: result.session, timer: setTimeout(() => drop(device), LINGER_MS) });
                context.changed(device);
            } else if (channels.size === 0) {
                context.idle();
            }
            return result;
        });
        opening.set(device, made);
        return made;
    }

    return {
        open, drop, isOpen: () => channels.size > 0 || opening.size > 0,
        end: () => {
            for (const device of [...channels.keys()]) drop(device);
        },
    };
}
