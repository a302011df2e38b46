// The pages of one camera. A part that one may not see has no tab.
import { may } from "../../app/access";
import { deviceById } from "../../app/devices";
import { t, type Key } from "../../i18n";

type Tab = "view" | "playback" | "access";

export function CameraTabs({ id, here }: { readonly id: string; readonly here: Tab }) {
    const tabs: readonly (readonly [Tab, string, Key, boolean])[] = [
        ["view", `/cameras/${id}`, "camera.tab-view", true],
        [
            "playback",
            `/cameras/${id}/playback`,
            "past.title",
            deviceById(id)?.caps.includes("playback") === true,
        ],
        ["access", `/cameras/${id}/access`, "camera.tab-access", may("grant.view")],
    ];
    const shown = tabs.filter(([, , , allowed]) => allowed);
    if (shown.length < 2) return null;
    return (
        <nav class="tabs" aria-label={t("camera.tabs")}>
            {shown.map(([tab, href, label]) => (
                <a key={tab} href={href} aria-current={tab === here ? "page" : undefined}>
                    {t(label)}
                </a>
            ))}
        </nav>
    );
}
