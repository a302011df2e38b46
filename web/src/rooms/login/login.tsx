// Signing in. Every wrong pair gets the same answer.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, Problem } from "../../app/api";
import { enter, labelSeed, setLanguage } from "../../app/session";
import { currentLanguage, t } from "../../i18n";
import { span } from "../../i18n/format";
import { Field } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Mark } from "../../ui/mark";
import { problemText } from "../../ui/notes";
import { Hint, useTick } from "../../ui/parts";
import { OtherWays } from "../recover/entrance";

export const LanguageButton = () => (
    <button
        type="button"
        class="btn sm"
        lang={currentLanguage() === "en" ? "zh-Hans" : "en"}
        onClick={() => void setLanguage(currentLanguage() === "en" ? "zh-CN" : "en")}
    >
        <Icon name="globe" small />
        {t("lang.other")}
    </button>
);

export function LoginPage() {
    const [name, setName] = useState("");
    const [password, setPassword] = useState("");
    const [fault, setFault] = useState<string | null>(null);
    const [until, setUntil] = useState(0);
    const [busy, setBusy] = useState(false);
    const heading = useRef<HTMLHeadingElement>(null);
    const now = useTick(1000);
    const wait = until > now;
    useEffect(() => {
        document.querySelector<HTMLInputElement>("[data-first]")?.focus();
    }, []);

    const submit = async (e: Event) => {
        e.preventDefault();
        if (busy || wait) return;
        setBusy(true);
        try {
            enter(await api.login(name.normalize("NFC").trim(), password));
        } catch (problem) {
            if (problem instanceof Problem && problem.code === "throttled")
                setUntil(Date.now() + (problem.retryMs ?? 30_000));
            setFault(problemText(problem));
            document.querySelector<HTMLInputElement>("[data-first]")?.focus();
        } finally {
            setBusy(false);
        }
    };
    return (
        <main class="door" id="main">
            <form class="sheet" onSubmit={(e) => void submit(e)}>
                <p class="brand">
                    <Mark />
                    <span>Skep</span>
                </p>
                <h1 ref={heading} tabIndex={-1}>
                    {t("login.title")}
                </h1>
                <p class="quiet">{t("login.host", { host: location.host })}</p>
                <Field
                    first
                    name="username"
                    label={t("login.name")}
                    value={name}
                    autocomplete="username"
                    onInput={setName}
                />
                <Field
                    name="password"
                    secret
                    label={t("login.password")}
                    value={password}
                    autocomplete="current-password"
                    onInput={(v) => {
                        setPassword(v);
                        setFault(null);
                    }}
                />
                {fault && (
                    <p class="fault" role="alert">
                        <Icon name="error" small />
                        <span>
                            {fault}
                            {wait && ` ${t("login.wait", { span: span(until - now) })}`}
                        </span>
                    </p>
                )}
                <div class="row">
                    <button
                        type="submit"
                        class="btn pri big"
                        disabled={busy || wait || !name.trim() || !password}
                    >
                        {t("login.act")}
                    </button>
                    <span class="sp" />
                    <LanguageButton />
                </div>
                <OtherWays />
                {labelSeed() && <Hint icon="sim">{t("login.seed")}</Hint>}
            </form>
        </main>
    );
}
