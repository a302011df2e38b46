// Turning the camera: a round pad, zoom, nine places. Held = turns, released = stands; every move goes sealed.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Device } from "../../app/api";
import { useKeys, type KeyRow } from "../../app/keys";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { count } from "../../i18n/format";
import type { BesideState, PtzSpeed, Watch } from "../../live/api";
import { Icon } from "../../ui/icon";
import { Hint } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { missing, refusedKey } from "./abilities";
import { ARROWS, padSpeed, PLACES, STILL, zoomText } from "./pad";

/** A tap turns at least this long, else it would not be seen. */
const TAP_MS = 180;

interface Steering {
    press(speed: Partial<PtzSpeed>): void;
    release(): void;
}

function useSteering(watch: Watch | null): Steering {
    const since = useRef(0);
    const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
    const isOn = useRef(false);
    const stop = () => {
        clearTimeout(timer.current);
        if (isOn.current) watch?.steer(STILL);
        isOn.current = false;
    };
    useEffect(() => {
        const away = () => document.hidden && stop();
        window.addEventListener("blur", stop);
        document.addEventListener("visibilitychange", away);
        return () => {
            window.removeEventListener("blur", stop);
            document.removeEventListener("visibilitychange", away);
            stop();
        };
    }, [watch]);
    return {
        press: (speed) => {
            clearTimeout(timer.current);
            if (!isOn.current) since.current = performance.now();
            isOn.current = true;
            watch?.steer({ ...STILL, ...speed });
        },
        release: () => {
            clearTimeout(timer.current);
            const left = TAP_MS - (performance.now() - since.current);
            if (left > 0) timer.current = setTimeout(stop, left);
            else stop();
        },
    };
}

function Pad({
    steering,
    off,
    dashed,
}: {
    readonly steering: Steering;
    readonly off: boolean;
    readonly dashed: boolean;
}) {
    const pad = useRef<HTMLDivElement>(null);
    const held = useRef(new Set<string>());
    const follow = (e: PointerEvent) => {
        const box = pad.current?.getBoundingClientRect();
        if (!box) return;
        const size = box.width / 2;
        const x = (e.clientX - box.left - size) / size;
        const y = (e.clientY - box.top - size) / size;
        steering.press(padSpeed(x, y));
    };
    const turn = () => {
        const all = [...held.current].map((key) => ARROWS[key] ?? STILL);
        if (!all.length) return steering.release();
        steering.press({
            pan: all.reduce((sum, one) => sum + one.pan, 0),
            tilt: all.reduce((sum, one) => sum + one.tilt, 0),
        });
    };
    return (
        <div
            ref={pad}
            class={dashed ? "pad off" : "pad"}
            role="group"
            tabIndex={dashed ? undefined : 0}
            aria-label={t("ptz.pad")}
            onKeyDown={(e) => {
                if (off || !(e.key in ARROWS)) return;
                e.preventDefault();
                e.stopPropagation();
                held.current.add(e.key);
                if (!e.repeat) turn();
            }}
            onKeyUp={(e) => held.current.delete(e.key) && turn()}
            onBlur={() => {
                if (held.current.size === 0) return;
                held.current.clear();
                steering.release();
            }}
            onPointerDown={(e) => {
                if (off || e.button !== 0) return;
                e.currentTarget.setPointerCapture(e.pointerId);
                follow(e);
            }}
            onPointerMove={(e) => {
                if (e.currentTarget.hasPointerCapture(e.pointerId)) follow(e);
            }}
            onPointerUp={steering.release}
            onPointerCancel={steering.release}
        >
            <svg viewBox="0 0 96 96" aria-hidden="true">
                <circle cx="48" cy="48" r="46" />
                <circle cx="48" cy="48" r="15" />
                <path d="M42 17l6-6 6 6M42 79l6 6 6-6M17 42l-6 6 6 6M79 42l6 6-6 6" />
            </svg>
        </div>
    );
}

/** A button that acts while it is held, by finger or key. */
function Hold({
    label,
    icon,
    off,
    dashed,
    speed,
    steering,
}: {
    readonly label: string;
    readonly icon: "plus" | "minus";
    readonly off: boolean;
    readonly dashed: boolean;
    readonly speed: Partial<PtzSpeed>;
    readonly steering: Steering;
}) {
    const isPress = (e: KeyboardEvent) => e.key === " " || e.key === "Enter";
    return (
        <button
            type="button"
            class={dashed ? "btn sm ico off" : "btn sm ico"}
            aria-label={label}
            aria-disabled={off || undefined}
            onPointerDown={(e) => {
                if (off || e.button !== 0) return;
                e.currentTarget.setPointerCapture(e.pointerId);
                steering.press(speed);
            }}
            onPointerUp={steering.release}
            onPointerCancel={steering.release}
            onKeyDown={(e) => {
                if (off || !isPress(e)) return;
                e.preventDefault();
                if (!e.repeat) steering.press(speed);
            }}
            onKeyUp={(e) => {
                if (!isPress(e)) return;
                e.preventDefault();
                steering.release();
            }}
            onBlur={steering.release}
            onClick={(e) => {
                if (off || e.detail !== 0) return;
                steering.press(speed);
                steering.release();
            }}
        >
            <Icon name={icon} small />
        </button>
    );
}

