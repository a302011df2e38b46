// Share a camera: what, until when, and a link that is shown once. Its secret is made and kept in this browser.
import { useEffect, useState } from "preact/hooks";
import type { Device } from "../../app/api";
import { live } from "../../app/live";
import { t, type Key } from "../../i18n";
import { when } from "../../i18n/format";
import type { Credential } from "../../live/api";
import type { OwnerHow, OwnerOpened, ShareAction } from "../../live/shareapi";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Loading } from "../../ui/notes";
import { CopyButton, Hint, Limit } from "../../ui/parts";
import { QrCode } from "../../ui/qr-code";
import { Select } from "../../ui/select";
import { faultText } from "../live/face";
import { Fault } from "../people/parts";
import { whyText } from "./parts";

const DAY = 86_400_000;
const DAYS = ["1", "7", "30", "90"] as const;

/** What can be given away: the two sizes of the picture go together. */
const CHOICES: readonly (readonly [Key, readonly ShareAction[]])[] = [
    ["share.watch", ["live-main", "live-sub"]],
    ["action.listen", ["listen"]],
    ["action.talk", ["talk"]],
    ["action.ptz", ["ptz"]],
    ["action.snapshot", ["snapshot"]],
    ["action.playback", ["playback"]],
];

const canShare = (device: Device, actions: readonly ShareAction[]) =>
    actions.includes("live-main") || actions.every((a) => device.caps.includes(a));

interface Made {
    readonly link: string;
    readonly expires: number;
}

export function NewShare({
    device,
    onClose,
}: {
    readonly device: Device;
    readonly onClose: () => void;
}) {
    const [opened, setOpened] = useState<OwnerOpened | null>(null);
    const [made, setMade] = useState<Made | null>(null);
    const worker = live.value;
    const become = async (credential?: Credential) => {
        const how: OwnerHow = { simulated: device.simulated, ...(credential ? { credential } : {}) };
        setOpened((await worker?.sharing.open(device.id, how)) ?? { ok: false, why: "failed" });
    };
    useEffect(() => {
        void become();
    }, [worker, device.id]);
    // An owner whose camera is away can still make links: the list is signed here and left with the box.
    const ready = opened?.ok === true || opened?.why === "offline" || opened?.why === "forked";
    return (
        <Dialog
            key={made ? "link" : opened === null ? "wait" : "terms"}
            title={made ? t("invite.link-title") : t("share.title", { name: device.name })}
            onClose={onClose}
            wide
        >
            {made ? (
                <ShareLink {...made} onClose={onClose} />
            ) : opened === null ? (
                <Loading what={t("share.opening")} bars={4} />
            ) : ready ? (
                <Terms device={device} onMade={setMade} onClose={onClose} />
            ) : (
                <BecomeOwner opened={opened} device={device} onTry={become} onClose={onClose} />
            )}
        </Dialog>
    );
}

function Terms({
    device,
    onMade,
    onClose,
}: {
    readonly device: Device;
    readonly onMade: (made: Made) => void;
    readonly onClose: () => void;
}) {
    const [chosen, setChosen] = useState<readonly Key[]>(["share.watch"]);
    const [days, setDays] = useState<string>("30");
    const [fault, setFault] = useState("");
    const submit = async (e: Event) => {
        e.preventDefault();
        const actions = CHOICES.filter(([name]) => chosen.includes(name)).flatMap(([, a]) => a);
        if (!actions.length) return setFault(t("grant.no-action"));
        // A few minutes less than the most, so that clocks that differ do not matter.
        const not_after_ms = Date.now() + Number(days) * DAY - (days === "90" ? 600_000 : 0);
        const result = await live.value?.sharing.invite(device.id, { actions, not_after_ms });
        if (!result?.ok) return setFault(whyText(result?.why ?? "failed"));
        onMade({ link: `${location.origin}/join#${result.fragment}`, expires: result.expires_ms });
    };
    return (
        <form class="stack" onSubmit={(e) => void submit(e)}>
            <fieldset class="boxes">
                <legend>{t("share.what")}</legend>
                {CHOICES.filter(([, a]) => canShare(device, a)).map(([name]) => (
                    <label key={name} class="check">
                        <input
                            type="checkbox"
                            checked={chosen.includes(name)}
                            onChange={(e) =>
                                setChosen(
                                    e.currentTarget.checked
                                        ? [...chosen, name]
                                        : chosen.filter((one) => one !== name),
                                )
                            }
                        />
                        <span>{t(name)}</span>
                    </label>
                ))}
            </fieldset>
            <Select
                label={t("share.how-long")}
                value={days}
                choices={DAYS.map((d): [string, string] => [d, t("share.days", { n: Number(d) })])}
                onChange={setDays}
                hint={<span class="small quiet">{t("share.longest")}</span>}
            />
            <Fault text={fault} />
            <div class="acts">
                <button type="submit" class="btn pri">
                    {t("invite.make")}
                </button>
                <button type="button" class="btn" onClick={onClose}>
                    {t("act.cancel")}
                </button>
            </div>
            <Limit>{t("share.password-stays")}</Limit>
        </form>
    );
}

