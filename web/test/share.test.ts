// Sharing where the browser judges: the list (sealed.md 5.3, 7.2, rows 60 to 66 and 82, 83), claims, links, the pin.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type CameraEntry, type OwnerKey, keyringNew, keyringStoreMemory } from "../src/live/keyring";
import type { OwnerChannel, Owners } from "../src/live/owner";
import { sharingNew } from "../src/live/sharing";
import type { Session } from "../src/live/session";
import type { Sharing } from "../src/live/shareapi";
import {
    type AccessList, LIST_LIFE_MS, type ListEntry, accountTag, entriesMerge, entriesWith, entriesWithout, listDecode, listHash,
    listSign, listVerify, rightNames, rightsOf,
} from "../src/seal/accesslist";
import { type Bytes, base64Decode, base64Encode, bytesConcat, bytesCopy, bytesEqual, hexEncode } from "../src/seal/bytes";
import { deviceIdDecode } from "../src/seal/crockford";
import { Role, keyName } from "../src/seal/fingerprint";
import { claimIs, claimMake, invitationRead, invitationWrite } from "../src/seal/invite";
import { ecdhKeyNew } from "../src/seal/kk";
import { accessRead } from "../src/seal/shapes";
import { ACCOUNT, DEVICE, fixedDh, ownerListVector, range } from "./camera";

const VIEWER = "3255f597083e39deb4aa984d09be35ff961634ddb7ee67e43de335b046995f0d";
const NOW = 1795334400000;
const RAW = deviceIdDecode(DEVICE) ?? new Uint8Array(0);
const DAY = 86_400_000;

async function ownerNew(): Promise<OwnerKey> {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    return { pair, publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)), accepted: true };
}

async function entryNew(more: Partial<ListEntry> = {}): Promise<ListEntry> {
    return {
        key: (await ecdhKeyNew()).publicKey, rights: 3, not_before_ms: NOW, not_after_ms: NOW + DAY,
        tag: await accountTag("guest"), ...more,
    };
}

const signed = (owner: OwnerKey, version: number, entries: readonly ListEntry[], more: Partial<AccessList> = {}): Promise<Bytes> =>
    listSign({ device: RAW, version, issued_ms: NOW, entries, ...more }, owner.pair.privateKey, owner.publicKey);

test("list: the vector is read, verified and hashed", async () => {
    const { signed: head, signature, publicKey } = await ownerListVector(VIEWER);
    const blob = bytesConcat(head, signature);
    const list = listDecode(blob);
    assert.equal(hexEncode(await listHash(blob)), "833b621eca7f52abc924b1588ad8768e855a5395295090f327b4759712d5f0f3");
    assert.ok(await listVerify(blob, publicKey));
    assert.equal(list.version, 7);
    assert.equal(list.entries.length, 1);
    assert.deepEqual(rightNames(list.entries[0]?.rights ?? 0), ["live-main", "live-sub", "listen"]);
    assert.equal(rightsOf(["live-main", "live-sub", "listen", "manage"]), 7, "manage is no right of a list");
    assert.ok(bytesEqual(list.entries[0]?.tag ?? range(0, 0), await accountTag(ACCOUNT)));
});

test("list: what we sign encodes as the vector does", async () => {
    const { signed: head } = await ownerListVector(VIEWER);
    const owner = await ownerNew();
    const entry = { key: (await fixedDh(VIEWER)).publicKey, rights: 7, not_before_ms: NOW, not_after_ms: 1803110400000, tag: await accountTag(ACCOUNT) };
    const blob = await signed(owner, 7, [entry]);
    assert.ok(await listVerify(blob, owner.publicKey));
    const expected = bytesCopy(head);
    expected.set((await keyName(Role.owner, owner.publicKey)).id, 36);
    assert.equal(hexEncode(blob.subarray(0, 152)), hexEncode(expected));
});

test("list 63: any bit flipped", async () => {
    const owner = await ownerNew();
    const blob = await signed(owner, 1, [await entryNew()]);
    for (let bit = 0; bit < blob.length * 8; bit += 7) {
        const bent = bytesCopy(blob);
        bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        let isGood = true;
        try {
            listDecode(bent);
            isGood = await listVerify(bent, owner.publicKey);
        } catch {
            isGood = false;
        }
        assert.equal(isGood, false, `bit ${bit}`);
    }
    assert.equal(await listVerify(blob, (await ownerNew()).publicKey), false, "62: a foreign signer");
});

