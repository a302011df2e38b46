// Sharing as this browser does it: as owner it signs lists, as guest it claims. What the camera holds is asked of the
// camera in an owner channel; the box is believed in nothing but whether the camera is there.

import type { LiveSession } from "./api";
import { keyFace } from "./facts";
import type { CameraEntry, Keyring, OpenInvitation, OwnerKey, SharingEntry } from "./keyring";
import type { Owners } from "./owner";
import type { Session } from "./session";
import type {
    ClaimGiven, ClaimJudged, GuestClaim, Invited, ListAnswer, ListChanged, ListShown, Listed, OwnerFault, ShareTerms, Sharing,
} from "./shareapi";
import {
    type AccessList, LIST_LIFE_MS, type ListEntry, RIGHTS_ALL, accountTag, entriesLiving, entriesMerge, entriesWith,
    entriesWithout, listDecode, listHash, listSign, rightNames, rightsOf,
} from "../seal/accesslist";
import { type Bytes, base64Decode, base64Encode, bytesEqual, bytesRandom, hexEncode } from "../seal/bytes";
import { SealError } from "../seal/codes";
import { deviceIdDecode } from "../seal/crockford";
import { Role, keyName } from "../seal/fingerprint";
import { SECRET_BYTES, claimIs, claimMake, invitationRead, invitationWrite } from "../seal/invite";
import { POINT_BYTES } from "../seal/point";
import { type AccessState, accessRead } from "../seal/shapes";

const DAY_MS = 86_400_000;
const INVITATION_MS = DAY_MS;
const INVITATIONS_MAX = 16;
/** The owner's own entry is renewed when less than this is left of its 90 days. */
const RENEW_MS = 45 * DAY_MS;

export const SHARING_NONE: SharingEntry = { list: null, isSent: true, dropped: [], invitations: [], link: null };

type Fault = { readonly ok: false; readonly why: OwnerFault };
const no = (why: OwnerFault): Fault => ({ ok: false, why });

interface Context {
    readonly account: () => LiveSession;
    readonly keyring: () => Keyring;
    readonly owners: Owners;
    /** A pin or what this browser is to the camera has changed. */
    readonly changed: (device: string) => void;
}

/** What the camera and this browser have, laid beside each other. */
interface Stand {
    readonly access: AccessState;
    readonly camera: AccessList | null;
    readonly is: "in-step" | "behind" | "forked";
}

function decoded(blob: Bytes | null): AccessList | null {
    return blob === null ? null : listDecode(blob);
}

