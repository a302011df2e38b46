import { useEffect } from "preact/hooks";
import { rich, t } from "../i18n";
import { Head } from "../ui/parts";

/** Unknown and not-yours give the same page. */
export function NotFound() {
    useEffect(() => {
        document.title = `${t("notfound.title")} · Skep`;
    }, []);
    return (
        <>
            <Head title={t("notfound.title")} answer={rich("notfound.answer")} />
            <p>
                <a class="btn" href="/live">
                    {t("nav.to-live")}
                </a>
            </p>
        </>
    );
}