test("list 82: what no camera takes is never signed", async () => {
    const owner = await ownerNew();
    const one = await entryNew();
    const off = bytesCopy(one.key);
    off[64] = (off[64] ?? 0) ^ 1;
    const many = await Promise.all(Array.from({ length: 65 }, () => entryNew()));
    for (const entries of [
        [{ ...one, rights: 0x100 }], [{ ...one, rights: 0x400 }], [one, one], [{ ...one, key: off }], many,
        [{ ...one, not_after_ms: NOW + LIST_LIFE_MS + 1 }], [{ ...one, not_after_ms: NOW - 1 }],
    ]) await assert.rejects(signed(owner, 1, entries));
    for (const more of [{ version: 0 }, { version: 2 ** 32 }, { device: RAW.slice(1) }]) await assert.rejects(signed(owner, 1, [one], more));
    for (const length of [0, 51, 115, 117]) assert.throws(() => listDecode(new Uint8Array(length)));
});

test("entries: put, take, merge", async () => {
    const [a, b, c] = [await entryNew(), await entryNew({ rights: 7 }), await entryNew()];
    assert.equal(entriesWith([a, b], { ...a, rights: 1 }).length, 2);
    assert.deepEqual(entriesWithout([a, b], a.key), [b]);
    const merged = entriesMerge([a, b], [{ ...b, rights: 1, not_after_ms: NOW + 5 }, c], [hexEncode(a.key)]);
    assert.deepEqual(merged.map((one) => [hexEncode(one.key), one.rights, one.not_after_ms]),
        [[hexEncode(b.key), 1, NOW + 5], [hexEncode(c.key), 3, NOW + DAY]], "taken away stays away, the narrower wins");
});

test("claim: the vector, and rows 64 and 65", async () => {
    const { publicKey } = await fixedDh(VIEWER);
    const claim = await claimMake(range(0x80, 16), ACCOUNT, DEVICE, publicKey);
    assert.equal(hexEncode(claim), "8d83e4333a33f8c882f9c05fd1ea9c2b28f3f1caac9f534bf57deea163f0b948");
    assert.ok(await claimIs(claim, range(0x80, 16), ACCOUNT, DEVICE, publicKey));
    assert.equal(await claimIs(claim, range(0x80, 16), ACCOUNT, DEVICE, (await ecdhKeyNew()).publicKey), false, "64");
    assert.equal(await claimIs(claim, range(0x80, 16), "acct-0002", DEVICE, publicKey), false, "65");
    assert.equal(await claimIs(claim, range(0x81, 16), ACCOUNT, DEVICE, publicKey), false);
    const off = bytesCopy(publicKey);
    off[64] = (off[64] ?? 0) ^ 1;
    assert.equal(await claimIs(await claimMake(range(0x80, 16), ACCOUNT, DEVICE, off), range(0x80, 16), ACCOUNT, DEVICE, off), false);
});

test("link: forms", () => {
    const good = `d=${DEVICE}&s=gIGCg4SFhoeIiYqLjI2Ojw&k=BHNR-26TZ-21A8-51JN-5YAE`;
    const read = invitationRead(good);
    assert.ok(read !== null);
    assert.equal(hexEncode(read.secret), "808182838485868788898a8b8c8d8e8f");
    assert.equal(invitationWrite(read), good);
    for (const bad of [
        "", good + "&", good + "&x=1", good + `&d=${DEVICE}`, good.slice(0, -1), good.replace("BHNR", "BHNU"), good.replace("s=g", "s=gA"),
        good.replace("k=", "k"), good.replace(DEVICE, DEVICE + "a"), `d=${DEVICE}`,
    ]) assert.equal(invitationRead(bad), null, bad);
});

// --- the owner's browser against a camera that holds one list ---

interface Bed { readonly sharing: Sharing; readonly camera: Held; readonly entry: () => Promise<CameraEntry | null>; readonly guest: Bytes }
interface Held { list: Bytes | null; away: boolean; owners: Bytes[]; refuse: string | null }

/** What a camera answers, judged as it judges: version, and the signer's key. */
function cameraSession(held: Held, keys: readonly OwnerKey[]): Session {
    return {
        isOpen: () => !held.away,
        request: async (name: string, arg: { readonly list?: string }) => {
            const failed = (code: string) => ({ ok: false as const, err: { code, text: "", retry_ms: 0 } });
            const version = held.list === null ? 0 : listDecode(held.list).version;
            if (name === "access.set") {
                if (held.refuse !== null) return failed(held.refuse);
                const blob = base64Decode(arg.list ?? "") ?? new Uint8Array(0);
                if (listDecode(blob).version <= version) return failed("conflict");
                const verdicts = await Promise.all(keys.map((key) => listVerify(blob, key.publicKey)));
                if (!verdicts.includes(true)) return failed("denied");
                held.list = blob;
                return { ok: true as const, val: {} };
            }
            const hash = held.list === null ? new Uint8Array(32) : await listHash(held.list);
            return { ok: true as const, val: {
                version, hash: base64Encode(hash), wall: Date.now(), enrolled: [], used: [],
                owners: held.owners.map((id) => ({ id: base64Encode(id) })),
                ...(held.list === null ? {} : { list: base64Encode(held.list) }),
            } };
        },
    } as unknown as Session;
}

