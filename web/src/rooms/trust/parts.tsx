// Small parts of the audit pages.
import { t } from "../../i18n";
import { Chip } from "../../ui/parts";
import { nameOf } from "./names";

export const RESULTS = ["done", "refused", "throttled", "failed"] as const;

export function ResultChip({ result }: { readonly result: string }) {
    const known = RESULTS.find((r) => r === result);
    const text = known ? t(`result.${known}`) : result;
    if (result === "done")
        return (
            <Chip tone="ok" icon="ok">
                {text}
            </Chip>
        );
    return (
        <Chip tone={result === "failed" ? "error" : "warn"} icon={result === "failed" ? "error" : "warn"}>
            {text}
        </Chip>
    );
}

/** A name and under it the id it stands for; else kind and id. */
export function Party({ kind, id }: { readonly kind: string; readonly id: string }) {
    const name = nameOf(kind, id);
    return (
        <>
            {name ?? (kind || "–")}
            {id && <span class="l2 mono">{id.slice(0, 12)}</span>}
        </>
    );
}
