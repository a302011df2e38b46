// Adding a camera in three panes: a one-time token with the one command, the wait, the camera that came.
import { useEffect, useState } from "preact/hooks";
import { api, type Device, type NewToken } from "../../app/api";
import { loadFleet } from "../../app/devices";
import { onNews } from "../../app/events";
import { navigate } from "../../app/router";
import { t } from "../../i18n";
import { hourMinute } from "../../i18n/format";
import { Coil } from "../../ui/coil";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { ErrorNote } from "../../ui/notes";
import { CopyButton, Hint, SimChip } from "../../ui/parts";
import { QrCode } from "../../ui/qr-code";
import { useKeyFace, Weave } from "../../ui/weave";
import { Groups } from "./seal-panel";

const TTL_S = 3600;

export function AddCamera({ onClose }: { readonly onClose: () => void }) {
    const [simulated, setSimulated] = useState(false);
    const [token, setToken] = useState<NewToken | null>(null);
    const [problem, setProblem] = useState<unknown>(null);
    const [found, setFound] = useState<Device | null>(null);
    const [waiting, setWaiting] = useState(false);
    const make = async () => {
        setProblem(null);
        try {
            setToken(
                await api.newToken({ count: 1, ttl_s: TTL_S, ...(simulated ? { simulated } : {}) }),
            );
        } catch (e) {
            setProblem(e);
        }
    };
    useArrival(token, (device) => {
        setFound(device);
        void loadFleet();
    });
    const withdraw = async () => {
        if (token) await api.dropToken(token.id).catch(() => undefined);
        onClose();
    };
    const pane = found ? 3 : waiting ? 2 : 1;
    return (
        <Dialog title={t(found ? "add.found" : "add.title")} onClose={onClose} wide>
            <p class="row small quiet">
                <Coil of={3} on={pane} tone="straw" seg={34} gap={4} height={6} />
                {t(({ 1: "add.step1", 2: "add.step2", 3: "add.step3" } as const)[pane])}
            </p>
            {problem !== null && (
                <ErrorNote what={t("add.failed")} problem={problem} again={() => void make()} />
            )}
            {!token && (
                <Choose
                    simulated={simulated}
                    onChange={setSimulated}
                    onMake={() => void make()}
                    onClose={onClose}
                />
            )}
            {token && !found && (
                <TokenPane
                    token={token}
                    waiting={waiting}
                    onWait={() => setWaiting(true)}
                    onWithdraw={() => void withdraw()}
                />
            )}
            {found && <Found device={found} onClose={onClose} />}
        </Dialog>
    );
}

/** Looks for the camera that used the token: told by the news, asked for in case a message was missed. */
function useArrival(token: NewToken | null, onDevice: (d: Device) => void): void {
    useEffect(() => {
        if (!token) return;
        let done = false;
        const arrive = async (id: string) => {
            if (done) return;
            done = true;
            try {
                onDevice(await api.device(id));
            } catch {
                done = false;
            }
        };
        const off = onNews((news) => {
            if (news.ev === "enrolled" && news.token === token.id) void arrive(news.device);
        });
        const timer = setInterval(() => {
            if (done) return;
            api.token(token.id).then(
                (s) => {
                    if (s.devices[0]) void arrive(s.devices[0]);
                },
                () => undefined,
            );
        }, 3000);
        return () => {
            done = true;
            off();
            clearInterval(timer);
        };
    }, [token]);
}

function Choose({
    simulated,
    onChange,
    onMake,
    onClose,
}: {
    readonly simulated: boolean;
    readonly onChange: (on: boolean) => void;
    readonly onMake: () => void;
    readonly onClose: () => void;
}) {
    const kind = (value: boolean, title: string, text: string) => (
        <label class="check box">
            <input
                type="radio"
                name="kind"
                checked={simulated === value}
                onChange={() => onChange(value)}
                data-first={value ? undefined : ""}
            />
            <span>
                <b>{title}</b>
                <span class="small quiet l2">{text}</span>
            </span>
        </label>
    );
    return (
        <form
            class="stack"
            onSubmit={(e) => {
                e.preventDefault();
                onMake();
            }}
        >
            <p>{t("add.what")}</p>
            <fieldset>
                <legend class="vh">{t("add.kind")}</legend>
                {kind(false, t("add.real"), t("add.real-what"))}
                {kind(true, t("add.simulated"), t("add.simulated-what"))}
            </fieldset>
            <div class="acts">
                <button type="submit" class="btn pri">
                    {t("add.make")}
                </button>
                <button type="button" class="btn" onClick={onClose}>
                    {t("act.cancel")}
                </button>
            </div>
        </form>
    );
}

function TokenPane({
    token,
    waiting,
    onWait,
    onWithdraw,
}: {
    readonly token: NewToken;
    readonly waiting: boolean;
    readonly onWait: () => void;
    readonly onWithdraw: () => void;
}) {
    return (
        <div class="token">
            <QrCode text={token.token} label={t("add.qr")} />
            <div class="stack">
                <div>
                    <h3 class="h3">{t("add.token")}</h3>
                    <p class="mono break">{token.token}</p>
                    <CopyButton text={token.token} />
                </div>
                <div>
                    <h3 class="h3">{t("add.command")}</h3>
                    <pre class="cmd" tabIndex={0}>
                        {token.command}
                    </pre>
                    <CopyButton text={token.command} />
                </div>
                <p class="small quiet">{t("add.expires", { time: hourMinute(token.expires) })}</p>
                {waiting && (
                    <p class="waiting" role="status">
                        <Icon name="clock" small />
                        {t("add.waiting")}
                    </p>
                )}
                <div class="acts">
                    {!waiting && (
                        <button type="button" class="btn pri" data-first="" onClick={onWait}>
                            {t("add.started")}
                        </button>
                    )}
                    <button type="button" class="btn" onClick={onWithdraw}>
                        {t("add.withdraw")}
                    </button>
                </div>
            </div>
        </div>
    );
}

function Found({ device, onClose }: { readonly device: Device; readonly onClose: () => void }) {
    const face = useKeyFace(device.seal);
    const open = () => {
        onClose();
        navigate(`/cameras/${device.id}`);
    };
    return (
        <div class="stack" role="status">
            <div class="key-row">
                <Weave bits={face?.bits ?? null} size={76} />
                <div>
                    <p class="row">
                        <b>{device.name}</b>
                        {device.simulated && <SimChip />}
                    </p>
                    <p class="small quiet">
                        {device.model} · {device.fw}
                    </p>
                    {face && (
                        <>
                            <Groups hex={face.hex} />
                            <p class="mono">{face.fingerprint}</p>
                        </>
                    )}
                </div>
            </div>
            <Hint>{t(device.seal ? "add.compare" : "add.no-key")}</Hint>
            <div class="acts">
                <button type="button" class="btn pri" data-first="" onClick={open}>
                    {t("add.open")}
                </button>
                <button type="button" class="btn" onClick={onClose}>
                    {t("act.close")}
                </button>
            </div>
        </div>
    );
}
