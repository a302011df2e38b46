// Recovery codes are shown this once: to be copied, kept as a file, or printed.
import { useState } from "preact/hooks";
import { t } from "../../i18n";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { CopyButton, Hint } from "../../ui/parts";

function download(text: string): void {
    const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    const a = document.createElement("a");
    a.href = url;
    a.download = `skep-${location.hostname}-recovery-codes.txt`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export function CodesDialog({
    codes,
    onClose,
}: {
    readonly codes: readonly string[];
    readonly onClose: () => void;
}) {
    const [kept, setKept] = useState(false);
    const text = `Skep ${location.host}\n${codes.join("\n")}\n`;
    return (
        <Dialog title={t("recovery.title")} onClose={() => kept && onClose()}>
            <p>{t("recovery.once")}</p>
            <ol class="codes" data-print>
                {codes.map((c) => (
                    <li key={c} class="mono">
                        {c}
                    </li>
                ))}
            </ol>
            <div class="acts">
                <CopyButton text={text} />
                <button type="button" class="btn sm" onClick={() => download(text)}>
                    <Icon name="down" small />
                    {t("recovery.file")}
                </button>
                <button type="button" class="btn sm" onClick={() => print()}>
                    <Icon name="file" small />
                    {t("recovery.print")}
                </button>
            </div>
            <Hint icon="lock">{t("recovery.where")}</Hint>
            <label class="check">
                <input
                    type="checkbox"
                    checked={kept}
                    onChange={(e) => setKept(e.currentTarget.checked)}
                />
                <span>{t("recovery.kept")}</span>
            </label>
            <div class="acts">
                <button type="button" class="btn pri" disabled={!kept} onClick={onClose}>
                    {t("recovery.done")}
                </button>
            </div>
        </Dialog>
    );
}
