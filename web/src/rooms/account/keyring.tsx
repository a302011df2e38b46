// This browser: the cameras whose keys are kept here, to forget one by one or all.
import { useEffect, useState } from "preact/hooks";
import { deviceById } from "../../app/devices";
import { live } from "../../app/live";
import { labelSeed } from "../../app/session";
import { t } from "../../i18n";
import { dayMonth } from "../../i18n/format";
import type { Remembered } from "../../live/api";
import { Dialog } from "../../ui/dialog";
import { Loading } from "../../ui/notes";
import { Hint, SimChip } from "../../ui/parts";
import { toast } from "../../ui/toast";
import { Weave } from "../../ui/weave";

const nameOf = (id: string): string => deviceById(id)?.name ?? id;

export function Keyring() {
    const worker = live.value;
    const [list, setList] = useState<readonly Remembered[] | null>(null);
    const [asking, setAsking] = useState(false);
    const [fault, setFault] = useState("");
    const load = () => {
        worker?.remembered().then(setList, () => {
            setList([]);
            setFault(t("keyring.failed"));
        });
    };
    useEffect(load, [worker]);
    const act = (what: Promise<void> | undefined, done: string) => {
        what?.then(
            () => {
                setFault("");
                toast(done);
                load();
            },
            () => setFault(t("keyring.failed")),
        );
    };
    return (
        <section class="sheet panel" aria-labelledby="me-keyring">
            <h2 id="me-keyring">
                {t("keyring.title")}
                {list && list.length > 0 && (
                    <span class="r">
                        <button type="button" class="btn sm" onClick={() => setAsking(true)}>
                            {t("keyring.forget-all")}
                        </button>
                    </span>
                )}
            </h2>
            <p>
                {t("keyring.what")} <b>{t("keyring.no-copy")}</b>
            </p>
            {fault && (
                <p class="fault" role="alert">
                    {fault}
                </p>
            )}
            {list === null ? (
                <Loading what={t("load.keyring")} bars={3} />
            ) : list.length === 0 ? (
                <p class="quiet">{t("keyring.none")}</p>
            ) : (
                <ul class="keyring">
                    {list.map((r) => (
                        <li key={r.device}>
                            <Weave bits={r.weave} />
                            <span class="nm">
                                <a href={`/cameras/${r.device}`}>{nameOf(r.device)}</a>
                                <span class="l2 mono small quiet">{r.fingerprint}</span>
                            </span>
                            <span class="small quiet wide">
                                {t(r.remembered ? "keyring.key-since" : "keyring.pin-since", {
                                    date: dayMonth(r.trust.since_ms),
                                })}
                            </span>
                            {r.trust.simulated && <SimChip />}
                            <button
                                type="button"
                                class="btn sm"
                                aria-label={t("keyring.forget-one", { name: nameOf(r.device) })}
                                onClick={() =>
                                    act(
                                        worker?.forget(r.device),
                                        t("keyring.forgotten", { name: nameOf(r.device) }),
                                    )
                                }
                            >
                                {t("act.forget")}
                            </button>
                        </li>
                    ))}
                </ul>
            )}
            {labelSeed() && <Hint icon="sim">{t("keyring.seed")}</Hint>}
            {asking && list && (
                <Dialog title={t("keyring.all-title")} onClose={() => setAsking(false)}>
                    <ul class="bullets">
                        <li>{t("keyring.all-keys", { n: list.length })}</li>
                        <li>{t("keyring.all-again")}</li>
                    </ul>
                    <div class="acts">
                        <button
                            type="button"
                            class="btn"
                            data-first=""
                            onClick={() => setAsking(false)}
                        >
                            {t("act.cancel")}
                        </button>
                        <button
                            type="button"
                            class="btn danger"
                            onClick={() => {
                                setAsking(false);
                                act(worker?.forgetAll(), t("keyring.all-done"));
                            }}
                        >
                            {t("keyring.all-do", { n: list.length })}
                        </button>
                    </div>
                </Dialog>
            )}
        </section>
    );
}
