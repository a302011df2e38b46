// What runs here, of what it is made, what of it is simulated, and where its promises end.
import { useEffect, useState } from "preact/hooks";
import { api, type About } from "../../app/api";
import { readyFleet, type Loaded } from "../../app/devices";
import { rich, t } from "../../i18n";
import { hexGroups, bitsOf } from "../../ui/weave-bits";
import { span, when, zoneName } from "../../i18n/format";
import { Failure, Loading } from "../../ui/notes";
import { CopyButton, Head, Limit, SimChip, Time } from "../../ui/parts";
import { Weave } from "../../ui/weave";

const fromHex = (hex: string): Uint8Array =>
    Uint8Array.from(hex.match(/[0-9a-f]{2}/gi) ?? [], (b) => parseInt(b, 16));

/** As the box says, else as the list of cameras counts. */
const simulatedCameras = (a: About): number => a.simulated?.cameras ?? readyFleet()?.simulated ?? 0;

export function AboutPage() {
    const [about, setAbout] = useState<Loaded<About>>({ is: "loading" });
    const load = () => {
        api.about().then(
            (value) => setAbout({ is: "ready", value }),
            (problem: unknown) => setAbout({ is: "failed", problem }),
        );
    };
    useEffect(load, []);
    const crumb = { href: "/settings", text: t("nav.settings") };
    if (about.is === "loading")
        return (
            <>
                <Head title={t("about.title")} crumb={crumb} answer={t("load.about")} />
                <Loading what={t("load.about")} bars={6} />
            </>
        );
    if (about.is === "failed")
        return (
            <>
                <Head title={t("about.title")} crumb={crumb} answer={t("about.unknown")} />
                <Failure what={t("problem.about")} problem={about.problem} again={load} />
            </>
        );
    const a = about.value;
    return (
        <>
            <Head
                title={t("about.title")}
                crumb={crumb}
                answer={rich("about.answer", { version: a.version, up: span(a.wall - a.started) })}
            />
            <div class="columns">
                <Build about={a} />
                <section class="sheet panel" id="what" aria-labelledby="about-sim">
                    <h2 id="about-sim">
                        {t("about.simulated")}
                        {simulatedCameras(a) > 0 && (
                            <span class="r">
                                <SimChip />
                            </span>
                        )}
                    </h2>
                    {simulatedCameras(a) > 0 ? (
                        <ul class="bullets">
                            <li>{t("about.sim-cameras", { n: simulatedCameras(a) })}</li>
                            <li>{t("about.sim-picture")}</li>
                            <li>{t("about.sim-labels")}</li>
                            <li>{t("about.sim-real")}</li>
                        </ul>
                    ) : (
                        <p>{t("about.sim-none")}</p>
                    )}
                </section>
                <section class="panel-plain" id="limits" aria-labelledby="about-limits">
                    <h2 id="about-limits">{t("about.limits")}</h2>
                    <Limit>{t("limit.script")}</Limit>
                    <Limit>{t("limit.metadata")}</Limit>
                    <Limit>{t("limit.relay")}</Limit>
                    <Limit>{t("limit.owner")}</Limit>
                </section>
                <Libraries about={a} />
            </div>
        </>
    );
}

function Build({ about: a }: { readonly about: About }) {
    const assets = fromHex(a.assets ?? "");
    return (
        <section class="sheet panel" aria-labelledby="about-build">
            <h2 id="about-build">{t("about.build")}</h2>
            <dl class="kv">
                <dt>{t("about.version")}</dt>
                <dd>{a.version}</dd>
                <dt>{t("about.hash")}</dt>
                <dd class="mono break">{a.build ?? "–"}</dd>
                <dt>{t("about.started")}</dt>
                <dd>
                    <Time ms={a.started} text={when(a.started)} />
                </dd>
                <dt>{t("setup.box-certificate")}</dt>
                <dd class="mono">{a.fingerprint ?? "–"}</dd>
                <dt>landlock</dt>
                <dd>{a.sandbox?.landlock ?? "–"}</dd>
                <dt>seccomp</dt>
                <dd>{a.sandbox?.seccomp ?? "–"}</dd>
                <dt>{t("about.memlock")}</dt>
                <dd>{a.sandbox?.memlock ?? "–"}</dd>
                <dt>{t("setup.box-zone")}</dt>
                <dd>{zoneName()}</dd>
            </dl>
            {a.assets && (
                <>
                    <h3 class="h3">{t("about.assets")}</h3>
                    <div class="seal">
                        <Weave bits={bitsOf(assets)} size={76} />
                        <p class="fp break">
                            {hexGroups(assets.subarray(0, 8))}
                            <br />
                            {hexGroups(assets.subarray(8, 16))}
                        </p>
                    </div>
                    <p class="row small quiet">
                        <span>{t("about.assets-what")}</span>
                        <CopyButton text={a.assets} />
                    </p>
                </>
            )}
        </section>
    );
}

function Libraries({ about: a }: { readonly about: About }) {
    return (
        <section class="sheet panel" aria-labelledby="about-libraries">
            <h2 id="about-libraries">{t("about.libraries")}</h2>
            <dl class="kv">
                {(a.libraries ?? []).map((l) => (
                    <>
                        <dt key={l.name}>{l.name}</dt>
                        <dd class="mono">{l.version}</dd>
                    </>
                ))}
                <dt>Preact, @preact/signals</dt>
                <dd class="quiet">{t("about.in-page")}</dd>
                <dt>@noble/curves</dt>
                <dd class="quiet">{t("about.in-worker")}</dd>
            </dl>
            <p class="small quiet">{t("about.licence")}</p>
        </section>
    );
}
