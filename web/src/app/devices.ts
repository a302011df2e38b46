// The cameras that this page knows, in the server's order; loaded page by page and kept fresh by the news.
import { signal, type ReadonlySignal } from "@preact/signals";
import { api, type Device, type DevicePage } from "./api";
import { onNews } from "./events";

export interface Fleet {
    readonly devices: readonly Device[];
    readonly total: number;
    readonly online: number;
    readonly simulated: number;
    readonly next: string | null;
}

export type Loaded<T> =
    | { readonly is: "loading" }
    | { readonly is: "ready"; readonly value: T }
    | { readonly is: "failed"; readonly problem: unknown };

const fleetSignal = signal<Loaded<Fleet>>({ is: "loading" });
export const fleet: ReadonlySignal<Loaded<Fleet>> = fleetSignal;

export const readyFleet = (): Fleet | null =>
    fleetSignal.value.is === "ready" ? fleetSignal.value.value : null;

const fromPage = (p: DevicePage, before: readonly Device[] = []): Fleet => ({
    devices: [...before, ...p.devices],
    total: p.total,
    online: p.online,
    simulated: p.simulated,
    next: p.next ?? null,
});

/** Puts one changed camera in its place; pure, so that it can be tested. */
export function withDevice(f: Fleet, d: Device): Fleet {
    const old = f.devices.find((x) => x.id === d.id);
    const online = f.online + Number(d.state === "online") - Number(old?.state === "online");
    if (old) return { ...f, online, devices: f.devices.map((x) => (x.id === d.id ? d : x)) };
    // A camera beyond the loaded pages: only the counts can say so; a reload asks for the truth.
    return f.next
        ? f
        : {
              ...f,
              online,
              total: f.total + 1,
              simulated: f.simulated + Number(d.simulated),
              devices: [...f.devices, d],
          };
}

export function withoutDevice(f: Fleet, id: string): Fleet {
    const old = f.devices.find((x) => x.id === id);
    if (!old) return f;
    return {
        ...f,
        total: f.total - 1,
        online: f.online - Number(old.state === "online"),
        simulated: f.simulated - Number(old.simulated),
        devices: f.devices.filter((x) => x.id !== id),
    };
}

const PAGE = 64;
let loading: Promise<void> | null = null;

export function loadFleet(): Promise<void> {
    loading ??= (async () => {
        try {
            const want = Math.max(PAGE, readyFleet()?.devices.length ?? 0);
            fleetSignal.value = {
                is: "ready",
                value: fromPage(await api.devices({ limit: Math.min(200, want) })),
            };
        } catch (problem) {
            if (fleetSignal.value.is !== "ready") fleetSignal.value = { is: "failed", problem };
        } finally {
            loading = null;
        }
    })();
    return loading;
}

/** Loads on until `n` cameras are known or there are no more. */
export async function ensureDevices(n: number): Promise<void> {
    await loading;
    for (let f = readyFleet(); f?.next && f.devices.length < n; f = readyFleet()) {
        const page = await api.devices({ limit: PAGE, cursor: f.next });
        fleetSignal.value = { is: "ready", value: fromPage(page, f.devices) };
    }
}

export const deviceById = (id: string): Device | null =>
    readyFleet()?.devices.find((d) => d.id === id) ?? null;

export function putDevice(d: Device): void {
    const f = readyFleet();
    if (f) fleetSignal.value = { is: "ready", value: withDevice(f, d) };
}

export function startFleet(): () => void {
    void loadFleet();
    let greeted = false;
    return onNews((news) => {
        const f = readyFleet();
        if (news.ev === "hello") {
            if (greeted) void loadFleet();
            greeted = true;
        } else if (news.ev === "access") {
            void loadFleet();
        } else if (f && news.ev === "device") {
            fleetSignal.value = { is: "ready", value: withDevice(f, news.device) };
        } else if (f && news.ev === "device.removed") {
            fleetSignal.value = { is: "ready", value: withoutDevice(f, news.id) };
        }
    });
}
export function clearFleet(): void {
    fleetSignal.value = { is: "loading" };
}
