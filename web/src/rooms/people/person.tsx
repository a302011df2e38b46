// One person: what grants bring, where the person is signed in, the standing, and the way out.
import { useEffect, useState } from "preact/hooks";
import { may, myAccess } from "../../app/access";
import type { Role } from "../../app/api";
import { fleet } from "../../app/devices";
import { navigate, setQuery, type PageProps } from "../../app/router";
import { setTitle } from "../../app/title";
import { gap, rich, t, type Key } from "../../i18n";
import { zoneName } from "../../i18n/format";
import { Dialog, NameToType } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { Failure, Loading } from "../../ui/notes";
import { Chip, Head, Limit, Time } from "../../ui/parts";
import { Select } from "../../ui/select";
import { toast } from "../../ui/toast";
import { ask, refusalText, type Holds, type Person, type PersonAccess } from "./ask";
import { NewGrant } from "./new-grant";
import { Fault, GrantLine, roleText, StateOf, useAsked } from "./parts";

export function PersonPage({ params, query }: PageProps) {
    const id = params["id"] ?? "";
    const asked = useAsked(() => ask.access(id), [id]);
    const crumb = { href: "/people", text: t("people.title") };
    void fleet.value; // names of cameras come with it
    if (asked.is === "ready")
        return <Whole access={asked.value} again={asked.again} granting={query.get("grant") === "1"} />;
    return (
        <>
            <Head
                title={id.slice(0, 8)}
                crumb={crumb}
                answer={asked.is === "loading" ? t("people.loading-one") : rich("people.unknown-one")}
            />
            {asked.is === "loading" ? (
                <Loading what={t("people.loading-one")} bars={6} />
            ) : (
                <Failure
                    what={t("people.failed-one")}
                    problem={asked.problem}
                    again={asked.again}
                />
            )}
        </>
    );
}

