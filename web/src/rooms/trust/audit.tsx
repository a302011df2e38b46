// Who did what to which, and is the log whole?
import { useEffect, useRef, useState } from "preact/hooks";
import { fleet, type Loaded } from "../../app/devices";
import { useKeys } from "../../app/keys";
import { navigate, setQuery, type PageProps } from "../../app/router";
import { gap, rich, t } from "../../i18n";
import { count, span, zoneName } from "../../i18n/format";
import { Icon } from "../../ui/icon";
import { Empty, Failure, Loading, problemText } from "../../ui/notes";
import { Head, Time, useTick } from "../../ui/parts";
import { Select } from "../../ui/select";
import { askLog, filterOf, type Filter, type HeadAnswer, type Page } from "./ask";
import { csvOf, jsonlOf, save } from "./export";
import { loadNames, nameOf, people } from "./names";
import { Party, ResultChip, RESULTS } from "./parts";
import { Record } from "./record";
import type { Row, SignedHead } from "./verify";
import { VerifyAll } from "./verify-all";

export function AuditPage({ query }: PageProps) {
    const filter = filterOf(query);
    const [head, setHead] = useState<Loaded<HeadAnswer>>({ is: "loading" });
    const [verifying, setVerifying] = useState<{ head: SignedHead; pem: string } | null>(null);
    const now = useTick(15_000);
    const load = () => {
        askLog.head().then(
            (value) => setHead({ is: "ready", value }),
            (problem: unknown) => setHead({ is: "failed", problem }),
        );
        loadNames();
    };
    useEffect(load, []);
    /** A proof of the newest row comes with a head over all rows; else the newest head must do. */
    const verify = async () => {
        try {
            const now = await askLog.head();
            const all = await askLog.proof(now.size).then(
                (proof) => proof.head,
                () => now.head,
            );
            setVerifying({ head: all, pem: now.public_key });
            load();
        } catch (problem) {
            setHead({ is: "failed", problem });
        }
    };
    void fleet.value;
    const row = Number(query.get("row")) || 0;
    return (
        <>
            <Head
                title={t("audit.title")}
                answer={answer(head, now)}
                tools={
                    head.is === "ready" && (
                        <button
                            type="button"
                            class="btn pri"
                            onClick={() => void verify()}
                        >
                            {t("audit.verify-all")}
                        </button>
                    )
                }
            />
            <div class="faceted">
                <Facets filter={filter} />
                <Results filter={filter} size={head.is === "ready" ? head.value.size : 0} />
            </div>
            {verifying && <VerifyAll {...verifying} onClose={() => setVerifying(null)} />}
            {row > 0 && (
                <Record
                    key={row}
                    seq={row}
                    head={head.is === "ready" ? head.value : null}
                    onClose={() => setQuery({ row: null })}
                />
            )}
        </>
    );
}

function answer(head: Loaded<HeadAnswer>, now: number) {
    if (head.is === "loading") return t("audit.loading");
    if (head.is === "failed") return t("audit.unknown");
    const { size, whole, head: signed } = head.value;
    return [
        ...rich("audit.records", { n: size }),
        gap(),
        ...rich(whole ? "audit.whole" : "audit.not-whole", {
            n: signed.size,
            ago: now - signed.at < 10_000 ? t("age.now") : t("age.ago", { span: span(now - signed.at) }),
        }),
    ];
}

const GROUPS = [
    "session.",
    "view.",
    "account.",
    "factor.",
    "grant.",
    "invitation.",
    "device.",
    "enrolment.",
    "app.",
    "organization.",
    "operator.",
    "certificate.",
    "audit.",
    "data.",
    "box.",
    "owner.",
] as const;

