// Shares of one camera: who asks by a link, who has access by a key on its list, and whether the camera has that list.
import { useState } from "preact/hooks";
import type { Device } from "../../app/api";
import { fleet } from "../../app/devices";
import { live } from "../../app/live";
import { setQuery } from "../../app/router";
import { t } from "../../i18n";
import { count, span } from "../../i18n/format";
import type { ClaimJudged, ListAnswer, ListChanged, Listed, OwnerFault } from "../../live/shareapi";
import { Icon } from "../../ui/icon";
import { Failure, Loading } from "../../ui/notes";
import { Hint, Limit, useTick, Word } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { Fault } from "../people/parts";
import { refusalText as refusalOf } from "../people/ask";
import { ask, given, type Claim, type Left, type Share } from "./ask";
import { NewShare } from "./new-share";
import { KeyFaceRow, partyText, termsText, useSharesAsked, useViewerFace, whyText } from "./parts";

interface Told {
    readonly claims: readonly Claim[];
    readonly shares: readonly Share[];
    readonly left: Left | null;
    readonly list: ListAnswer | null;
    readonly judged: readonly ClaimJudged[];
}

/** What the box knows, what the camera says, what this browser can vouch for. */
async function tell(device: Device): Promise<Told> {
    const sharing = live.value?.sharing;
    const [{ claims }, { shares, list: left }] = await Promise.all([
        ask.claims(device.id),
        ask.sharesOf(device.id),
    ]);
    const list = (await sharing?.list(device.id, device.state === "online")) ?? null;
    const judged = claims.length ? ((await sharing?.judge(device.id, claims.map(given))) ?? []) : [];
    const isThere = list?.ok && (list.value.stand === "in-step" || list.value.stand === "sent-again");
    if (left && isThere && left.version <= list.value.version)
        ask.unleave(device.id).catch(() => undefined);
    return { claims, shares, left: isThere ? null : (left ?? null), list, judged };
}

/** A list that the camera does not have yet is left with the box. */
async function leave(device: Device, changed: ListChanged): Promise<OwnerFault | null> {
    if (!changed.ok) return changed.why;
    if (changed.list !== null) await ask.leave(device.id, changed.list);
    return null;
}

async function takeOff(device: Device, key: string): Promise<OwnerFault | null> {
    const changed = await live.value?.sharing.drop(device.id, key);
    return changed ? leave(device, changed) : "failed";
}

export function ShareSection({
    device,
    isSharing,
}: {
    readonly device: Device;
    readonly isSharing: boolean;
}) {
    void fleet.value;
    const asked = useSharesAsked(() => tell(device), [device.id, device.state, live.value]);
    const close = () => {
        setQuery({ share: null });
        asked.again();
    };
    return (
        <section class="sheet panel" aria-labelledby="shares">
            <div class="row">
                <h2 id="shares">{t("share.section")}</h2>
                <span class="sp" />
                <button type="button" class="btn" onClick={() => setQuery({ share: "1" })}>
                    <Icon name="key" small />
                    {t("share.act")}
                </button>
            </div>
            {asked.is === "loading" ? (
                <Loading what={t("share.loading")} bars={3} />
            ) : asked.is === "failed" ? (
                <Failure what={t("share.failed")} problem={asked.problem} again={asked.again} />
            ) : (
                <Body device={device} told={asked.value} again={asked.again} />
            )}
            <Limit>{t("share.limit")}</Limit>
            {isSharing && <NewShare device={device} onClose={close} />}
        </section>
    );
}

