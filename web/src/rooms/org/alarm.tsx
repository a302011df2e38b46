// Over every page of the box's staff while the emergency login is open.
import { t } from "../../i18n";
import { hourMinute } from "../../i18n/format";
import { Icon } from "../../ui/icon";

export function Alarm({ until }: { readonly until: number }) {
    return (
        <div class="stale" role="alert" aria-label={t("emergency.title")}>
            <span class="row">
                <Icon name="warn" small />
                <b>{t("emergency.is-open")}</b>
            </span>
            <span>{t("emergency.banner", { time: hourMinute(until) })}</span>
            <a href="/people/organization">
                {t("emergency.see")}
            </a>
        </div>
    );
}