const local = (ms: string): string => {
    if (!ms) return "";
    const at = Number(ms);
    return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

function Facets({ filter }: { readonly filter: Filter }) {
    const [object, setObject] = useState(filter.object);
    const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
    useEffect(() => {
        if (document.activeElement?.id !== "audit-object") setObject(filter.object);
    }, [filter.object]);
    const set = (change: { readonly [K in keyof Filter]?: string }) =>
        setQuery({ ...change, cursor: null });
    const actors: [string, string][] = [
        ["", t("audit.any")],
        ...people().map(([id, name]): [string, string] => [id, name]),
        ["box", t("audit.kind-box")],
        ["device", t("audit.kind-device")],
    ];
    if (filter.actor && !actors.some(([v]) => v === filter.actor))
        actors.push([filter.actor, filter.actor]);
    const actions: [string, string][] = [
        ["", t("audit.any")],
        ...GROUPS.map((g): [string, string] => [g, `${g}*`]),
    ];
    if (filter.action && !actions.some(([v]) => v === filter.action))
        actions.push([filter.action, filter.action]);
    const any = Object.values(filter).some(Boolean);
    return (
        <search class="facets audit-facets">
            <Select
                label={t("audit.actor")}
                value={filter.actor}
                choices={actors}
                onChange={(actor) => set({ actor })}
            />
            <Select
                label={t("audit.action")}
                value={filter.action}
                choices={actions}
                onChange={(action) => set({ action })}
            />
            <Select
                label={t("audit.result")}
                value={filter.result}
                choices={[["", t("audit.any")], ...RESULTS.map((r) => [r, t(`result.${r}`)] as const)]}
                onChange={(result) => set({ result })}
            />
            <div class="field">
                <label for="audit-object">{t("audit.object")}</label>
                <div class="in">
                    <input
                        id="audit-object"
                        type="search"
                        value={object}
                        placeholder={t("audit.object-hint")}
                        autocomplete="off"
                        spellcheck={false}
                        onInput={(e) => {
                            const value = e.currentTarget.value;
                            setObject(value);
                            clearTimeout(timer.current);
                            timer.current = setTimeout(() => set({ object: value.trim() }), 300);
                        }}
                    />
                </div>
            </div>
            <When name="from" label={t("audit.from")} value={filter.from} set={set} />
            <When name="to" label={t("audit.to")} value={filter.to} set={set} />
            {filter.session && (
                <p class="small">
                    {t("audit.one-session")} <span class="mono">{filter.session.slice(0, 8)}</span>
                </p>
            )}
            {any && (
                <a class="btn sm start" href="/trust/audit">
                    {t("audit.clear")}
                </a>
            )}
        </search>
    );
}

function When({
    name,
    label,
    value,
    set,
}: {
    readonly name: "from" | "to";
    readonly label: string;
    readonly value: string;
    readonly set: (change: { readonly from?: string; readonly to?: string }) => void;
}) {
    return (
        <label class="field">
            <span class="label">{label}</span>
            <span class="in">
                <input
                    type="datetime-local"
                    value={local(value)}
                    onChange={(e) => {
                        const at = new Date(e.currentTarget.value).getTime();
                        set({ [name]: Number.isFinite(at) ? String(at) : "" });
                    }}
                />
            </span>
        </label>
    );
}

function Results({ filter, size }: { readonly filter: Filter; readonly size: number }) {
    const [page, setPage] = useState<Loaded<Page>>({ is: "loading" });
    const [round, setRound] = useState(0);
    const [at, setAt] = useState(0);
    const body = useRef<HTMLTableSectionElement>(null);
    const key = JSON.stringify(filter);
    useEffect(() => {
        const stop = new AbortController();
        askLog.rows(filter, 50, stop.signal).then(
            (value) => setPage({ is: "ready", value }),
            (problem: unknown) => {
                if (!stop.signal.aborted) setPage({ is: "failed", problem });
            },
        );
        return () => stop.abort();
    }, [key, round]);
    const rows = page.is === "ready" ? page.value.rows : [];
    const next = page.is === "ready" ? page.value.next : undefined;
    const go = (n: number) => {
        setAt(n);
        body.current?.querySelectorAll<HTMLElement>("button.row-link")[n]?.focus();
    };
    const older = () => {
        if (!next) return;
        const query = new URLSearchParams(location.search);
        query.set("cursor", next);
        navigate(`/trust/audit?${query}`);
    };
    useKeys(
        [
            { key: "j", does: "keys.next-row", act: () => go(Math.min(rows.length - 1, at + 1)) },
            { key: "k", does: "keys.previous-row", act: () => go(Math.max(0, at - 1)) },
            { key: "]", does: "keys.next-page", act: older },
        ],
        [rows, at, next],
    );
    if (page.is === "loading")
        return (
            <section class="sheet tbl">
                <Loading what={t("audit.loading")} bars={10} />
            </section>
        );
    if (page.is === "failed")
        return (
            <Failure
                what={t("audit.failed")}
                problem={page.problem}
                again={() => setRound((r) => r + 1)}
            />
        );
    return (
        <section class="sheet tbl" aria-label={t("audit.title")}>
            {rows.length === 0 ? (
                <Empty title={t("audit.none")} text={t("audit.none-why")} />
            ) : (
                <>
                    <table>
                        <caption class="vh">{t("audit.title")}</caption>
                        <thead>
                            <tr>
                                <th scope="col">{t("audit.time")}</th>
                                <th scope="col">{t("audit.actor")}</th>
                                <th scope="col">{t("audit.action")}</th>
                                <th scope="col">{t("audit.object")}</th>
                                <th scope="col">{t("audit.result")}</th>
                                <th scope="col">{t("facts.source")}</th>
                            </tr>
                        </thead>
                        <tbody ref={body}>
                            {rows.map((r, i) => (
                                <Line key={r.seq} row={r} onFocus={() => setAt(i)} />
                            ))}
                        </tbody>
                    </table>
                    <div class="cards">
                        {rows.map((r) => (
                            <Card key={r.seq} row={r} />
                        ))}
                    </div>
                </>
            )}
            <Foot filter={filter} rows={rows} size={size} older={next ? older : null} />
        </section>
    );
}

const open = (r: Row) => setQuery({ row: String(r.seq) });

function Line({ row: r, onFocus }: { readonly row: Row; readonly onFocus: () => void }) {
    return (
        <tr class="to-open">
            <th scope="row">
                <button
                    type="button"
                    class="row-link plain-button"
                    onFocus={onFocus}
                    onClick={() => open(r)}
                >
                    <Time ms={r.at} />
                </button>
                <span class="l2">{t("audit.nr", { n: r.seq })}</span>
            </th>
            <td>
                <Party kind={r.actor_kind} id={r.actor} />
            </td>
            <td class="mono">{r.action}</td>
            <td>
                <Party kind={r.object_kind} id={r.object} />
            </td>
            <td>
                <ResultChip result={r.result} />
            </td>
            <td class="mono">{r.source || "–"}</td>
        </tr>
    );
}

function Card({ row: r }: { readonly row: Row }) {
    const actor = nameOf(r.actor_kind, r.actor) ?? r.actor_kind;
    const object = nameOf(r.object_kind, r.object) ?? r.object_kind;
    return (
        <article class="sheet card">
            <p class="top">
                <ResultChip result={r.result} />
                <span class="quiet small end">
                    <Time ms={r.at} />
                </span>
            </p>
            <p class="row">
                <button type="button" class="ti plain-button mono" onClick={() => open(r)}>
                    {r.action}
                </button>
            </p>
            <p class="meta">
                {actor}
                {object && ` · ${object}`} · {t("audit.nr", { n: r.seq })}
            </p>
        </article>
    );
}

function Foot({
    filter,
    rows,
    size,
    older,
}: {
    readonly filter: Filter;
    readonly rows: readonly Row[];
    readonly size: number;
    readonly older: (() => void) | null;
}) {
    const [fault, setFault] = useState("");
    const [busy, setBusy] = useState(false);
    const take = async (make: () => Promise<Blob>, name: string) => {
        setBusy(true);
        try {
            save(await make(), name);
            setFault("");
        } catch (problem) {
            setFault(problemText(problem));
        } finally {
            setBusy(false);
        }
    };
    const first = rows[0]?.seq;
    const last = rows[rows.length - 1]?.seq;
    return (
        <>
            <div class="foot">
                {first !== undefined && last !== undefined && (
                    <span>{t("audit.range", { first: count(first), last: count(last) })}</span>
                )}
                <span class="wide">{t("table.zone", { zone: zoneName() })}</span>
                <span class="sp" />
                <button
                    type="button"
                    class="btn sm"
                    disabled={busy}
                    onClick={() => void take(() => csvOf(filter), "audit.csv")}
                >
                    {t("audit.csv")}
                </button>
                <button
                    type="button"
                    class="btn sm"
                    disabled={busy || !size}
                    onClick={() => void take(() => jsonlOf(size), "audit.jsonl")}
                >
                    {t("audit.jsonl")}
                </button>
                <button
                    type="button"
                    class="btn sm"
                    disabled={!filter.cursor}
                    onClick={() => setQuery({ cursor: null })}
                >
                    {t("audit.newest")}
                </button>
                <button type="button" class="btn sm" disabled={!older} onClick={() => older?.()}>
                    {t("audit.older")}
                </button>
            </div>
            {fault && (
                <p class="fault pad" role="alert">
                    <Icon name="error" small />
                    {fault}
                </p>
            )}
        </>
    );
}

