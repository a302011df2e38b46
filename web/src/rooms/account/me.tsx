// Where am I signed in, and what does this browser keep?
import { useEffect, useState } from "preact/hooks";
import { api, type SessionRow } from "../../app/api";
import type { Loaded } from "../../app/devices";
import { letterKeys, logout, session, setLanguage, setLetterKeys } from "../../app/session";
import { currentLanguage, rich, t } from "../../i18n";
import { zoneName } from "../../i18n/format";
import { Icon } from "../../ui/icon";
import { Failure, Loading, problemText } from "../../ui/notes";
import { Chip, Head, Time } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { ThemeChoice } from "../setup/box";
import { FactorsPanel } from "./factors";
import { Keyring } from "./keyring";
import { MailPanel } from "./mail";
import { PasswordPanel } from "./password";

export function MePage() {
    const state = session.value;
    const [list, setList] = useState<Loaded<readonly SessionRow[]>>({ is: "loading" });
    const load = () => {
        api.sessions().then(
            (a) => setList({ is: "ready", value: a.sessions }),
            (problem: unknown) => setList({ is: "failed", problem }),
        );
    };
    useEffect(load, []);
    if (state.is !== "in") return null;
    const n = list.is === "ready" ? list.value.length : null;
    return (
        <>
            <Head
                title={t("me.title")}
                answer={
                    n === null
                        ? t("load.sessions")
                        : rich(n === 1 ? "me.only-here" : "me.places", {
                              name: state.answer.account.name,
                              n,
                          })
                }
                tools={
                    <button type="button" class="btn" onClick={() => void logout()}>
                        <Icon name="log-out" small />
                        {t("act.log-out")}
                    </button>
                }
            />
            <div class="columns">
                <Sessions list={list} reload={load} />
                <FactorsPanel />
                <Keyring />
                <PasswordPanel onChanged={load} />
                <MailPanel />
                <Manners />
            </div>
        </>
    );
}

function Sessions({
    list,
    reload,
}: {
    readonly list: Loaded<readonly SessionRow[]>;
    readonly reload: () => void;
}) {
    const [fault, setFault] = useState("");
    const end = async (s: SessionRow) => {
        try {
            await api.endSession(s.id);
            setFault("");
            reload();
        } catch (e) {
            setFault(problemText(e));
        }
    };
    const others = async () => {
        try {
            const { revoked } = await api.endOtherSessions();
            setFault("");
            toast(t("me.ended", { n: revoked }));
            reload();
        } catch (e) {
            setFault(problemText(e));
        }
    };
    if (list.is === "loading")
        return (
            <section class="sheet tbl span">
                <Loading what={t("load.sessions")} bars={3} />
            </section>
        );
    if (list.is === "failed")
        return <Failure what={t("problem.sessions")} problem={list.problem} again={reload} />;
    return (
        <section class="sheet tbl span" aria-labelledby="me-sessions">
            <div class="sheet-head">
                <h2 id="me-sessions">{t("me.sessions")}</h2>
                {list.value.length > 1 && (
                    <button type="button" class="btn sm" onClick={() => void others()}>
                        {t("me.end-others")}
                    </button>
                )}
            </div>
            {fault && (
                <p class="fault pad" role="alert">
                    {fault}
                </p>
            )}
            <table class="stay">
                <caption class="vh">{t("me.sessions")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t("me.client")}</th>
                        <th scope="col">{t("facts.source")}</th>
                        <th scope="col">{t("me.since")}</th>
                        <th scope="col">{t("me.last")}</th>
                        <th scope="col">
                            <span class="vh">{t("me.action")}</span>
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {list.value.map((s) => (
                        <tr key={s.id}>
                            <th scope="row">
                                {s.client || t("me.no-client")}
                                {s.current && (
                                    <>
                                        {" "}
                                        <Chip tone="ok" icon="ok">
                                            {t("me.this")}
                                        </Chip>
                                    </>
                                )}
                            </th>
                            <td class="mono" data-th={t("facts.source")}>
                                {s.source}
                            </td>
                            <td data-th={t("me.since")}>
                                <Time ms={s.created} />
                            </td>
                            <td data-th={t("me.last")}>
                                <Time ms={s.last_seen} />
                            </td>
                            <td class="num">
                                {!s.current && (
                                    <button
                                        type="button"
                                        class="btn sm"
                                        onClick={() => void end(s)}
                                    >
                                        {t("me.end")}
                                    </button>
                                )}
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
            <div class="foot">
                <span>{t("table.zone", { zone: zoneName() })}</span>
            </div>
        </section>
    );
}

function Manners() {
    const lang = currentLanguage();
    return (
        <section class="sheet panel" aria-labelledby="me-manners">
            <h2 id="me-manners">{t("me.manners")}</h2>
            <div class="setting">
                <span>{t("lang.title")}</span>
                <span class="seg" role="group" aria-label={t("lang.title")}>
                    <button
                        type="button"
                        lang="en"
                        aria-pressed={lang === "en"}
                        onClick={() => {
                            if (lang !== "en") void setLanguage("en");
                        }}
                    >
                        English
                    </button>
                    <button
                        type="button"
                        lang="zh-Hans"
                        aria-pressed={lang === "zh-CN"}
                        onClick={() => {
                            if (lang !== "zh-CN") void setLanguage("zh-CN");
                        }}
                    >
                        简体中文
                    </button>
                </span>
            </div>
            <div class="setting">
                <span>{t("theme.title")}</span>
                <ThemeChoice />
            </div>
            <label class="check">
                <input
                    type="checkbox"
                    checked={letterKeys.value}
                    onChange={(e) => setLetterKeys(e.currentTarget.checked)}
                />
                <span>
                    {t("me.letters")}
                    <span class="small quiet l2">{t("me.letters-what")}</span>
                </span>
            </label>
            <p class="small quiet">{t("me.zone", { zone: zoneName() })}</p>
        </section>
    );
}
