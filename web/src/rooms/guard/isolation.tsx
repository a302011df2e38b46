// Who is kept away, why, until when, and the way back.
import { useState } from "preact/hooks";
import { may } from "../../app/access";
import { rich, t } from "../../i18n";
import { count, span, zoneName } from "../../i18n/format";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Empty, Failure, Loading } from "../../ui/notes";
import { Head, Time, useTick } from "../../ui/parts";
import { Select } from "../../ui/select";
import { toast } from "../../ui/toast";
import { ask, refusalText, type Allowed, type Entry, type GuardState } from "./ask";
import { Fault, reasonText, StageChip, Tabs, useAsked } from "./parts";

export function IsolationPage() {
    const asked = useAsked(ask.state, 5_000);
    const [adding, setAdding] = useState(false);
    const state = asked.is === "ready" ? asked.value : null;
    return (
        <>
            <Head
                title={t("guard.title")}
                answer={
                    state
                        ? state.refused
                            ? rich("guard.answer", { n: state.refused })
                            : t("guard.calm")
                        : t(asked.is === "loading" ? "guard.loading" : "guard.unknown")
                }
                tools={
                    may("guard.manage") && (
                        <button type="button" class="btn pri" onClick={() => setAdding(true)}>
                            <Icon name="plus" small />
                            {t("guard.add")}
                        </button>
                    )
                }
            />
            <Tabs here="list" />
            {asked.is === "loading" && (
                <section class="sheet tbl">
                    <Loading what={t("guard.loading")} bars={6} />
                </section>
            )}
            {asked.is === "failed" && (
                <Failure what={t("guard.failed")} problem={asked.problem} again={asked.again} />
            )}
            {state && (
                <>
                    <DryRun state={state} again={asked.again} />
                    <List state={state} again={asked.again} />
                    <AllowList list={state.allow} again={asked.again} />
                </>
            )}
            {adding && (
                <Add
                    onClose={() => {
                        setAdding(false);
                        asked.again();
                    }}
                />
            )}
        </>
    );
}

function DryRun({ state, again }: { readonly state: GuardState; readonly again: () => void }) {
    const [fault, setFault] = useState("");
    const turn = () =>
        ask.dry(!state.dry_run).then(again, (problem: unknown) => setFault(refusalText(problem)));
    return (
        <section class="sheet panel" aria-label={t("guard.dry")}>
            <div class="row">
                <p>
                    {state.dry_run ? (
                        <>
                            <b>{t("guard.dry")}.</b> {t("guard.dry-what")}{" "}
                            {t("guard.dry-would", { n: state.would_refuse })}
                        </>
                    ) : (
                        <>
                            {state.attack && <b>{t("guard.attack")} </b>}
                            {t("guard.answer-more", {
                                slowed: state.slowed,
                                challenged: state.challenged,
                                watched: state.watched,
                            })}
                        </>
                    )}
                </p>
                <span class="sp" />
                {may("guard.manage") && (
                    <button type="button" class="btn sm" onClick={() => void turn()}>
                        {t(state.dry_run ? "guard.dry-off" : "guard.dry-on")}
                    </button>
                )}
            </div>
            <Fault text={fault} />
        </section>
    );
}

