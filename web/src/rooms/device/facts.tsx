// What the directory knows of a camera, with the two acts on it: a new name, and its removal.
import { useState } from "preact/hooks";
import { may } from "../../app/access";
import { api, type Device } from "../../app/api";
import { putDevice } from "../../app/devices";
import { navigate } from "../../app/router";
import { t } from "../../i18n";
import { offset, when } from "../../i18n/format";
import { Dialog, NameToType } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { nameFault } from "../../ui/name";
import { problemText } from "../../ui/notes";
import { Chip, CopyButton, SimChip, Time } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { Tags, TagsDialog } from "./tags";

export const StateChip = ({ device }: { readonly device: Device }) =>
    device.state === "online" ? (
        <Chip tone="ok" icon="ok">
            {t("state.online")}
        </Chip>
    ) : (
        <Chip tone="unknown" icon="unknown">
            {t("state.offline")}
        </Chip>
    );

/** "+0.3 s ± 4 ms", or null if the camera never told. */
export function clockText(device: Device): string | null {
    if (device.clock_offset_ms === undefined || device.clock_offset_ms === null) return null;
    const rtt = device.clock_rtt_ms;
    return (
        offset(device.clock_offset_ms) +
        (rtt === undefined || rtt === null ? "" : ` ± ${offset(rtt / 2).slice(1)}`)
    );
}

export function Facts({ device }: { readonly device: Device }) {
    const [dialog, setDialog] = useState<"rename" | "remove" | "tags" | null>(null);
    const close = () => setDialog(null);
    const rows: readonly (readonly [string, preact.ComponentChildren])[] = [
        [t("facts.model"), `${device.model} · ${device.hw}`],
        [t("facts.firmware"), device.fw],
        [t("facts.serial"), <span class="mono">{device.serial}</span>],
        [t("facts.seen"), device.last_seen ? <Time ms={device.last_seen} /> : "–"],
        [t("facts.clock"), clockText(device) ?? t("facts.clock-none")],
        [t("facts.source"), device.source ? <span class="mono">{device.source}</span> : "–"],
        [t("facts.enrolled"), <Time ms={device.enrolled} text={when(device.enrolled)} />],
        [
            t("facts.id"),
            <span class="mono cut" title={device.id}>
                {device.id}
            </span>,
        ],
        [t("tags.tags"), device.tags?.length ? <Tags tags={device.tags} /> : t("tags.none")],
    ];
    return (
        <section class="sheet facts">
            <h2>
                {t("facts.title")}
                <span class="r">
                    <StateChip device={device} />
                    {device.simulated && <SimChip />}
                </span>
            </h2>
            <dl class="kv two">
                {rows.map(([k, v]) => (
                    <div key={k}>
                        <dt>{k}</dt>
                        <dd>{v}</dd>
                    </div>
                ))}
            </dl>
            <div class="acts">
                {(device.rights?.includes("config") ?? true) && (
                    <button type="button" class="btn sm" onClick={() => setDialog("rename")}>
                        {t("rename.act")}
                    </button>
                )}
                {may("grant.manage") && (
                    <button type="button" class="btn sm" onClick={() => setDialog("tags")}>
                        {t("tags.act")}
                    </button>
                )}
                {may("device.enrol") && (
                    <button type="button" class="btn sm" onClick={() => setDialog("remove")}>
                        {t("remove.act")}
                    </button>
                )}
                <CopyButton text={device.id} label={t("facts.copy-id")} />
            </div>
            {dialog === "rename" && <Rename device={device} onClose={close} />}
            {dialog === "tags" && <TagsDialog device={device} onClose={close} />}
            {dialog === "remove" && <Remove device={device} onClose={close} />}
        </section>
    );
}

function Rename({ device, onClose }: { readonly device: Device; readonly onClose: () => void }) {
    const [name, setName] = useState(device.name);
    const [fault, setFault] = useState<string | null>(null);
    const save = async (e: Event) => {
        e.preventDefault();
        const wrong = nameFault(name);
        if (wrong) return setFault(t(wrong));
        try {
            putDevice(await api.rename(device.id, name.normalize("NFC").trim()));
            onClose();
            toast(t("rename.done", { name: name.trim() }));
        } catch (problem) {
            setFault(problemText(problem));
        }
    };
    return (
        <Dialog title={t("rename.title", { name: device.name })} onClose={onClose}>
            <form class="stack" onSubmit={(e) => void save(e)}>
                <Field
                    first
                    label={t("rename.label")}
                    value={name}
                    fault={fault}
                    onInput={(v) => {
                        setName(v);
                        setFault(null);
                    }}
                    hint={<span class="small quiet">{t("rename.hint")}</span>}
                />
                <div class="acts">
                    <button type="submit" class="btn pri">
                        {t("rename.save")}
                    </button>
                    <button type="button" class="btn" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function Remove({ device, onClose }: { readonly device: Device; readonly onClose: () => void }) {
    const [typed, setTyped] = useState("");
    const [fault, setFault] = useState("");
    const fits = typed.normalize("NFC").trim() === device.name.normalize("NFC").trim();
    const remove = async (e: Event) => {
        e.preventDefault();
        if (!fits) return;
        try {
            await api.remove(device.id);
            onClose();
            toast(t("remove.done", { name: device.name }));
            navigate("/cameras", { replace: true });
        } catch (problem) {
            setFault(problemText(problem));
        }
    };
    return (
        <Dialog title={t("remove.title", { name: device.name })} onClose={onClose}>
            <form class="stack" onSubmit={(e) => void remove(e)}>
                <ul class="bullets">
                    <li>{t("remove.certificate")}</li>
                    <li>{t("remove.views")}</li>
                    <li>{t("remove.history")}</li>
                    <li>{t("remove.back")}</li>
                </ul>
                <NameToType name={device.name} value={typed} onInput={setTyped} />
                <p class="fault" role="alert">
                    {fault}
                </p>
                <div class="acts">
                    <button type="button" class="btn" data-first="" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                    <button type="submit" class="btn danger" disabled={!fits}>
                        {t("remove.do")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
