// The envelope is open: the code on the paper, and in.
import { useState } from "preact/hooks";
import { Problem } from "../../app/api";
import { navigate } from "../../app/router";
import { enter } from "../../app/session";
import { t } from "../../i18n";
import { Door } from "../../ui/door";
import { Field } from "../../ui/field";
import { Limit } from "../../ui/parts";
import { problemText } from "../../ui/notes";
import { ask } from "./ask";

export function EmergencyPage() {
    const [code, setCode] = useState("");
    const [fault, setFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const open = async (e: Event) => {
        e.preventDefault();
        if (busy) return;
        setBusy(true);
        try {
            enter(await ask.open(code.trim()));
            navigate("/live");
        } catch (problem) {
            setFault(
                problem instanceof Problem && (problem.code === "auth-failed" || problem.code === "bad-request")
                    ? t("emergency.wrong")
                    : problemText(problem),
            );
            setBusy(false);
        }
    };
    return (
        <Door title={t("emergency.title")}>
            <p>{t("emergency.door")}</p>
            <form class="stack" onSubmit={(e) => void open(e)}>
                <Field
                    first
                    mono
                    name="code"
                    label={t("emergency.code")}
                    value={code}
                    maxLength={100}
                    fault={fault}
                    onInput={setCode}
                />
                <div class="row">
                    <button type="submit" class="btn pri" disabled={busy || !code.trim()}>
                        {t("emergency.open")}
                    </button>
                    <a class="btn plain" href="/login">
                        {t("act.cancel")}
                    </a>
                </div>
            </form>
            <Limit>{t("emergency.loud")}</Limit>
        </Door>
    );
}
