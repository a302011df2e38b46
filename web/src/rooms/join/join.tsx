// The page behind a link that one person got: joining by an invitation.
import { useEffect, useState } from "preact/hooks";
import { Problem, type Role } from "../../app/api";
import type { Loaded } from "../../app/devices";
import { navigate } from "../../app/router";
import { dropInvitation, enter, invitationToken, logout, session, shareLink } from "../../app/session";
import { rich, t } from "../../i18n";
import { when } from "../../i18n/format";
import { Door, ToLogin } from "../../ui/door";
import { Field } from "../../ui/field";
import { nameFault } from "../../ui/name";
import { ErrorNote, Loading } from "../../ui/notes";
import { Hint } from "../../ui/parts";
import { passwordFault, StrengthLine, useStrength } from "../../ui/strength";
import { LanguageButton } from "../login/login";
import { ask } from "../people/ask";
import { JoinShare } from "../share/join-share";

interface Invited {
    readonly role: Role;
    readonly expires: number;
    readonly host: string;
}

const isGone = (e: unknown): boolean => e instanceof Problem && e.code === "gone";

/** Two kinds of links lead here: to the box, and to one camera of somebody's. */
export function JoinPage() {
    const [share, setShare] = useState(shareLink());
    useEffect(() => {
        const onHash = () => setShare(shareLink());
        addEventListener("hashchange", onHash);
        return () => removeEventListener("hashchange", onHash);
    }, []);
    return share ? <JoinShare link={share} /> : <JoinBox />;
}

function JoinBox() {
    const [token, setToken] = useState(invitationToken());
    const [asked, setAsked] = useState<Loaded<Invited>>({ is: "loading" });
    const [gone, setGone] = useState(false);
    // A second link opened in the same tab is taken from the address by then.
    useEffect(() => {
        const onHash = () => {
            setGone(false);
            setToken(invitationToken());
        };
        addEventListener("hashchange", onHash);
        return () => removeEventListener("hashchange", onHash);
    }, []);
    const load = () => {
        if (!token) return;
        setAsked({ is: "loading" });
        ask.joinCheck(token).then(
            (value) => setAsked({ is: "ready", value }),
            (problem: unknown) => {
                if (isGone(problem)) setGone(true);
                setAsked({ is: "failed", problem });
            },
        );
    };
    useEffect(load, [token]);
    const state = session.value;
    if (!token)
        return (
            <Door title={t("join.no-link")}>
                <p>{t("join.no-link-why")}</p>
                <ToLogin />
            </Door>
        );
    if (gone)
        return (
            <Door title={t("join.gone")}>
                <p>{t("join.gone-why")}</p>
                <ToLogin />
            </Door>
        );
    if (asked.is === "loading")
        return (
            <Door title={t("join.title")}>
                <Loading what={t("join.loading")} bars={4} />
            </Door>
        );
    if (asked.is === "failed")
        return (
            <Door title={t("join.title")}>
                <ErrorNote what={t("join.failed")} problem={asked.problem} again={load} />
            </Door>
        );
    if (state.is === "in")
        return (
            <Door title={t("join.title")}>
                <p>{rich("join.signed-in", { name: state.answer.account.name })}</p>
                <div class="row">
                    <button type="button" class="btn pri big" onClick={() => void logout()}>
                        {t("act.log-out")}
                    </button>
                    <a class="btn" href="/live">
                        {t("nav.to-live")}
                    </a>
                </div>
            </Door>
        );
    return <Form token={token} invited={asked.value} onGone={() => setGone(true)} />;
}

function Form({
    token,
    invited,
    onGone,
}: {
    readonly token: string;
    readonly invited: Invited;
    readonly onGone: () => void;
}) {
    const [name, setName] = useState("");
    const [password, setPassword] = useState("");
    const [nameWrong, setNameWrong] = useState<string | null>(null);
    const [fault, setFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const strength = useStrength(
        (signal) => ask.joinStrength({ token, name, password }, signal),
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
            const answer = await ask.join({ token, name: name.normalize("NFC").trim(), password });
            dropInvitation();
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
        <Door title={t("join.title")}>
            <form class="stack" onSubmit={(e) => void submit(e)}>
                <p>
                    {rich("join.invited", { host: invited.host, role: t(`role.${invited.role}`) })}{" "}
                    {invited.role === "member"
                        ? t("join.as-member")
                        : t(`role.${invited.role}-what`)}
                </p>
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
                <div class="row">
                    <button type="submit" class="btn pri big" disabled={busy}>
                        {t("join.act")}
                    </button>
                    <span class="sp" />
                    <LanguageButton />
                </div>
                <Hint icon="clock">{t("join.until", { time: when(invited.expires) })}</Hint>
            </form>
        </Door>
    );
}
