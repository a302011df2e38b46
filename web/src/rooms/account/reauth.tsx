// Some acts want the password or a factor shown within the last minutes: the box answers `reauth`, this dialog asks,
// and the act is done again.
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../../app/api";
import { passkeyGivenUp, passkeysOff, showPasskey } from "../../app/passkey";
import { t } from "../../i18n";
import { span } from "../../i18n/format";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Loading, problemText } from "../../ui/notes";
import { factorApi, type Proof, type ReauthAsked } from "./factor-api";

/** What is being waited for: the proof, then the same act once more. */
interface Waiting {
    readonly again: () => void;
    readonly giveUp: (problem: unknown) => void;
}

/** `fresh(act)` does `act`, asking for a proof in between if the box wants one. Null: the person chose not to. */
export function useFresh(): {
    readonly fresh: <T>(act: () => Promise<T>) => Promise<T | null>;
    readonly dialog: preact.ComponentChildren;
} {
    const [waiting, setWaiting] = useState<Waiting | null>(null);
    const fresh = async <T,>(act: () => Promise<T>): Promise<T | null> => {
        try {
            return await act();
        } catch (problem) {
            if (!(problem instanceof Problem) || problem.code !== "reauth") throw problem;
        }
        const shown = await new Promise<boolean>((done) =>
            setWaiting({ again: () => done(true), giveUp: () => done(false) }),
        );
        setWaiting(null);
        return shown ? act() : null;
    };
    return {
        fresh,
        dialog: waiting && <ReauthDialog onShown={waiting.again} onClose={() => waiting.giveUp(null)} />,
    };
}

export function ReauthDialog({
    onShown,
    onClose,
}: {
    readonly onShown: () => void;
    readonly onClose: () => void;
}) {
    const [asked, setAsked] = useState<ReauthAsked | null>(null);
    const [password, setPassword] = useState("");
    const [fault, setFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    useEffect(() => {
        factorApi.reauthAsk().then(setAsked, (e: unknown) => setFault(problemText(e)));
    }, []);
    const refused = (problem: unknown) => {
        if (passkeyGivenUp(problem)) setFault(t("second.given-up"));
        else if (problem instanceof Problem && problem.code === "auth-failed")
            setFault(t("reauth.wrong"));
        else if (problem instanceof Problem && problem.code === "throttled")
            setFault(
                `${problemText(problem)} ${t("login.wait", { span: span(problem.retryMs ?? 30_000) })}`,
            );
        else setFault(problemText(problem));
    };
    const show = async (proof: () => Promise<Proof> | Proof) => {
        if (busy) return;
        setBusy(true);
        try {
            await factorApi.reauth(await proof());
            onShown();
        } catch (problem) {
            refused(problem);
            setBusy(false);
        }
    };
    const request = asked?.passkey;
    return (
        <Dialog title={t("reauth.title")} onClose={onClose}>
            <p>{t("reauth.why")}</p>
            {!asked && !fault && <Loading what={t("load.factors")} bars={2} />}
            <form
                class="stack"
                onSubmit={(e) => {
                    e.preventDefault();
                    if (password) void show(() => ({ password }));
                }}
            >
                <Field
                    first
                    secret
                    name="password"
                    label={t("login.password")}
                    value={password}
                    fault={fault}
                    autocomplete="current-password"
                    onInput={(v) => {
                        setPassword(v);
                        setFault(null);
                    }}
                />
                <div class="acts">
                    <button type="submit" class="btn pri" disabled={busy || !password}>
                        {t("reauth.act")}
                    </button>
                    {request && passkeysOff() === null && (
                        <button
                            type="button"
                            class="btn"
                            disabled={busy}
                            onClick={() =>
                                void show(async () => ({ passkey: await showPasskey(request) }))
                            }
                        >
                            <Icon name="key" small />
                            {t("second.use-passkey")}
                        </button>
                    )}
                </div>
            </form>
        </Dialog>
    );
}
