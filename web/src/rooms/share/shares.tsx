// All shares of mine: what I gave to others, camera by camera, and what others gave to me.
import { useState } from "preact/hooks";
import { deviceById, fleet } from "../../app/devices";
import { gap, rich, t } from "../../i18n";
import { zoneName } from "../../i18n/format";
import { Empty, Failure, Loading } from "../../ui/notes";
import { Head, Limit } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { refusalText } from "../people/ask";
import { Fault, Tabs } from "../people/parts";
import { ask, type Received, type Share } from "./ask";
import { KeyFaceRow, partyText, termsText, useSharesAsked, useViewerFace } from "./parts";

export function SharesPage() {
    const asked = useSharesAsked(ask.shares, []);
    void fleet.value;
    const given = asked.is === "ready" ? asked.value.given : [];
    const received = asked.is === "ready" ? asked.value.received : [];
    return (
        <>
            <Head
                title={t("share.all")}
                answer={
                    asked.is === "ready"
                        ? [
                              ...(given.length ? rich("share.answer-given", { n: given.length }) : []),
                              given.length && received.length ? gap() : "",
                              ...(received.length
                                  ? rich("share.answer-received", { n: received.length })
                                  : []),
                              given.length + received.length ? "" : t("share.answer-none"),
                          ]
                        : t(asked.is === "loading" ? "share.loading-all" : "share.unknown")
                }
            />
            <Tabs here="shares" />
            {asked.is === "loading" ? (
                <section class="sheet tbl">
                    <Loading what={t("share.loading-all")} bars={4} />
                </section>
            ) : asked.is === "failed" ? (
                <Failure what={t("share.failed")} problem={asked.problem} again={asked.again} />
            ) : (
                <>
                    <Given list={given} />
                    {received.length > 0 && <ReceivedList list={received} again={asked.again} />}
                </>
            )}
        </>
    );
}

const nameOf = (device: string): string => deviceById(device)?.name ?? t("grant.one-camera");

function Given({ list }: { readonly list: readonly Share[] }) {
    const cameras = [...new Set(list.map((s) => s.device))].sort((a, b) =>
        nameOf(a).localeCompare(nameOf(b)),
    );
    return (
        <section class="sheet panel" aria-labelledby="given">
            <h2 id="given">{t("share.given")}</h2>
            {list.length === 0 ? (
                <Empty title={t("share.none-given")} text={t("share.none-given-why")} />
            ) : (
                cameras.map((device) => (
                    <div key={device}>
                        <h3 class="h3">
                            <a href={`/cameras/${device}/access#shares`}>{nameOf(device)}</a>
                        </h3>
                        <ul class="grants">
                            {list
                                .filter((s) => s.device === device)
                                .map((s) => (
                                    <GivenRow key={s.id} share={s} />
                                ))}
                        </ul>
                    </div>
                ))
            )}
            {list.length > 0 && <Limit>{t("share.where")}</Limit>}
        </section>
    );
}

function GivenRow({ share }: { readonly share: Share }) {
    return (
        <li class="grant share-row">
            <div>
                <KeyFaceRow face={useViewerFace(share.public_key)} title={partyText(share.account)}>
                    <p class="small quiet">{termsText(share.actions, share.not_after)}</p>
                </KeyFaceRow>
            </div>
        </li>
    );
}

function ReceivedList({
    list,
    again,
}: {
    readonly list: readonly Received[];
    readonly again: () => void;
}) {
    const [fault, setFault] = useState("");
    const giveUp = async (share: Received) => {
        try {
            await ask.giveUp(share.id);
            toast(t("share.given-up", { name: nameOf(share.device) }));
            again();
        } catch (problem) {
            setFault(refusalText(problem));
        }
    };
    return (
        <section class="sheet panel" aria-labelledby="received">
            <h2 id="received">{t("share.received")}</h2>
            <ul class="grants">
                {list.map((s) => (
                    <li key={s.id} class="grant share-row">
                        <div>
                            <p>
                                <a href={`/cameras/${s.device}`}>{nameOf(s.device)}</a>{" "}
                                <span class="quiet">{s.organization}</span>
                            </p>
                            <p class="small quiet">{termsText(s.actions, s.not_after)}</p>
                        </div>
                        <button type="button" class="btn sm" onClick={() => void giveUp(s)}>
                            {t("share.give-up")}
                        </button>
                    </li>
                ))}
            </ul>
            <Fault text={fault} />
            <p class="small quiet">{t("table.zone", { zone: zoneName() })}</p>
        </section>
    );
}