function Body({
    device,
    told,
    again,
}: {
    readonly device: Device;
    readonly told: Told;
    readonly again: () => void;
}) {
    const { claims, shares, list } = told;
    const listed = list?.value?.listed ?? [];
    const strays = listed.filter(
        (one) => !one.self && !shares.some((s) => s.public_key === one.public_key),
    );
    return (
        <div class="stack">
            <Stand device={device} told={told} again={again} />
            {claims.length > 0 && (
                <div>
                    <h3 class="h3">{t("share.waiting")}</h3>
                    <ul class="grants">
                        {claims.map((c) => (
                            <ClaimRow
                                key={c.id}
                                device={device}
                                claim={c}
                                judged={told.judged.find((j) => j.id === c.id) ?? null}
                                again={again}
                            />
                        ))}
                    </ul>
                </div>
            )}
            {shares.length + strays.length === 0 ? (
                <p class="quiet">{t("share.none")}</p>
            ) : (
                <ul class="grants">
                    {shares.map((s) => (
                        <ShareRow
                            key={s.id}
                            device={device}
                            share={s}
                            face={listed.find((one) => one.public_key === s.public_key) ?? null}
                            isListKnown={list?.value !== null && list !== null}
                            isAsked={list?.ok === true && list.value.owners !== null}
                            again={again}
                        />
                    ))}
                    {strays.map((one) => (
                        <StrayRow key={one.public_key} device={device} one={one} again={again} />
                    ))}
                </ul>
            )}
        </div>
    );
}

/** Whether the camera holds what was last signed. */
function Stand({
    device,
    told,
    again,
}: {
    readonly device: Device;
    readonly told: Told;
    readonly again: () => void;
}) {
    const [fault, setFault] = useState("");
    const { list, left, shares } = told;
    if (list === null) return null;
    const merge = async () => {
        const result = await live.value?.sharing.merge(device.id);
        if (result?.ok) again();
        else setFault(whyText(result?.why ?? "failed"));
    };
    if (!list.ok && list.value === null)
        return shares.length > 0 || list.why !== "not-owner" ? (
            <Hint icon="info">{whyText(list.why)}</Hint>
        ) : null;
    const shown = list.value;
    if (shown === null) return null;
    if (!list.ok) return <Hint icon="warn">{whyText(list.why)}</Hint>;
    const version = count(shown.version);
    switch (shown.stand) {
        case "in-step":
            return (
                <p class="small">
                    <Word tone="ok" icon="ok">
                        {t("share.in-step", { version, n: shown.owners ?? 1 })}
                    </Word>
                </p>
            );
        case "sent-again":
            return <Hint icon="info">{t("share.sent-again", { version })}</Hint>;
        case "kept":
            return <Hint icon="clock">{t("share.kept", { version })}</Hint>;
        case "unsent":
            return (
                <Hint icon="warn">
                    {t(left ? "share.left" : "share.unsent", { version })}
                </Hint>
            );
        case "forked":
            return (
                <div class="stack well">
                    <p>{t("share.forked")}</p>
                    <Fault text={fault} />
                    <button type="button" class="btn start" onClick={() => void merge()}>
                        {t("share.merge")}
                    </button>
                </div>
            );
    }
}

function ClaimRow({
    device,
    claim,
    judged,
    again,
}: {
    readonly device: Device;
    readonly claim: Claim;
    readonly judged: ClaimJudged | null;
    readonly again: () => void;
}) {
    const [fault, setFault] = useState("");
    const [busy, setBusy] = useState(false);
    const terms = judged?.terms ?? null;
    const act = async (work: () => Promise<string>) => {
        setBusy(true);
        const told = await work().catch(refusalOf);
        setBusy(false);
        setFault(told);
        if (!told) again();
    };
    const accept = () =>
        act(async () => {
            if (!terms) return whyText("refused");
            const changed = await live.value?.sharing.accept(device.id, given(claim));
            if (!changed?.ok) return whyText(changed?.why ?? "failed");
            await ask.accept(device.id, claim.id, {
                actions: terms.actions,
                not_after: terms.not_after_ms,
                ...(changed.list === null ? {} : { list: changed.list }),
            });
            toast(t("share.accepted", { name: claim.account.name }));
            return "";
        });
    const refuse = () =>
        act(async () => {
            await ask.refuse(device.id, claim.id);
            return "";
        });
    return (
        <li class="grant share-row">
            <div>
                <KeyFaceRow face={judged} title={partyText(claim.account)}>
                    {terms ? (
                        <>
                            <p class="small">{termsText(terms.actions, terms.not_after_ms)}</p>
                            <p class="small quiet">{t("share.compare")}</p>
                        </>
                    ) : (
                        <p class="small">
                            <Word tone="error" icon="error">
                                {t("share.no-link")}
                            </Word>
                        </p>
                    )}
                </KeyFaceRow>
                <Fault text={fault} />
            </div>
            <div class="acts">
                {terms && (
                    <button type="button" class="btn sm" disabled={busy} onClick={() => void accept()}>
                        {t("share.accept")}
                    </button>
                )}
                <button type="button" class="btn sm" disabled={busy} onClick={() => void refuse()}>
                    {t("share.refuse")}
                </button>
            </div>
        </li>
    );
}

