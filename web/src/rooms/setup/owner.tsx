// Step 1: who owns this box. The password is weighed by the box while it is typed.
import { useState } from "preact/hooks";
import { api, Problem, type SetupState } from "../../app/api";
import { enter, dropSetupToken } from "../../app/session";
import { t } from "../../i18n";
import { Field } from "../../ui/field";
import { nameFault } from "../../ui/name";
import { Hint } from "../../ui/parts";
import { passwordFault, StrengthLine, useStrength } from "../../ui/strength";
import { useKeyFaceOfHash, Weave } from "../../ui/weave";
import { StepFoot } from "./setup";

export function OwnerStep({
    state,
    token,
    onGone,
    onDone,
}: {
    readonly state: SetupState;
    readonly token: string;
    readonly onGone: () => void;
    readonly onDone: () => void;
}) {
    const [name, setName] = useState("");
    const [password, setPassword] = useState("");
    const [nameWrong, setNameWrong] = useState<string | null>(null);
    const [fault, setFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const strength = useStrength(
        (signal) => api.setupStrength({ token, name, password }, signal),
        password,
        [token, name],
        onGone,
    );
    const bits = useKeyFaceOfHash(state.fingerprint_raw);
    const submit = async (e: Event) => {
        e.preventDefault();
        const wrong = nameFault(name);
        if (wrong) return setNameWrong(t(wrong));
        if (!password) return setFault(t("weak.short"));
        setBusy(true);
        try {
            const answer = await api.setupOwner({
                token,
                name: name.normalize("NFC").trim(),
                password,
            });
            dropSetupToken();
            onDone();
            enter(answer);
        } catch (problem) {
            if (problem instanceof Problem && problem.code === "gone") onGone();
            else setFault(passwordFault(problem));
        } finally {
            setBusy(false);
        }
    };
    return (
        <form onSubmit={(e) => void submit(e)}>
            <p class="step">{t("setup.step1")}</p>
            <h1 tabIndex={-1}>{t("setup.who")}</h1>
            <Field
                name="username"
                label={t("setup.name")}
                value={name}
                fault={nameWrong}
                autocomplete="username"
                onInput={(v) => {
                    setName(v);
                    setNameWrong(null);
                }}
            />
            <Field
                name="new-password"
                secret
                label={t("login.password")}
                value={password}
                fault={fault}
                autocomplete="new-password"
                onInput={(v) => {
                    setPassword(v);
                    setFault(null);
                }}
                hint={<StrengthLine strength={strength} />}
            />
            <div class="fpbox">
                <Weave bits={bits} size={52} />
                <p>
                    {t("setup.certificate")}
                    <br />
                    <span class="mono">{state.fingerprint}</span>
                </p>
            </div>
            <Hint>{t("setup.no-default")}</Hint>
            <StepFoot text={t("setup.next-box")} disabled={busy} />
        </form>
    );
}