function List({ state, again }: { readonly state: GuardState; readonly again: () => void }) {
    const [fault, setFault] = useState("");
    const now = useTick(1000);
    const undo = (e: Entry) =>
        ask.undo(e.id).then(
            () => {
                setFault("");
                toast(t("guard.undone"));
                again();
            },
            (problem: unknown) => setFault(refusalText(problem)),
        );
    const ends = (e: Entry) => t("guard.ends-in", { span: span(Math.max(0, e.until - now)) });
    const Undo = ({ entry }: { readonly entry: Entry }) =>
        may("guard.manage") ? (
            <button
                type="button"
                class="btn sm"
                aria-label={t("guard.undo-of", { source: entry.prefix })}
                onClick={() => void undo(entry)}
            >
                {t("guard.undo")}
            </button>
        ) : null;
    return (
        <section class="sheet tbl" aria-labelledby="guard-list">
            <div class="sheet-head">
                <h2 id="guard-list">{t("guard.list")}</h2>
                <a class="btn sm plain" href="/api/v1/guard/nft" download="skep-guard.nft">
                    <Icon name="file" small />
                    {t("guard.nft")}
                </a>
            </div>
            <Fault text={fault} />
            {state.entries.length === 0 ? (
                <Empty title={t("guard.empty")} text={t("guard.empty-why")} />
            ) : (
                <table>
                    <caption class="vh">{t("guard.list")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t("guard.source")}</th>
                            <th scope="col">{t("guard.stage")}</th>
                            <th scope="col">{t("guard.reason")}</th>
                            <th scope="col" class="num">
                                {t("guard.score")}
                            </th>
                            <th scope="col">{t("guard.ends")}</th>
                            <th scope="col">
                                <span class="vh">{t("guard.undo")}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        {state.entries.map((e) => (
                            <tr key={e.id}>
                                <th scope="row" class="mono">
                                    {e.prefix}
                                </th>
                                <td>
                                    <StageChip stage={e.stage} />
                                </td>
                                <td>
                                    {reasonText(e.reason)}
                                    {e.note && <span class="l2">{e.note}</span>}
                                </td>
                                <td class="num">{e.by === "guard" ? count(e.score) : ""}</td>
                                <td>
                                    {ends(e)}
                                    <span class="l2">
                                        <Time ms={e.until} />
                                    </span>
                                </td>
                                <td class="num">
                                    <Undo entry={e} />
                                </td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            )}
            <div class="cards">
                {state.entries.map((e) => (
                    <article key={e.id} class="sheet card">
                        <p class="top">
                            <StageChip stage={e.stage} />
                            <span class="quiet small end">{ends(e)}</span>
                        </p>
                        <p class="mono">{e.prefix}</p>
                        <p class="meta">
                            {reasonText(e.reason)}
                            {e.note && ` · ${e.note}`}
                        </p>
                        <p class="row">
                            <Undo entry={e} />
                        </p>
                    </article>
                ))}
            </div>
            <div class="foot">
                <span>{t("table.zone", { zone: zoneName() })}</span>
            </div>
        </section>
    );
}

function AllowList({
    list,
    again,
}: {
    readonly list: readonly Allowed[];
    readonly again: () => void;
}) {
    const [prefix, setPrefix] = useState("");
    const [note, setNote] = useState("");
    const [fault, setFault] = useState("");
    const after = (done: Promise<unknown>) =>
        done.then(
            () => {
                setFault("");
                setPrefix("");
                setNote("");
                again();
            },
            (problem: unknown) => setFault(refusalText(problem)),
        );
    return (
        <section class="sheet panel" aria-labelledby="guard-allow">
            <h2 id="guard-allow">{t("guard.allow")}</h2>
            <p class="quiet">{t("guard.allow-what")}</p>
            <ul class="grants">
                {list.map((a) => (
                    <li key={a.id} class="grant">
                        <p>
                            <span class="mono">{a.prefix}</span>{" "}
                            <span class="quiet small">
                                {a.fixed ? t("guard.allow-fixed") : a.note}
                            </span>
                        </p>
                        {!a.fixed && may("guard.manage") && (
                            <button
                                type="button"
                                class="btn sm"
                                aria-label={t("guard.allow-remove-of", { source: a.prefix })}
                                onClick={() => void after(ask.disallow(a.id))}
                            >
                                {t("guard.allow-remove")}
                            </button>
                        )}
                    </li>
                ))}
            </ul>
            {may("guard.manage") && (
                <form
                    class="stack"
                    onSubmit={(e) => {
                        e.preventDefault();
                        void after(
                            ask.allow({ prefix: prefix.trim(), ...(note ? { note: note.trim() } : {}) }),
                        );
                    }}
                >
                    <Field
                        label={t("guard.add-address")}
                        value={prefix}
                        mono
                        hint={t("guard.add-hint")}
                        onInput={setPrefix}
                    />
                    <Field label={t("guard.allow-note")} value={note} maxLength={60} onInput={setNote} />
                    <div class="row">
                        <button type="submit" class="btn" disabled={!prefix.trim()}>
                            {t("guard.allow-act")}
                        </button>
                    </div>
                </form>
            )}
            <Fault text={fault} />
        </section>
    );
}

function Add({ onClose }: { readonly onClose: () => void }) {
    const [prefix, setPrefix] = useState("");
    const [stage, setStage] = useState("refuse");
    const [minutes, setMinutes] = useState("1440");
    const [reason, setReason] = useState("");
    const [fault, setFault] = useState("");
    const submit = (e: Event) => {
        e.preventDefault();
        ask.add({
            prefix: prefix.trim(),
            stage,
            minutes: Number(minutes),
            ...(reason.trim() ? { reason: reason.trim() } : {}),
        }).then(
            () => {
                toast(t("guard.added"));
                onClose();
            },
            (problem: unknown) => setFault(refusalText(problem)),
        );
    };
    return (
        <Dialog title={t("guard.add")} onClose={onClose}>
            <form class="stack" onSubmit={submit}>
                <Field
                    first
                    mono
                    label={t("guard.add-address")}
                    value={prefix}
                    hint={t("guard.add-hint")}
                    onInput={setPrefix}
                />
                <Select
                    label={t("guard.add-stage")}
                    value={stage}
                    onChange={setStage}
                    choices={[
                        ["slow", t("guard.do-slow")],
                        ["challenge", t("guard.do-challenge")],
                        ["refuse", t("guard.do-refuse")],
                    ]}
                />
                <Select
                    label={t("guard.add-for")}
                    value={minutes}
                    onChange={setMinutes}
                    choices={[
                        ["60", t("guard.for-hour")],
                        ["1440", t("guard.for-day")],
                        ["43200", t("guard.for-month")],
                        ["525600", t("guard.for-year")],
                    ]}
                />
                <Field label={t("guard.add-why")} value={reason} maxLength={60} onInput={setReason} />
                <Fault text={fault} />
                <div class="row">
                    <button type="submit" class="btn pri" disabled={!prefix.trim()}>
                        {t("guard.add-act")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