function LastUse({ one }: { readonly one: Listed }) {
    const now = useTick(30_000);
    if (one.last_ms === null) return <span>{t("share.never-used")}</span>;
    const age = now - one.last_ms;
    return (
        <span>
            {t("share.last-used", {
                age: age < 60_000 ? t("age.now") : t("age.ago", { span: span(age) }),
                n: one.count,
            })}
        </span>
    );
}

function ShareRow({
    device,
    share,
    face,
    isListKnown,
    isAsked,
    again,
}: {
    readonly device: Device;
    readonly share: Share;
    readonly face: Listed | null;
    readonly isListKnown: boolean;
    readonly isAsked: boolean;
    readonly again: () => void;
}) {
    const [fault, setFault] = useState("");
    const [busy, setBusy] = useState(false);
    const withdraw = async () => {
        setBusy(true);
        // The box cuts at once; the list follows as fast as the camera answers.
        const [ended, why] = await Promise.all([
            ask.end(device.id, share.id).then(() => "", refusalOf),
            takeOff(device, share.public_key).catch((): OwnerFault => "failed"),
        ]);
        setBusy(false);
        if (ended) return setFault(ended);
        toast(
            why && isListKnown
                ? t("share.withdrawn-half", { name: share.account.name, why: whyText(why) })
                : t("share.withdrawn", { name: share.account.name }),
        );
        again();
    };
    const own = useViewerFace(share.public_key);
    const others = share.keys.filter((k) => k.public_key !== share.public_key).length;
    return (
        <li class="grant share-row">
            <div>
                <KeyFaceRow face={own} title={partyText(share.account)}>
                    <p class="small quiet">
                        <span>{termsText(share.actions, share.not_after)}</span>
                        {face && isAsked && <LastUse one={face} />}
                    </p>
                </KeyFaceRow>
                {isListKnown && !face && (
                    <p class="small">
                        <Word tone="warn" icon="warn">
                            {t("share.not-listed")}
                        </Word>
                    </p>
                )}
                {others > 0 && <p class="small quiet">{t("share.other-keys", { n: others })}</p>}
                <Fault text={fault} />
            </div>
            <button
                type="button"
                class="btn sm"
                disabled={busy}
                onClick={() => void withdraw()}
            >
                {t("share.withdraw")}
            </button>
        </li>
    );
}

/** On the camera's list, but the box knows of no share with this key. */
function StrayRow({
    device,
    one,
    again,
}: {
    readonly device: Device;
    readonly one: Listed;
    readonly again: () => void;
}) {
    const [fault, setFault] = useState("");
    const take = async () => {
        try {
            const why = await takeOff(device, one.public_key);
            if (why) setFault(whyText(why));
            else again();
        } catch (problem) {
            setFault(refusalOf(problem));
        }
    };
    return (
        <li class="grant share-row">
            <div>
                <KeyFaceRow face={one} title={t("share.stray")}>
                    <p class="small quiet">
                        <span>{termsText(one.actions, one.not_after_ms)}</span>
                        <LastUse one={one} />
                    </p>
                </KeyFaceRow>
                <Fault text={fault} />
            </div>
            <button type="button" class="btn sm" onClick={() => void take()}>
                {t("share.take-off")}
            </button>
        </li>
    );
}
