// Which cameras do I have, and which need me?
import { useEffect, useRef, useState } from "preact/hooks";
import { may } from "../../app/access";
import { api, type Device, type DevicePage } from "../../app/api";
import { fleet, readyFleet, type Loaded } from "../../app/devices";
import { onNews, staleSince } from "../../app/events";
import { useKeys } from "../../app/keys";
import { navigate, setQuery, type PageProps } from "../../app/router";
import { gap, rich, t } from "../../i18n";
import { count, span, zoneName } from "../../i18n/format";
import { Icon } from "../../ui/icon";
import { Empty, Failure, Loading } from "../../ui/notes";
import { Head, SimChip, Time, useTick } from "../../ui/parts";
import { KeyWeave } from "../../ui/weave";
import { AddCamera } from "./add";
import { clockText, StateChip } from "./facts";
import { tagCounts } from "./tags";

const LIMIT = 50;

interface Filter {
    readonly q: string;
    readonly state: string;
    readonly tag: string;
    readonly cursor: string;
    readonly from: number;
}

/** All of it in the query, so that a link shows a colleague the same. */
export function filterOf(query: URLSearchParams): Filter {
    const state = query.get("state") ?? "";
    return {
        q: query.get("q") ?? "",
        state: state === "online" || state === "offline" ? state : "",
        tag: query.get("tag") ?? "",
        cursor: query.get("cursor") ?? "",
        from: Math.max(0, Number(query.get("from")) || 0),
    };
}

function useList(filter: Filter): Loaded<DevicePage> & { again: () => void } {
    const [page, setPage] = useState<Loaded<DevicePage>>({ is: "loading" });
    const [round, setRound] = useState(0);
    useEffect(() => {
        const stop = new AbortController();
        const { q, state, tag, cursor } = filter;
        api.devices(
            {
                limit: LIMIT,
                ...(q ? { q } : {}),
                ...(state ? { state } : {}),
                ...(tag ? { tag } : {}),
                ...(cursor ? { cursor } : {}),
            },
            stop.signal,
        ).then(
            (value) => setPage({ is: "ready", value }),
            (problem: unknown) => {
                if (!stop.signal.aborted) setPage({ is: "failed", problem });
            },
        );
        return () => stop.abort();
    }, [filter.q, filter.state, filter.tag, filter.cursor, round]);
    useEffect(
        () =>
            onNews((news) => {
                if (news.ev === "device") {
                    setPage((p) => {
                        if (p.is !== "ready") return p;
                        const devices = p.value.devices.map((d) =>
                            d.id === news.device.id ? news.device : d,
                        );
                        return { is: "ready", value: { ...p.value, devices } };
                    });
                } else if (
                    news.ev === "device.removed" ||
                    news.ev === "enrolled" ||
                    news.ev === "hello"
                ) {
                    setRound((r) => r + 1);
                }
            }),
        [],
    );
    return { ...page, again: () => setRound((r) => r + 1) };
}

export function ListPage({ query }: PageProps) {
    const filter = filterOf(query);
    const list = useList(filter);
    const adding = query.get("add") === "1";
    const f = readyFleet();
    const total = f?.total ?? (list.is === "ready" ? list.value.total : null);
    const add = () => setQuery({ add: "1" });
    const offline = f ? f.total - f.online : 0;
    const answer =
        total === null
            ? t(list.is === "failed" ? "cameras.unknown" : "load.cameras")
            : total === 0
              ? rich("cameras.none")
              : f && offline === 0
                ? rich("cameras.all-online", { n: f.total })
                : f
                  ? [
                        ...rich("cameras.some-online", { online: f.online, total: f.total }),
                        gap(),
                        ...rich(
                            "cameras.offline",
                            { n: offline },
                            { a: (kids) => <a href="/cameras?state=offline">{kids}</a> },
                        ),
                    ]
                  : rich("cameras.total", { n: total });
    return (
        <>
            <Head
                title={t("nav.cameras")}
                answer={answer}
                tools={
                    may("device.enrol") && (
                        <button type="button" class="btn pri" onClick={add}>
                            <Icon name="plus" small />
                            {t("cameras.add")}
                        </button>
                    )
                }
            />
            {total === 0 && !filter.q && !filter.state && !filter.tag ? (
                <Empty
                    title={t("cameras.none-title")}
                    text={t(may("device.enrol") ? "cameras.none-why" : "cameras.none-yours")}
                >
                    {may("device.enrol") && (
                        <button type="button" class="btn" onClick={add}>
                            {t("cameras.add")}
                        </button>
                    )}
                </Empty>
            ) : (
                <div class="faceted">
                    <Facets filter={filter} />
                    <Results filter={filter} list={list} />
                </div>
            )}
            {adding && <AddCamera onClose={() => setQuery({ add: null })} />}
        </>
    );
}