function Whole({
    access,
    again,
    granting,
}: {
    readonly access: PersonAccess;
    readonly again: () => void;
    readonly granting: boolean;
}) {
    const p = access.account;
    useEffect(() => setTitle(p.name, t("people.title")), [p.name]);
    const holding = access.grants.filter((g) => g.active).length;
    const answer =
        p.state === "disabled"
            ? rich("person.disabled", { name: p.name })
            : [
                  ...rich(p.role === "owner" ? "person.owner" : "person.answer", {
                      name: p.name,
                      n: holding,
                  }),
                  gap(),
                  ...rich("person.places", { n: access.sessions.length }),
              ];
    return (
        <>
            <Head
                title={p.name}
                crumb={{ href: "/people", text: t("people.title") }}
                answer={answer}
                tools={
                    may("grant.manage") &&
                    p.role !== "owner" && (
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
            <div class="columns">
                <section class="sheet panel" aria-labelledby="person-grants">
                    <h2 id="person-grants">{t("person.grants")}</h2>
                    <p class="small quiet">{t(`role.${p.role}-what`)}</p>
                    {access.grants.length === 0 ? (
                        <p>{t(p.role === "owner" ? "person.needs-none" : "person.no-grants")}</p>
                    ) : (
                        <ul class="grants">
                            {access.grants.map((g) => (
                                <GrantLine
                                    key={g.id}
                                    grant={g}
                                    onTaken={again}
                                    who={
                                        "role" in g.subject
                                            ? t(`everybody.${g.subject.role}`)
                                            : undefined
                                    }
                                />
                            ))}
                        </ul>
                    )}
                    <Limit>{t("grant.cut")}</Limit>
                </section>
                <Standing person={p} holds={access.holds} again={again} />
                <Sessions access={access} />
            </div>
            {granting && (
                <NewGrant
                    subject={`account:${p.id}`}
                    onClose={() => setQuery({ grant: null })}
                    onMade={again}
                />
            )}
        </>
    );
}

function Sessions({ access }: { readonly access: PersonAccess }) {
    return (
        <section class="sheet tbl span" aria-labelledby="person-sessions">
            <div class="sheet-head">
                <h2 id="person-sessions">{t("me.sessions")}</h2>
            </div>
            {access.sessions.length === 0 ? (
                <p class="quiet pad-in">{t("person.no-sessions")}</p>
            ) : (
                <table class="stay">
                    <caption class="vh">{t("me.sessions")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t("me.client")}</th>
                            <th scope="col">{t("facts.source")}</th>
                            <th scope="col">{t("me.since")}</th>
                            <th scope="col">{t("me.last")}</th>
                        </tr>
                    </thead>
                    <tbody>
                        {access.sessions.map((s) => (
                            <tr key={s.id}>
                                <th scope="row">{s.client || t("me.no-client")}</th>
                                <td class="mono" data-th={t("facts.source")}>
                                    {s.source}
                                </td>
                                <td data-th={t("me.since")}>
                                    <Time ms={s.created} />
                                </td>
                                <td data-th={t("me.last")}>
                                    <Time ms={s.last_seen} />
                                </td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            )}
            <div class="foot">
                <span>{t("table.zone", { zone: zoneName() })}</span>
            </div>
        </section>
    );
}

const HELD: readonly (readonly [string, Key])[] = [
    ["sessions", "holds.sessions"],
    ["browsers", "holds.browsers"],
    ["grants", "holds.grants"],
    ["invitations", "holds.invitations"],
    ["factors", "holds.factors"],
    ["apps", "holds.apps"],
    ["codes", "holds.codes"],
    ["enrolment-tokens", "holds.enrolment-tokens"],
    ["operator", "holds.operator"],
    ["approvals", "holds.approvals"],
    ["mail", "holds.mail"],
    ["viewer-keys", "holds.viewer-keys"],
];
/** What the box counts and this page has a word for; then what it has no word for, by its own name. */
const held = (holds: Holds): [string, number][] =>
    Object.entries(holds).map(([name, n]) => {
        const key = HELD.find(([known]) => known === name)?.[1];
        return [key ? t(key) : name, n];
    });
const total = (holds: Holds): number => Object.values(holds).reduce((a, b) => a + b, 0);

function Standing({
    person: p,
    holds,
    again,
}: {
    readonly person: Person;
    readonly holds: Holds;
    readonly again: () => void;
}) {
    const [fault, setFault] = useState("");
    const [leaving, setLeaving] = useState(false);
    const set = async (change: { role?: Role; state?: "active" | "disabled" }) => {
        try {
            const now = await ask.set(p.id, change);
            setFault("");
            toast(
                t(change.role ? "person.role-set" : now.state === "active" ? "person.enabled" : "person.disabled-done", {
                    name: now.name,
                    role: roleText(now.role),
                }),
            );
        } catch (problem) {
            setFault(refusalText(problem));
        }
        again();
    };
    const roles: readonly Role[] =
        myAccess.value?.role === "owner" || p.role === "owner"
            ? ["member", "admin", "owner"]
            : ["member", "admin"];
    return (
        <section class="sheet panel" aria-labelledby="person-standing">
            <h2 id="person-standing">
                {t("person.standing")}
                <span class="r chips">
                    {p.self && (
                        <Chip tone="ok" icon="people">
                            {t("people.you")}
                        </Chip>
                    )}
                    <StateOf person={p} />
                </span>
            </h2>
            <dl class="kv">
                <dt>{t("person.since")}</dt>
                <dd>
                    <Time ms={p.created} />
                </dd>
                {held(holds).map(([name, n]) => (
                    <>
                        <dt key={name}>{name}</dt>
                        <dd>{n}</dd>
                    </>
                ))}
            </dl>
            {may("people.manage") && (
                <>
                    <Select
                        label={t("people.role")}
                        value={p.role}
                        choices={roles.map((r) => [r, roleText(r)])}
                        onChange={(role) => void set({ role: role as Role })}
                    />
                    <Fault text={fault} />
                    <div class="acts">
                        <button
                            type="button"
                            class="btn"
                            onClick={() =>
                                void set({ state: p.state === "active" ? "disabled" : "active" })
                            }
                        >
                            {t(p.state === "active" ? "person.disable" : "person.enable")}
                        </button>
                        <button type="button" class="btn danger" onClick={() => setLeaving(true)}>
                            {t("leave.act")}
                        </button>
                    </div>
                    <p class="small quiet">{t("person.disable-what")}</p>
                </>
            )}
            {leaving && (
                <Leave
                    person={p}
                    holds={holds}
                    onClose={() => {
                        setLeaving(false);
                        again();
                    }}
                />
            )}
        </section>
    );
}

/** Ends everything in one step, shows the count of what is left, and goes on to removal only at zero. */
function Leave({
    person: p,
    holds,
    onClose,
}: {
    readonly person: Person;
    readonly holds: Holds;
    readonly onClose: () => void;
}) {
    const [typed, setTyped] = useState("");
    const [left, setLeft] = useState<Holds | null>(null);
    const [fault, setFault] = useState("");
    const [busy, setBusy] = useState(false);
    const fits = typed.normalize("NFC").trim() === p.name.normalize("NFC").trim();
    const run = async (act: () => Promise<void>) => {
        if (busy) return;
        setBusy(true);
        try {
            await act();
            setFault("");
        } catch (problem) {
            setFault(refusalText(problem));
        } finally {
            setBusy(false);
        }
    };
    const leave = (e: Event) => {
        e.preventDefault();
        if (fits) void run(async () => setLeft((await ask.leave(p.id)).remaining));
    };
    const remove = () =>
        void run(async () => {
            await ask.remove(p.id);
            toast(t("leave.removed", { name: p.name }));
            navigate("/people", { replace: true });
        });
    const now = left ?? holds;
    const done = left !== null && total(left) === 0;
    return (
        <Dialog title={t("leave.title", { name: p.name })} onClose={onClose}>
            <form class="stack" onSubmit={leave}>
                <p>{t(done ? "leave.done" : left ? "leave.remains" : "leave.what")}</p>
                <ul class="checklist" aria-live="polite">
                    {held(now).map(([name, n]) => (
                        <li key={name} class={n === 0 ? "ok" : "todo"}>
                            <Icon name={n === 0 ? "ok" : "unknown"} small />
                            <span>{name}</span>
                            <b>{n}</b>
                        </li>
                    ))}
                </ul>
                {left === null && (
                    <>
                        <ul class="bullets">
                            <li>{t("leave.password")}</li>
                            <li>{t("leave.cut")}</li>
                            <li>{t("leave.given")}</li>
                            <li>{t("leave.cameras")}</li>
                        </ul>
                        <NameToType name={p.name} value={typed} onInput={setTyped} />
                    </>
                )}
                <Fault text={fault} />
                <div class="acts">
                    <button type="button" class="btn" data-first="" onClick={onClose}>
                        {t(left ? "act.close" : "act.cancel")}
                    </button>
                    {left === null ? (
                        <button type="submit" class="btn danger" disabled={!fits || busy}>
                            {t("leave.do", { n: total(now) })}
                        </button>
                    ) : (
                        <button
                            type="button"
                            class="btn danger"
                            disabled={!done || busy}
                            onClick={remove}
                        >
                            {t("leave.remove")}
                        </button>
                    )}
                </div>
            </form>
        </Dialog>
    );
}
