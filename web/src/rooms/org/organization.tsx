// The own organization: its name; and, on the box's own, the envelope for the day on which nobody can log in.
import { useEffect, useState } from "preact/hooks";
import { may } from "../../app/access";
import { onNews } from "../../app/events";
import { t } from "../../i18n";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Failure, Loading } from "../../ui/notes";
import { Chip, Head, Hint, Limit, Time } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { useFresh } from "../account/reauth";
import { Fault, Tabs, useAsked } from "../people/parts";
import { ask, refusalText, type Organization } from "./ask";

export function OrganizationPage() {
    const asked = useAsked(ask.mine, []);
    const o = asked.is === "ready" ? asked.value : null;
    return (
        <>
            <Head
                title={t("org.title")}
                answer={
                    o
                        ? t("org.answer", {
                              people: t("org.n-people", { n: o.people }),
                              cameras: t("org.n-cameras", { n: o.cameras }),
                          })
                        : t(asked.is === "loading" ? "org.loading" : "org.unknown")
                }
            />
            <Tabs here="organization" />
            {asked.is === "loading" && (
                <section class="sheet tbl">
                    <Loading what={t("org.loading")} bars={3} />
                </section>
            )}
            {asked.is === "failed" && (
                <Failure what={t("org.failed")} problem={asked.problem} again={asked.again} />
            )}
            {o && (
                <div class="columns">
                    <Name organization={o} again={asked.again} />
                    {o.kind === "home" && may("organization.manage") && <Seal />}
                </div>
            )}
        </>
    );
}

function Name({
    organization: o,
    again,
}: {
    readonly organization: Organization;
    readonly again: () => void;
}) {
    const [name, setName] = useState(o.name);
    const [fault, setFault] = useState("");
    const save = (e: Event) => {
        e.preventDefault();
        ask.rename(name.normalize("NFC").trim()).then(
            () => {
                setFault("");
                toast(t("org.saved"));
                again();
            },
            (problem: unknown) => setFault(refusalText(problem)),
        );
    };
    return (
        <section class="sheet panel" aria-labelledby="org-name">
            <h2 id="org-name">{t("org.name")}</h2>
            <p class="quiet">{t(`org.${o.kind}-what`)}</p>
            {may("organization.manage") ? (
                <form class="stack" onSubmit={save}>
                    <Field
                        label={t("org.name-shown")}
                        value={name}
                        maxLength={64}
                        onInput={setName}
                    />
                    <Fault text={fault} />
                    <div class="row">
                        <button
                            type="submit"
                            class="btn"
                            disabled={!name.trim() || name.trim() === o.name}
                        >
                            {t("org.save")}
                        </button>
                    </div>
                </form>
            ) : (
                <p>
                    <b>{o.name || t("org.unnamed")}</b>
                </p>
            )}
        </section>
    );
}

function Seal() {
    const asked = useAsked(ask.emergency, []);
    const { fresh, dialog } = useFresh();
    const [code, setCode] = useState<string | null>(null);
    const [fault, setFault] = useState("");
    useEffect(
        () =>
            onNews((news) => {
                if (news.ev === "emergency") asked.again();
            }),
        [],
    );
    if (asked.is === "loading") return <Loading what={t("org.loading")} bars={2} />;
    if (asked.is === "failed")
        return <Failure what={t("emergency.failed")} problem={asked.problem} again={asked.again} />;
    const { open, seal } = asked.value;
    const done = (act: Promise<unknown>) =>
        act.then(
            () => {
                setFault("");
                asked.again();
            },
            (problem: unknown) => setFault(refusalText(problem)),
        );
    const make = () =>
        done(
            fresh(ask.seal).then((made) => {
                if (made) setCode(made.code);
            }),
        );
    return (
        <section class="sheet panel" aria-labelledby="emergency-seal">
            <h2 id="emergency-seal">
                {t("emergency.title")}
                <span class="r">
                    {open ? (
                        <Chip tone="error" icon="warn">
                            {t("emergency.is-open")}
                        </Chip>
                    ) : seal && !seal.used ? (
                        <Chip tone="ok" icon="lock">
                            {t("emergency.is-sealed")}
                        </Chip>
                    ) : (
                        <Chip tone="unknown" icon="off">
                            {t(seal ? "emergency.is-used" : "emergency.is-none")}
                        </Chip>
                    )}
                </span>
            </h2>
            <p>{t("emergency.what")}</p>
            {seal && (
                <p class="small quiet">
                    {t("emergency.made")} <Time ms={seal.made} />
                    {seal.used && (
                        <>
                            {" · "}
                            {t("emergency.used")} <Time ms={seal.used} />
                        </>
                    )}
                </p>
            )}
            <Fault text={fault} />
            <div class="acts">
                <button type="button" class="btn" onClick={() => void make()}>
                    <Icon name="key" small />
                    {t(seal ? "emergency.renew" : "emergency.make")}
                </button>
                {seal && (
                    <button type="button" class="btn plain" onClick={() => void done(ask.unseal())}>
                        {t("emergency.end")}
                    </button>
                )}
            </div>
            <Limit>{t("emergency.limit")}</Limit>
            {dialog}
            {code && <CodeDialog code={code} onClose={() => setCode(null)} />}
        </section>
    );
}

/** On paper, not in a file: there is no copy button on purpose. */
function CodeDialog({ code, onClose }: { readonly code: string; readonly onClose: () => void }) {
    const [kept, setKept] = useState(false);
    return (
        <Dialog title={t("emergency.code-title")} onClose={() => kept && onClose()}>
            <p>{t("emergency.code-once")}</p>
            <p class="cmd mono" data-print>
                {code}
            </p>
            <div class="acts">
                <button type="button" class="btn sm" onClick={() => print()}>
                    <Icon name="file" small />
                    {t("recovery.print")}
                </button>
            </div>
            <Hint icon="lock">{t("emergency.code-where", { host: location.host })}</Hint>
            <label class="check">
                <input type="checkbox" checked={kept} onChange={(e) => setKept(e.currentTarget.checked)} />
                <span>{t("emergency.code-kept")}</span>
            </label>
            <div class="acts">
                <button type="button" class="btn pri" disabled={!kept} onClick={onClose}>
                    {t("recovery.done")}
                </button>
            </div>
        </Dialog>
    );
}
