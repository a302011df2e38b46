// The own password: the old one is asked, the new one is weighed while it is typed, the other sessions end.
import { useState } from "preact/hooks";
import { call, Problem, secret, type Strength } from "../../app/api";
import { session } from "../../app/session";
import { t } from "../../i18n";
import { span } from "../../i18n/format";
import { Field } from "../../ui/field";
import { problemText } from "../../ui/notes";
import { passwordFault, StrengthLine, useStrength } from "../../ui/strength";
import { toast } from "../../ui/toast";

export function PasswordPanel({ onChanged }: { readonly onChanged: () => void }) {
    const [old, setOld] = useState("");
    const [fresh, setFresh] = useState("");
    const [oldFault, setOldFault] = useState<string | null>(null);
    const [freshFault, setFreshFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const strength = useStrength(
        (signal) =>
            call<Strength>(
                "POST",
                "/me/password/strength",
                { password: secret(fresh) },
                signal,
            ),
        fresh,
        [],
    );
    const name = session.value.is === "in" ? session.value.answer.account.name : "";
    const refused = (problem: unknown) => {
        const code = problem instanceof Problem ? problem.code : null;
        if (code === "auth-failed") setOldFault(t("own-password.old-wrong"));
        else if (problem instanceof Problem && code === "throttled")
            setOldFault(
                `${problemText(problem)} ${t("login.wait", { span: span(problem.retryMs ?? 30_000) })}`,
            );
        else setFreshFault(passwordFault(problem));
    };
    const submit = async (e: Event) => {
        e.preventDefault();
        if (busy || !old || !fresh) return;
        setBusy(true);
        try {
            await call<void>("PUT", "/me/password", { old: secret(old), new: secret(fresh) });
            setOld("");
            setFresh("");
            toast(t("own-password.done"));
            onChanged();
        } catch (problem) {
            refused(problem);
        } finally {
            setBusy(false);
        }
    };
    return (
        <section class="sheet panel" aria-labelledby="me-password">
            <h2 id="me-password">{t("own-password.title")}</h2>
            <form class="stack" onSubmit={(e) => void submit(e)}>
                <input
                    type="text"
                    class="vh"
                    name="username"
                    autocomplete="username"
                    value={name}
                    readOnly
                    tabIndex={-1}
                    aria-hidden="true"
                />
                <Field
                    secret
                    name="current-password"
                    label={t("own-password.old")}
                    value={old}
                    fault={oldFault}
                    autocomplete="current-password"
                    onInput={(v) => {
                        setOld(v);
                        setOldFault(null);
                    }}
                />
                <Field
                    secret
                    name="new-password"
                    label={t("own-password.new")}
                    value={fresh}
                    fault={freshFault}
                    autocomplete="new-password"
                    onInput={(v) => {
                        setFresh(v);
                        setFreshFault(null);
                    }}
                    hint={<StrengthLine strength={strength} />}
                />
                <p class="small quiet">{t("own-password.ends")}</p>
                <div class="acts">
                    <button type="submit" class="btn" disabled={busy || !old || !fresh}>
                        {t("own-password.act")}
                    </button>
                </div>
            </form>
        </section>
    );
}
