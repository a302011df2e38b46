// How I sign in: the state of the second step, time codes, recovery codes, passkeys.
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../../app/api";
import type { Loaded } from "../../app/devices";
import { makePasskey, passkeyGivenUp, passkeyIsThere, passkeysOff } from "../../app/passkey";
import { findSession, logout } from "../../app/session";
import { rich, t } from "../../i18n";
import { Icon } from "../../ui/icon";
import { Mark } from "../../ui/mark";
import { Failure, Loading, problemText } from "../../ui/notes";
import { Chip, Hint, Time, Word } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { CodesDialog } from "./codes";
import { factorApi, type Factors, type Passkey } from "./factor-api";
import { useFresh } from "./reauth";
import { NameDialog, TotpDialog, TotpOffDialog } from "./totp";

type Open =
    | { readonly is: "totp"; readonly begun: { readonly secret: string; readonly uri: string } }
    | { readonly is: "off" }
    | { readonly is: "codes"; readonly codes: readonly string[] }
    | { readonly is: "add" }
    | { readonly is: "rename"; readonly key: Passkey };

/** The browser and its system, as a first proposal for a passkey's name. */
function thisDevice(): string {
    const agent = navigator.userAgent;
    const system = /Android|iPhone|iPad|Windows|Mac OS X|CrOS|Linux/.exec(agent)?.[0] ?? "";
    return { "Mac OS X": "Mac", CrOS: "Chromebook" }[system] ?? (system || "Passkey");
}

export function FactorsPanel({ onChanged }: { readonly onChanged?: () => void }) {
    const [state, setState] = useState<Loaded<Factors>>({ is: "loading" });
    const [open, setOpen] = useState<Open | null>(null);
    const [fault, setFault] = useState("");
    const { fresh, dialog } = useFresh();
    const load = () => {
        factorApi.factors().then(
            (value) => setState({ is: "ready", value }),
            (problem: unknown) => setState({ is: "failed", problem }),
        );
    };
    useEffect(load, []);
    if (state.is === "loading")
        return (
            <section class="sheet panel span">
                <Loading what={t("load.factors")} bars={4} />
            </section>
        );
    if (state.is === "failed")
        return <Failure what={t("problem.factors")} problem={state.problem} again={load} />;

    const done = (codes: readonly string[], text: string) => {
        setOpen(codes.length ? { is: "codes", codes } : null);
        toast(text);
        load();
        if (!codes.length) onChanged?.();
    };
    const act = async (what: () => Promise<void>) => {
        setFault("");
        try {
            await what();
        } catch (problem) {
            const kept = problem instanceof Problem && problem.reason === "required";
            setFault(kept ? t("factors.required-stays") : problemText(problem));
        }
    };
    const begin = () =>
        act(async () => {
            const begun = await fresh(factorApi.totpBegin);
            if (begun) setOpen({ is: "totp", begun });
        });
    const newCodes = () =>
        act(async () => {
            const made = await fresh(factorApi.recovery);
            if (made) done(made.codes, t("recovery.made"));
        });
    const remove = (key: Passkey) =>
        act(async () => {
            if ((await fresh(() => factorApi.passkeyRemove(key.id).then(() => true))) === null)
                return;
            toast(t("passkey.removed", { name: key.name }));
            load();
            onChanged?.();
        });
    const add = async (name: string) => {
        try {
            const asked = await fresh(factorApi.passkeyAsk);
            if (!asked) return;
            const made = await factorApi.passkeyAdd(name, await makePasskey(asked.passkey));
            done(made.codes, t("passkey.added", { name }));
        } catch (problem) {
            throw new Error(
                passkeyGivenUp(problem)
                    ? t("passkey.given-up")
                    : passkeyIsThere(problem)
                      ? t("passkey.there")
                      : problemText(problem),
                { cause: problem },
            );
        }
    };
    const f = state.value;
    const on = f.totp !== undefined || f.passkeys.length > 0;
    return (
        <section class="sheet panel span factors" aria-labelledby="me-factors">
            <h2 id="me-factors">
                {t("factors.title")}
                <span class="r">
                    <Chip tone={on ? "ok" : "warn"} icon={on ? "ok" : "warn"}>
                        {t(on ? "factors.on" : "factors.off")}
                    </Chip>
                </span>
            </h2>
            <p class="quiet">{t(on ? "factors.on-what" : "factors.off-what")}</p>
            {fault && (
                <p class="fault" role="alert">
                    <Icon name="error" small />
                    <span>{fault}</span>
                </p>
            )}
            <TotpRow f={f} onBegin={() => void begin()} onOff={() => setOpen({ is: "off" })} />
            <PasskeyRows
                f={f}
                onAdd={() => setOpen({ is: "add" })}
                onRename={(key) => setOpen({ is: "rename", key })}
                onRemove={(key) => void remove(key)}
            />
            {on && <RecoveryRow f={f} onNew={() => void newCodes()} />}
            {open?.is === "totp" && (
                <TotpDialog
                    begun={open.begun}
                    onDone={(codes) => done(codes, t("totp.is-on"))}
                    onClose={() => setOpen(null)}
                />
            )}
            {open?.is === "off" && (
                <TotpOffDialog
                    onDone={() => done([], t("totp.is-off"))}
                    onClose={() => setOpen(null)}
                />
            )}
            {open?.is === "codes" && (
                <CodesDialog
                    codes={open.codes}
                    onClose={() => {
                        setOpen(null);
                        onChanged?.();
                    }}
                />
            )}
            {open?.is === "add" && (
                <NameDialog
                    title={t("passkey.add")}
                    act={t("passkey.go-on")}
                    initial={thisDevice()}
                    onName={add}
                    onClose={() => setOpen(null)}
                />
            )}
            {open?.is === "rename" && (
                <NameDialog
                    title={t("passkey.rename")}
                    act={t("passkey.rename")}
                    initial={open.key.name}
                    onName={async (name) => {
                        await factorApi.passkeyRename(open.key.id, name);
                        setOpen(null);
                        load();
                    }}
                    onClose={() => setOpen(null)}
                />
            )}
            {dialog}
        </section>
    );
}

