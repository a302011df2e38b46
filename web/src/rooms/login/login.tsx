// Signing in. Every wrong pair gets the same answer.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, Problem, type FactorAsked } from "../../app/api";
import { passkeyGivenUp, passkeysOff, showPasskey } from "../../app/passkey";
import { enter, labelSeed, setLanguage } from "../../app/session";
import { currentLanguage, t } from "../../i18n";
import { span } from "../../i18n/format";
import { Field } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Mark } from "../../ui/mark";
import { problemText } from "../../ui/notes";
import { Hint, useTick } from "../../ui/parts";
import { SecondStep } from "./second";
import { proving, type Why } from "./proof";
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
    const [work, setWork] = useState<{ why: Why; waitMs: number } | null>(null);
    const [asked, setAsked] = useState<FactorAsked | null>(null);
    const heading = useRef<HTMLHeadingElement>(null);
    const now = useTick(1000);
    const wait = until > now;
    useEffect(() => {
        document.querySelector<HTMLInputElement>("[data-first]")?.focus();
    }, [asked === null]);

    useEffect(() => {
        // Back from another box's sign-in, which did not ask for the factor that is set here.
        if (new URLSearchParams(location.search).get("sso") !== "factor") return;
        history.replaceState(null, "", "/login");
        api.loginSsoFactor().then(
            (answer) => setAsked(answer.factor),
            () => setFault(t("second.over")),
        );
    }, []);

    const submit = async (e: Event) => {
        e.preventDefault();
        if (busy || wait) return;
        setBusy(true);
        try {
            const answer = await proving(
                (proof) => api.login(name.normalize("NFC").trim(), password, proof),
                (why, waitMs) => setWork(why ? { why, waitMs } : null),
            );
            if ("factor" in answer) {
                setAsked(answer.factor);
                setPassword("");
                setFault(null);
            } else {
                enter(answer);
            }
        } catch (problem) {
            refused(problem);
        } finally {
            setWork(null);
            setBusy(false);
        }
    };
    const refused = (problem: unknown) => {
        if (problem instanceof Problem && problem.code === "throttled")
            setUntil(Date.now() + (problem.retryMs ?? 30_000));
        setFault(problemText(problem));
        document.querySelector<HTMLInputElement>("[data-first]")?.focus();
    };
    const byPasskey = async () => {
        setBusy(true);
        setFault(null);
        try {
            const { passkey } = await api.loginPasskeyRequest();
            enter(await api.loginPasskey(await showPasskey(passkey)));
        } catch (problem) {
            const code = problem instanceof Problem ? problem.code : null;
            if (passkeyGivenUp(problem)) setFault(t("second.given-up"));
            else if (code === "auth-failed") setFault(t("login.passkey-unknown"));
            else if (code === "conflict" || !code) setFault(t("login.passkey-elsewhere"));
            else refused(problem);
        } finally {
            setBusy(false);
        }
    };
    if (asked)
        return (
            <main class="door" id="main">
                <div class="sheet door-one">
                    <p class="brand">
                        <Mark />
                        <span>Skep</span>
                    </p>
                    <h1 tabIndex={-1}>{t("second.title")}</h1>
                    <SecondStep
                        asked={asked}
                        onBack={(why) => {
                            setAsked(null);
                            setFault(why);
                        }}
                    />
                </div>
            </main>
        );
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
                {work && (
                    <p class="hint" role="status">
                        <Icon name="clock" small />
                        <span>
                            {t(`proof.${work.why}`)}{" "}
                            {t("proof.busy", { span: span(work.waitMs) })}
                        </span>
                    </p>
                )}
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
                {passkeysOff() === null && (
                    <button
                        type="button"
                        class="btn start"
                        disabled={busy}
                        onClick={() => void byPasskey()}
                    >
                        <Icon name="key" small />
                        {t("login.passkey")}
                    </button>
                )}
                <OtherWays />
                {labelSeed() && <Hint icon="sim">{t("login.seed")}</Hint>}
            </form>
        </main>
    );
}
