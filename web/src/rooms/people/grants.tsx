// Who may what: one table for the grants that always hold, a list of all, and a box that answers for one person now.
import { useState } from "preact/hooks";
import { may } from "../../app/access";
import { fleet, readyFleet } from "../../app/devices";
import { setQuery, type PageProps } from "../../app/router";
import { rich, t } from "../../i18n";
import { Icon } from "../../ui/icon";
import { Failure, Loading } from "../../ui/notes";
import { Head, Limit, Word } from "../../ui/parts";
import { Select } from "../../ui/select";
import { toast } from "../../ui/toast";
import {
    ACTIONS,
    ask,
    refusalText,
    type Action,
    type Grant,
    type Person,
    type Verdict,
} from "./ask";
import { changesOf, gridOf, type Cells } from "./grid";
import { NewGrant, subjectChoices } from "./new-grant";
import { Fault, GrantLine, roleText, Tabs, useAsked } from "./parts";
import { actionName } from "./sentence";
import { objectOf } from "./object-key";
import { objectChoices } from "./terms";

export function GrantsPage({ query }: PageProps) {
    const people = useAsked(ask.people, []);
    const grants = useAsked(() => ask.grants(), []);
    void fleet.value;
    const object = query.get("on") ?? "all";
    const adding = query.get("grant") === "1";
    const list = grants.is === "ready" ? grants.value.grants : [];
    const accounts = people.is === "ready" ? people.value.accounts : [];
    const failed =
        grants.is === "failed" ? grants : people.is === "failed" ? people : null;
    const holding = list.filter((g) => g.active).length;
    return (
        <>
            <Head
                title={t("people.grants")}
                crumb={{ href: "/people", text: t("people.title") }}
                answer={
                    grants.is === "ready"
                        ? list.length
                            ? rich("grants.answer", { n: list.length, holding })
                            : rich("grants.none")
                        : t(grants.is === "loading" ? "grants.loading" : "grants.unknown")
                }
                tools={
                    may("grant.manage") && (
                        <button
                            type="button"
                            class="btn pri"
                            onClick={() => setQuery({ grant: "1" })}
                        >
                            <Icon name="plus" small />
                            {t("grant.new")}
                        </button>
                    )
                }
            />
            <Tabs here="grants" />
            {failed ? (
                <Failure
                    what={t("grants.failed")}
                    problem={failed.problem}
                    again={() => {
                        grants.again();
                        people.again();
                    }}
                />
            ) : grants.is === "loading" || people.is === "loading" ? (
                <section class="sheet tbl">
                    <Loading what={t("grants.loading")} bars={6} />
                </section>
            ) : (
                <>
                    <Matrix
                        key={object}
                        object={object}
                        grants={list}
                        people={accounts}
                        again={grants.again}
                    />
                    <div class="columns">
                        <TestBox grants={list} people={accounts} />
                        <All grants={list} again={grants.again} />
                    </div>
                </>
            )}
            {adding && (
                <NewGrant
                    object={object}
                    onClose={() => setQuery({ grant: null })}
                    onMade={grants.again}
                />
            )}
        </>
    );
}