async function bedNew(owner: OwnerKey, keys: readonly OwnerKey[] = [owner]): Promise<Bed> {
    const keyring = keyringNew(ACCOUNT, keyringStoreMemory());
    const seal = (await ecdhKeyNew()).publicKey;
    await keyring.change(DEVICE, { seal, enrolled: true, owner });
    const owners = await Promise.all(keys.map(async (key) => (await keyName(Role.owner, key.publicKey)).id));
    const camera: Held = { list: null, away: false, owners, refuse: null };
    const session = cameraSession(camera, keys);
    const channels: Owners = {
        open: async (): Promise<OwnerChannel> => (camera.away ? { ok: false, why: "offline" } : { ok: true, session, fresh: false }),
        isOpen: () => false, drop: () => undefined, end: () => undefined,
    };
    const sharing = sharingNew({
        account: () => ({ account: ACCOUNT, csrf: "" }), keyring: () => keyring, owners: channels, changed: () => undefined,
    });
    return { sharing, camera, entry: () => keyring.camera(DEVICE), guest: (await ecdhKeyNew()).publicKey };
}

const terms = { actions: ["live-main", "live-sub"] as const, not_after_ms: Date.now() + 30 * DAY };

async function claimBy(bed: Bed, fragment: string, more: { account?: string; key?: Bytes } = {}) {
    const invitation = invitationRead(fragment);
    assert.ok(invitation !== null);
    const key = more.key ?? bed.guest;
    const claim = await claimMake(invitation.secret, "guest", DEVICE, bed.guest);
    return { id: "c1", account: more.account ?? "guest", public_key: base64Encode(key), claim: base64Encode(claim) };
}

async function invited(bed: Bed): Promise<string> {
    const made = await bed.sharing.invite(DEVICE, terms);
    assert.ok(made.ok);
    return made.fragment;
}

const keysOn = (blob: Bytes | null): string[] => (blob === null ? [] : listDecode(blob).entries.map((one) => hexEncode(one.key)));

test("sharing: the first list holds this browser's own key; a claim joins it; withdrawing takes it off", async () => {
    const bed = await bedNew(await ownerNew());
    assert.ok((await bed.sharing.open(DEVICE, { simulated: false })).ok);
    assert.equal(bed.camera.list === null ? 0 : listDecode(bed.camera.list).version, 1);
    const given = await claimBy(bed, await invited(bed));
    const [judged] = await bed.sharing.judge(DEVICE, [given]);
    assert.deepEqual(judged?.terms?.actions, ["live-main", "live-sub"]);
    assert.equal(judged?.fingerprint, (await keyName(Role.viewer, bed.guest)).fingerprint);
    const accepted = await bed.sharing.accept(DEVICE, given);
    assert.deepEqual(accepted, { ok: true, version: 2, list: null });
    assert.ok(keysOn(bed.camera.list).includes(hexEncode(bed.guest)));
    const shown = await bed.sharing.list(DEVICE, true);
    assert.ok(shown.ok && shown.value.stand === "in-step" && shown.value.listed.length === 2);
    assert.ok((await bed.sharing.drop(DEVICE, given.public_key)).ok);
    assert.ok(!keysOn(bed.camera.list).includes(hexEncode(bed.guest)));
});

test("sharing 64 to 66: swapped key, other account, second use: nothing is signed", async () => {
    const bed = await bedNew(await ownerNew());
    await bed.sharing.open(DEVICE, { simulated: false });
    const fragment = await invited(bed);
    const before = bed.camera.list;
    for (const given of [await claimBy(bed, fragment, { key: (await ecdhKeyNew()).publicKey }), await claimBy(bed, fragment, { account: "mallory" })]) {
        assert.equal((await bed.sharing.judge(DEVICE, [given]))[0]?.terms, null);
        assert.deepEqual(await bed.sharing.accept(DEVICE, given), { ok: false, why: "refused" });
    }
    assert.equal(bed.camera.list, before);
    assert.ok((await bed.sharing.accept(DEVICE, await claimBy(bed, fragment))).ok);
    assert.ok((await bed.sharing.accept(DEVICE, await claimBy(bed, fragment))).ok, "the same key again, after a broken answer");
    const second = { ...bed, guest: (await ecdhKeyNew()).publicKey };
    const list = bed.camera.list;
    assert.deepEqual(await bed.sharing.accept(DEVICE, await claimBy(second, fragment)), { ok: false, why: "refused" }, "66");
    assert.equal(bed.camera.list, list);
});