function Facets({ filter }: { readonly filter: Filter }) {
    const [q, setQ] = useState(filter.q);
    const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
    const f = fleet.value.is === "ready" ? fleet.value.value : null;
    useEffect(() => {
        if (document.activeElement?.id !== "camera-search") setQ(filter.q);
    }, [filter.q]);
    const search = (value: string) => {
        setQ(value);
        clearTimeout(timer.current);
        timer.current = setTimeout(
            () => setQuery({ q: value.trim(), cursor: null, from: null }),
            200,
        );
    };
    const known = tagCounts();
    const tags =
        !filter.tag || known.some(([tag]) => tag === filter.tag)
            ? known
            : [...known, [filter.tag, 0] as [string, number]];
    const states = [
        ["", "cameras.all", f?.total],
        ["online", "state.online", f?.online],
        ["offline", "state.offline", f ? f.total - f.online : undefined],
    ] as const;
    return (
        <search class="facets">
            <div class="field">
                <label for="camera-search">{t("cameras.search")}</label>
                <div class="in">
                    <Icon name="find" small />
                    <input
                        id="camera-search"
                        type="search"
                        value={q}
                        autocomplete="off"
                        spellcheck={false}
                        onInput={(e) => search(e.currentTarget.value)}
                    />
                </div>
            </div>
            <div>
                <h2 class="h3">{t("cameras.state")}</h2>
                <ul>
                    {states.map(([value, label, n]) => (
                        <li key={value}>
                            <button
                                type="button"
                                class="facet"
                                aria-pressed={filter.state === value}
                                onClick={() => setQuery({ state: value, cursor: null, from: null })}
                            >
                                <span>{t(label)}</span>
                                {n !== undefined && <span class="quiet">{count(n)}</span>}
                            </button>
                        </li>
                    ))}
                </ul>
            </div>
            {tags.length > 0 && (
                <div>
                    <h2 class="h3">{t("tags.tags")}</h2>
                    <ul>
                        {tags.map(([tag, n]) => (
                            <li key={tag}>
                                <button
                                    type="button"
                                    class="facet"
                                    aria-pressed={filter.tag === tag}
                                    onClick={() =>
                                        setQuery({
                                            tag: filter.tag === tag ? null : tag,
                                            cursor: null,
                                            from: null,
                                        })
                                    }
                                >
                                    <span class="cut">{tag}</span>
                                    {n > 0 && <span class="quiet">{count(n)}</span>}
                                </button>
                            </li>
                        ))}
                    </ul>
                </div>
            )}
        </search>
    );
}

function Results({
    filter,
    list,
}: {
    readonly filter: Filter;
    readonly list: Loaded<DevicePage> & { again: () => void };
}) {
    const now = useTick(30_000);
    const [at, setAt] = useState(0);
    const body = useRef<HTMLTableSectionElement>(null);
    const rows = list.is === "ready" ? list.value.devices : [];
    const row = (n: number) => {
        setAt(n);
        body.current?.querySelectorAll<HTMLElement>("a.row-link")[n]?.focus();
    };
    const next = list.is === "ready" ? (list.value.next ?? null) : null;
    const forward = () => {
        if (next) navigate(`/cameras?${pageQuery(filter, next, filter.from + rows.length)}`);
    };
    const back = () => {
        if (filter.from) history.back();
    };
    useKeys(
        [
            { key: "j", does: "keys.next-row", act: () => row(Math.min(rows.length - 1, at + 1)) },
            { key: "k", does: "keys.previous-row", act: () => row(Math.max(0, at - 1)) },
            {
                key: "Enter",
                does: "keys.open",
                act: () => {
                    const d = rows[at];
                    if (d) navigate(`/cameras/${d.id}`);
                },
            },
            { key: "[", does: "keys.previous-page", act: back },
            { key: "]", does: "keys.next-page", act: forward },
        ],
        [rows, at, next, filter.from],
    );
    if (list.is === "loading")
        return (
            <section class="sheet tbl">
                <Loading what={t("load.cameras-slow")} bars={10} />
            </section>
        );
    if (list.is === "failed")
        return <Failure what={t("problem.cameras")} problem={list.problem} again={list.again} />;
    const { total } = list.value;
    if (rows.length === 0)
        return (
            <section class="sheet tbl">
                <Empty title={t("cameras.no-match")} text={t("cameras.no-match-why")}>
                    <a class="btn" href="/cameras">
                        {t("cameras.clear")}
                    </a>
                </Empty>
            </section>
        );
    return (
        <section class={staleSince.value === null ? "sheet tbl" : "sheet tbl is-stale"}>
            <table>
                <caption class="vh">{t("nav.cameras")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t("cameras.name")}</th>
                        <th scope="col">{t("cameras.state")}</th>
                        <th scope="col">{t("facts.seen")}</th>
                        <th scope="col">{t("facts.model")}</th>
                        <th scope="col">{t("facts.firmware")}</th>
                        <th scope="col" class="num">
                            {t("facts.clock")}
                        </th>
                    </tr>
                </thead>
                <tbody ref={body}>
                    {rows.map((d, i) => (
                        <Row key={d.id} device={d} now={now} onFocus={() => setAt(i)} />
                    ))}
                </tbody>
            </table>
            <div class="cards">
                {rows.map((d) => (
                    <Card key={d.id} device={d} now={now} />
                ))}
            </div>
            <div class="foot">
                <span>
                    {t("cameras.range", {
                        from: filter.from + 1,
                        to: filter.from + rows.length,
                        total,
                    })}
                </span>
                <span class="wide">{t("table.zone", { zone: zoneName() })}</span>
                <span class="sp" />
                <button type="button" class="btn sm" disabled={filter.from === 0} onClick={back}>
                    {t("keys.previous-page")}
                </button>
                <button type="button" class="btn sm" disabled={!next} onClick={forward}>
                    {t("keys.next-page")}
                </button>
            </div>
        </section>
    );
}

