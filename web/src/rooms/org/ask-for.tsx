// Under "you may not see this": ask those who can give it.
import { useState } from "preact/hooks";
import { Problem } from "../../app/api";
import { t } from "../../i18n";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Hint } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { ACTIONS, type Action } from "../people/ask";
import { Fault } from "../people/parts";
import { actionName } from "../people/sentence";
import { ask, refusalText } from "./ask";

const FIRST: readonly Action[] = ["live-main", "live-sub"];

/** Only where the box said that it is not there, or not for me: the two look alike. */
export function AskFor({ device, problem }: { readonly device: string; readonly problem: unknown }) {
    const [open, setOpen] = useState(false);
    const hidden =
        problem instanceof Problem && (problem.code === "not-found" || problem.code === "forbidden");
    if (!hidden) return null;
    return (
        <p class="row">
            <button type="button" class="btn" onClick={() => setOpen(true)}>
                {t("approval.ask")}
            </button>
            {open && <Wish device={device} onClose={() => setOpen(false)} />}
        </p>
    );
}

function Wish({ device, onClose }: { readonly device: string; readonly onClose: () => void }) {
    const [actions, setActions] = useState<readonly Action[]>(FIRST);
    const [why, setWhy] = useState("");
    const [fault, setFault] = useState("");
    const submit = (e: Event) => {
        e.preventDefault();
        const text = why.normalize("NFC").trim();
        ask.wish({ object: { device }, actions, ...(text ? { why: text } : {}) }).then(
            () => {
                toast(t("approval.wished"));
                onClose();
            },
            (problem: unknown) => setFault(refusalText(problem)),
        );
    };
    return (
        <Dialog title={t("approval.ask")} onClose={onClose}>
            <form class="stack" onSubmit={submit}>
                <fieldset class="checks">
                    <legend>{t("approval.ask-what")}</legend>
                    {ACTIONS.map((a) => (
                        <label key={a} class="check">
                            <input
                                type="checkbox"
                                checked={actions.includes(a)}
                                onChange={(e) =>
                                    setActions(
                                        e.currentTarget.checked
                                            ? [...actions, a]
                                            : actions.filter((one) => one !== a),
                                    )
                                }
                            />
                            <span>{actionName(a)}</span>
                        </label>
                    ))}
                </fieldset>
                <Field label={t("approval.ask-why")} value={why} maxLength={200} onInput={setWhy} />
                <Hint icon="lock">{t("approval.ask-blind")}</Hint>
                <Fault text={fault} />
                <div class="acts">
                    <button type="submit" class="btn pri" disabled={actions.length === 0}>
                        {t("approval.ask")}
                    </button>
                    <button type="button" class="btn" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
