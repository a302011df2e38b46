// Who can watch this camera? People and what each may do with it at this moment, and the grants from which it comes.
import { useEffect, useState } from "preact/hooks";
import { may } from "../../app/access";
import { api, type Device } from "../../app/api";
import { deviceById, fleet } from "../../app/devices";
import { setQuery, type PageProps } from "../../app/router";
import { setTitle } from "../../app/title";
import { gap, rich, t } from "../../i18n";
import { zoneName } from "../../i18n/format";
import { Icon } from "../../ui/icon";
import { Failure, Loading } from "../../ui/notes";
import { Head, Limit } from "../../ui/parts";
import { CameraTabs } from "../device/tabs";
import { ask as sharing } from "../share/ask";
import { ShareSection } from "../share/section";
import { ACTIONS, ask, type Grant, type Watcher } from "./ask";
import { NewGrant } from "./new-grant";
import { GrantLine, roleText, useAsked } from "./parts";
import { actionName, whenText } from "./sentence";

const WATCHING = ["live-main", "live-sub", "playback"] as const;

/** People who come by a share; none for whoever may not see shares. */
const guestsOf = (device: string): Promise<ReadonlySet<string>> =>
    sharing.sharesOf(device).then(
        ({ shares }) => new Set(shares.map((s) => s.account.id)),
        () => new Set<string>(),
    );

export function WhoPage({ params, query }: PageProps) {
    const id = params["id"] ?? "";
    const asked = useAsked(
        async () => ({
            people: (await ask.watchers(id)).people,
            grants: (await ask.grants({ device: id })).grants,
            guests: await guestsOf(id),
        }),
        [id],
    );
    const [device, setDevice] = useState<Device | null>(deviceById(id));
    useEffect(() => {
        api.device(id).then(setDevice, () => undefined);
    }, [id]);
    void fleet.value;
    const shared = deviceById(id) ?? device;
    const name = device?.name ?? id.slice(0, 8);
    useEffect(() => setTitle(t("camera.tab-access"), name), [name]);
    const watching =
        asked.is === "ready"
            ? asked.value.people.filter((p) => WATCHING.some((a) => p.actions.includes(a))).length
            : 0;
    return (
        <>
            <Head
                title={name}
                crumb={{ href: "/cameras", text: t("nav.cameras") }}
                answer={
                    asked.is === "ready"
                        ? [
                              ...rich("who.answer", { n: watching, name }),
                              gap(),
                              ...rich("who.known", { n: asked.value.people.length }),
                          ]
                        : t(asked.is === "loading" ? "who.loading" : "who.unknown")
                }
                tools={
                    may("grant.manage") && (
                        <button
                            type="button"
                            class="btn pri"
                            onClick={() => setQuery({ grant: "1" })}
                        >
                            <Icon name="plus" small />
                            {t("grant.new")}
                        </button>
                    )
                }
            />
            <CameraTabs id={id} here="access" />
            {asked.is === "loading" ? (
                <section class="sheet tbl">
                    <Loading what={t("who.loading")} bars={5} />
                </section>
            ) : asked.is === "failed" ? (
                <Failure what={t("who.failed")} problem={asked.problem} again={asked.again} />
            ) : (
                <>
                    <Grid {...asked.value} />
                    <section class="sheet panel" aria-labelledby="who-grants">
                        <h2 id="who-grants">{t("who.grants")}</h2>
                        {asked.value.grants.length === 0 ? (
                            <p class="quiet">{t("who.no-grants")}</p>
                        ) : (
                            <ul class="grants">
                                {asked.value.grants.map((g) => (
                                    <GrantLine
                                        key={g.id}
                                        grant={g}
                                        onTaken={asked.again}
                                        who={
                                            "role" in g.subject
                                                ? t(`everybody.${g.subject.role}`)
                                                : (g.subject_name ?? t("people.someone"))
                                        }
                                    />
                                ))}
                            </ul>
                        )}
                        <Limit>{t("grant.cut")}</Limit>
                    </section>
                </>
            )}
            {shared?.rights?.includes("manage") && (
                <ShareSection device={shared} isSharing={query.get("share") === "1"} />
            )}
            {query.get("grant") === "1" && (
                <NewGrant
                    object={`device:${id}`}
                    onClose={() => setQuery({ grant: null })}
                    onMade={asked.again}
                />
            )}
        </>
    );
}

/** "always", or the ends and hours of the grants behind it. */
function lasting(w: Watcher, grants: readonly Grant[], isGuest: boolean): string {
    const behind = grants.filter((g) => w.grants.includes(g.id));
    if ((w.account.role === "owner" && !isGuest) || !behind.length) return t("who.by-role");
    return behind
        .map((g) => whenText(g).replace(/^[,，、\s]+/, "") || t("who.always"))
        .filter((text, i, all) => all.indexOf(text) === i)
        .join("; ");
}

function Grid({
    people,
    grants,
    guests,
}: {
    readonly people: readonly Watcher[];
    readonly grants: readonly Grant[];
    readonly guests: ReadonlySet<string>;
}) {
    return (
        <section class="sheet tbl">
            <div class="sheet-head">
                <h2 id="who-grid">{t("who.grid")}</h2>
            </div>
            <div class="wide-table" tabIndex={0} role="region" aria-labelledby="who-grid">
                <table class="matrix">
                    <caption class="vh">{t("who.grid")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t("people.name")}</th>
                            {ACTIONS.map((a) => (
                                <th key={a} scope="col">
                                    {actionName(a)}
                                </th>
                            ))}
                            <th scope="col" class="last">
                                {t("who.until")}
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        {people.map((w) => (
                            <tr key={w.account.id}>
                                <th scope="row">
                                    {guests.has(w.account.id) ? (
                                        w.account.name
                                    ) : (
                                        <a href={`/people/${w.account.id}`}>{w.account.name}</a>
                                    )}
                                    <span class="l2">
                                        {guests.has(w.account.id)
                                            ? t("share.guest")
                                            : roleText(w.account.role)}
                                    </span>
                                </th>
                                {ACTIONS.map((a) => (
                                    <td key={a}>
                                        {w.actions.includes(a) ? (
                                            <span class="ok">
                                                <Icon name="ok" small />
                                                <span class="vh">{t("who.yes")}</span>
                                            </span>
                                        ) : (
                                            <span class="quiet">
                                                <span aria-hidden="true">–</span>
                                                <span class="vh">{t("who.no")}</span>
                                            </span>
                                        )}
                                    </td>
                                ))}
                                <td class="last">{lasting(w, grants, guests.has(w.account.id))}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
            <div class="foot">
                <span>{t("table.zone", { zone: zoneName() })}</span>
            </div>
        </section>
    );
}
