// The second step: the password was right, a factor is asked for.
import { useEffect, useState } from "preact/hooks";
import { call, Problem, type FactorAsked, type SessionAnswer } from "../../app/api";
import { passkeyGivenUp, passkeysOff, showPasskey } from "../../app/passkey";
import { enter } from "../../app/session";
import { t, type Key } from "../../i18n";
import { span } from "../../i18n/format";
import { Field } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { problemText } from "../../ui/notes";
import { useTick } from "../../ui/parts";

type Way = "totp" | "passkey" | "recovery";
const ASKS: Readonly<Record<Way, Key>> = {
    totp: "second.totp",
    passkey: "second.passkey",
    recovery: "second.recovery",
};
const TURNS: Readonly<Record<Way, Key>> = {
    totp: "second.use-totp",
    passkey: "second.use-passkey",
    recovery: "second.use-recovery",
};

export function SecondStep({
    asked,
    onBack,
}: {
    readonly asked: FactorAsked;
    /** The ticket is used up: name and password again; with what is to be said. */
    readonly onBack: (fault: string | null) => void;
}) {
    const ways = asked.kinds.filter((k) => k !== "passkey" || passkeysOff() === null);
    const [way, setWay] = useState<Way>(ways[0] ?? "recovery");
    const [code, setCode] = useState("");
    const [fault, setFault] = useState<string | null>(null);
    const [until, setUntil] = useState(0);
    const [busy, setBusy] = useState(false);
    const now = useTick(1000);
    const wait = until > now;
    useEffect(() => {
        document.querySelector<HTMLElement>("[data-first]")?.focus();
    }, [way]);

    const refused = (problem: unknown) => {
        if (passkeyGivenUp(problem)) return setFault(t("second.given-up"));
        if (!(problem instanceof Problem)) return setFault(problemText(problem));
        if (problem.code === "auth-failed" && problem.body["again"] !== true)
            return onBack(t("second.over"));
        if (problem.code === "throttled") setUntil(Date.now() + (problem.retryMs ?? 30_000));
        setFault(problem.code === "auth-failed" ? t("second.wrong") : problemText(problem));
    };
    const show = async (e: Event) => {
        e.preventDefault();
        if (busy || wait) return;
        setBusy(true);
        try {
            const shown =
                way === "passkey" && asked.passkey
                    ? { passkey: await showPasskey(asked.passkey) }
                    : { [way]: code.trim() };
            enter(
                await call<SessionAnswer>("POST", "/login/factor", {
                    ticket: asked.ticket,
                    ...shown,
                }),
            );
        } catch (problem) {
            setCode("");
            refused(problem);
        } finally {
            setBusy(false);
        }
    };
    const turn = (to: Way) => {
        setWay(to);
        setCode("");
        setFault(null);
    };
    return (
        <form class="stack" onSubmit={(e) => void show(e)}>
            <p>{t(ASKS[way])}</p>
            {way === "totp" && (
                <Field
                    first
                    mono
                    name="code"
                    label={t("second.code")}
                    value={code}
                    autocomplete="one-time-code"
                    inputMode="numeric"
                    maxLength={8}
                    onInput={(v) => {
                        setCode(v);
                        setFault(null);
                    }}
                />
            )}
            {way === "recovery" && (
                <Field
                    first
                    mono
                    name="recovery"
                    label={t("second.recovery-code")}
                    value={code}
                    maxLength={24}
                    hint={t("second.once")}
                    onInput={(v) => {
                        setCode(v);
                        setFault(null);
                    }}
                />
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
                    data-first={way === "passkey" ? "" : undefined}
                    disabled={busy || wait || (way !== "passkey" && !code.trim())}
                >
                    {t(way === "passkey" ? "second.use-passkey" : "login.act")}
                </button>
                <span class="sp" />
                <button type="button" class="btn plain" onClick={() => onBack(null)}>
                    {t("second.back")}
                </button>
            </div>
            {ways.length > 1 && (
                <p class="row">
                    {ways
                        .filter((w) => w !== way)
                        .map((w) => (
                            <button key={w} type="button" class="btn sm" onClick={() => turn(w)}>
                                <Icon name={w === "recovery" ? "file" : "key"} small />
                                {t(TURNS[w])}
                            </button>
                        ))}
                </p>
            )}
        </form>
    );
}
