// Which programs act for us, and with what? The list, making one, turning its key, ending it.
import { useState } from "preact/hooks";
import { may } from "../../app/access";
import { setQuery, type PageProps } from "../../app/router";
import { gap, rich, t } from "../../i18n";
import { zoneName } from "../../i18n/format";
import { Dialog, NameToType } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Empty, Failure, Loading, problemText } from "../../ui/notes";
import { Chip, CopyButton, Head, Limit, Time } from "../../ui/parts";
import { Select } from "../../ui/select";
import { Fault, Tabs, useAsked } from "../people/parts";
import { ask, type App } from "./ask";

const OVERLAPS = ["0", "3600", "86400", "604800"] as const;
type Doing = { readonly what: "rotate" | "kill" | "remove"; readonly app: App };

export function AppsPage({ query }: PageProps) {
    const asked = useAsked(ask.apps, []);
    const [doing, setDoing] = useState<Doing | null>(null);
    const [shown, setShown] = useState<App | null>(null);
    const apps = asked.is === "ready" ? asked.value.apps : [];
    const live = apps.filter((a) => a.state === "active").length;
    const dead = apps.length - live;
    const done = (app?: App) => {
        setDoing(null);
        setQuery({ make: null });
        if (app?.secret) setShown(app);
        asked.again();
    };
    return (
        <>
            <Head
                title={t("app.title")}
                crumb={{ href: "/people", text: t("people.title") }}
                answer={
                    asked.is === "ready"
                        ? [...rich("app.answer", { n: live }), gap(), ...(dead ? rich("app.killed-n", { n: dead }) : [])]
                        : t(asked.is === "loading" ? "app.loading" : "app.unknown")
                }
                tools={
                    may("app.manage") && (
                        <button type="button" class="btn pri" onClick={() => setQuery({ make: "1" })}>
                            <Icon name="plus" small />
                            {t("app.make")}
                        </button>
                    )
                }
            />
            <Tabs here="apps" />
            {asked.is === "loading" ? (
                <section class="sheet tbl">
                    <Loading what={t("app.loading")} bars={4} />
                </section>
            ) : asked.is === "failed" ? (
                <Failure what={t("app.failed")} problem={asked.problem} again={asked.again} />
            ) : (
                <List apps={apps} onDo={setDoing} onRestored={done} />
            )}
            {query.get("make") === "1" && asked.is === "ready" && (
                <Make scopes={asked.value.scopes} onClose={() => setQuery({ make: null })} onMade={done} />
            )}
            {doing?.what === "rotate" && <Rotate app={doing.app} onClose={() => setDoing(null)} onDone={done} />}
            {doing && doing.what !== "rotate" && (
                <End app={doing.app} what={doing.what} onClose={() => setDoing(null)} onDone={done} />
            )}
            {shown && <Secret app={shown} onClose={() => setShown(null)} />}
        </>
    );
}

const StateOf = ({ app }: { readonly app: App }) =>
    app.state === "active" ? (
        <Chip tone="ok" icon="ok">
            {t("app.active")}
        </Chip>
    ) : (
        <Chip tone="unknown" icon="off">
            {t("app.killed")}
        </Chip>
    );

const scopeText = (scope: string) => scope.replace(/^device\./, "");
const allowance = (a: App) =>
    a.quota ? t("app.rate-quota", { rate: a.rate, quota: a.quota }) : t("app.rate", { rate: a.rate });

interface ListProps {
    readonly apps: readonly App[];
    readonly onDo: (doing: Doing) => void;
    readonly onRestored: (app: App) => void;
}

function Acts({ app, onDo, onRestored }: { readonly app: App } & Omit<ListProps, "apps">) {
    const [fault, setFault] = useState("");
    if (!may("app.manage")) return null;
    const restore = () => ask.restore(app.id).then(onRestored, (p: unknown) => setFault(problemText(p)));
    return (
        <div class="acts">
            {app.own && app.state === "active" && (
                <button type="button" class="btn sm" onClick={() => onDo({ what: "rotate", app })}>
                    {t("app.rotate")}
                </button>
            )}
            {app.own && app.state === "killed" && (
                <button type="button" class="btn sm" onClick={() => void restore()}>
                    {t("app.restore")}
                </button>
            )}
            <button
                type="button"
                class="btn sm danger"
                onClick={() => onDo({ what: app.state === "active" ? "kill" : "remove", app })}
            >
                {t(app.state === "active" ? "app.kill" : "app.remove")}
            </button>
            <Fault text={fault} />
        </div>
    );
}

