// What did strangers try?
import { t, type Key } from "../../i18n";
import { zoneName } from "../../i18n/format";
import { Empty, Failure, Loading } from "../../ui/notes";
import { Head, Time } from "../../ui/parts";
import { events, type EventRow } from "./ask";
import { Tabs, useAsked } from "./parts";

const WHAT: Readonly<Record<string, Key>> = {
    "session.login refused": "guard.ev-refused",
    "session.login throttled": "guard.ev-throttled",
    "source.isolated done": "guard.ev-isolated",
    "source.released done": "guard.ev-released",
    "source.pardoned done": "guard.ev-pardoned",
    "source.allowed done": "guard.ev-allowed",
    "source.allow-ended done": "guard.ev-allow-ended",
    "owner.reset done": "guard.ev-reset",
};

const whatOf = (row: EventRow) => t(WHAT[`${row.action} ${row.result}`] ?? "guard.ev-other");

export function EventsPage() {
    const asked = useAsked(events, 15_000);
    return (
        <>
            <Head title={t("guard.title")} answer={t("guard.ev-answer")} />
            <Tabs here="events" />
            {asked.is === "loading" ? (
                <section class="sheet tbl">
                    <Loading what={t("guard.ev-loading")} bars={6} />
                </section>
            ) : asked.is === "failed" ? (
                <Failure what={t("guard.ev-failed")} problem={asked.problem} again={asked.again} />
            ) : (
                <List rows={asked.value} />
            )}
        </>
    );
}

function List({ rows }: { readonly rows: readonly EventRow[] }) {
    if (rows.length === 0)
        return (
            <section class="sheet tbl">
                <Empty title={t("guard.ev-empty")} text={t("guard.ev-empty-why")} />
            </section>
        );
    return (
        <section class="sheet tbl" aria-label={t("guard.events")}>
            <table>
                <caption class="vh">{t("guard.events")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t("guard.ev-when")}</th>
                        <th scope="col">{t("guard.ev-what")}</th>
                        <th scope="col">{t("guard.source")}</th>
                        <th scope="col">{t("guard.ev-who")}</th>
                    </tr>
                </thead>
                <tbody>
                    {rows.map((r) => (
                        <tr key={r.seq}>
                            <td>
                                <Time ms={r.at} />
                            </td>
                            <th scope="row">{whatOf(r)}</th>
                            <td class="mono">{r.source}</td>
                            <td class="mono">{r.object}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
            <div class="cards">
                {rows.map((r) => (
                    <article key={r.seq} class="sheet card">
                        <p class="top">
                            <b>{whatOf(r)}</b>
                            <span class="quiet small end">
                                <Time ms={r.at} />
                            </span>
                        </p>
                        <p class="meta mono">{r.source || r.object}</p>
                    </article>
                ))}
            </div>
            <div class="foot">
                <span>{t("table.zone", { zone: zoneName() })}</span>
            </div>
        </section>
    );
}