function TotpRow({
    f,
    onBegin,
    onOff,
}: {
    readonly f: Factors;
    readonly onBegin: () => void;
    readonly onOff: () => void;
}) {
    return (
        <div class="factor">
            <div>
                <h3>{t("totp.title")}</h3>
                <p class="small quiet">
                    {f.totp ? (
                        <>
                            {t("totp.since")} <Time ms={f.totp.since} />
                        </>
                    ) : (
                        t("totp.what")
                    )}
                </p>
            </div>
            {f.totp ? (
                <button type="button" class="btn sm" onClick={onOff}>
                    {t("totp.off-act")}
                </button>
            ) : (
                <button type="button" class="btn sm" onClick={onBegin}>
                    {t("totp.set-up")}
                </button>
            )}
        </div>
    );
}

function passkeyBar(f: Factors): string | null {
    const here = passkeysOff();
    if (!f.offer.passkeys || here === "address") return t("passkey.address");
    if (here === "browser") return t("passkey.browser");
    return location.hostname === f.offer.rp ? null : t("passkey.host", { host: f.offer.rp });
}

function PasskeyRows({
    f,
    onAdd,
    onRename,
    onRemove,
}: {
    readonly f: Factors;
    readonly onAdd: () => void;
    readonly onRename: (key: Passkey) => void;
    readonly onRemove: (key: Passkey) => void;
}) {
    const bar = passkeyBar(f);
    return (
        <div class="factor-list">
            <div class="factor">
                <div>
                    <h3>{t("passkey.title")}</h3>
                    <p class="small quiet">{t("passkey.what")}</p>
                </div>
                {!bar && (
                    <button type="button" class="btn sm" onClick={onAdd}>
                        {t("passkey.add")}
                    </button>
                )}
            </div>
            {bar && <Hint>{bar}</Hint>}
            {f.passkeys.length > 0 && (
                <ul class="keyring">
                    {f.passkeys.map((key) => (
                        <li key={key.id}>
                            <Icon name="key" />
                            <span class="nm">
                                {key.name}
                                <span class="l2 small quiet">
                                    {t("passkey.since")} <Time ms={key.created} />
                                    {" · "}
                                    {key.last_used ? (
                                        <>
                                            {t("passkey.used")} <Time ms={key.last_used} />
                                        </>
                                    ) : (
                                        t("passkey.unused")
                                    )}
                                    {key.backed_up && ` · ${t("passkey.synced")}`}
                                </span>
                            </span>
                            <button
                                type="button"
                                class="btn ico plain"
                                aria-label={t("passkey.rename-one", { name: key.name })}
                                onClick={() => onRename(key)}
                            >
                                <Icon name="pencil" />
                            </button>
                            <button
                                type="button"
                                class="btn sm"
                                aria-label={t("passkey.remove-one", { name: key.name })}
                                onClick={() => onRemove(key)}
                            >
                                {t("passkey.remove")}
                            </button>
                        </li>
                    ))}
                </ul>
            )}
        </div>
    );
}

function RecoveryRow({ f, onNew }: { readonly f: Factors; readonly onNew: () => void }) {
    const { left, made } = f.recovery;
    return (
        <div class="factor">
            <div>
                <h3>{t("recovery.codes")}</h3>
                <p class="small quiet">
                    {left < 4 ? (
                        <Word tone="warn" icon="warn">
                            {t("recovery.left", { n: left })}
                        </Word>
                    ) : (
                        t("recovery.left", { n: left })
                    )}
                    {made !== undefined && (
                        <>
                            {" · "}
                            {t("recovery.since")} <Time ms={made} />
                        </>
                    )}
                </p>
            </div>
            <button type="button" class="btn sm" onClick={onNew}>
                {t("recovery.new")}
            </button>
        </div>
    );
}

/** The only page of somebody who must have a factor and has none. */
export function OwedPage() {
    return (
        <main class="door" id="main">
            <div class="owed">
                <p class="brand">
                    <Mark />
                    <span>Skep</span>
                </p>
                <h1 tabIndex={-1}>{t("factors.owed")}</h1>
                <p>{rich("factors.owed-what")}</p>
                <FactorsPanel onChanged={() => void findSession()} />
                <p>
                    <button type="button" class="btn" onClick={() => void logout()}>
                        <Icon name="log-out" small />
                        {t("act.log-out")}
                    </button>
                </p>
            </div>
        </main>
    );
}
