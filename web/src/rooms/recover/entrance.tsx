// What the login page offers beside name and password, as the box is set: another box's sign-in, mail, an account.
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n";
import { Icon } from "../../ui/icon";
import { ask, type Entrance } from "./ask";

export function OtherWays() {
    const [ways, setWays] = useState<Entrance | null>(null);
    useEffect(() => {
        ask.entrance().then(setWays, () => undefined); // without an answer: the form alone
    }, []);
    const [came] = useState(() => new URLSearchParams(location.search).get("sso"));
    return (
        <>
            {came !== null && came !== "factor" && (
                <p class="fault" role="alert">
                    <Icon name="error" small />
                    <span>{t("login.sso-refused")}</span>
                </p>
            )}
            {ways?.sso && (
                <a class="btn big" href="/api/v1/sso/start" target="_self">
                    <Icon name="key" small />
                    {t("login.sso", { name: ways.sso.name })}
                </a>
            )}
            {(ways?.recovery || ways?.registration === "open") && (
                <p class="row small">
                    {ways.recovery && <a href="/recover">{t("login.forgot")}</a>}
                    {ways.registration === "open" && <a href="/register">{t("login.register")}</a>}
                </p>
            )}
            {!ways?.recovery && (
                <p class="small quiet">
                    {t("login.lost")} <code class="mono">skep owner reset</code>
                </p>
            )}
            <p class="small">
                <a href="/emergency">{t("login.emergency")}</a>
            </p>
        </>
    );
}
