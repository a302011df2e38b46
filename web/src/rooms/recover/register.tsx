// A new account, when the box is open to whoever asks: ask for a link, or, with one, choose name and password.
import { useState } from "preact/hooks";
import { Problem } from "../../app/api";
import { navigate } from "../../app/router";
import { dropMailed, enter } from "../../app/session";
import { rich, t } from "../../i18n";
import { when } from "../../i18n/format";
import { Door } from "../../ui/door";
import { Field } from "../../ui/field";
import { nameFault } from "../../ui/name";
import { ErrorNote, Loading } from "../../ui/notes";
import { Hint } from "../../ui/parts";
import { passwordFault, StrengthLine, useStrength } from "../../ui/strength";
import { LanguageButton } from "../login/login";
import { ask, isGone } from "./ask";
import { AskForLink, GoneLink, useMailed } from "./parts";

export function RegisterPage() {
    const link = useMailed(ask.registerCheck);
    const { token, asked } = link;
    if (!token)
        return (
            <AskForLink
                title="register.title"
                why="register.why"
                shut="register.shut"
                isOffered={(ways) => ways.registration === "open"}
                send={ask.registerStart}
            />
        );
    if (link.gone) {
        dropMailed();
        return <GoneLink again="/register" />;
    }
    if (asked.is === "ready")
        return <Form token={token} link={asked.value} onGone={() => link.setGone(true)} />;
    return (
        <Door title={t("register.title")}>
            {asked.is === "loading" ? (
                <Loading what={t("mail.loading")} bars={4} />
            ) : (
                <ErrorNote what={t("mail.failed")} problem={asked.problem} again={link.load} />
            )}
        </Door>
    );
}

function Form({
    token,
    link,
    onGone,
}: {
    readonly token: string;
    readonly link: { readonly mail: string; readonly expires: number };
    readonly onGone: () => void;
}) {
    const [name, setName] = useState("");
    const [password, setPassword] = useState("");
    const [nameWrong, setNameWrong] = useState<string | null>(null);
    const [fault, setFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const strength = useStrength(
        (signal) => ask.registerStrength(token, name, password, signal),
        password,
        [token, name],
        onGone,
    );
    const submit = async (e: Event) => {
        e.preventDefault();
        if (busy) return;
        const wrong = nameFault(name);
        if (wrong) return setNameWrong(t(wrong));
        if (!password) return setFault(t("weak.short"));
        setBusy(true);
        try {
            const answer = await ask.register(token, name, password);
            dropMailed();
            enter(answer);
            navigate("/live", { replace: true });
        } catch (problem) {
            if (isGone(problem)) onGone();
            else if (problem instanceof Problem && problem.reason === "name")
                setNameWrong(t("people.refused-name"));
            else setFault(passwordFault(problem));
        } finally {
            setBusy(false);
        }
    };
    return (
        <Door title={t("register.title")}>
            <form class="stack" onSubmit={(e) => void submit(e)}>
                <p>{rich("register.for", { mail: link.mail })}</p>
                <Field
                    first
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
                    secret
                    name="new-password"
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
                <div class="row">
                    <button type="submit" class="btn pri big" disabled={busy}>
                        {t("register.act")}
                    </button>
                    <span class="sp" />
                    <LanguageButton />
                </div>
                <Hint icon="clock">{t("recover.until", { time: when(link.expires) })}</Hint>
            </form>
        </Door>
    );
}