function Matrix({
    object,
    grants,
    people,
    again,
}: {
    readonly object: string;
    readonly grants: readonly Grant[];
    readonly people: readonly Person[];
    readonly again: () => void;
}) {
    const [drafts, setDrafts] = useState<Cells>(new Map());
    const [fault, setFault] = useState("");
    const [busy, setBusy] = useState(false);
    const rows = subjectChoices(people);
    const saved = gridOf(grants, object);
    const changes = changesOf(saved, drafts);
    const can = may("grant.manage");
    const now = (subject: string): ReadonlySet<Action> =>
        drafts.get(subject) ?? saved.get(subject)?.always ?? new Set();
    const flip = (subject: string, action: Action) => {
        const set = new Set(now(subject));
        if (!set.delete(action)) set.add(action);
        setDrafts(new Map(drafts).set(subject, set));
    };
    const save = async () => {
        setBusy(true);
        try {
            for (const change of changes) {
                // The new one first, so that what stays is never cut.
                if (change.actions.length)
                    await ask.grant({
                        subject: change.subject,
                        object: objectOf(object),
                        actions: change.actions,
                    });
                for (const id of change.take) await ask.take(id);
            }
            setDrafts(new Map());
            setFault("");
            toast(t("matrix.saved"));
        } catch (problem) {
            setFault(refusalText(problem));
        } finally {
            setBusy(false);
            again();
        }
    };
    const cells = changes.reduce((sum, c) => sum + c.cells, 0);
    return (
        <section class="sheet tbl">
            <div class="sheet-head">
                <h2 id="matrix">{t("matrix.title")}</h2>
                <Select
                    hidden
                    label={t("grant.object")}
                    value={object}
                    choices={objectChoices(grants.map((g) => g.object))}
                    onChange={(on) => setQuery({ on: on === "all" ? null : on })}
                />
            </div>
            <div class="wide-table" tabIndex={0} role="region" aria-labelledby="matrix">
                <table class="matrix">
                    <caption class="vh">{t("matrix.title")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t("grant.who")}</th>
                            {ACTIONS.map((a) => (
                                <th key={a} scope="col">
                                    {actionName(a)}
                                </th>
                            ))}
                        </tr>
                    </thead>
                    <tbody>
                        {rows.map(([subject, name]) => (
                            <tr key={subject}>
                                <th scope="row">{name}</th>
                                {ACTIONS.map((a) => {
                                    const on = now(subject).has(a);
                                    const was = saved.get(subject)?.always.has(a) ?? false;
                                    const limited = saved.get(subject)?.limited.has(a) ?? false;
                                    return (
                                        <td key={a} class={on === was ? undefined : "changed"}>
                                            <input
                                                type="checkbox"
                                                checked={on}
                                                disabled={!can || busy}
                                                aria-label={t("matrix.cell", {
                                                    name,
                                                    action: actionName(a),
                                                })}
                                                onChange={() => flip(subject, a)}
                                            />
                                            {limited && (
                                                <span class="limited" title={t("matrix.limited")}>
                                                    <Icon name="clock" small />
                                                    <span class="vh">{t("matrix.limited")}</span>
                                                </span>
                                            )}
                                        </td>
                                    );
                                })}
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
            <div class="foot">
                <span>
                    <Icon name="clock" small /> {t("matrix.limited-key")}
                </span>
                <span class="sp" />
                {cells > 0 && (
                    <>
                        <span role="status">{t("matrix.unsaved", { n: cells })}</span>
                        <button
                            type="button"
                            class="btn sm"
                            disabled={busy}
                            onClick={() => setDrafts(new Map())}
                        >
                            {t("matrix.undo")}
                        </button>
                        <button
                            type="button"
                            class="btn sm"
                            disabled={busy}
                            onClick={() => void save()}
                        >
                            {t("matrix.save")}
                        </button>
                    </>
                )}
            </div>
            {fault && (
                <div class="pad-in">
                    <Fault text={fault} />
                </div>
            )}
        </section>
    );
}

function TestBox({
    grants,
    people,
}: {
    readonly grants: readonly Grant[];
    readonly people: readonly Person[];
}) {
    const cameras = readyFleet()?.devices ?? [];
    const [account, setAccount] = useState(people[0]?.id ?? "");
    const [action, setAction] = useState<Action>("live-main");
    const [camera, setCamera] = useState("");
    const device = camera || (cameras[0]?.id ?? "");
    const [verdict, setVerdict] = useState<Verdict | null>(null);
    const [fault, setFault] = useState("");
    const change = (act: () => void) => {
        setVerdict(null);
        act();
    };
    const test = async (e: Event) => {
        e.preventDefault();
        try {
            setVerdict(await ask.test({ account, action, device }));
            setFault("");
        } catch (problem) {
            setVerdict(null);
            setFault(refusalText(problem));
        }
    };
    const rule = grants.find((g) => g.id === verdict?.grant);
    const person = people.find((p) => p.id === account);
    return (
        <section class="sheet panel" aria-labelledby="test">
            <h2 id="test">{t("test.title")}</h2>
            <form class="stack" onSubmit={(e) => void test(e)}>
                <Select
                    label={t("test.who")}
                    value={account}
                    choices={people.map((p) => [p.id, p.name])}
                    onChange={(v) => change(() => setAccount(v))}
                />
                <div class="two">
                    <Select
                        label={t("test.what")}
                        value={action}
                        choices={(["view", ...ACTIONS] as const).map((a) => [a, actionName(a)])}
                        onChange={(v) => change(() => setAction(v as Action))}
                    />
                    <Select
                        label={t("test.where")}
                        value={device}
                        choices={cameras.map((d) => [d.id, d.name])}
                        onChange={(v) => change(() => setCamera(v))}
                    />
                </div>
                <div class="acts">
                    <button type="submit" class="btn" disabled={!account || !device}>
                        {t("test.act")}
                    </button>
                </div>
            </form>
            <Fault text={fault} />
            <div role="status" class="stack">
                {verdict && person && (
                    <>
                        <p class="verdict">
                            <Word
                                tone={verdict.allowed ? "ok" : "error"}
                                icon={verdict.allowed ? "ok" : "lock"}
                            >
                                {t(verdict.allowed ? "test.yes" : "test.no")}
                            </Word>
                            <span>
                                {t(`test-why.${verdict.reason}`, {
                                    role: roleText(person.role),
                                    name: person.name,
                                })}
                            </span>
                        </p>
                        {rule && (
                            <ul class="grants">
                                <GrantLine
                                    grant={rule}
                                    marked
                                    who={
                                        "role" in rule.subject
                                            ? t(`everybody.${rule.subject.role}`)
                                            : person.name
                                    }
                                />
                            </ul>
                        )}
                    </>
                )}
            </div>
        </section>
    );
}

function All({ grants, again }: { readonly grants: readonly Grant[]; readonly again: () => void }) {
    return (
        <section class="sheet panel" aria-labelledby="all-grants">
            <h2 id="all-grants">{t("grants.all")}</h2>
            {grants.length === 0 ? (
                <p class="quiet">{t("grants.none-why")}</p>
            ) : (
                <ul class="grants">
                    {grants.map((g) => (
                        <GrantLine
                            key={g.id}
                            grant={g}
                            onTaken={again}
                            who={
                                "role" in g.subject ? (
                                    t(`everybody.${g.subject.role}`)
                                ) : (
                                    <a href={`/people/${g.subject.account}`}>
                                        {g.subject_name ?? t("people.someone")}
                                    </a>
                                )
                            }
                        />
                    ))}
                </ul>
            )}
            <Limit>{t("grant.cut")}</Limit>
        </section>
    );
}
