// A forgotten password: ask for a link, or, with one, choose a new password.
import { useState } from "preact/hooks";
import { navigate } from "../../app/router";
import { dropMailed } from "../../app/session";
import { rich, t } from "../../i18n";
import { when } from "../../i18n/format";
import { Door } from "../../ui/door";
import { Field } from "../../ui/field";
import { ErrorNote, Loading } from "../../ui/notes";
import { Hint } from "../../ui/parts";
import { passwordFault, StrengthLine, useStrength } from "../../ui/strength";
import { toast } from "../../ui/toast";
import { LanguageButton } from "../login/login";
import { ask, isGone } from "./ask";
import { AskForLink, GoneLink, useMailed } from "./parts";

export function RecoverPage() {
    const link = useMailed(ask.recoverCheck);
    const { token, asked } = link;
    if (!token)
        return (
            <AskForLink
                title="recover.title"
                why="recover.why"
                shut="recover.shut"
                isOffered={(ways) => ways.recovery}
                send={ask.recoverStart}
            />
        );
    if (link.gone) {
        dropMailed();
        return <GoneLink again="/recover" />;
    }
    if (asked.is === "ready")
        return <Choose token={token} link={asked.value} onGone={() => link.setGone(true)} />;
    return (
        <Door title={t("recover.title")}>
            {asked.is === "loading" ? (
                <Loading what={t("mail.loading")} bars={3} />
            ) : (
                <ErrorNote what={t("mail.failed")} problem={asked.problem} again={link.load} />
            )}
        </Door>
    );
}

function Choose({
    token,
    link,
    onGone,
}: {
    readonly token: string;
    readonly link: { readonly name: string; readonly expires: number };
    readonly onGone: () => void;
}) {
    const [password, setPassword] = useState("");
    const [fault, setFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const strength = useStrength(
        (signal) => ask.recoverStrength(token, password, signal),
        password,
        [token],
        onGone,
    );
    const submit = async (e: Event) => {
        e.preventDefault();
        if (busy || !password) return;
        setBusy(true);
        try {
            await ask.recover(token, password);
            dropMailed();
            toast(t("recover.done"));
            navigate("/login", { replace: true });
        } catch (problem) {
            if (isGone(problem)) onGone();
            else setFault(passwordFault(problem));
        } finally {
            setBusy(false);
        }
    };
    return (
        <Door title={t("recover.choose")}>
            <form class="stack" onSubmit={(e) => void submit(e)}>
                <p>{rich("recover.for", { name: link.name })}</p>
                <input
                    type="text"
                    class="vh"
                    name="username"
                    autocomplete="username"
                    value={link.name}
                    readOnly
                    tabIndex={-1}
                    aria-hidden="true"
                />
                <Field
                    first
                    secret
                    name="new-password"
                    label={t("own-password.new")}
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
                    <button type="submit" class="btn pri big" disabled={busy || !password}>
                        {t("recover.act")}
                    </button>
                    <span class="sp" />
                    <LanguageButton />
                </div>
                <Hint icon="clock">{t("recover.until", { time: when(link.expires) })}</Hint>
            </form>
        </Door>
    );
}