test("sharing: a change that the camera missed is sent again, and says so", async () => {
    const bed = await bedNew(await ownerNew());
    await bed.sharing.open(DEVICE, { simulated: false });
    bed.camera.away = true;
    const away = await bed.sharing.accept(DEVICE, await claimBy(bed, await invited(bed)));
    assert.ok(away.ok && away.list !== null && away.version === 2);
    const kept = await bed.sharing.list(DEVICE, false);
    assert.ok(kept.ok && kept.value.stand === "unsent");
    bed.camera.away = false;
    const shown = await bed.sharing.list(DEVICE, true);
    assert.ok(shown.ok && shown.value.stand === "sent-again" && shown.value.version === 2);
    assert.equal(base64Encode(bed.camera.list ?? new Uint8Array(0)), away.list);
});

test("sharing 83: two owners signed the same version; the merge keeps both and brings nobody back", async () => {
    const [first, second] = [await ownerNew(), await ownerNew()];
    const bed = await bedNew(first, [first, second]);
    await bed.sharing.open(DEVICE, { simulated: false });
    const leaver = await claimBy(bed, await invited(bed));
    assert.ok((await bed.sharing.accept(DEVICE, leaver)).ok);
    bed.camera.away = true;
    assert.ok((await bed.sharing.drop(DEVICE, leaver.public_key)).ok); // version 3, left with the box
    const now = Date.now();
    const theirs = await entryNew({ not_before_ms: now, not_after_ms: now + DAY });
    const before = listDecode(bed.camera.list ?? new Uint8Array(0)).entries;
    bed.camera.list = await signed(second, 3, [...before, theirs], { issued_ms: now });
    bed.camera.away = false;
    const shown = await bed.sharing.list(DEVICE, true);
    assert.ok(shown.ok && shown.value.stand === "forked");
    assert.deepEqual(await bed.sharing.drop(DEVICE, base64Encode(theirs.key)), { ok: false, why: "forked" }, "first the merge");
    assert.deepEqual(await bed.sharing.merge(DEVICE), { ok: true, version: 4, list: null });
    const keys = keysOn(bed.camera.list);
    assert.ok(keys.includes(hexEncode(theirs.key)) && !keys.includes(hexEncode(bed.guest)));
});

test("sharing 84: a list of before a factory reset is not sent again", async () => {
    const bed = await bedNew(await ownerNew());
    await bed.sharing.open(DEVICE, { simulated: false });
    await bed.sharing.accept(DEVICE, await claimBy(bed, await invited(bed)));
    bed.camera.list = null;
    bed.camera.owners = [range(1, 16)];
    bed.camera.refuse = "denied";
    const shown = await bed.sharing.list(DEVICE, true);
    assert.ok(!shown.ok && shown.why === "not-owner");
    assert.equal(bed.camera.list, null);
});

test("guest: the claim is of the own key, the link's fingerprint is kept, another pin goes", async () => {
    const owner = await bedNew(await ownerNew());
    await owner.sharing.open(DEVICE, { simulated: false });
    const fragment = await invited(owner);
    const guest = await bedNew(await ownerNew());
    const made = await guest.sharing.claim(fragment);
    const secret = invitationRead(fragment)?.secret ?? range(0, 16);
    assert.ok(made !== null && await claimIs(base64Decode(made.claim) ?? range(0, 32), secret, ACCOUNT, DEVICE, base64Decode(made.public_key) ?? range(0, 65)));
    const entry = await guest.entry();
    assert.equal(entry?.sharing?.link, invitationRead(fragment)?.fingerprint);
    assert.equal(entry?.seal, null);
    assert.equal(await guest.sharing.claim("d=x"), null);
});

test("access.get: forms", () => {
    const good = { version: 0, hash: base64Encode(new Uint8Array(32)), wall: 1, owners: [], enrolled: [], used: [] };
    assert.equal(accessRead(good).list, null);
    for (const bad of [{ version: -1 }, { hash: "" }, { owners: [{ id: "AA" }] }, { used: [{ id: base64Encode(range(0, 16)) }] }, { list: "?" }, { more: 1 }]) {
        assert.throws(() => accessRead({ ...good, ...bad }));
    }
});
