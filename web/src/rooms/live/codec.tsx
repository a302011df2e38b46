// What helps when this browser cannot play a camera's codec: the headless viewer.
import type { Device } from "../../app/api";
import { t } from "../../i18n";
import { Dialog } from "../../ui/dialog";
import { CopyButton } from "../../ui/parts";

export function CodecDialog({
    device,
    onClose,
}: {
    readonly device: Device;
    readonly onClose: () => void;
}) {
    const command = `skep view ${device.id} --out clip.mp4 --seconds 10`;
    return (
        <Dialog title={t("codec.title", { name: device.name })} onClose={onClose}>
            <p>{t("codec.why")}</p>
            <pre class="cmd" tabIndex={0}>
                {command}
            </pre>
            <div class="acts">
                <CopyButton text={command} />
            </div>
        </Dialog>
    );
}
