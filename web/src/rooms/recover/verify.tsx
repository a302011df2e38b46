// Confirming an address. Opening the link does nothing yet: mail scanners open links, people press buttons.
import { useState } from "preact/hooks";
import { Problem } from "../../app/api";
import { dropMailed, mailedToken, session } from "../../app/session";
import { t } from "../../i18n";
import { Door, ToLogin } from "../../ui/door";
import { Icon } from "../../ui/icon";
import { problemText } from "../../ui/notes";
import { LanguageButton } from "../login/login";
import { ask, isGone } from "./ask";
import { GoneLink } from "./parts";

export function VerifyPage() {
    const [token] = useState(mailedToken());
    const [state, setState] = useState<"ask" | "done" | "gone">(token ? "ask" : "gone");
    const [fault, setFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const confirm = async () => {
        if (!token || busy) return;
        setBusy(true);
        try {
            await ask.verify(token);
            dropMailed();
            setState("done");
        } catch (problem) {
            if (isGone(problem)) setState("gone");
            else
                setFault(
                    problem instanceof Problem && problem.code === "conflict"
                        ? t("confirm-mail.taken")
                        : problemText(problem),
                );
        } finally {
            setBusy(false);
        }
    };
    if (state === "gone") return <GoneLink again={null} />;
    if (state === "done")
        return (
            <Door title={t("confirm-mail.done")}>
                <p role="status">{t("confirm-mail.done-why")}</p>
                {session.value.is === "in" ? (
                    <div class="row">
                        <a class="btn pri" href="/me">
                            {t("me.title")}
                        </a>
                    </div>
                ) : (
                    <ToLogin />
                )}
            </Door>
        );
    return (
        <Door title={t("confirm-mail.title")}>
            <p>{t("confirm-mail.why")}</p>
            {fault && (
                <p class="fault" role="alert">
                    <Icon name="error" small />
                    <span>{fault}</span>
                </p>
            )}
            <div class="row">
                <button
                    type="button"
                    class="btn pri big"
                    disabled={busy}
                    onClick={() => void confirm()}
                >
                    {t("confirm-mail.act")}
                </button>
                <span class="sp" />
                <LanguageButton />
            </div>
        </Door>
    );
}
