// What waits for my yes?
import { useEffect, useState } from "preact/hooks";
import { onNews } from "../../app/events";
import { rich, t, type Key } from "../../i18n";
import { span } from "../../i18n/format";
import { Icon } from "../../ui/icon";
import { Empty, Failure, Loading } from "../../ui/notes";
import { Chip, Head, Time, useTick } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { Fault, Tabs, TermsLine, useAsked } from "../people/parts";
import type { Terms } from "../people/ask";
import { ask, refusalText, type Approval } from "./ask";

export function ApprovalsPage() {
    const asked = useAsked(ask.approvals, []);
    useEffect(
        () =>
            onNews((news) => {
                if (news.ev === "approval") asked.again();
            }),
        [],
    );
    const list = asked.is === "ready" ? asked.value.approvals : [];
    const open = list.filter((a) => a.state === "open");
    const closed = list.filter((a) => a.state !== "open");
    const waiting = open.filter((a) => a.can_decide).length;
    return (
        <>
            <Head
                title={t("approval.title")}
                answer={
                    asked.is === "ready"
                        ? waiting
                            ? rich("approval.answer", { n: waiting })
                            : t("approval.calm")
                        : t(asked.is === "loading" ? "approval.loading" : "approval.unknown")
                }
            />
            <Tabs here="approvals" />
            {asked.is === "loading" && (
                <section class="sheet tbl">
                    <Loading what={t("approval.loading")} bars={4} />
                </section>
            )}
            {asked.is === "failed" && (
                <Failure what={t("approval.failed")} problem={asked.problem} again={asked.again} />
            )}
            {asked.is === "ready" && list.length === 0 && (
                <section class="sheet tbl">
                    <Empty title={t("approval.empty")} text={t("approval.empty-why")} />
                </section>
            )}
            {open.map((a) => (
                <Card key={a.id} approval={a} again={asked.again} />
            ))}
            {closed.length > 0 && (
                <section class="sheet panel" aria-labelledby="approval-past">
                    <h2 id="approval-past">{t("approval.past")}</h2>
                    <ul class="grants">
                        {closed.map((a) => (
                            <li key={a.id} class="grant">
                                <div>
                                    <p>
                                        <What approval={a} />
                                    </p>
                                    <p class="small quiet">
                                        <State state={a.state} />
                                        {a.decided_by && a.decided ? (
                                            <>
                                                {" · "}
                                                {a.decided_by.name} · <Time ms={a.decided} />
                                            </>
                                        ) : null}
                                    </p>
                                </div>
                            </li>
                        ))}
                    </ul>
                </section>
            )}
        </>
    );
}

const State = ({ state }: { readonly state: Approval["state"] }) => (
    <>{t(`approval.${state}`)}</>
);

/** "Anna wants to watch the camera Gate." */
function What({ approval: a }: { readonly approval: Approval }) {
    const name = a.label ?? "";
    if (a.kind === "grant" && a.what.object && a.what.actions) {
        const role = a.what.subject && "role" in a.what.subject ? a.what.subject.role : null;
        return (
            <>
                <b>{role ? t("approval.for-role", { by: a.by.name, role: t(`role.${role}`) }) : t("approval.for-self", { by: a.by.name })}</b>{" "}
                <TermsLine terms={a.what as Terms} />
            </>
        );
    }
    return (
        <>{rich(KINDS[a.kind] ?? "approval.kind.other", { by: a.by.name, name, kind: a.kind })}</>
    );
}
const KINDS: Readonly<Record<string, Key>> = {
    "app.kill": "approval.kind.app.kill",
    "organization.suspend": "approval.kind.organization.suspend",
    "organization.remove": "approval.kind.organization.remove",
};

function Card({ approval: a, again }: { readonly approval: Approval; readonly again: () => void }) {
    const [fault, setFault] = useState("");
    const [busy, setBusy] = useState(false);
    const now = useTick(30_000);
    const reason = a.why ?? a.what.reason;
    const decide = (act: Promise<unknown>, said: Key) => {
        setBusy(true);
        act.then(
            () => {
                toast(t(said));
                again();
            },
            (problem: unknown) => {
                setFault(refusalText(problem));
                setBusy(false);
            },
        );
    };
    return (
        <article class="sheet panel">
            <p class="row">
                <Chip tone="warn" icon="clock">
                    {t("approval.open")}
                </Chip>
                <span class="sp" />
                <span class="small quiet">
                    {t("approval.ends", { span: span(Math.max(0, a.expires - now)) })}
                </span>
            </p>
            <p>
                <What approval={a} />
            </p>
            {reason && <p class="quote">{reason}</p>}
            <p class="small quiet">
                {t(a.mine ? "approval.by-me" : "approval.by", { name: a.by.name })} · <Time ms={a.created} />
            </p>
            <Fault text={fault} />
            <p class="row">
                {a.can_decide && (
                    <button
                        type="button"
                        class="btn pri"
                        disabled={busy}
                        onClick={() => decide(ask.approve(a.id), "approval.done")}
                    >
                        <Icon name="ok" small />
                        {t("approval.approve")}
                    </button>
                )}
                {(a.can_decide || a.mine) && (
                    <button
                        type="button"
                        class="btn"
                        disabled={busy}
                        onClick={() =>
                            decide(ask.refuse(a.id), a.mine ? "approval.withdrawn" : "approval.refused")
                        }
                    >
                        {t(a.mine ? "approval.withdraw" : "approval.refuse")}
                    </button>
                )}
                {a.mine && <span class="small quiet">{t("approval.not-self")}</span>}
            </p>
        </article>
    );
}
