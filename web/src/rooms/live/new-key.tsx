// A camera that shows a new key never plays before a person has compared it.
import { useState } from "preact/hooks";
import type { Device } from "../../app/api";
import { t } from "../../i18n";
import type { KeyView, Watch, WatchState } from "../../live/api";
import { Dialog } from "../../ui/dialog";
import { Limit } from "../../ui/parts";
import { Weave } from "../../ui/weave";

function KeyRow({ title, view }: { readonly title: string; readonly view: KeyView }) {
    return (
        <div class="key-row">
            <Weave bits={view.weave} size={52} />
            <div>
                <h3 class="h3">{title}</h3>
                <p class="mono">{view.fingerprint}</p>
            </div>
        </div>
    );
}

export function KeyDialog({
    device,
    watch,
    state,
    onClose,
}: {
    readonly device: Device;
    readonly watch: Watch;
    readonly state: Extract<WatchState, { phase: "key-changed" }>;
    readonly onClose: () => void;
}) {
    const [compared, setCompared] = useState(false);
    const mayAccept = state.vouched === "password";
    return (
        <Dialog title={t("newkey.title", { name: device.name })} onClose={onClose} wide>
            <p>{t("newkey.why")}</p>
            <KeyRow title={t("newkey.pinned")} view={state.pinned} />
            <KeyRow title={t("newkey.offered")} view={state.offered} />
            {mayAccept ? (
                <label class="check">
                    <input
                        type="checkbox"
                        checked={compared}
                        onChange={(e) => setCompared(e.currentTarget.checked)}
                    />
                    <span>{t("newkey.compared")}</span>
                </label>
            ) : (
                <Limit>{t("newkey.directory")}</Limit>
            )}
            <div class="acts">
                <button type="button" class="btn" data-first="" onClick={onClose}>
                    {t("newkey.keep")}
                </button>
                {mayAccept && (
                    <button
                        type="button"
                        class="btn danger"
                        disabled={!compared}
                        onClick={() => {
                            watch.acceptKey(state.offered.fingerprint);
                            onClose();
                        }}
                    >
                        {t("newkey.accept")}
                    </button>
                )}
            </div>
        </Dialog>
    );
}
