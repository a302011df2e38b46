// Inviting: a role, a note for oneself, perhaps grants; then the link, once.
import { useState } from "preact/hooks";
import { myAccess } from "../../app/access";
import type { Role } from "../../app/api";
import { t } from "../../i18n";
import { when } from "../../i18n/format";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Select } from "../../ui/select";
import { CopyButton, Hint, Limit } from "../../ui/parts";
import { QrCode } from "../../ui/qr-code";
import { ask, refusalText, type Terms } from "./ask";
import { Fault, roleText, TermsLine } from "./parts";
import { EMPTY, TermsFields, termsOf, type Draft } from "./terms";

export function Invite({ onClose }: { readonly onClose: () => void }) {
    const [made, setMade] = useState<{ link: string; expires: number } | null>(null);
    return (
        <Dialog title={t(made ? "invite.link-title" : "invite.title")} onClose={onClose} wide>
            {made ? <Link {...made} onClose={onClose} /> : <Form onMade={setMade} onClose={onClose} />}
        </Dialog>
    );
}

function Form({
    onMade,
    onClose,
}: {
    readonly onMade: (made: { link: string; expires: number }) => void;
    readonly onClose: () => void;
}) {
    const [role, setRole] = useState<Role>("member");
    const [note, setNote] = useState("");
    const [grants, setGrants] = useState<readonly Terms[]>([]);
    const [draft, setDraft] = useState<Draft | null>(null);
    const [fault, setFault] = useState("");
    const [busy, setBusy] = useState(false);
    const roles: readonly Role[] =
        myAccess.value?.role === "owner" ? ["member", "admin", "owner"] : ["member", "admin"];
    const add = () => {
        if (!draft) return;
        const terms = termsOf(draft);
        if ("fault" in terms) return setFault(terms.fault);
        setFault("");
        setGrants([...grants, terms]);
        setDraft(null);
    };
    const submit = async (e: Event) => {
        e.preventDefault();
        if (busy) return;
        const last = draft ? termsOf(draft) : null;
        if (last && "fault" in last) return setFault(last.fault);
        const all = last ? [...grants, last] : grants;
        setBusy(true);
        try {
            const text = note.normalize("NFC").trim();
            onMade(
                await ask.invite({
                    role,
                    ...(text ? { note: text } : {}),
                    ...(all.length ? { grants: all } : {}),
                }),
            );
        } catch (problem) {
            setFault(refusalText(problem));
        } finally {
            setBusy(false);
        }
    };
    return (
        <form class="stack" onSubmit={(e) => void submit(e)}>
            <Select
                first
                label={t("people.role")}
                value={role}
                choices={roles.map((r) => [r, roleText(r)])}
                onChange={(r) => setRole(r as Role)}
                hint={<span class="small quiet">{t(`role.${role}-what`)}</span>}
            />
            <Field
                label={t("invite.note")}
                value={note}
                maxLength={200}
                onInput={setNote}
                hint={<span class="small quiet">{t("invite.note-what")}</span>}
            />
            {role !== "owner" && (
                <section class="stack" aria-label={t("invite.grants")}>
                    {grants.length > 0 && (
                        <ul class="grants">
                            {grants.map((g, i) => (
                                <li key={i} class="grant">
                                    <p>
                                        <TermsLine terms={g} />
                                    </p>
                                    <button
                                        type="button"
                                        class="btn sm"
                                        onClick={() => setGrants(grants.filter((_, n) => n !== i))}
                                    >
                                        {t("grant.drop")}
                                    </button>
                                </li>
                            ))}
                        </ul>
                    )}
                    {draft ? (
                        <div class="stack well">
                            <TermsFields draft={draft} onChange={setDraft} />
                            <div class="acts">
                                <button type="button" class="btn" onClick={add}>
                                    {t("invite.add-grant")}
                                </button>
                                <button type="button" class="btn plain" onClick={() => setDraft(null)}>
                                    {t("act.cancel")}
                                </button>
                            </div>
                        </div>
                    ) : (
                        <button type="button" class="btn start" onClick={() => setDraft(EMPTY)}>
                            {t(grants.length ? "invite.one-more" : "invite.with-grant")}
                        </button>
                    )}
                </section>
            )}
            <Fault text={fault} />
            <div class="acts">
                <button type="submit" class="btn pri" disabled={busy}>
                    {t("invite.make")}
                </button>
                <button type="button" class="btn" onClick={onClose}>
                    {t("act.cancel")}
                </button>
            </div>
        </form>
    );
}

function Link({
    link,
    expires,
    onClose,
}: {
    readonly link: string;
    readonly expires: number;
    readonly onClose: () => void;
}) {
    return (
        <div class="stack">
            <div class="token">
                <QrCode text={link} label={t("invite.qr")} />
                <div class="stack">
                    <p>{t("invite.send")}</p>
                    <pre class="cmd" tabIndex={0}>
                        {link}
                    </pre>
                    <div class="acts">
                        <CopyButton text={link} label={t("invite.copy")} />
                    </div>
                    <Hint icon="clock">{t("invite.once", { time: when(expires) })}</Hint>
                </div>
            </div>
            <Limit>{t("invite.limit")}</Limit>
            <div class="acts">
                <button type="button" class="btn pri" data-first="" onClick={onClose}>
                    {t("invite.done")}
                </button>
            </div>
        </div>
    );
}
