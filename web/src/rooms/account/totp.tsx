// Time codes: the secret as a picture and as text, one code to prove that the app has it; and off again.
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../../app/api";
import { t } from "../../i18n";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Loading, problemText } from "../../ui/notes";
import { CopyButton } from "../../ui/parts";
import { QrCode } from "../../ui/qr-code";
import { factorApi } from "./factor-api";

const grouped = (secret: string): string => secret.replace(/(.{4})(?=.)/g, "$1 ");

export function TotpDialog({
    begun,
    onDone,
    onClose,
}: {
    readonly begun: { readonly secret: string; readonly uri: string };
    readonly onDone: (codes: readonly string[]) => void;
    readonly onClose: () => void;
}) {
    const [code, setCode] = useState("");
    const [fault, setFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const confirm = async (e: Event) => {
        e.preventDefault();
        if (busy) return;
        setBusy(true);
        try {
            onDone((await factorApi.totpConfirm(code.trim())).codes);
        } catch (problem) {
            const wrong = problem instanceof Problem && problem.code === "auth-failed";
            setFault(wrong ? t("totp.wrong") : problemText(problem));
            setCode("");
            setBusy(false);
        }
    };
    return (
        <Dialog title={t("totp.enrol")} onClose={onClose}>
            <div class="key-row">
                <QrCode text={begun.uri} label={t("totp.qr")} />
                <div>
                    <p>{t("totp.scan")}</p>
                    <p class="mono secret-text">{grouped(begun.secret)}</p>
                    <CopyButton text={begun.secret} />
                </div>
            </div>
            <form class="stack" onSubmit={(e) => void confirm(e)}>
                <Field
                    first
                    mono
                    name="code"
                    label={t("totp.confirm")}
                    value={code}
                    fault={fault}
                    autocomplete="one-time-code"
                    inputMode="numeric"
                    maxLength={8}
                    onInput={(v) => {
                        setCode(v);
                        setFault(null);
                    }}
                />
                <div class="acts">
                    <button type="submit" class="btn pri" disabled={busy || !code.trim()}>
                        {t("totp.on-act")}
                    </button>
                    <button type="button" class="btn" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

export function TotpOffDialog({
    onDone,
    onClose,
}: {
    readonly onDone: () => void;
    readonly onClose: () => void;
}) {
    const [password, setPassword] = useState("");
    const [fault, setFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const off = async (e: Event) => {
        e.preventDefault();
        if (busy || !password) return;
        setBusy(true);
        try {
            await factorApi.totpOff(password);
            onDone();
        } catch (problem) {
            const code = problem instanceof Problem ? problem.code : null;
            setFault(
                code === "auth-failed"
                    ? t("own-password.old-wrong")
                    : code === "conflict"
                      ? t("factors.required-stays")
                      : problemText(problem),
            );
            setBusy(false);
        }
    };
    return (
        <Dialog title={t("totp.off")} onClose={onClose}>
            <p>{t("totp.off-what")}</p>
            <form class="stack" onSubmit={(e) => void off(e)}>
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
                        {t("totp.off-act")}
                    </button>
                    <button type="button" class="btn" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

/** The name under which a passkey will stand in the list. */
export function NameDialog({
    title,
    act,
    initial,
    onName,
    onClose,
}: {
    readonly title: string;
    readonly act: string;
    readonly initial: string;
    readonly onName: (name: string) => Promise<void>;
    readonly onClose: () => void;
}) {
    const [name, setName] = useState(initial);
    const [fault, setFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    useEffect(() => document.querySelector<HTMLInputElement>("dialog input")?.select(), []);
    const submit = async (e: Event) => {
        e.preventDefault();
        if (busy || !name.trim()) return;
        setBusy(true);
        try {
            await onName(name.normalize("NFC").trim());
        } catch (problem) {
            setFault(problem instanceof Error && problem.message ? problem.message : problemText(problem));
        }
        setBusy(false);
    };
    return (
        <Dialog title={title} onClose={onClose}>
            <form class="stack" onSubmit={(e) => void submit(e)}>
                <Field
                    first
                    name="passkey-name"
                    label={t("passkey.name")}
                    value={name}
                    fault={fault}
                    maxLength={64}
                    hint={t("passkey.name-hint")}
                    onInput={(v) => {
                        setName(v);
                        setFault(null);
                    }}
                />
                <div class="acts">
                    <button type="submit" class="btn pri" disabled={busy || !name.trim()}>
                        {act}
                    </button>
                    <button type="button" class="btn" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
                {busy && <Loading what={t("passkey.waits")} bars={0} />}
            </form>
        </Dialog>
    );
}
