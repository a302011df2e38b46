// What seals the picture: the camera's key, why it is believed, the channel, and the limit of it all.
import { useEffect, useState } from "preact/hooks";
import type { Device } from "../../app/api";
import { live } from "../../app/live";
import { rich, t } from "../../i18n";
import { count, dayMonth, span } from "../../i18n/format";
import type { ClaimResult, Remembered, SealFacts, WatchState } from "../../live/api";
import { Dialog } from "../../ui/dialog";
import { CopyButton, useTick, Word } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { useKeyFace, Weave } from "../../ui/weave";
import { sealOf } from "../live/face";

const ages = (ms: number, now: number) =>
    now - ms < 60_000 ? t("age.now") : t("age.ago", { span: span(now - ms) });

/** Two lines of four groups. */
export function Groups({ hex }: { readonly hex: string }) {
    const g = hex.split(" ");
    return (
        <p class="fp">
            {g.slice(0, 4).join(" ")}
            <br />
            {g.slice(4, 8).join(" ")}
        </p>
    );
}

function TrustLine({
    facts,
    onCompare,
}: {
    readonly facts: SealFacts;
    readonly onCompare: () => void;
}) {
    const { line, since_ms, simulated } = facts.trust;
    const date = dayMonth(since_ms);
    if (line === "label")
        return (
            <p class="small">
                <Word tone="ok" icon="ok">
                    {t(simulated ? "trust.label-simulated" : "trust.label", { date })}
                </Word>
            </p>
        );
    if (line === "link")
        return (
            <p class="small">
                <Word tone="ok" icon="ok">
                    {t("share.trust-link", { date })}
                </Word>
            </p>
        );
    if (line === "pinned")
        return (
            <p class="small">
                <Word tone="ok" icon="ok">
                    {t("trust.pinned", { date })}
                </Word>
            </p>
        );
    return (
        <p class="small row">
            <Word tone="warn" icon="warn">
                {t("trust.new")}
            </Word>
            <button type="button" class="btn sm" onClick={onCompare}>
                {t("tile.compare-short")}
            </button>
        </p>
    );
}

function Details({ facts }: { readonly facts: SealFacts }) {
    const refused = facts.refused.withheld + facts.refused.replaced_key + facts.refused.unknown_key;
    return (
        <details>
            <summary class="small">{t("seal.details")}</summary>
            <dl class="kv">
                <dt>{t("seal.algorithms")}</dt>
                <dd>
                    {facts.channel === "password" ? "SPAKE2+ P-256" : "Noise KK P-256"}
                    <br />
                    AES-256-GCM · SFrame
                </dd>
                <dt>{t("seal.device")}</dt>
                <dd class="mono cut">{facts.binding.device}</dd>
                <dt>{t("seal.account")}</dt>
                <dd class="mono cut">{facts.binding.account}</dd>
                <dt>{t("seal.session")}</dt>
                <dd class="mono cut">{facts.binding.session}</dd>
                <dt>{t("seal.this-key")}</dt>
                <dd class="mono">{facts.viewer_fingerprint}</dd>
                <dt>{t("seal.records")}</dt>
                <dd>
                    {t("seal.sent-received", {
                        sent: count(facts.records.sent),
                        received: count(facts.records.received),
                    })}
                </dd>
                <dt>{t("seal.refused")}</dt>
                <dd class={refused ? "warn" : ""}>{count(refused)}</dd>
            </dl>
        </details>
    );
}

const CLAIM: Readonly<
    Record<
        Exclude<ClaimResult, { ok: true }>["code"],
        "claim.not-open" | "claim.has-owner" | "claim.denied" | "claim.failed"
    >
> = {
    "not-open": "claim.not-open",
    "has-owner": "claim.has-owner",
    denied: "claim.denied",
    failed: "claim.failed",
};

function Kept({ device, facts }: { readonly device: Device; readonly facts: SealFacts }) {
    const [told, setTold] = useState("");
    const worker = live.value;
    if (!worker) return null;
    const forget = () =>
        void worker.forget(device.id).then(
            () => toast(t("keyring.forgotten", { name: device.name })),
            () => setTold(t("keyring.failed")),
        );
    const remember = () =>
        void worker.remember(device.id).then(
            (ok) => setTold(ok ? "" : t("keyring.not-remembered")),
            () => setTold(t("keyring.failed")),
        );
    const claim = () =>
        void worker.claimOwner(device.id).then(
            (r) => setTold(r.ok ? t("claim.ok") : t(CLAIM[r.code])),
            () => setTold(t("claim.failed")),
        );
    return (
        <div class="kept">
            <p class="small quiet">
                {t(facts.remembered ? "keyring.kept" : "keyring.not-kept")}
                {facts.owner && <> {t("claim.owner")}</>}
            </p>
            <div class="acts">
                {facts.remembered ? (
                    <button type="button" class="btn sm" onClick={forget}>
                        {t("act.forget")}
                    </button>
                ) : (
                    <button type="button" class="btn sm" onClick={remember}>
                        {t("act.remember")}
                    </button>
                )}
                {!facts.owner && facts.channel === "password" && (
                    <button type="button" class="btn sm" onClick={claim}>
                        {t("claim.act")}
                    </button>
                )}
            </div>
            <p class="small" role="status">
                {told}
            </p>
        </div>
    );
}

