// The phone's "More": everything that has no place in the bottom bar, search first.
import { session } from "../../app/session";
import { entries, overlay } from "../../app/shell";
import { rich, t } from "../../i18n";
import { Icon } from "../../ui/icon";
import { Head } from "../../ui/parts";

export function MorePage() {
    const name = session.value.is === "in" ? session.value.answer.account.name : "";
    return (
        <>
            <Head title={t("nav.more")} answer={rich("more.answer", { name })} />
            <button
                type="button"
                class="find big-find"
                onClick={() => {
                    overlay.value = "palette";
                }}
            >
                <Icon name="find" small />
                <span>{t("find.open")}</span>
            </button>
            <nav aria-label={t("nav.more")}>
                <ul class="more sheet">
                    {entries()
                        .filter((e) => !e.nav.phone)
                        .map((e) => (
                            <li key={e.path}>
                                <a href={e.path}>
                                    <Icon name={e.nav.icon} />
                                    {t(e.nav.label)}
                                </a>
                            </li>
                        ))}
                    <li>
                        <a href="/me">
                            <Icon name="people" />
                            {t("me.title")}
                        </a>
                    </li>
                </ul>
            </nav>
        </>
    );
}
