// Development only: a player that draws instead of decrypting, so that every tile state can be looked at without a server.
// dev/build.mjs puts it in the place of src/live/page.ts; the product's build never sees this folder.
import { PAST_NONE } from "../src/live/api";
import type {
    BesideState,
    Delay,
    Live,
    LiveSession,
    Remembered,
    SealFacts,
    Watch,
    WatchOptions,
    WatchState,
} from "../src/live/api";
import { bitsOf, fromBase64url, hexGroups } from "../src/ui/weave-bits";

interface Script {
    readonly phase: string;
    readonly delay?: number;
    readonly scene?: string;
    readonly name: string;
    readonly seal: string;
}

const MIN = 60_000;
let scripts: Promise<Record<string, Script>> | null = null;
const loadScripts = () =>
    (scripts ??= fetch("/dev/states.json").then(
        (r) => r.json() as Promise<Record<string, Script>>,
    ));

const delayOf = (ms: number): Delay => ({
    now_ms: ms,
    p50_ms: ms,
    p95_ms: Math.round(ms * 1.19),
    estimated: false,
    resyncs: 0,
    painted: 5400,
    dropped: 0,
    width: 1280,
    height: 720,
    codec: "avc1.640028",
});

async function factsOf(device: string, s: Script): Promise<SealFacts> {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", fromBase64url(s.seal)));
    return {
        channel: "key",
        fingerprint: "BHNR-26TZ-21A8-51JN-5YAE",
        fingerprint_hex: hexGroups(hash.subarray(0, 16)),
        weave: bitsOf(hash),
        viewer_fingerprint: "7Q2M-X0VD-19KA-33TB-ZC8E",
        remembered: true,
        owner: false,
        trust: {
            line: s.phase === "new" ? "new" : "label",
            since_ms: Date.now() - 12 * 86_400_000,
            simulated: true,
        },
        binding: { device, account: "acct-0001", session: "101112131415161718191a1b1c1d1e1f" },
        opened_ms: Date.now() - 41 * MIN,
        records: { sent: 12, received: 31 },
        key: {
            kid: "0e",
            turn: s.phase === "playing" && s.delay === 284 ? 3 : 1,
            since_ms: Date.now() - 3 * MIN,
        },
        refused: { withheld: 0, replaced_key: 0, unknown_key: 0 },
    };
}

function stateOf(s: Script, seal: SealFacts): WatchState {
    const delay = delayOf(s.delay ?? 300);
    const now = Date.now();
    const view = (bits: readonly boolean[], fingerprint: string) => ({
        fingerprint,
        fingerprint_hex: seal.fingerprint_hex,
        weave: bits,
    });
    switch (s.phase) {
        case "behind":
            return { phase: "behind", delay, seal };
        case "delayed":
            return { phase: "delayed", delay, seal };
        case "stalled":
            return { phase: "stalled", since_ms: now - 4000, seal };
        case "not-live":
            return { phase: "not-live", since_ms: now - 31_000, seal };
        case "opening":
            return { phase: "opening", stage: "agreeing", attempt: 1 };
        case "needs-password":
            return { phase: "needs-password", why: "first", password_class: "label" };
        case "wrong-password":
            return { phase: "wrong-password", tries_left: 3, retry_at_ms: null };
        case "bad-credential":
            return { phase: "bad-credential", why: "label-check" };
        case "locked":
            return { phase: "locked", until_ms: now + 14 * MIN };
        case "offline":
            return { phase: "offline", since_ms: now - 70 * MIN, retry_at_ms: now + 9000 };
        case "no-permission":
            return { phase: "no-permission" };
        case "refused-parameters":
            return { phase: "refused-parameters" };
        case "cut":
            return { phase: "cut", reason: "revoked", at_ms: now };
        case "key-changed":
            return {
                phase: "key-changed",
                pinned: view(seal.weave, seal.fingerprint),
                offered: view(
                    seal.weave.map((b, i) => (i % 3 ? b : !b)),
                    "K2WD-90TQ-77RM-4HCV-0BXS",
                ),
                vouched: "password",
            };
        case "codec":
            return { phase: "codec", codec: "avc1.640028" };
        case "retrying":
            return { phase: "retrying", why: "timeout", retry_at_ms: now + 5000 };
        default:
            return { phase: "playing", delay, seal };
    }
}

function draw(video: HTMLVideoElement, s: Script): void {
    const canvas = document.createElement("canvas");
    canvas.width = 640;
    canvas.height = 360;
    const g = canvas.getContext("2d");
    const image = new Image();
    if (s.scene) image.src = `/dev/scenes/${s.scene}.svg`;
    let frame = 100_000;
    const paint = () => {
        if (!g) return;
        g.fillStyle = "#7a8578";
        g.fillRect(0, 0, 640, 360);
        if (s.scene && image.complete && image.naturalWidth) g.drawImage(image, 0, 0, 640, 360);
        g.fillStyle = "#fff";
        g.font = "15px monospace";
        if (!s.scene) {
            g.fillText(s.name.toUpperCase(), 14, 26);
            g.fillText(new Date().toISOString().slice(11, 23), 14, 348);
            g.fillText(`#${frame++}`, 560, 348);
        }
    };
    paint();
    image.onload = paint;
    setInterval(paint, 250);
    video.srcObject = canvas.captureStream(10);
    void video.play().catch(() => undefined);
}

