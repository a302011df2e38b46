// Whose cameras are on this box? For operators: names and counts, no contents.
import { useState } from "preact/hooks";
import { may } from "../../app/access";
import { rich, t } from "../../i18n";
import { when, zoneName } from "../../i18n/format";
import { Dialog, NameToType } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Failure, Loading } from "../../ui/notes";
import { Chip, CopyButton, Head, Hint, Time } from "../../ui/parts";
import { QrCode } from "../../ui/qr-code";
import { toast } from "../../ui/toast";
import { Fault, Tabs, useAsked } from "../people/parts";
import { ask, isAsked, refusalText, type Organization } from "./ask";

type Act = { readonly is: "suspend" | "remove"; readonly on: Organization };

export function OrganizationsPage() {
    const asked = useAsked(ask.all, []);
    const [making, setMaking] = useState(false);
    const [act, setAct] = useState<Act | null>(null);
    const [fault, setFault] = useState("");
    const list = asked.is === "ready" ? asked.value.organizations : [];
    const closed = list.filter((o) => o.state === "suspended").length;
    const reopen = (o: Organization) =>
        ask.set(o.id, { state: "active" }).then(
            () => {
                setFault("");
                toast(t("org.reopened"));
                asked.again();
            },
            (problem: unknown) => setFault(refusalText(problem)),
        );
    const after = () => {
        setMaking(false);
        setAct(null);
        asked.again();
    };
    const Acts = ({ of: o }: { readonly of: Organization }) =>
        o.kind === "home" || !may("organizations.approve") ? null : (
            <span class="row end">
                {o.state === "active" ? (
                    <button type="button" class="btn sm" onClick={() => setAct({ is: "suspend", on: o })}>
                        {t("org.suspend")}
                    </button>
                ) : (
                    <button type="button" class="btn sm" onClick={() => void reopen(o)}>
                        {t("org.reopen")}
                    </button>
                )}
                {o.people + o.cameras === 0 && (
                    <button type="button" class="btn sm" onClick={() => setAct({ is: "remove", on: o })}>
                        {t("org.remove")}
                    </button>
                )}
            </span>
        );
    return (
        <>
            <Head
                title={t("org.all")}
                answer={
                    asked.is === "ready"
                        ? [
                              ...rich("org.all-answer", { n: list.length }),
                              ...(closed ? [" ", ...rich("org.all-closed", { n: closed })] : []),
                          ]
                        : t(asked.is === "loading" ? "org.loading" : "org.unknown")
                }
                tools={
                    may("organizations.operate") && (
                        <button type="button" class="btn pri" onClick={() => setMaking(true)}>
                            <Icon name="plus" small />
                            {t("org.make")}
                        </button>
                    )
                }
            />
            <Tabs here="organizations" />
            {asked.is === "loading" && (
                <section class="sheet tbl">
                    <Loading what={t("org.loading")} bars={5} />
                </section>
            )}
            {asked.is === "failed" && (
                <Failure what={t("org.failed")} problem={asked.problem} again={asked.again} />
            )}
            <Fault text={fault} />
            {asked.is === "ready" && (
                <section class="sheet tbl" aria-labelledby="org-list">
                    <div class="sheet-head">
                        <h2 id="org-list">{t("org.all")}</h2>
                    </div>
                    <table>
                        <caption class="vh">{t("org.all")}</caption>
                        <thead>
                            <tr>
                                <th scope="col">{t("people.name")}</th>
                                <th scope="col">{t("org.kind")}</th>
                                <th scope="col">{t("people.state")}</th>
                                <th scope="col" class="num">
                                    {t("org.people")}
                                </th>
                                <th scope="col" class="num">
                                    {t("org.cameras")}
                                </th>
                                <th scope="col">{t("org.since")}</th>
                                <th scope="col">
                                    <span class="vh">{t("org.acts")}</span>
                                </th>
                            </tr>
                        </thead>
                        <tbody>
                            {list.map((o) => (
                                <tr key={o.id}>
                                    <th scope="row">{o.name || t("org.unnamed")}</th>
                                    <td>{t(`org.kind.${o.kind}`)}</td>
                                    <td>
                                        <StateOf organization={o} />
                                    </td>
                                    <td class="num">{o.people}</td>
                                    <td class="num">{o.cameras}</td>
                                    <td>{o.created ? <Time ms={o.created} /> : t("org.with-box")}</td>
                                    <td class="num">
                                        <Acts of={o} />
                                    </td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                    <div class="cards">
                        {list.map((o) => (
                            <article key={o.id} class="sheet card">
                                <p class="top">
                                    <StateOf organization={o} />
                                    <span class="quiet small end">{t(`org.kind.${o.kind}`)}</span>
                                </p>
                                <p class="ti">{o.name || t("org.unnamed")}</p>
                                <p class="meta">
                                    {t("org.n-people", { n: o.people })} ·{" "}
                                    {t("org.n-cameras", { n: o.cameras })}
                                </p>
                                <Acts of={o} />
                            </article>
                        ))}
                    </div>
                    <div class="foot">
                        <span>{t("table.zone", { zone: zoneName() })}</span>
                    </div>
                </section>
            )}
            {making && <Make onClose={after} />}
            {act && <Destroy act={act} onClose={after} />}
        </>
    );
}

const StateOf = ({ organization: o }: { readonly organization: Organization }) =>
    o.state === "active" ? (
        <Chip tone="ok" icon="ok">
            {t("people.active")}
        </Chip>
    ) : (
        <Chip tone="unknown" icon="off">
            {t("org.suspended")}
        </Chip>
    );

function Make({ onClose }: { readonly onClose: () => void }) {
    const [name, setName] = useState("");
    const [made, setMade] = useState<{ link: string; expires: number } | null>(null);
    const [fault, setFault] = useState("");
    const submit = (e: Event) => {
        e.preventDefault();
        ask.make(name.normalize("NFC").trim()).then(setMade, (problem: unknown) =>
            setFault(refusalText(problem)),
        );
    };
    if (made)
        return (
            <Dialog title={t("org.made")} onClose={onClose} wide>
                <div class="token">
                    <QrCode text={made.link} label={t("invite.qr")} />
                    <div class="stack">
                        <p>{t("org.link-what")}</p>
                        <pre class="cmd" tabIndex={0}>
                            {made.link}
                        </pre>
                        <div class="acts">
                            <CopyButton text={made.link} label={t("invite.copy")} />
                        </div>
                        <Hint icon="clock">{t("invite.once", { time: when(made.expires) })}</Hint>
                    </div>
                </div>
                <div class="acts">
                    <button type="button" class="btn pri" data-first="" onClick={onClose}>
                        {t("invite.done")}
                    </button>
                </div>
            </Dialog>
        );
    return (
        <Dialog title={t("org.make")} onClose={onClose}>
            <form class="stack" onSubmit={submit}>
                <Field first label={t("org.name-shown")} value={name} maxLength={64} onInput={setName} />
                <p class="quiet">{t("org.make-what")}</p>
                <Fault text={fault} />
                <div class="acts">
                    <button type="submit" class="btn pri" disabled={!name.trim()}>
                        {t("org.make")}
                    </button>
                    <button type="button" class="btn" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function Destroy({ act, onClose }: { readonly act: Act; readonly onClose: () => void }) {
    const [typed, setTyped] = useState("");
    const [fault, setFault] = useState("");
    const { on: o, is } = act;
    const submit = (e: Event) => {
        e.preventDefault();
        if (typed !== o.name) return;
        (is === "suspend" ? ask.set(o.id, { state: "suspended" }) : ask.remove(o.id)).then(
            () => {
                toast(t(is === "suspend" ? "org.was-suspended" : "org.was-removed"));
                onClose();
            },
            (problem: unknown) => {
                if (!isAsked(problem)) return setFault(refusalText(problem));
                toast(refusalText(problem));
                onClose();
            },
        );
    };
    return (
        <Dialog title={t(is === "suspend" ? "org.suspend-one" : "org.remove-one", { name: o.name })} onClose={onClose}>
            <form class="stack danger" onSubmit={submit}>
                <p>
                    {is === "suspend"
                        ? t("org.suspend-what", {
                              people: t("org.n-people", { n: o.people }),
                              cameras: t("org.n-cameras", { n: o.cameras }),
                          })
                        : t("org.remove-what")}
                </p>
                <p class="small quiet">{t("approval.maybe")}</p>
                <NameToType name={o.name} value={typed} onInput={setTyped} />
                <Fault text={fault} />
                <div class="acts">
                    <button type="submit" class="btn" disabled={typed !== o.name}>
                        {t(is === "suspend" ? "org.suspend" : "org.remove")}
                    </button>
                    <button type="button" class="btn" data-first="" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