function pageQuery(filter: Filter, cursor: string, from: number): string {
    const out = new URLSearchParams({ cursor, from: String(from) });
    if (filter.q) out.set("q", filter.q);
    if (filter.state) out.set("state", filter.state);
    if (filter.tag) out.set("tag", filter.tag);
    return out.toString();
}

const seen = (d: Device, now: number) => {
    if (d.state === "online")
        return { text: t("cameras.since", { span: span(now - d.since) }), ms: d.since };
    return {
        text: t("age.ago", { span: span(now - (d.last_seen ?? d.since)) }),
        ms: d.last_seen ?? d.since,
    };
};

/** An offset beyond this makes replay checks fail sooner than the network does. */
const CLOCK_WARN_MS = 5000;

function Row({
    device: d,
    now,
    onFocus,
}: {
    readonly device: Device;
    readonly now: number;
    readonly onFocus: () => void;
}) {
    const s = seen(d, now);
    const off = clockText(d);
    const late = Math.abs(d.clock_offset_ms ?? 0) > CLOCK_WARN_MS;
    return (
        <tr class="to-open">
            <th scope="row">
                <span class="row">
                    <KeyWeave seal={d.seal} />
                    <span>
                        <a class="row-link" href={`/cameras/${d.id}`} onFocus={onFocus}>
                            {d.name}
                        </a>
                        <span class="l2">
                            <span class="mono">{d.id.slice(0, 8)}</span>
                            {d.tags?.map((tag) => (
                                <span key={tag}> · {tag}</span>
                            ))}
                        </span>
                    </span>
                </span>
            </th>
            <td>
                <span class="chips">
                    <StateChip device={d} />
                    {d.simulated && <SimChip />}
                </span>
            </td>
            <td>
                {d.state === "online" ? t("history.now") : <Time ms={s.ms} />}
                <span class="l2">{s.text}</span>
            </td>
            <td>
                {d.model}
                <span class="l2">{d.hw}</span>
            </td>
            <td>{d.fw}</td>
            <td class={late ? "num warn" : "num"}>
                {off ? (
                    <>
                        {late && <Icon name="warn" small />} {off}
                    </>
                ) : (
                    <span class="quiet">–</span>
                )}
            </td>
        </tr>
    );
}

function Card({ device: d, now }: { readonly device: Device; readonly now: number }) {
    return (
        <article class="sheet card">
            <p class="top">
                <StateChip device={d} />
                {d.simulated && <SimChip />}
                <span class="quiet small end">{seen(d, now).text}</span>
            </p>
            <p class="row">
                <KeyWeave seal={d.seal} />
                <a class="ti" href={`/cameras/${d.id}`}>
                    {d.name}
                </a>
            </p>
            <p class="meta">
                {d.model} · {d.fw}
                {d.tags?.map((tag) => (
                    <span key={tag}> · {tag}</span>
                ))}
                {clockText(d) && (
                    <>
                        {" "}
                        · {t("facts.clock")} {clockText(d)}
                    </>
                )}
            </p>
        </article>
    );
}
