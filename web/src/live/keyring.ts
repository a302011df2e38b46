// What this browser remembers, in IndexedDB: per account one viewer key (ECDH P-256, not extractable),
// per camera the pinned seal key, the parameter record, whether our key is enrolled there, an owner
// key if this browser owns it, and the times of wrong confirmations. Never a password, w0 or w1.

import type { Bytes } from "../seal/bytes";
import { ecdhKey, type DhKey } from "../seal/kk";
import { triesKept } from "../seal/limits";

const DATABASE = "skep-seal";
const VERSION = 1;
const VIEWERS = "viewers";
const CAMERAS = "cameras";

export interface OwnerKey {
    readonly pair: CryptoKeyPair;
    readonly publicKey: Bytes;
    /** True once the camera has answered owner.add. */
    readonly accepted: boolean;
}

/** A link that was handed out; its secret is kept here and nowhere else. */
export interface OpenInvitation {
    readonly secret: Bytes;
    readonly rights: number;
    readonly not_after_ms: number;
    readonly expires_ms: number;
    /** The one key that was accepted by it, hex. */
    readonly used: string | null;
}

export interface SharingEntry {
    /** As this browser last signed or saw it. */
    readonly list: Bytes | null;
    /** The camera has it. */
    readonly isSent: boolean;
    /** Keys that we took away since the camera last had our list, hex. */
    readonly dropped: readonly string[];
    readonly invitations: readonly OpenInvitation[];
    /** As a guest: the camera's fingerprint from the link. */
    readonly link: string | null;
}

export interface CameraEntry {
    readonly account: string;
    readonly device: string;
    readonly seal: Bytes | null;
    readonly via: "label" | "password" | "link";
    readonly simulated: boolean;
    readonly first_seen_ms: number;
    readonly last_used_ms: number;
    readonly enrolled: boolean;
    readonly params: Bytes | null;
    readonly bad: readonly number[];
    readonly owner: OwnerKey | null;
    /** Absent in entries of before. */
    readonly sharing?: SharingEntry | null;
}

interface ViewerEntry { readonly account: string; readonly pair: CryptoKeyPair; readonly publicKey: Bytes }

/** Two object stores behind the four verbs the keyring needs; tests put a Map behind it. */
export interface KeyringStore {
    get(store: string, key: string): Promise<unknown>;
    all(store: string): Promise<readonly unknown[]>;
    /** Read, change, write in one transaction; null deletes. */
    update(store: string, key: string, change: (old: unknown) => unknown): Promise<void>;
}

export interface Keyring {
    /** The account's viewer key, made at first use. */
    viewer(): Promise<DhKey>;
    camera(device: string): Promise<CameraEntry | null>;
    cameras(): Promise<readonly CameraEntry[]>;
    change(device: string, change: Partial<Omit<CameraEntry, "account" | "device">>): Promise<void>;
    /** One more wrong confirmation. */
    badAdd(device: string, now_ms: number): Promise<void>;
    /** Everything of a camera but the wrong confirmations of the last hour. */
    forget(device: string, now_ms: number): Promise<void>;
    forgetAll(now_ms: number): Promise<void>;
}

function emptyEntry(account: string, device: string): CameraEntry {
    return {
        account, device, seal: null, via: "password", simulated: false, first_seen_ms: 0, last_used_ms: 0,
        enrolled: false, params: null, bad: [], owner: null,
    };
}

export function keyringNew(account: string, store: KeyringStore): Keyring {
    const keyOf = (device: string): string => `${account}/${device}`;
    let viewerOnce: Promise<DhKey> | null = null;

    async function viewerMake(): Promise<DhKey> {
        const how = { name: "ECDH", namedCurve: "P-256" };
        const fresh = await crypto.subtle.generateKey(how, false, ["deriveBits"]);
        const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", fresh.publicKey));
        let kept: ViewerEntry = { account, pair: fresh, publicKey };
        await store.update(VIEWERS, account, (old) => {
            kept = (old as ViewerEntry | undefined) ?? kept;
            return kept;
        });
        return ecdhKey(kept.pair, kept.publicKey);
    }

    function viewer(): Promise<DhKey> {
        viewerOnce ??= viewerMake();
        return viewerOnce;
    }

    async function camera(device: string): Promise<CameraEntry | null> {
        return (await store.get(CAMERAS, keyOf(device)) as CameraEntry | undefined) ?? null;
    }

    async function cameras(): Promise<readonly CameraEntry[]> {
        const all = await store.all(CAMERAS) as readonly CameraEntry[];
        return all.filter((entry) => entry.account === account && entry.seal !== null);
    }

    function entryChange(device: string, make: (old: CameraEntry) => CameraEntry | null): Promise<void> {
        return store.update(CAMERAS, keyOf(device), (old) =>
            make((old as CameraEntry | undefined) ?? emptyEntry(account, device)));
    }

    function forget(device: string, now_ms: number): Promise<void> {
        return entryChange(device, (old) => {
            const bad = triesKept(old.bad, now_ms);
            return bad.length === 0 ? null : { ...emptyEntry(account, device), bad };
        });
    }

    async function forgetAll(now_ms: number): Promise<void> {
        const all = await store.all(CAMERAS) as readonly CameraEntry[];
        for (const entry of all.filter((one) => one.account === account)) await forget(entry.device, now_ms);
        viewerOnce = null;
        await store.update(VIEWERS, account, () => null);
    }

    return {
        viewer, camera, cameras, forget, forgetAll,
        change: (device, change) => entryChange(device, (old) => ({ ...old, ...change })),
        badAdd: (device, now_ms) =>
            entryChange(device, (old) => ({ ...old, bad: [...triesKept(old.bad, now_ms), now_ms] })),
    };
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error("keyring"));
    });
}

function databaseOpen(): Promise<IDBDatabase> {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
        request.result.createObjectStore(VIEWERS);
        request.result.createObjectStore(CAMERAS);
    };
    return settled(request);
}

/** IndexedDB, or the page's memory where the browser gives none (then nothing is remembered). */
export function keyringStoreOpen(): KeyringStore {
    if (typeof indexedDB === "undefined") return keyringStoreMemory();
    const database = databaseOpen();

    async function update(store: string, key: string, change: (old: unknown) => unknown): Promise<void> {
        const transaction = (await database).transaction(store, "readwrite", { durability: "strict" });
        const objects = transaction.objectStore(store);
        const done = new Promise<void>((resolve, reject) => {
            transaction.oncomplete = () => resolve();
            transaction.onabort = () => reject(transaction.error ?? new Error("keyring"));
        });
        const read = objects.get(key);
        read.onsuccess = () => {
            const next = change(read.result);
            if (next === null) objects.delete(key);
            else objects.put(next, key);
        };
        return done;
    }

    return {
        get: async (store, key) => settled((await database).transaction(store).objectStore(store).get(key)),
        all: async (store) => settled((await database).transaction(store).objectStore(store).getAll()),
        update,
    };
}

export function keyringStoreMemory(): KeyringStore {
    const stores = new Map<string, Map<string, unknown>>();
    const of = (store: string): Map<string, unknown> => {
        const found = stores.get(store) ?? new Map<string, unknown>();
        stores.set(store, found);
        return found;
    };
    return {
        get: (store, key) => Promise.resolve(of(store).get(key)),
        all: (store) => Promise.resolve([...of(store).values()]),
        update: (store, key, change) => {
            const next = change(of(store).get(key));
            if (next === null) of(store).delete(key);
            else of(store).set(key, next);
            return Promise.resolve();
        },
    };
}
