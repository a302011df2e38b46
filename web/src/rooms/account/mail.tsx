// The own mail address: it counts once the link that is sent to it was used, and is changed with the password only.
import { useEffect, useState } from "preact/hooks";
import { call, Problem, secret } from "../../app/api";
import type { Loaded } from "../../app/devices";
import { rich, t } from "../../i18n";
import { span, when } from "../../i18n/format";
import { Field } from "../../ui/field";
import { ErrorNote, Loading, problemText } from "../../ui/notes";
import { toast } from "../../ui/toast";
import { mailFault } from "../recover/parts";

interface MyMail {
    readonly available: boolean;
    readonly mail?: string;
    readonly verified?: number;
}

export function MailPanel() {
    const [mine, setMine] = useState<Loaded<MyMail>>({ is: "loading" });
    const load = () => {
        call<MyMail>("GET", "/me/mail").then(
            (value) => setMine({ is: "ready", value }),
            (problem: unknown) => setMine({ is: "failed", problem }),
        );
    };
    useEffect(load, []);
    return (
        <section class="sheet panel" aria-labelledby="me-mail">
            <h2 id="me-mail">{t("me-mail.title")}</h2>
            {mine.is === "loading" && <Loading what={t("mail.loading")} bars={2} />}
            {mine.is === "failed" && (
                <ErrorNote what={t("mail.failed")} problem={mine.problem} again={load} />
            )}
            {mine.is === "ready" && <Address mine={mine.value} reload={load} />}
        </section>
    );
}

function Address({ mine, reload }: { readonly mine: MyMail; readonly reload: () => void }) {
    const [mail, setMail] = useState("");
    const [password, setPassword] = useState("");
    const [fault, setFault] = useState<string | null>(null);
    const [passwordFault, setPasswordFault] = useState<string | null>(null);
    const [sent, setSent] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const refused = (problem: unknown) => {
        if (!(problem instanceof Problem)) return setFault(problemText(problem));
        if (problem.code === "auth-failed") setPasswordFault(t("own-password.old-wrong"));
        else if (problem.code === "throttled")
            setPasswordFault(
                `${problemText(problem)} ${t("login.wait", { span: span(problem.retryMs ?? 30_000) })}`,
            );
        else setFault(mailFault(problem));
    };
    const put = async (address: string | null) => {
        if (busy || !password) return;
        setBusy(true);
        try {
            await call<void>("PUT", "/me/mail", {
                ...(address ? { mail: address } : {}),
                password: secret(password),
            });
            setPassword("");
            setMail("");
            setSent(address);
            if (!address) toast(t("me-mail.removed"));
            reload();
        } catch (problem) {
            refused(problem);
        } finally {
            setBusy(false);
        }
    };
    return (
        <>
            {mine.mail ? (
                <p>
                    {rich("me-mail.is", { mail: mine.mail })}{" "}
                    <span class="small quiet">
                        {t("me-mail.since", { time: when(mine.verified ?? 0) })}
                    </span>
                </p>
            ) : (
                <p class="quiet">{t("me-mail.none")}</p>
            )}
            {sent && <p role="status">{rich("me-mail.sent", { mail: sent })}</p>}
            {!mine.available && <p class="small quiet">{t("me-mail.off")}</p>}
            {(mine.available || mine.mail) && (
                <form
                    class="stack"
                    onSubmit={(e) => {
                        e.preventDefault();
                        if (mail.trim()) void put(mail.trim());
                    }}
                >
                    {mine.available && (
                        <Field
                            name="email"
                            label={t(mine.mail ? "me-mail.other" : "mail.address")}
                            value={mail}
                            fault={fault}
                            autocomplete="email"
                            onInput={(v) => {
                                setMail(v);
                                setFault(null);
                            }}
                        />
                    )}
                    <Field
                        secret
                        name="current-password"
                        label={t("own-password.old")}
                        value={password}
                        fault={passwordFault}
                        autocomplete="current-password"
                        onInput={(v) => {
                            setPassword(v);
                            setPasswordFault(null);
                        }}
                    />
                    <div class="acts">
                        {mine.available && (
                            <button
                                type="submit"
                                class="btn"
                                disabled={busy || !mail.trim() || !password}
                            >
                                {t("mail.send")}
                            </button>
                        )}
                        {mine.mail && (
                            <button
                                type="button"
                                class="btn"
                                disabled={busy || !password}
                                onClick={() => void put(null)}
                            >
                                {t("me-mail.remove")}
                            </button>
                        )}
                    </div>
                </form>
            )}
        </>
    );
}
