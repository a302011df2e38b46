// The sealed worker's entry: one per page. Holds the keyring, the labels, both sockets and a link per
// camera; answers the page's messages. No protocol here.

import type { LiveSession } from "./api";
import { rememberedOf } from "./facts";
import { type Keyring, keyringNew, keyringStoreOpen } from "./keyring";
import { labelsNew, proofRead } from "./labels";
import { type Link, linkNew } from "./link";
import type { Answers, Ask, FromWorker, ShareCall, ToWorker } from "./messages";
import type { Past } from "./past";
import { relaySocketNew } from "./relaysocket";
import { ownersNew } from "./owner";
import { sharingNew } from "./sharing";
import { signalNew } from "./signal";
import { type Tile, tileNew } from "./tile";

const port = self as unknown as {
    postMessage(message: FromWorker, transfer: Transferable[]): void;
    onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
    close(): void;
};

const store = keyringStoreOpen();
const labels = labelsNew();
const links = new Map<string, Link>();
const tiles = new Map<number, { readonly tile: Tile; readonly link: Link }>();
const signal = signalNew(socketsChanged);
const relay = relaySocketNew(socketsChanged);
const NOT_OPEN = { ok: false, code: "not-open", retry_ms: 0 } as const;
let account: LiveSession = { account: "", csrf: "" };
let keyring: Keyring = keyringNew("", store);
let workerMse = false;
const keysChanged = (device: string): void => void links.get(device)?.keysChanged();
const owners = ownersNew({
    account: () => account, keyring: () => keyring, labels, signal, changed: keysChanged, idle: socketsRest,
});
const sharing = sharingNew({ account: () => account, keyring: () => keyring, owners, changed: keysChanged });

function post(message: FromWorker, transfer: Transferable[] = []): void {
    port.postMessage(message, transfer);
}

function socketsChanged(): void {
    post({ of: "relay", facts: { signal: signal.isOpen(), live: relay.isOpen(), rtt_ms: signal.rtt_ms() } });
    for (const link of links.values()) link.offsetChanged();
}

function linkOf(device: string): Link {
    const found = links.get(device);
    if (found !== undefined) return found;
    const link = linkNew({
        device, account: () => account, keyring, labels, signal, relay,
        gone: () => {
            if (links.get(device) === link) links.delete(device);
            socketsRest();
        },
    });
    links.set(device, link);
    return link;
}

/** Nothing needs them any more. */
function socketsRest(): void {
    if (links.size > 0) return;
    relay.close();
    if (!owners.isOpen()) signal.close();
}

function sessionSet(session: LiveSession): void {
    if (session.account !== account.account) {
        for (const link of [...links.values()]) link.end();
        owners.end();
        keyring = keyringNew(session.account, store);
    }
    account = session;
}

function watchStart(message: Extract<ToWorker, { to: "watch" }>): void {
    const { id, options } = message;
    const link = linkOf(options.device);
    const tile = tileNew({
        id, options, workerMse, post, offset_ms: signal.offset_ms,
        codecFailed: (codec) => link.codecFailed(tile, codec), soundFailed: () => link.beside.soundFailed(tile),
        pastFailed: (why) => link.past(tile)?.stop(why),
    });
    tiles.set(id, { tile, link });
    link.add(tile);
}

function watchStop(id: number): void {
    const found = tiles.get(id);
    if (found === undefined) return;
    tiles.delete(id);
    found.tile.end();
    found.link.remove(found.tile);
}

function close(): void {
    for (const link of [...links.values()]) link.end();
    owners.end();
    labels.end();
    signal.close();
    relay.close();
    setTimeout(() => port.close(), 200);
}

async function forget(device: string): Promise<null> {
    labels.drop(device);
    owners.drop(device);
    await links.get(device)?.unenrol();
    await keyring.forget(device, Date.now());
    await links.get(device)?.forgotten();
    return null;
}

async function forgetAll(): Promise<null> {
    const devices = (await keyring.cameras()).map((entry) => entry.device);
    await Promise.all(devices.map((device) => links.get(device)?.unenrol()));
    await keyring.forgetAll(Date.now());
    for (const device of devices) await links.get(device)?.forgotten();
    return null;
}

