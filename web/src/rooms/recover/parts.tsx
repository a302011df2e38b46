// What the pages behind a mailed link have in common: the token, asking for a link, a link that is over.
import { useEffect, useState } from "preact/hooks";
import type { Loaded } from "../../app/devices";
import { mailedToken } from "../../app/session";
import { rich, t, type Key } from "../../i18n";
import { Door, ToLogin } from "../../ui/door";
import { Field } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Loading, problemText } from "../../ui/notes";
import { LanguageButton } from "../login/login";
import { ask, isGone, type Entrance } from "./ask";

/** The link's token (a second link in the same tab is taken from the address by then), and what the box says of it. */
export function useMailed<T>(check: (token: string) => Promise<T>) {
    const [token, setToken] = useState(mailedToken());
    const [asked, setAsked] = useState<Loaded<T>>({ is: "loading" });
    const [gone, setGone] = useState(false);
    useEffect(() => {
        const onHash = () => {
            setGone(false);
            setToken(mailedToken());
        };
        addEventListener("hashchange", onHash);
        return () => removeEventListener("hashchange", onHash);
    }, []);
    const load = () => {
        if (!token) return;
        setAsked({ is: "loading" });
        check(token).then(
            (value) => setAsked({ is: "ready", value }),
            (problem: unknown) => {
                if (isGone(problem)) setGone(true);
                setAsked({ is: "failed", problem });
            },
        );
    };
    useEffect(load, [token]);
    return { token, asked, gone, setGone, load };
}

/** Asking for a link. The answer is the same for every address, and so is what is shown. */
export function AskForLink({
    title,
    why,
    shut,
    isOffered,
    send,
}: {
    readonly title: Key;
    readonly why: Key;
    readonly shut: Key; // what is said where the box does not offer it
    readonly isOffered: (ways: Entrance) => boolean;
    readonly send: (mail: string) => Promise<void>;
}) {
    const [offered, setOffered] = useState<boolean | null>(null);
    const [mail, setMail] = useState("");
    const [fault, setFault] = useState<string | null>(null);
    const [sent, setSent] = useState(false);
    const [busy, setBusy] = useState(false);
    useEffect(() => {
        ask.entrance().then(
            (ways) => setOffered(isOffered(ways)),
            () => setOffered(true), // the answer to the form will tell
        );
    }, []);
    useEffect(() => {
        document.querySelector<HTMLInputElement>("[data-first]")?.focus();
    }, [offered]);
    const submit = async (e: Event) => {
        e.preventDefault();
        if (busy || !mail.trim()) return;
        setBusy(true);
        try {
            await send(mail);
            setSent(true);
        } catch (problem) {
            setFault(mailFault(problem));
        } finally {
            setBusy(false);
        }
    };
    if (sent)
        return (
            <Door title={t("mail.sent")}>
                <p role="status">{t("mail.sent-why", { mail: mail.trim() })}</p>
                <p class="small quiet">{t("mail.sent-none")}</p>
                <ToLogin />
            </Door>
        );
    if (!offered)
        return (
            <Door title={t(title)}>
                {offered === null ? (
                    <Loading what={t("mail.loading")} bars={2} />
                ) : (
                    <p>{rich(shut, {}, { code: (c) => <code class="mono">{c}</code> })}</p>
                )}
                <ToLogin />
            </Door>
        );
    return (
        <Door title={t(title)}>
            <form class="stack" onSubmit={(e) => void submit(e)}>
                <p class="quiet">{t(why)}</p>
                <Field
                    first
                    name="email"
                    label={t("mail.address")}
                    value={mail}
                    fault={fault}
                    autocomplete="email"
                    onInput={(v) => {
                        setMail(v);
                        setFault(null);
                    }}
                />
                <div class="row">
                    <button type="submit" class="btn pri big" disabled={busy || !mail.trim()}>
                        <Icon name="arrow" small />
                        {t("mail.send")}
                    </button>
                    <a class="btn" href="/login">
                        {t("act.back")}
                    </a>
                    <span class="sp" />
                    <LanguageButton />
                </div>
            </form>
        </Door>
    );
}

export const mailFault = (problem: unknown): string =>
    (problem as { code?: unknown }).code === "bad-request"
        ? t("mail.wrong")
        : problemText(problem);

export function GoneLink({ again }: { readonly again: "/recover" | "/register" | null }) {
    return (
        <Door title={t("mail.gone")}>
            <p>{t("mail.gone-why")}</p>
            {again && (
                <p>
                    <a href={again} onClick={() => location.reload()}>
                        {t("mail.again")}
                    </a>
                </p>
            )}
            <ToLogin />
        </Door>
    );
}