/** A key that was vouched for by a password only: the label settles it. */
function CompareDialog({
    device,
    facts,
    onClose,
}: {
    readonly device: Device;
    readonly facts: SealFacts;
    readonly onClose: () => void;
}) {
    return (
        <Dialog title={t("compare.title", { name: device.name })} onClose={onClose}>
            <div class="key-row">
                <Weave bits={facts.weave} size={76} />
                <div>
                    <p class="fp">{facts.fingerprint}</p>
                    <CopyButton text={facts.fingerprint} />
                </div>
            </div>
            <p>{t("compare.how")}</p>
            <p class="quiet small">{t("compare.differs")}</p>
            <div class="acts">
                <button type="button" class="btn" data-first="" onClick={onClose}>
                    {t("act.close")}
                </button>
            </div>
        </Dialog>
    );
}

function Closed({ device }: { readonly device: Device }) {
    const face = useKeyFace(device.seal);
    const [known, setKnown] = useState<Remembered | null>(null);
    const worker = live.value;
    useEffect(() => {
        let alive = true;
        void worker?.remembered().then(
            (list) => {
                if (alive) setKnown(list.find((r) => r.device === device.id) ?? null);
            },
            () => undefined,
        );
        return () => {
            alive = false;
        };
    }, [worker, device.id]);
    return (
        <>
            <h2>
                <Word tone="unknown" icon="unknown">
                    {t("seal.closed")}
                </Word>
            </h2>
            <div class="seal">
                <Weave bits={known?.weave ?? face?.bits ?? null} size={76} />
                {face && <Groups hex={face.hex} />}
            </div>
            {(known ?? face) && (
                <dl class="kv">
                    <dt>{t("seal.on-label")}</dt>
                    <dd class="mono label-fp">{(known ?? face)?.fingerprint}</dd>
                </dl>
            )}
            <p class="small quiet">
                {t(
                    known
                        ? "seal.closed-known"
                        : device.seal
                          ? "seal.closed-directory"
                          : "seal.closed-none",
                )}
            </p>
        </>
    );
}

export function SealPanel({
    device,
    state,
    onCompare,
}: {
    readonly device: Device;
    readonly state: WatchState;
    readonly onCompare: () => void;
}) {
    const now = useTick(5000);
    const [comparing, setComparing] = useState(false);
    const facts = sealOf(state);
    const limit = (
        <p class="small quiet">
            {rich("seal.limit", {}, { a: (kids) => <a class="nw" href="/settings/about#limits">{kids}</a> })}
        </p>
    );
    if (!facts)
        return (
            <section class="panel">
                <Closed device={device} />
                {limit}
            </section>
        );
    return (
        <section class="panel">
            <h2>
                <Word tone="sealed" icon="sealed">
                    {t("seal.sealed")}
                </Word>
                {facts.key && (
                    <span class="r small quiet">{t("seal.key", { n: facts.key.turn })}</span>
                )}
            </h2>
            <div class="seal">
                <Weave bits={facts.weave} size={76} />
                <div>
                    <Groups hex={facts.fingerprint_hex} />
                </div>
            </div>
            <TrustLine
                facts={facts}
                onCompare={() =>
                    state.phase === "playing" || state.phase === "behind"
                        ? setComparing(true)
                        : onCompare()
                }
            />
            <dl class="kv">
                <dt>{t("seal.on-label")}</dt>
                <dd class="mono label-fp">{facts.fingerprint}</dd>
                <dt>{t("seal.channel")}</dt>
                <dd>{facts.channel === "password" ? "SPAKE2+" : "Noise KK"} · AES-256-GCM</dd>
                <dt>{t("seal.content-key")}</dt>
                <dd>
                    {facts.key
                        ? facts.key.turn > 1
                            ? t("seal.turned", { age: ages(facts.key.since_ms, now) })
                            : t("seal.since", { age: ages(facts.key.since_ms, now) })
                        : "–"}
                </dd>
                <dt>{t("seal.path")}</dt>
                <dd>
                    <span title={t("path.relay-why")}>
                        <Word icon="relay">{t("seal.relay-tls")}</Word>
                    </span>
                </dd>
            </dl>
            <Kept device={device} facts={facts} />
            {limit}
            <Details facts={facts} />
            {comparing && (
                <CompareDialog device={device} facts={facts} onClose={() => setComparing(false)} />
            )}
        </section>
    );
}