async function answer(ask: Ask): Promise<Answers[keyof Answers]> {
    switch (ask.name) {
        case "remembered": {
            const all = await Promise.all((await keyring.cameras()).map(rememberedOf));
            return all.filter((one) => one !== null);
        }
        case "remember": return await links.get(ask.device)?.remember() ?? false;
        case "forget": return forget(ask.device);
        case "forgetAll": return forgetAll();
        case "claimOwner": {
            const claimed = await links.get(ask.device)?.claimOwner() ?? { ok: false, code: "not-open" } as const;
            // The first list, with this browser's own key on it, follows in an owner channel.
            if (claimed.ok) void sharing.list(ask.device, true);
            return claimed;
        }
        case "share": return share(ask.act);
        case "importLabels": return labels.importText(ask.text);
        case "snap": return await tiles.get(ask.id)?.link.beside.snap() ?? NOT_OPEN;
        case "place": return await tiles.get(ask.id)?.link.beside.place(ask.how, ask.place) ?? NOT_OPEN;
        case "talkStart": {
            const found = tiles.get(ask.id);
            return await found?.link.beside.talkStart(found.tile) ?? NOT_OPEN;
        }
        case "pastFind": return await pastOf(ask.id)?.find(ask.from_ms, ask.to_ms) ?? NOT_OPEN;
        case "pastStart": return await pastOf(ask.id)?.start(ask.at_ms, ask.speed) ?? NOT_OPEN;
        case "pastSeek": return await pastOf(ask.id)?.seek(ask.at_ms) ?? NOT_OPEN;
        case "pastSpeed": return await pastOf(ask.id)?.setSpeed(ask.speed) ?? NOT_OPEN;
        case "checkCredential": {
            const read = await proofRead(ask.device, ask.credential);
            return read.ok ? null : read.fault;
        }
    }
}

function share(act: ShareCall): Promise<Answers["share"]> {
    return (sharing[act.is] as (...args: typeof act.with) => Promise<Answers["share"]>)(...act.with);
}

function pastOf(id: number): Past | null {
    const found = tiles.get(id);
    return found === undefined ? null : found.link.past(found.tile);
}

function tileMessage(id: number, message: ToWorker): void {
    const found = tiles.get(id);
    if (found === undefined) return;
    const { tile, link } = found;
    switch (message.to) {
        case "enter": return void link.enter(tile, message.credential, message.remember);
        case "accept": return void link.accept(message.fingerprint);
        case "stream":
            tile.stream = message.stream;
            return link.wanted(tile);
        case "retry": return void link.retry();
        case "attach": return link.attach(tile, message.on);
        case "position":
            link.past(tile)?.position(message.time_s);
            return tile.position(message.time_s);
        case "broken":
            if (tile.stream === null) return link.past(tile)?.stop(message.codec ? "codec" : "decode");
            return tile.broken(message.codec);
        case "pastStop": return link.past(tile)?.stop(null);
        case "sound": return link.beside.sound(tile, message.on);
        case "soundBroken": return link.beside.soundFailed(tile);
        case "steer": return link.beside.steer(message.speed);
        case "talkPacket": return link.beside.talkPacket(tile, new Uint8Array(message.packet), message.index);
        case "talkEnd": return link.beside.talkEnd(tile);
    }
}

port.onmessage = (event) => {
    const message = event.data;
    switch (message.to) {
        case "session":
            workerMse = message.workerMse;
            return sessionSet(message.session);
        case "watch": return watchStart(message);
        case "stop": return watchStop(message.id);
        case "seed": return labels.seedSet(message.seed);
        case "close": return close();
        case "call":
            return void answer(message.ask).then((value) => {
                const isPicture = typeof value === "object" && value !== null && "jpeg" in value;
                post({ of: "answer", call: message.call, value }, isPicture ? [value.jpeg] : []);
            });
        default: return tileMessage(message.id, message);
    }
};
