// Who has access, and to what?
import { useRef, useState } from "preact/hooks";
import { may } from "../../app/access";
import { setQuery, type PageProps } from "../../app/router";
import { gap, rich, t } from "../../i18n";
import { span, zoneName } from "../../i18n/format";
import { Icon } from "../../ui/icon";
import { Empty, Failure, Loading } from "../../ui/notes";
import { Head, Time, useTick } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { ask, refusalText, type Invitation, type Person } from "./ask";
import { Invite } from "./invite";
import { Fault, roleText, StateOf, Tabs, TermsLine, useAsked } from "./parts";

export function PeoplePage({ query }: PageProps) {
    const people = useAsked(ask.people, []);
    const open = useAsked(ask.invitations, []);
    const inviting = query.get("invite") === "1";
    const list = people.is === "ready" ? people.value.accounts : [];
    const active = list.filter((p) => p.state === "active");
    const waiting = open.is === "ready" ? open.value.invitations.length : 0;
    const close = () => {
        setQuery({ invite: null });
        open.again();
    };
    return (
        <>
            <Head
                title={t("people.title")}
                answer={
                    people.is === "ready"
                        ? [
                              ...rich("people.answer", { n: active.length }),
                              gap(),
                              ...rich("people.answer-owners", {
                                  n: active.filter((p) => p.role === "owner").length,
                              }),
                              gap(),
                              ...(waiting ? rich("people.answer-open", { n: waiting }) : []),
                          ]
                        : t(people.is === "loading" ? "people.loading" : "people.unknown")
                }
                tools={
                    may("people.manage") && (
                        <button
                            type="button"
                            class="btn pri"
                            onClick={() => setQuery({ invite: "1" })}
                        >
                            <Icon name="plus" small />
                            {t("invite.act")}
                        </button>
                    )
                }
            />
            <Tabs here="people" />
            {people.is === "loading" ? (
                <section class="sheet tbl">
                    <Loading what={t("people.loading")} bars={6} />
                </section>
            ) : people.is === "failed" ? (
                <Failure what={t("people.failed")} problem={people.problem} again={people.again} />
            ) : (
                <List people={list} q={query.get("q") ?? ""} />
            )}
            {open.is === "ready" && open.value.invitations.length > 0 && (
                <Invitations list={open.value.invitations} people={list} again={open.again} />
            )}
            {inviting && <Invite onClose={close} />}
        </>
    );
}

const fits = (p: Person, q: string) =>
    `${p.name} ${roleText(p.role)}`.toLocaleLowerCase().includes(q.trim().toLocaleLowerCase());

function List({ people, q }: { readonly people: readonly Person[]; readonly q: string }) {
    const [text, setText] = useState(q);
    const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
    const rows = people.filter((p) => fits(p, text));
    const now = useTick(30_000);
    const search = (value: string) => {
        setText(value);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setQuery({ q: value.trim() }), 200);
    };
    const seen = (p: Person) => {
        if (!p.last_seen) return t("people.never");
        const age = now - p.last_seen;
        return age < 10_000 ? t("age.now") : t("age.ago", { span: span(age) });
    };
    return (
        <section class="sheet tbl" aria-labelledby="people-list">
            <search class="sheet-head">
                <h2 id="people-list">{t("people.people")}</h2>
                <div class="field find-in">
                    <label class="vh" for="people-search">
                        {t("people.search")}
                    </label>
                    <div class="in">
                        <Icon name="find" small />
                        <input
                            id="people-search"
                            type="search"
                            value={text}
                            autocomplete="off"
                            spellcheck={false}
                            placeholder={t("people.search")}
                            onInput={(e) => search(e.currentTarget.value)}
                        />
                    </div>
                </div>
            </search>
            {rows.length === 0 && (
                <Empty title={t("people.no-match")} text={t("people.no-match-why")} />
            )}
            {rows.length > 0 && (
                <table>
                    <caption class="vh">{t("people.people")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t("people.name")}</th>
                            <th scope="col">{t("people.role")}</th>
                            <th scope="col">{t("people.state")}</th>
                            <th scope="col">{t("people.seen")}</th>
                            <th scope="col" class="num">
                                {t("people.sessions")}
                            </th>
                            <th scope="col" class="num">
                                {t("people.own-grants")}
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        {rows.map((p) => (
                            <tr key={p.id} class="to-open">
                                <th scope="row">
                                    <a class="row-link" href={`/people/${p.id}`}>
                                        {p.name}
                                    </a>
                                    {p.self && <span class="l2">{t("people.you")}</span>}
                                </th>
                                <td>{roleText(p.role)}</td>
                                <td>
                                    <StateOf person={p} />
                                </td>
                                <td>
                                    {p.last_seen ? <Time ms={p.last_seen} /> : t("people.never")}
                                    {p.last_seen && <span class="l2">{seen(p)}</span>}
                                </td>
                                <td class="num">{p.sessions}</td>
                                <td class="num">{p.grants}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            )}
            <div class="cards">
                {rows.map((p) => (
                    <article key={p.id} class="sheet card">
                        <p class="top">
                            <StateOf person={p} />
                            <span class="quiet small end">{seen(p)}</span>
                        </p>
                        <p class="row">
                            <a class="ti" href={`/people/${p.id}`}>
                                {p.name}
                            </a>
                        </p>
                        <p class="meta">
                            {roleText(p.role)} · {t("people.n-sessions", { n: p.sessions })} ·{" "}
                            {t("people.n-grants", { n: p.grants })}
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

function Invitations({
    list,
    people,
    again,
}: {
    readonly list: readonly Invitation[];
    readonly people: readonly Person[];
    readonly again: () => void;
}) {
    const [fault, setFault] = useState("");
    const now = useTick(30_000);
    const withdraw = async (i: Invitation) => {
        try {
            await ask.withdraw(i.id);
            setFault("");
            toast(t("invite.withdrawn"));
            again();
        } catch (problem) {
            setFault(refusalText(problem));
        }
    };
    return (
        <section class="sheet panel" aria-labelledby="people-open">
            <h2 id="people-open">{t("invite.open")}</h2>
            <Fault text={fault} />
            <ul class="grants">
                {list.map((i) => (
                    <li key={i.id} class="grant">
                        <div>
                            <p>
                                <b>{i.note || t("invite.no-note")}</b> · {roleText(i.role)}
                            </p>
                            {i.grants.map((g, n) => (
                                <p key={n} class="small">
                                    <TermsLine terms={g} />
                                </p>
                            ))}
                            <p class="small quiet">
                                {t("invite.by", {
                                    name:
                                        people.find((p) => p.id === i.created_by)?.name ??
                                        t("people.someone"),
                                    span: span(i.expires - now),
                                })}
                            </p>
                        </div>
                        {may("people.manage") && (
                            <button
                                type="button"
                                class="btn sm"
                                onClick={() => void withdraw(i)}
                            >
                                {t("invite.withdraw")}
                            </button>
                        )}
                    </li>
                ))}
            </ul>
        </section>
    );
}