function useWho(by: string | null): string {
    const state = session.value;
    if (by === null) return t("ptz.nobody");
    if (state.is === "in" && (by === state.answer.account.id || by === state.answer.account.name))
        return t("ptz.you");
    return by;
}

export function PtzPanel({
    device,
    watch,
    beside,
}: {
    readonly device: Device;
    readonly watch: Watch | null;
    readonly beside: BesideState;
}) {
    const [keeping, showKeeping] = useState(false);
    /** As keys see it, which may come before the next paint. */
    const keepingNow = useRef(false);
    const [why, setWhy] = useState<string | null>(null);
    const steering = useSteering(watch);
    const who = useWho(beside.ptz?.by ?? null);
    const lack = missing(device, beside, "ptz");
    const dashed = lack !== null;
    const off = dashed || beside.rights === null;

    const setKeeping = (on: boolean) => {
        keepingNow.current = on;
        showKeeping(on);
    };
    const place = async (n: number) => {
        if (off || !watch) return;
        const how = keepingNow.current ? "set" : "go";
        setKeeping(false);
        const result = await watch.place(how, n);
        setWhy(result.ok ? null : result.code);
        if (result.ok && how === "set") toast(t("ptz.kept", { n, name: device.name }));
    };
    const zoom = (speed: number) => (e: KeyboardEvent) => {
        if (off || e.repeat) return;
        steering.press({ zoom: speed });
        const up = () => {
            steering.release();
            document.removeEventListener("keyup", up);
        };
        document.addEventListener("keyup", up);
    };
    const stopKeeping: KeyRow = {
        key: "Escape",
        shown: "",
        does: "ptz.keep",
        act: () => setKeeping(false),
    };
    useKeys(
        off
            ? []
            : [
                  { key: "+", does: "ptz.in", act: zoom(1) },
                  { key: "=", does: "ptz.in", shown: "", act: zoom(1) },
                  { key: "-", shown: "−", does: "ptz.out", act: zoom(-1) },
                  ...PLACES.map((n) => ({
                      key: String(n),
                      does: "ptz.go" as const,
                      shown: n === 1 ? "1 – 9" : "",
                      act: () => void place(n),
                  })),
                  ...(keeping ? [stopKeeping] : []),
              ],
        [off, keeping, watch],
    );
    const code = why ?? beside.steer;
    const hold = { off, dashed, steering };
    return (
        <section class="panel" aria-label={t("ptz.title")}>
            <h2>
                {t("ptz.title")}
                <span class="r">
                    <kbd>← ↑ ↓ →</kbd>
                </span>
            </h2>
            <div class="ptz">
                <Pad steering={steering} off={off} dashed={dashed} />
                <dl class="kv">
                    <dt>{t("ptz.zoom")}</dt>
                    <dd class="zoom">
                        <span>{beside.ptz ? zoomText(beside.ptz.zoom, count) : "–"}</span>
                        <Hold label={t("ptz.out")} icon="minus" speed={{ zoom: -1 }} {...hold} />
                        <Hold label={t("ptz.in")} icon="plus" speed={{ zoom: 1 }} {...hold} />
                    </dd>
                    <dt>{t("ptz.by")}</dt>
                    <dd>{off ? "–" : who}</dd>
                </dl>
            </div>
            {lack ? (
                <Hint>{t(lack)}</Hint>
            ) : (
                <>
                    <div class="places" role="group" aria-label={t("ptz.places")}>
                        {PLACES.map((n) => (
                            <button
                                key={n}
                                type="button"
                                class="btn sm"
                                aria-disabled={off || undefined}
                                aria-label={t(keeping ? "ptz.keep-as" : "ptz.go-to", { n })}
                                onClick={() => void place(n)}
                            >
                                {n}
                            </button>
                        ))}
                        <button
                            type="button"
                            class="btn sm ico"
                            aria-disabled={off || undefined}
                            aria-label={t("ptz.keep")}
                            title={t("ptz.keep")}
                            aria-pressed={keeping}
                            onClick={() => !off && setKeeping(!keeping)}
                        >
                            <Icon name="plus" small />
                        </button>
                    </div>
                    <p class="small quiet" role="status">
                        {keeping
                            ? t("ptz.choose")
                            : code
                              ? t(code === "not-found" ? "ptz.empty" : refusedKey(code), { code })
                              : ""}
                    </p>
                </>
            )}
        </section>
    );
}
