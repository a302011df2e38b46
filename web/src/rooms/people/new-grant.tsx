// A new grant: who, on what, what, when, why.
import { useState } from "preact/hooks";
import { t } from "../../i18n";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Select } from "../../ui/select";
import { toast } from "../../ui/toast";
import { ask, refusalText, type Person } from "./ask";
import { subjectFrom } from "./grid";
import { Fault, useAsked } from "./parts";
import { EMPTY, TermsFields, termsOf, type Draft } from "./terms";

export const subjectChoices = (people: readonly Person[]): [string, string][] => [
    ...people
        .filter((p) => p.role !== "owner" && p.state === "active")
        .map((p): [string, string] => [`account:${p.id}`, p.name]),
    ...(["member", "admin"] as const).map((r): [string, string] => [
        `role:${r}`,
        t(`everybody.${r}`),
    ]),
];

export function NewGrant({
    subject: given = "",
    object = "all",
    onClose,
    onMade,
}: {
    readonly subject?: string;
    readonly object?: string;
    readonly onClose: () => void;
    readonly onMade: () => void;
}) {
    const people = useAsked(ask.people, []);
    const choices = subjectChoices(people.is === "ready" ? people.value.accounts : []);
    const [chosen, setSubject] = useState(given);
    const subject = chosen || (choices[0]?.[0] ?? "");
    const [draft, setDraft] = useState<Draft>({ ...EMPTY, object });
    const [reason, setReason] = useState("");
    const [fault, setFault] = useState("");
    const submit = async (e: Event) => {
        e.preventDefault();
        const terms = termsOf(draft);
        if ("fault" in terms) return setFault(terms.fault);
        const why = reason.normalize("NFC").trim();
        try {
            await ask.grant({
                subject: subjectFrom(subject),
                ...terms,
                ...(why ? { reason: why } : {}),
            });
            toast(t("grant.made"));
            onMade();
            onClose();
        } catch (problem) {
            setFault(refusalText(problem));
        }
    };
    return (
        <Dialog title={t("grant.new")} onClose={onClose} wide>
            <form class="stack" onSubmit={(e) => void submit(e)}>
                <Select
                    first
                    label={t("grant.who")}
                    value={subject}
                    choices={choices}
                    onChange={setSubject}
                />
                <TermsFields draft={draft} onChange={setDraft} />
                <Field
                    label={t("grant.reason")}
                    value={reason}
                    maxLength={200}
                    onInput={setReason}
                    hint={<span class="small quiet">{t("grant.reason-what")}</span>}
                />
                <Fault text={fault} />
                <div class="acts">
                    <button type="submit" class="btn pri" disabled={!subject}>
                        {t("grant.give")}
                    </button>
                    <button type="button" class="btn" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
