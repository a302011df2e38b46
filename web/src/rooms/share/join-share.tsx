// A guest behind the link to one camera: shows the owner his key, waits, and then may watch.
import { useEffect, useState } from "preact/hooks";
import { loadFleet } from "../../app/devices";
import { onNews } from "../../app/events";
import { live } from "../../app/live";
import { navigate } from "../../app/router";
import { dropShareLink, session } from "../../app/session";
import { rich, t } from "../../i18n";
import { when } from "../../i18n/format";
import type { GuestClaim } from "../../live/shareapi";
import { Door, ToLogin } from "../../ui/door";
import { ErrorNote } from "../../ui/notes";
import { Hint, Limit } from "../../ui/parts";
import { Weave } from "../../ui/weave";
import { ask, type OwnClaim } from "./ask";

type Step =
    | { readonly is: "ask" }
    | { readonly is: "sending" }
    | { readonly is: "sent"; readonly claim: GuestClaim }
    | { readonly is: "failed"; readonly problem: unknown };

/** The camera of a link that is whole; the worker reads it anew. */
function deviceOf(link: string): string | null {
    const form = /^d=([a-z2-7]{26})&s=[\w-]{22}&k=(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}$/;
    return form.exec(link)?.[1] ?? null;
}

export function JoinShare({ link }: { readonly link: string }) {
    const [step, setStep] = useState<Step>({ is: "ask" });
    const device = deviceOf(link);
    const state = session.value;
    const isIn = state.is === "in";
    useEffect(() => setStep({ is: "ask" }), [link]);
    if (device === null)
        return (
            <Door title={t("share.join-title")}>
                <p>{t("share.join-bad")}</p>
                <ToLogin />
            </Door>
        );
    if (!isIn)
        return (
            <Door title={t("share.join-title")}>
                <p>{t("share.join-sign-in")}</p>
                <div class="row">
                    <a class="btn pri big" href="/login?next=%2Fjoin">
                        {t("login.title")}
                    </a>
                </div>
                <Hint icon="info">{t("share.join-no-account")}</Hint>
            </Door>
        );
    const send = async () => {
        setStep({ is: "sending" });
        try {
            const claim = (await live.value?.sharing.claim(link)) ?? null;
            if (claim === null) throw new Error("no link");
            await ask.claim({ device, public_key: claim.public_key, claim: claim.claim });
            setStep({ is: "sent", claim });
        } catch (problem) {
            setStep({ is: "failed", problem });
        }
    };
    if (step.is === "sent")
        return <Waiting device={device} claim={step.claim} onAgain={() => void send()} />;
    return (
        <Door title={t("share.join-title")}>
            <p>
                {rich("share.join-what", {
                    host: location.host,
                    name: state.answer.account.name,
                })}
            </p>
            <dl class="kv">
                <dt>{t("share.camera-key")}</dt>
                <dd class="mono label-fp">{/k=([0-9A-Z-]{24})/.exec(link)?.[1]}</dd>
            </dl>
            {step.is === "failed" && (
                <ErrorNote what={t("share.join-failed")} problem={step.problem} />
            )}
            <div class="row">
                <button
                    type="button"
                    class="btn pri big"
                    disabled={step.is === "sending"}
                    onClick={() => void send()}
                >
                    {t("share.join-act")}
                </button>
                <a class="btn" href="/live">
                    {t("nav.to-live")}
                </a>
            </div>
            <Limit>{t("share.join-limit")}</Limit>
        </Door>
    );
}

/** Asks again whenever the box says that something about shares or rights has changed. */
function useOwnClaim(device: string): OwnClaim | null {
    const [own, setOwn] = useState<OwnClaim | null>(null);
    useEffect(() => {
        let alive = true;
        const load = () =>
            void ask.myClaims().then(
                ({ claims }) => {
                    if (alive) setOwn(claims.find((c) => c.device === device) ?? null);
                },
                () => undefined,
            );
        load();
        const off = onNews((news) => {
            if (news.ev === "shares" || news.ev === "access" || news.ev === "hello") load();
        });
        return () => {
            alive = false;
            off();
        };
    }, [device]);
    return own;
}

function Waiting({
    device,
    claim,
    onAgain,
}: {
    readonly device: string;
    readonly claim: GuestClaim;
    readonly onAgain: () => void;
}) {
    const own = useOwnClaim(device);
    const is = own?.state ?? "waiting";
    useEffect(() => {
        if (is === "accepted") void loadFleet();
        if (is !== "waiting") dropShareLink();
    }, [is]);
    const watch = () => navigate(`/cameras/${device}`);
    return (
        <Door title={t("share.join-title")}>
            <p role="status">
                {is === "accepted"
                    ? rich("share.join-accepted")
                    : t(is === "refused" ? "share.join-refused" : "share.join-waiting")}
            </p>
            <div class="key-row">
                <Weave bits={claim.weave} size={76} />
                <div>
                    <p class="small quiet">{t("share.join-key")}</p>
                    <p class="fp">{claim.fingerprint}</p>
                </div>
            </div>
            {is === "waiting" && <p class="quiet small">{t("share.join-compare")}</p>}
            <div class="row">
                {is === "accepted" ? (
                    <button type="button" class="btn pri big" onClick={watch}>
                        {t("share.join-watch")}
                    </button>
                ) : (
                    is === "waiting" &&
                    own === null && (
                        <button type="button" class="btn" onClick={onAgain}>
                            {t("share.join-again")}
                        </button>
                    )
                )}
                <a class="btn" href="/live">
                    {t("nav.to-live")}
                </a>
            </div>
            {is === "waiting" && own && (
                <Hint icon="clock">{t("share.join-until", { time: when(own.expires) })}</Hint>
            )}
        </Door>
    );
}