function List({ apps, ...acts }: ListProps) {
    if (apps.length === 0)
        return (
            <section class="sheet tbl">
                <Empty title={t("app.none")} text={t("app.none-why")} />
            </section>
        );
    const effect = (a: App) =>
        a.state === "killed" && a.effect_ms !== undefined && (
            <span class="l2">{t("app.effect", { ms: a.effect_ms + 1 })}</span>
        );
    return (
        <section class="sheet tbl" aria-labelledby="app-list">
            <div class="sheet-head">
                <h2 id="app-list">{t("app.title")}</h2>
            </div>
            <table>
                <caption class="vh">{t("app.title")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t("app.name")}</th>
                        <th scope="col">{t("app.state")}</th>
                        <th scope="col">{t("app.scopes")}</th>
                        <th scope="col">{t("app.allowance")}</th>
                        <th scope="col">{t("app.used")}</th>
                        <th scope="col">
                            <span class="vh">{t("app.acts")}</span>
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {apps.map((a) => (
                        <tr key={a.id}>
                            <th scope="row">
                                {a.name}
                                <span class="l2 mono">{a.id}</span>
                            </th>
                            <td>
                                <StateOf app={a} />
                                {effect(a)}
                            </td>
                            <td>{a.scopes.map(scopeText).join(", ")}</td>
                            <td>
                                {allowance(a)}
                                <span class="l2">{t("app.today", { n: a.used_today })}</span>
                            </td>
                            <td>
                                {a.last_used ? <Time ms={a.last_used} /> : t("people.never")}
                                {a.last_source && <span class="l2 mono">{a.last_source}</span>}
                            </td>
                            <td>
                                <Acts app={a} {...acts} />
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
            <div class="cards">
                {apps.map((a) => (
                    <article key={a.id} class="sheet card">
                        <p class="top">
                            <StateOf app={a} />
                            {effect(a)}
                        </p>
                        <p class="row">
                            <b>{a.name}</b>
                        </p>
                        <p class="meta mono">{a.id}</p>
                        <p class="meta">
                            {a.scopes.map(scopeText).join(", ")} · {allowance(a)}
                        </p>
                        <Acts app={a} {...acts} />
                    </article>
                ))}
            </div>
            <div class="foot">
                <span>{t("table.zone", { zone: zoneName() })}</span>
            </div>
        </section>
    );
}

function useBusy(): [boolean, string, (act: () => Promise<void>) => void] {
    const [busy, setBusy] = useState(false);
    const [fault, setFault] = useState("");
    const run = (act: () => Promise<void>) => {
        if (busy) return;
        setBusy(true);
        act().then(
            () => setBusy(false),
            (problem: unknown) => {
                setBusy(false);
                setFault(problemText(problem));
            },
        );
    };
    return [busy, fault, run];
}

function Make({
    scopes,
    onClose,
    onMade,
}: {
    readonly scopes: readonly string[];
    readonly onClose: () => void;
    readonly onMade: (app: App) => void;
}) {
    const [name, setName] = useState("");
    const [wanted, setWanted] = useState<readonly string[]>(["device.list", "device.view"]);
    const [rate, setRate] = useState("10");
    const [quota, setQuota] = useState("0");
    const [busy, fault, run] = useBusy();
    const submit = (e: Event) => {
        e.preventDefault();
        run(async () =>
            onMade(
                await ask.make({
                    name: name.normalize("NFC").trim(),
                    scopes: wanted,
                    rate: Number(rate),
                    quota: Number(quota),
                }),
            ),
        );
    };
    return (
        <Dialog title={t("app.make")} onClose={onClose} wide>
            <form class="stack" onSubmit={submit}>
                <Field first label={t("app.name")} value={name} maxLength={64} onInput={setName} />
                <fieldset class="checks">
                    <legend>{t("app.scopes")}</legend>
                    {scopes.map((s) => (
                        <label key={s} class="check">
                            <input
                                type="checkbox"
                                checked={wanted.includes(s)}
                                onChange={(e) =>
                                    setWanted(
                                        e.currentTarget.checked ? [...wanted, s] : wanted.filter((x) => x !== s),
                                    )
                                }
                            />
                            <span class="mono">{s}</span>
                        </label>
                    ))}
                </fieldset>
                <Field label={t("app.rate-ask")} value={rate} maxLength={4} onInput={setRate} />
                <Field
                    label={t("app.quota-ask")}
                    value={quota}

                    maxLength={10}
                    onInput={setQuota}
                    hint={<span class="small quiet">{t("app.quota-what")}</span>}
                />
                <Limit>{t("app.no-more")}</Limit>
                <Fault text={fault} />
                <div class="acts">
                    <button type="submit" class="btn pri" disabled={busy || !name.trim() || !wanted.length}>
                        {t("app.make")}
                    </button>
                    <button type="button" class="btn" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function Secret({ app, onClose }: { readonly app: App; readonly onClose: () => void }) {
    return (
        <Dialog title={t("app.secret-title", { name: app.name })} onClose={onClose}>
            <div class="stack">
                <p>{t("app.secret-once")}</p>
                <h3>AppKey</h3>
                <div class="token">
                    <code>{app.id}</code>
                    <CopyButton text={app.id} />
                </div>
                <h3>{t("app.secret")}</h3>
                <div class="token">
                    <code>{app.secret}</code>
                    <CopyButton text={app.secret ?? ""} />
                </div>
                <div class="acts">
                    <button type="button" class="btn pri" onClick={onClose}>
                        {t("app.kept")}
                    </button>
                </div>
            </div>
        </Dialog>
    );
}

interface DoProps {
    readonly app: App;
    readonly onClose: () => void;
    readonly onDone: (app?: App) => void;
}

function Rotate({ app, onClose, onDone }: DoProps) {
    const [overlap, setOverlap] = useState<string>("86400");
    const [busy, fault, run] = useBusy();
    const submit = (e: Event) => {
        e.preventDefault();
        run(async () => onDone(await ask.rotate(app.id, Number(overlap))));
    };
    return (
        <Dialog title={t("app.rotate-title", { name: app.name })} onClose={onClose}>
            <form class="stack" onSubmit={submit}>
                <p>{t("app.rotate-what")}</p>
                <Select
                    first
                    label={t("app.overlap")}
                    value={overlap}
                    choices={OVERLAPS.map((s) => [s, t(`app.overlap-${s}`)])}
                    onChange={setOverlap}
                />
                <Fault text={fault} />
                <div class="acts">
                    <button type="submit" class="btn pri" disabled={busy}>
                        {t("app.rotate")}
                    </button>
                    <button type="button" class="btn" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function End({ app, what, onClose, onDone }: DoProps & { readonly what: "kill" | "remove" }) {
    const [typed, setTyped] = useState("");
    const [effect, setEffect] = useState<number | null>(null);
    const [busy, fault, run] = useBusy();
    const fits = typed.normalize("NFC").trim() === app.name.normalize("NFC").trim();
    const submit = (e: Event) => {
        e.preventDefault();
        if (fits)
            run(async () => {
                if (what === "remove") {
                    await ask.remove(app.id);
                    onDone();
                } else setEffect((await ask.kill(app.id)).effect_ms ?? 0);
            });
    };
    if (effect !== null)
        return (
            <Dialog title={t("app.dead-title", { name: app.name })} onClose={() => onDone()}>
                <div class="stack">
                    <p role="status">{rich("app.dead", { ms: effect + 1 })}</p>
                    <div class="acts">
                        <button type="button" class="btn pri" onClick={() => onDone()}>
                            {t("act.close")}
                        </button>
                    </div>
                </div>
            </Dialog>
        );
    return (
        <Dialog title={t(`app.${what}-title`, { name: app.name })} onClose={onClose}>
            <form class="stack" onSubmit={submit}>
                <p>{t(`app.${what}-what`)}</p>
                <NameToType name={app.name} value={typed} onInput={setTyped} />
                <Fault text={fault} />
                <div class="acts">
                    <button type="button" class="btn" data-first="" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                    <button type="submit" class="btn danger" disabled={!fits || busy}>
                        {t(`app.${what}`)}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
