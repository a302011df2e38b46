// A camera's password, asked once: label code, chosen password, or a file of labels. Nothing of it goes to the server.
import { useRef, useState } from "preact/hooks";
import type { Device } from "../../app/api";
import { t, type Key } from "../../i18n";
import type { Credential, Live, Watch, WatchState } from "../../live/api";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Hint, Limit } from "../../ui/parts";
import { KeyWeave } from "../../ui/weave";
import { faceOf, faultText } from "./face";
import { labelLines } from "./labels";
import { retryWaiting } from "./watch";

/** Ten thousand cameras fit ten times over. */
const FILE_MAX = 8_000_000;
/** Lines that were refused, named one by one. */
const SHOWN = 5;

type Way = "label" | "password" | "file";
const WAYS: readonly (readonly [Way, Key])[] = [
    ["label", "password.way-label"],
    ["password", "password.way-chosen"],
    ["file", "password.way-file"],
];

export function PasswordDialog({
    device,
    watch,
    state,
    live,
    onClose,
}: {
    readonly device: Device;
    readonly watch: Watch;
    readonly state: WatchState;
    readonly live: Live;
    readonly onClose: () => void;
}) {
    const chosenFirst = state.phase === "needs-password" && state.password_class === "chosen";
    const [way, setWay] = useState<Way>(chosenFirst ? "password" : "label");
    const [text, setText] = useState("");
    const [remember, setRemember] = useState(true);
    const [fault, setFault] = useState<string | null>(null);
    const tries = state.phase === "wrong-password" ? faceOf(state, Date.now()).cover : null;

    const submit = async (e: Event) => {
        e.preventDefault();
        if (way === "file") return;
        const credential: Credential = { kind: way, text };
        const wrong = await live.checkCredential(device.id, credential);
        if (wrong) return setFault(faultText(wrong));
        watch.enter(credential, { remember });
        onClose();
    };
    return (
        <Dialog title={t("password.title", { name: device.name })} onClose={onClose}>
            <div class="key-row">
                <KeyWeave seal={device.seal} size={52} />
                <p class="quiet small">{t("password.why")}</p>
            </div>
            {tries && (
                <Hint icon="warn">
                    {t("password.wrong")} {tries.sub}
                </Hint>
            )}
            <div class="seg" role="group" aria-label={t("password.way")}>
                {WAYS.map(([name, label]) => (
                    <button
                        key={name}
                        type="button"
                        aria-pressed={way === name}
                        onClick={() => {
                            setWay(name);
                            setText("");
                            setFault(null);
                        }}
                    >
                        {t(label)}
                    </button>
                ))}
            </div>
            {way === "file" ? (
                <LabelFile live={live} onDone={onClose} />
            ) : (
                <form class="stack" onSubmit={(e) => void submit(e)}>
                    <Field
                        key={way}
                        first
                        secret={way === "password"}
                        mono={way === "label"}
                        value={text}
                        fault={fault}
                        maxLength={256}
                        label={t(way === "label" ? "password.code" : "password.chosen")}
                        onInput={(v) => {
                            setText(v);
                            setFault(null);
                        }}
                        hint={
                            <span class="small quiet">
                                {t(way === "label" ? "password.code-hint" : "password.chosen-hint")}
                            </span>
                        }
                    />
                    <label class="check">
                        <input
                            type="checkbox"
                            checked={remember}
                            onChange={(e) => setRemember(e.currentTarget.checked)}
                        />
                        <span>
                            {t("password.remember")}
                            <span class="small quiet l2">{t("password.remember-what")}</span>
                        </span>
                    </label>
                    {device.simulated && <Hint icon="sim">{t("password.simulated")}</Hint>}
                    <div class="acts">
                        <button type="submit" class="btn pri" disabled={!text.trim()}>
                            {t("password.open")}
                        </button>
                        <button type="button" class="btn" onClick={onClose}>
                            {t("act.cancel")}
                        </button>
                    </div>
                </form>
            )}
            <Limit>{t("password.limit")}</Limit>
        </Dialog>
    );
}

/** A file, picked or dropped; the wall opens every camera that it names. */
function LabelFile({ live, onDone }: { readonly live: Live; readonly onDone: () => void }) {
    const input = useRef<HTMLInputElement>(null);
    const [over, setOver] = useState(false);
    const [report, setReport] = useState<string[]>([]);
    const take = async (file: File | undefined) => {
        if (!file) return;
        if (file.size > FILE_MAX) return setReport([t("file.large")]);
        const lines = labelLines(await file.text());
        if (lines === null) return setReport([t("file.none")]);
        const result = await live.importLabels(lines);
        retryWaiting(result.accepted);
        const told = [t("file.accepted", { n: result.accepted.length })];
        for (const r of result.refused.slice(0, SHOWN))
            told.push(t("file.refused", { line: r.line, why: faultText(r.fault) }));
        const more = result.refused.length - SHOWN;
        if (more > 0) told.push(t("file.more", { n: more }));
        setReport(told);
        if (result.accepted.length && !result.refused.length) onDone();
    };
    return (
        <div
            class={over ? "drop over" : "drop"}
            onDragOver={(e) => {
                e.preventDefault();
                setOver(true);
            }}
            onDragLeave={() => setOver(false)}
            onDrop={(e) => {
                e.preventDefault();
                setOver(false);
                void take(e.dataTransfer?.files[0]);
            }}
        >
            <Icon name="file" />
            <p>{t("file.drop")}</p>
            <input
                ref={input}
                class="vh"
                type="file"
                id="label-file"
                accept=".json,.txt,.csv,application/json,text/plain"
                onChange={(e) => void take(e.currentTarget.files?.[0])}
            />
            <button type="button" class="btn" onClick={() => input.current?.click()}>
                {t("file.pick")}
            </button>
            <p class="small quiet">{t("file.form")}</p>
            <div role="status">
                {report.map((line) => (
                    <p key={line}>{line}</p>
                ))}
            </div>
        </div>
    );
}