function ShareLink({ link, expires, onClose }: Made & { readonly onClose: () => void }) {
    return (
        <div class="stack">
            <div class="token">
                <QrCode text={link} label={t("invite.qr")} />
                <div class="stack">
                    <p>{t("share.send")}</p>
                    <pre class="cmd" tabIndex={0}>
                        {link}
                    </pre>
                    <div class="acts">
                        <CopyButton text={link} label={t("invite.copy")} />
                    </div>
                    <Hint icon="clock">{t("invite.once", { time: when(expires) })}</Hint>
                </div>
            </div>
            <Hint icon="people">{t("share.next")}</Hint>
            <Limit>{t("share.fragment")}</Limit>
            <div class="acts">
                <button type="button" class="btn pri" data-first="" onClick={onClose}>
                    {t("invite.done")}
                </button>
            </div>
        </div>
    );
}

/** This browser holds no owner key of the camera: its label or password makes it one, if there is no owner yet. */
function BecomeOwner({
    opened,
    device,
    onTry,
    onClose,
}: {
    readonly opened: Extract<OwnerOpened, { ok: false }>;
    readonly device: Device;
    readonly onTry: (credential: Credential) => Promise<void>;
    readonly onClose: () => void;
}) {
    const [way, setWay] = useState<"label" | "password">("label");
    const [text, setText] = useState("");
    const [busy, setBusy] = useState(false);
    const isFinal = !["needs-password", "wrong-password", "bad-credential"].includes(opened.why);
    const fault =
        opened.why === "needs-password"
            ? ""
            : opened.fault
              ? faultText(opened.fault)
              : whyText(opened.why);
    const submit = async (e: Event) => {
        e.preventDefault();
        if (busy) return;
        setBusy(true);
        await onTry({ kind: way, text });
        setBusy(false);
    };
    if (isFinal)
        return (
            <div class="stack">
                <Fault text={fault} />
                <div class="acts">
                    <button type="button" class="btn" data-first="" onClick={onClose}>
                        {t("act.close")}
                    </button>
                </div>
            </div>
        );
    return (
        <form class="stack" onSubmit={(e) => void submit(e)}>
            <p>{t("share.why-password")}</p>
            <div class="seg" role="group" aria-label={t("password.way")}>
                {(["label", "password"] as const).map((name) => (
                    <button
                        key={name}
                        type="button"
                        aria-pressed={way === name}
                        onClick={() => {
                            setWay(name);
                            setText("");
                        }}
                    >
                        {t(name === "label" ? "password.way-label" : "password.way-chosen")}
                    </button>
                ))}
            </div>
            <Field
                key={way}
                first
                secret={way === "password"}
                mono={way === "label"}
                value={text}
                maxLength={256}
                fault={fault || null}
                label={t(way === "label" ? "password.code" : "password.chosen")}
                onInput={setText}
            />
            {device.simulated && <Hint icon="sim">{t("password.simulated")}</Hint>}
            <div class="acts">
                <button type="submit" class="btn pri" disabled={busy || !text.trim()}>
                    {t("share.become")}
                </button>
                <button type="button" class="btn" onClick={onClose}>
                    {t("act.cancel")}
                </button>
            </div>
            <Limit>{t("password.limit")}</Limit>
        </form>
    );
}
