// One record: what it says, the hashes that join it to its neighbours, and its proof, worked out in this browser.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Loaded } from "../../app/devices";
import { setQuery } from "../../app/router";
import { t } from "../../i18n";
import { count, when } from "../../i18n/format";
import { Dialog } from "../../ui/dialog";
import { ErrorNote, Loading } from "../../ui/notes";
import { CopyButton, Limit, Time, Word } from "../../ui/parts";
import { hexGroups } from "../../ui/weave-bits";
import { askLog, rowAt, type HeadAnswer, type Proof } from "./ask";
import { Party, ResultChip } from "./parts";
import {
    climb,
    decoded,
    headHolds,
    hex,
    keyOf,
    rowHash,
    same,
    type Row,
    type SignedHead,
    type Step,
} from "./verify";

export function Record({
    seq,
    head,
    onClose,
}: {
    readonly seq: number;
    readonly head: HeadAnswer | null;
    readonly onClose: () => void;
}) {
    const [row, setRow] = useState<Loaded<Row | null>>({ is: "loading" });
    const load = () => {
        rowAt(seq).then(
            (value) => setRow({ is: "ready", value }),
            (problem: unknown) => setRow({ is: "failed", problem }),
        );
    };
    useEffect(load, [seq]);
    return (
        <Dialog title={t("record.title", { n: count(seq) })} onClose={onClose} wide>
            {row.is === "loading" ? (
                <Loading what={t("audit.loading")} bars={6} />
            ) : row.is === "failed" ? (
                <ErrorNote what={t("audit.failed")} problem={row.problem} again={load} />
            ) : row.value ? (
                <Whole row={row.value} head={head} />
            ) : (
                <p>{t("record.none")}</p>
            )}
        </Dialog>
    );
}

const short = (text: string): string => hex(decoded(text)).slice(0, 16);

function Whole({ row, head }: { readonly row: Row; readonly head: HeadAnswer | null }) {
    const [proving, setProving] = useState(false);
    const facts: readonly (readonly [string, ComponentChildren])[] = [
        [t("audit.time"), <Time ms={row.at} text={when(row.at)} />],
        [t("audit.actor"), <Party kind={row.actor_kind} id={row.actor} />],
        [t("audit.action"), <span class="mono">{row.action}</span>],
        [t("audit.object"), <Party kind={row.object_kind} id={row.object} />],
        [t("audit.result"), <ResultChip result={row.result} />],
        [t("facts.source"), <span class="mono">{row.source || "–"}</span>],
        [t("record.session"), <span class="mono break">{row.session || "–"}</span>],
        [t("record.detail"), <span class="mono break">{row.detail || "–"}</span>],
    ];
    return (
        <div class="stack">
            <dl class="kv record">
                {facts.map(([k, v]) => (
                    <>
                        <dt key={k}>{k}</dt>
                        <dd>{v}</dd>
                    </>
                ))}
            </dl>
            <ol class="joints" aria-label={t("record.joints")}>
                <li>
                    {row.seq > 1 ? (
                        <button
                            type="button"
                            class="link-button"
                            onClick={() => setQuery({ row: String(row.seq - 1) })}
                        >
                            {t("audit.nr", { n: row.seq - 1 })}
                        </button>
                    ) : (
                        <span>{t("record.first")}</span>
                    )}
                    <span class="mono">{short(row.prev)}</span>
                </li>
                <li aria-current="true">
                    <span>{t("audit.nr", { n: row.seq })}</span>
                    <span class="mono">{short(row.hash)}</span>
                </li>
                <li>
                    {head && row.seq < head.size ? (
                        <button
                            type="button"
                            class="link-button"
                            onClick={() => setQuery({ row: String(row.seq + 1) })}
                        >
                            {t("audit.nr", { n: row.seq + 1 })}
                        </button>
                    ) : (
                        <span>{t("record.last")}</span>
                    )}
                    <span class="quiet">{t("record.builds-on")}</span>
                </li>
            </ol>
            <div class="acts">
                <button type="button" class="btn pri" onClick={() => setProving(true)}>
                    {t("prove.act")}
                </button>
                {row.session && (
                    <a
                        class="btn"
                        href={`/trust/audit?session=${encodeURIComponent(row.session)}`}
                    >
                        {t("record.same-session")}
                    </a>
                )}
                <CopyButton text={JSON.stringify(row)} label={t("record.copy")} />
            </div>
            {proving && head && <Proving row={row} pem={head.public_key} />}
        </div>
    );
}

interface Checked {
    readonly head: SignedHead;
    readonly fits: boolean;
    readonly steps: readonly Step[];
    readonly rooted: boolean;
    readonly signed: boolean;
    readonly key: string;
}

