// Who runs the box, and up to where?
import { useState } from "preact/hooks";
import { may } from "../../app/access";
import { rich, t, type Key } from "../../i18n";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { Failure, Loading } from "../../ui/notes";
import { Head } from "../../ui/parts";
import { Select } from "../../ui/select";
import { toast } from "../../ui/toast";
import { Fault, roleText, Tabs, useAsked } from "../people/parts";
import { ask, refusalText, type Level, type Operator } from "./ask";

const LEVELS: readonly Level[] = ["view", "operate", "approve"];
const levelText = (level: Level | undefined): string =>
    t(level ? (`operator.level.${level}` as Key) : "operator.level.none");
const moduleText = (module: string): string => t(`operator.module.${module}` as Key);

export function OperatorsPage() {
    const asked = useAsked(ask.operators, []);
    const people = useAsked(ask.people, []);
    const [editing, setEditing] = useState<{ id: string; name: string; levels: Operator["levels"] } | null>(
        null,
    );
    const [adding, setAdding] = useState("");
    const list = asked.is === "ready" ? asked.value.operators : [];
    const modules = asked.is === "ready" ? asked.value.modules : [];
    const others =
        people.is === "ready"
            ? people.value.accounts.filter((p) => p.role === "member" && !list.some((o) => o.id === p.id))
            : [];
    const close = () => {
        setEditing(null);
        setAdding("");
        asked.again();
    };
    return (
        <>
            <Head
                title={t("operator.title")}
                answer={
                    asked.is === "ready"
                        ? rich("operator.answer", { n: list.length })
                        : t(asked.is === "loading" ? "operator.loading" : "operator.unknown")
                }
            />
            <Tabs here="operators" />
            {asked.is === "loading" && (
                <section class="sheet tbl">
                    <Loading what={t("operator.loading")} bars={5} />
                </section>
            )}
            {asked.is === "failed" && (
                <Failure what={t("operator.failed")} problem={asked.problem} again={asked.again} />
            )}
            {asked.is === "ready" && (
                <section class="sheet panel" aria-labelledby="operator-list">
                    <h2 id="operator-list">{t("operator.title")}</h2>
                    <p class="quiet">{t("operator.what")}</p>
                    <ul class="grants">
                        {list.map((o) => (
                            <li key={o.id} class="grant">
                                <div>
                                    <p>
                                        <b>{o.name}</b> <span class="quiet small">{roleText(o.role)}</span>
                                    </p>
                                    <p class="small">{summary(o, modules)}</p>
                                </div>
                                {o.role === "member" && may("organizations.approve") && (
                                    <button
                                        type="button"
                                        class="btn sm"
                                        aria-label={t("operator.change-of", { name: o.name })}
                                        onClick={() => setEditing(o)}
                                    >
                                        {t("operator.change")}
                                    </button>
                                )}
                            </li>
                        ))}
                    </ul>
                    {may("organizations.approve") && others.length > 0 && (
                        <div class="row">
                            <Select
                                label={t("operator.add")}
                                value={adding}
                                choices={[
                                    ["", t("operator.pick")],
                                    ...others.map((p) => [p.id, p.name] as const),
                                ]}
                                onChange={(id) => {
                                    const p = others.find((one) => one.id === id);
                                    setAdding(id);
                                    if (p) setEditing({ id: p.id, name: p.name, levels: {} });
                                }}
                            />
                        </div>
                    )}
                </section>
            )}
            {editing && <Levels of={editing} modules={modules} onClose={close} />}
        </>
    );
}

/** "operate everything", or module by module. */
function summary(o: Operator, modules: readonly string[]): string {
    const first = o.levels[modules[0] ?? ""];
    if (first && modules.every((m) => o.levels[m] === first))
        return t("operator.everywhere", { level: levelText(first) });
    return modules
        .filter((m) => o.levels[m])
        .map((m) => `${moduleText(m)}: ${levelText(o.levels[m])}`)
        .join(" · ");
}

function Levels({
    of,
    modules,
    onClose,
}: {
    readonly of: { readonly id: string; readonly name: string; readonly levels: Operator["levels"] };
    readonly modules: readonly string[];
    readonly onClose: () => void;
}) {
    const [levels, setLevels] = useState<Record<string, string>>({ ...of.levels });
    const [fault, setFault] = useState("");
    const submit = (e: Event) => {
        e.preventDefault();
        ask.levels(of.id, Object.fromEntries(Object.entries(levels).filter(([, l]) => l))).then(
            () => {
                toast(t("operator.saved"));
                onClose();
            },
            (problem: unknown) => setFault(refusalText(problem)),
        );
    };
    return (
        <Dialog title={t("operator.change-of", { name: of.name })} onClose={onClose} wide>
            <form class="stack" onSubmit={submit}>
                <p class="quiet">{t("operator.levels-what")}</p>
                <div class="columns">
                    {modules.map((m, i) => (
                        <Select
                            key={m}
                            first={i === 0}
                            label={moduleText(m)}
                            value={levels[m] ?? ""}
                            choices={[
                                ["", levelText(undefined)],
                                ...LEVELS.map((l) => [l, levelText(l)] as const),
                            ]}
                            onChange={(l) => setLevels({ ...levels, [m]: l })}
                        />
                    ))}
                </div>
                <Fault text={fault} />
                <div class="acts">
                    <button type="submit" class="btn pri">
                        <Icon name="ok" small />
                        {t("org.save")}
                    </button>
                    <button type="button" class="btn" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