export function sharingNew(context: Context): Sharing {
    /** One change at a time for a camera: each signs the next version. */
    const tails = new Map<string, Promise<unknown>>();

    function inTurn<T>(device: string, work: () => Promise<T>): Promise<T> {
        const next = (tails.get(device) ?? Promise.resolve()).then(work, work);
        tails.set(device, next.catch(() => undefined));
        return next;
    }

    const keptOf = (entry: CameraEntry | null): SharingEntry => entry?.sharing ?? SHARING_NONE;

    async function keep(device: string, change: Partial<SharingEntry>): Promise<void> {
        const kept = keptOf(await context.keyring().camera(device));
        await context.keyring().change(device, { sharing: { ...kept, ...change } });
    }

    // --- the camera's list against ours ---

    async function standOf(device: string, session: Session): Promise<Stand | Fault> {
        const answer = await session.request("access.get", {});
        if (!answer.ok) return no(answer.err.code === "denied" ? "not-owner" : "failed");
        const access = accessRead(answer.val);
        const camera = decoded(access.list);
        if (camera !== null && access.list !== null) {
            const isOurs = hexEncode(camera.device) === hexEncode(deviceIdDecode(device) ?? new Uint8Array(0));
            if (!isOurs || !bytesEqual(await listHash(access.list), access.hash)) return no("failed");
        }
        const kept = keptOf(await context.keyring().camera(device));
        const mine = decoded(kept.list);
        // Signed by a key that the camera no longer has: of another time (factory reset, owner dropped).
        const isVoid = mine === null || !access.owners.some((id) => bytesEqual(id, mine.owner));
        if (isVoid || kept.list === null) return { access, camera, is: "in-step" };
        if (bytesEqual(await listHash(kept.list), access.hash)) return { access, camera, is: "in-step" };
        if (mine.version > access.version) return { access, camera, is: "behind" };
        return { access, camera, is: kept.isSent && access.version > mine.version ? "in-step" : "forked" };
    }

    /** The camera takes a signed list; then it is what we last saw. */
    async function send(device: string, session: Session, list: Bytes): Promise<Fault | null> {
        const answer = await session.request("access.set", { list: base64Encode(list) }, true);
        if (!answer.ok) {
            if (answer.err.code === "conflict") return no("forked");
            return no(answer.err.code === "denied" ? "not-owner" : answer.err.code === "cut" ? "failed" : "refused");
        }
        await keep(device, { list, isSent: true, dropped: [] });
        return null;
    }

    async function signed(
        device: string, owner: OwnerKey, version: number, entries: readonly ListEntry[],
    ): Promise<Bytes | Fault> {
        const raw = deviceIdDecode(device);
        if (raw === null) return no("failed");
        const issued_ms = Date.now();
        const fresh = await ownEntry(entriesLiving(entries, issued_ms), issued_ms);
        try {
            return await listSign({ device: raw, version, issued_ms, entries: fresh }, owner.pair.privateKey, owner.publicKey);
        } catch (error) {
            if (error instanceof SealError) return no("too-many");
            throw error;
        }
    }

    /** This browser's own entry is missing or half over. */
    async function isOwnDue(entries: readonly ListEntry[]): Promise<boolean> {
        const { publicKey } = await context.keyring().viewer();
        const own = entries.find((one) => bytesEqual(one.key, publicKey));
        return own === undefined || own.not_after_ms < Date.now() + RENEW_MS;
    }

    async function ownEntry(entries: readonly ListEntry[], now_ms: number): Promise<readonly ListEntry[]> {
        if (!await isOwnDue(entries)) return entries;
        const { publicKey } = await context.keyring().viewer();
        return entriesWith(entries, {
            key: publicKey, rights: RIGHTS_ALL, not_before_ms: now_ms, not_after_ms: now_ms + LIST_LIFE_MS,
            tag: await accountTag(context.account().account),
        });
    }

    async function ownerOf(device: string): Promise<OwnerKey | null> {
        const owner = (await context.keyring().camera(device))?.owner ?? null;
        return owner?.accepted === true ? owner : null;
    }

    /** What is behind is sent again; what is new to us is taken over; our own entry is renewed. */
    async function settle(device: string, session: Session): Promise<{ stand: Stand; again: boolean } | Fault> {
        const stand = await standOf(device, session);
        if ("ok" in stand) return stand;
        const kept = keptOf(await context.keyring().camera(device));
        if (stand.is === "forked") return { stand, again: false };
        if (stand.is === "behind" && kept.list !== null) {
            const fault = await send(device, session, kept.list);
            if (fault !== null) return fault;
            const now = await standOf(device, session);
            return "ok" in now ? now : { stand: now, again: true };
        }
        await keep(device, { list: stand.access.list, isSent: true, dropped: [] });
        const before = stand.camera?.entries ?? [];
        const owner = await ownerOf(device);
        if (owner === null || !await isOwnDue(before)) return { stand, again: false };
        const list = await signed(device, owner, stand.access.version + 1, before);
        if ("ok" in list) return list;
        const fault = await send(device, session, list);
        if (fault !== null) return fault;
        const now = await standOf(device, session);
        return "ok" in now ? now : { stand: now, again: false };
    }

    // --- changing it ---

    type Change = (entries: readonly ListEntry[]) => readonly ListEntry[];

    /** Through the camera if it is there, else signed here, to be left with the box. */
    async function change(device: string, edit: Change, dropped: readonly string[]): Promise<ListChanged> {
        const channel = await context.owners.open(device, null);
        const owner = await ownerOf(device);
        if (owner === null) return no("not-owner");
        if (!channel.ok) return channel.why === "offline" ? changeAway(device, owner, edit, dropped) : channel;
        const settled = await settle(device, channel.session);
        if ("ok" in settled) return settled;
        if (settled.stand.is === "forked") return no("forked");
        const { access, camera } = settled.stand;
        const list = await signed(device, owner, access.version + 1, edit(camera?.entries ?? []));
        if ("ok" in list) return list;
        const fault = await send(device, channel.session, list);
        return fault ?? { ok: true, version: access.version + 1, list: null };
    }

    async function changeAway(
        device: string, owner: OwnerKey, edit: Change, dropped: readonly string[],
    ): Promise<ListChanged> {
        const kept = keptOf(await context.keyring().camera(device));
        const mine = decoded(kept.list);
        const version = (mine?.version ?? 0) + 1;
        const list = await signed(device, owner, version, edit(mine?.entries ?? []));
        if ("ok" in list) return list;
        await keep(device, { list, isSent: false, dropped: [...new Set([...kept.dropped, ...dropped])] });
        return { ok: true, version, list: base64Encode(list) };
    }

    async function merge(device: string): Promise<ListChanged> {
        const channel = await context.owners.open(device, null);
        if (!channel.ok) return channel;
        const owner = await ownerOf(device);
        const stand = await standOf(device, channel.session);
        if (owner === null) return no("not-owner");
        if ("ok" in stand) return stand;
        const kept = keptOf(await context.keyring().camera(device));
        const mine = decoded(kept.list);
        const version = Math.max(stand.access.version, mine?.version ?? 0) + 1;
        const entries = entriesMerge(stand.camera?.entries ?? [], mine?.entries ?? [], kept.dropped);
        const list = await signed(device, owner, version, entries);
        if ("ok" in list) return list;
        const fault = await send(device, channel.session, list);
        return fault ?? { ok: true, version, list: null };
    }

    // --- invitations and claims ---

    async function invite(device: string, terms: ShareTerms): Promise<Invited> {
        const entry = await context.keyring().camera(device);
        if (entry === null || entry.seal === null || entry.owner?.accepted !== true) return no("not-owner");
        const now = Date.now();
        const made: OpenInvitation = {
            secret: bytesRandom(SECRET_BYTES), rights: rightsOf(terms.actions), not_after_ms: terms.not_after_ms,
            expires_ms: now + INVITATION_MS, used: null,
        };
        const open = keptOf(entry).invitations.filter((one) => one.expires_ms > now);
        await keep(device, { invitations: [...open, made].slice(-INVITATIONS_MAX) });
        const { fingerprint } = await keyName(Role.seal, entry.seal);
        return { ok: true, fragment: invitationWrite({ device, secret: made.secret, fingerprint }), expires_ms: made.expires_ms };
    }

    interface Fit { readonly key: Bytes; readonly invitation: OpenInvitation }

    /** The link of ours with which this claim was made: living, and not used by another key. */
    async function fitOf(device: string, given: ClaimGiven): Promise<Fit | null> {
        const key = base64Decode(given.public_key, POINT_BYTES);
        const claim = base64Decode(given.claim, 32);
        if (key === null || claim === null) return null;
        const now = Date.now();
        for (const invitation of keptOf(await context.keyring().camera(device)).invitations) {
            const isOpen = invitation.expires_ms > now && (invitation.used === null || invitation.used === hexEncode(key));
            if (isOpen && await claimIs(claim, invitation.secret, given.account, device, key)) return { key, invitation };
        }
        return null;
    }

    async function judge(device: string, claims: readonly ClaimGiven[]): Promise<readonly ClaimJudged[]> {
        return Promise.all(claims.map(async (one) => {
            const fit = await fitOf(device, one);
            const face = await keyFace(Role.viewer, base64Decode(one.public_key) ?? new Uint8Array(0));
            const terms = fit === null ? null
                : { actions: rightNames(fit.invitation.rights), not_after_ms: fit.invitation.not_after_ms };
            return { ...face, id: one.id, terms };
        }));
    }

    async function accept(device: string, given: ClaimGiven): Promise<ListChanged> {
        const fit = await fitOf(device, given);
        if (fit === null) return no("refused");
        const { key, invitation } = fit;
        const now = Date.now();
        const entry: ListEntry = {
            key, rights: invitation.rights, not_before_ms: now,
            not_after_ms: Math.min(invitation.not_after_ms, now + LIST_LIFE_MS), tag: await accountTag(given.account),
        };
        if (entry.not_after_ms <= now) return no("refused");
        // Used up before anything is signed: a second key with the same secret finds no link any more.
        const { invitations } = keptOf(await context.keyring().camera(device));
        await keep(device, {
            invitations: invitations.map((one) => (bytesEqual(one.secret, invitation.secret) ? { ...one, used: hexEncode(key) } : one)),
        });
        return change(device, (entries) => entriesWith(entries, entry), []);
    }

    async function drop(device: string, publicKey: string): Promise<ListChanged> {
        const key = base64Decode(publicKey, POINT_BYTES);
        if (key === null) return no("refused");
        return change(device, (entries) => entriesWithout(entries, key), [hexEncode(key)]);
    }

    // --- showing it ---

    async function listedOf(list: AccessList | null, access: AccessState | null): Promise<readonly Listed[]> {
        const own = (await context.keyring().viewer()).publicKey;
        return Promise.all((list?.entries ?? []).map(async (entry) => {
            const { id } = await keyName(Role.viewer, entry.key);
            const used = access?.used.find((one) => bytesEqual(one.id, id));
            return {
                ...await keyFace(Role.viewer, entry.key), public_key: base64Encode(entry.key),
                actions: rightNames(entry.rights), not_after_ms: entry.not_after_ms, tag: base64Encode(entry.tag),
                self: bytesEqual(entry.key, own), last_ms: used?.last_ms ?? null, count: used?.count ?? 0,
            };
        }));
    }

    async function keptShown(device: string): Promise<ListShown | null> {
        const kept = keptOf(await context.keyring().camera(device));
        const list = decoded(kept.list);
        if (list === null) return null;
        return { version: list.version, stand: kept.isSent ? "kept" : "unsent", listed: await listedOf(list, null), owners: null };
    }

    async function list(device: string, ask: boolean): Promise<ListAnswer> {
        const owner = await ownerOf(device);
        if (owner === null) return { ok: false, why: "not-owner", value: null };
        const value = await keptShown(device);
        if (!ask) return value === null ? { ok: false, why: "offline", value } : { ok: true, value };
        const channel = await context.owners.open(device, null);
        if (!channel.ok) return { ok: false, why: channel.why, value };
        const settled = await settle(device, channel.session);
        if ("ok" in settled) return { ...settled, value };
        const { stand, again } = settled;
        return {
            ok: true,
            value: {
                version: stand.access.version, owners: stand.access.owners.length,
                stand: stand.is === "forked" ? "forked" : again ? "sent-again" : "in-step",
                listed: await listedOf(stand.camera, stand.access),
            },
        };
    }

    // --- the guest ---

    async function claim(fragment: string): Promise<GuestClaim | null> {
        const invitation = invitationRead(fragment);
        if (invitation === null) return null;
        const { device, secret, fingerprint } = invitation;
        const keyring = context.keyring();
        const { publicKey } = await keyring.viewer();
        const entry = await keyring.camera(device);
        const pinned = entry?.seal ?? null;
        // The link is a new word on the camera's key; another pin than it names does not outlive it.
        const isOther = pinned !== null && (await keyName(Role.seal, pinned)).fingerprint !== fingerprint;
        await keyring.change(device, {
            sharing: { ...keptOf(entry), link: fingerprint }, ...(isOther ? { seal: null, enrolled: false, owner: null } : {}),
        });
        context.changed(device);
        const made = await claimMake(secret, context.account().account, device, publicKey);
        return { ...await keyFace(Role.viewer, publicKey), public_key: base64Encode(publicKey), claim: base64Encode(made) };
    }

    /** Whatever breaks here is told as a failure, never thrown at the page. */
    function safe<T>(device: string, work: () => Promise<T>, otherwise: T): Promise<T> {
        return inTurn(device, work).catch(() => otherwise);
    }

    return {
        open: (device, how) => safe(device, async () => {
            const channel = await context.owners.open(device, how);
            if (!channel.ok) return channel;
            const settled = await settle(device, channel.session);
            return "ok" in settled ? settled : { ok: true };
        }, no("failed")),
        invite: (device, terms) => safe(device, () => invite(device, terms), no("failed")),
        judge: (device, claims) => safe(device, () => judge(device, claims), []),
        accept: (device, given) => safe(device, () => accept(device, given), no("failed")),
        drop: (device, key) => safe(device, () => drop(device, key), no("failed")),
        list: (device, ask) => safe(device, () => list(device, ask), { ...no("failed"), value: null }),
        merge: (device) => safe(device, () => merge(device), no("failed")),
        claim,
    };
}