async function check(row: Row, proof: Proof, pem: string): Promise<Checked> {
    const leaf = await rowHash(row);
    const key = await keyOf(pem);
    const steps = await climb(leaf, row.seq - 1, proof.head.size, proof.path.map(decoded));
    const top = steps?.[steps.length - 1]?.result ?? leaf;
    return {
        head: proof.head,
        fits: same(leaf, decoded(row.hash)),
        steps: steps ?? [],
        rooted: steps !== null && same(top, decoded(proof.head.root)),
        signed: await headHolds(proof.head, key),
        key: hexGroups(key.fingerprint.slice(0, 16)),
    };
}

function Proving({ row, pem }: { readonly row: Row; readonly pem: string }) {
    const [state, setState] = useState<Loaded<Checked>>({ is: "loading" });
    const run = () => {
        askLog
            .proof(row.seq)
            .then((proof) => check(row, proof, pem))
            .then(
                (value) => setState({ is: "ready", value }),
                (problem: unknown) => setState({ is: "failed", problem }),
            );
    };
    useEffect(run, []);
    if (state.is === "loading") return <Loading what={t("prove.loading")} bars={4} />;
    if (state.is === "failed")
        return <ErrorNote what={t("prove.failed")} problem={state.problem} again={run} />;
    const c = state.value;
    const good = c.fits && c.rooted && c.signed;
    return (
        <section class="stack proof" aria-labelledby="proof" aria-live="polite">
            <h3 id="proof" class="verdict">
                <Word tone={good ? "ok" : "error"} icon={good ? "ok" : "error"}>
                    {t(good ? "prove.good" : "prove.bad", {
                        n: count(row.seq),
                        time: when(c.head.at),
                    })}
                </Word>
            </h3>
            <ul class="checklist">
                <Line good={c.fits} text={t("prove.fits")} />
                <Line good={c.rooted} text={t("prove.rooted", { n: c.steps.length, of: count(c.head.size) })} />
                <Line good={c.signed} text={t("prove.signed", { key: c.key })} />
            </ul>
            <Climb leaf={row} steps={c.steps} rooted={c.rooted} />
            <Limit>{t("prove.limit")}</Limit>
        </section>
    );
}

const Line = ({ good, text }: { readonly good: boolean; readonly text: string }) => (
    <li>
        <Word tone={good ? "ok" : "error"} icon={good ? "ok" : "error"}>
            {t(good ? "prove.yes" : "prove.no")}
        </Word>
        <span>{text}</span>
    </li>
);

const STEP = 34;

/** The way up: what was worked out in the middle, what the box gave beside it. */
function Climb({
    leaf,
    steps,
    rooted,
}: {
    readonly leaf: Row;
    readonly steps: readonly Step[];
    readonly rooted: boolean;
}) {
    const height = (steps.length + 1) * STEP + 6;
    const y = (level: number) => height - STEP / 2 - level * STEP;
    const text = (bytes: Uint8Array) => hex(bytes).slice(0, 12);
    return (
        <svg
            class="climb"
            viewBox={`90 0 380 ${height}`}
            role="img"
            aria-label={t("prove.drawn", { n: steps.length })}
        >
            {steps.map((s, i) => {
                const x = s.side === "left" ? 160 : 400;
                return (
                    <g key={i}>
                        <path d={`M280 ${y(i)}L280 ${y(i + 1)}L${x} ${y(i)}`} />
                        <circle class="given" cx={x} cy={y(i)} r="5" />
                        <text
                            x={s.side === "left" ? x - 10 : x + 10}
                            y={y(i) + 4}
                            text-anchor={s.side === "left" ? "end" : "start"}
                        >
                            {text(s.given).slice(0, 8)}
                        </text>
                    </g>
                );
            })}
            {[decoded(leaf.hash), ...steps.map((s) => s.result)].map((bytes, i) => {
                // The line downwards leaves on the side of the given hash: the text stands on the other.
                const right = (steps[Math.max(0, i - 1)]?.side ?? "left") === "left";
                return (
                    <g key={i}>
                        <circle
                            class={i === steps.length ? (rooted ? "top" : "wrong") : "own"}
                            cx="280"
                            cy={y(i)}
                            r="6"
                        />
                        <text
                            class="in"
                            x={right ? 294 : 266}
                            y={y(i) + 4}
                            text-anchor={right ? "start" : "end"}
                        >
                            {[
                                text(bytes),
                                i === 0 ? t("audit.nr", { n: leaf.seq }) : "",
                                i === steps.length ? t("prove.root") : "",
                            ]
                                .filter(Boolean)
                                .join("  ")}
                        </text>
                    </g>
                );
            })}
        </svg>
    );
}