function fakeWatch(options: WatchOptions, id: number): Watch {
    let state: WatchState = { phase: "opening", stage: "asked", attempt: 1 };
    let video: HTMLVideoElement | null = null;
    let script: Script | null = null;
    const listeners = new Set<(s: WatchState) => void>();
    const besides = new Set<(s: BesideState) => void>();
    let beside: BesideState = {
        rights: ["live-main", "live-sub", "listen", "talk", "ptz", "snapshot"],
        features: [],
        sound: { is: "off" },
        talk: { is: "off", code: null },
        ptz: { pan: 0.2, tilt: -0.1, zoom: 2, by: null },
        steer: null,
    };
    const besideSet = (next: Partial<BesideState>) => {
        beside = { ...beside, ...next };
        for (const l of besides) l(beside);
    };
    const set = (next: WatchState) => {
        state = next;
        for (const l of listeners) l(state);
    };
    const PICTURE = ["playing", "behind", "delayed", "stalled", "not-live", "new"];
    const show = () => {
        if (video && script && !video.srcObject && PICTURE.includes(script.phase))
            draw(video, script);
    };
    void loadScripts().then(async (all) => {
        script = all[options.device] ?? null;
        if (!script) return;
        set(stateOf(script, await factsOf(options.device, script)));
        show();
    });
    return {
        id,
        device: options.device,
        state: () => state,
        onState: (l) => {
            listeners.add(l);
            l(state);
            return () => {
                listeners.delete(l);
            };
        },
        attach: (v) => {
            video = v;
            show();
        },
        beside: () => beside,
        onBeside: (l) => {
            besides.add(l);
            l(beside);
            return () => besides.delete(l);
        },
        setSound: (on) => besideSet({ sound: { is: on ? "on" : "off" } }),
        snapshot: async () => {
            const canvas = new OffscreenCanvas(1280, 720);
            canvas.getContext("2d")?.fillRect(0, 0, 1280, 720);
            const blob = await canvas.convertToBlob({ type: "image/jpeg" });
            return { ok: true, jpeg: await blob.arrayBuffer(), width: 1280, height: 720 };
        },
        steer: (speed) => besideSet({ ptz: { pan: speed.pan, tilt: speed.tilt, zoom: 2, by: "acct-0001" } }),
        place: (how, n) =>
            Promise.resolve(how === "go" && n > 3 ? { ok: false, code: "not-found", retry_ms: 0 } : { ok: true }),
        talkStart: () => {
            besideSet({ talk: { is: "on", since_ms: Date.now() } });
            return Promise.resolve({ ok: true });
        },
        talkPacket: () => undefined,
        talkEnd: () => besideSet({ talk: { is: "off", code: null } }),
        setStream: () => undefined,
        past: {
            view: () => PAST_NONE,
            onView: (listener) => {
                listener(PAST_NONE);
                return () => undefined;
            },
            find: () => Promise.resolve({ ok: false, code: "unsupported", retry_ms: 0 }),
            start: () => Promise.resolve({ ok: false, code: "unsupported", retry_ms: 0 }),
            seek: () => Promise.resolve({ ok: false, code: "unsupported", retry_ms: 0 }),
            setSpeed: () => Promise.resolve({ ok: false, code: "unsupported", retry_ms: 0 }),
            play: () => undefined,
            pause: () => undefined,
            step: () => false,
            stop: () => undefined,
        },
        acceptKey: () => undefined,
        retry: () => undefined,
        stop: () => listeners.clear(),
        enter: () => {
            if (script) {
                script = { ...script, phase: "playing" };
                void factsOf(options.device, script).then((f) => {
                    if (script) set(stateOf(script, f));
                    show();
                });
            }
        },
    };
}

export function openLive(_session: LiveSession): Live {
    let n = 0;
    const remembered = async (): Promise<readonly Remembered[]> => {
        const all = await loadScripts();
        return Promise.all(
            Object.entries(all)
                .slice(0, 5)
                .map(async ([device, s]) => {
                    const f = await factsOf(device, s);
                    return {
                        device,
                        fingerprint: f.fingerprint,
                        weave: f.weave,
                        trust: f.trust,
                        remembered: true,
                        owner: false,
                        last_used_ms: Date.now() - MIN,
                    };
                }),
        );
    };
    return {
        watch: (o) => fakeWatch(o, n++),
        setLabelSeed: () => undefined,
        importLabels: () =>
            Promise.resolve({ accepted: [], refused: [{ line: 1, fault: "label-check" }] }),
        checkCredential: (_d, c) =>
            Promise.resolve(c.kind === "label" && c.text.length < 24 ? "label-length" : null),
        setSession: () => undefined,
        remembered,
        remember: () => Promise.resolve(true),
        forget: () => Promise.resolve(),
        forgetAll: () => Promise.resolve(),
        claimOwner: () => Promise.resolve({ ok: true }),
        onRelay: (l) => {
            l({ signal: true, live: true, rtt_ms: 1 });
            return () => undefined;
        },
        close: () => undefined,
    };
}
