// The whole log, fetched and checked in this browser while one looks.
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n";
import { count, seconds, when } from "../../i18n/format";
import { auditStart } from "../../live/trusted";
import { Coil } from "../../ui/coil";
import { Dialog } from "../../ui/dialog";
import { Limit, Word } from "../../ui/parts";
import type { Report } from "./audit-worker";
import type { SignedHead } from "./verify";

const SEGMENTS = 20;

export function VerifyAll({
    head,
    pem,
    onClose,
}: {
    readonly head: SignedHead;
    readonly pem: string;
    readonly onClose: () => void;
}) {
    const [report, setReport] = useState<Report>({ is: "progress", rows: 0 });
    const [took, setTook] = useState(0);
    useEffect(() => {
        const began = performance.now();
        const worker = auditStart();
        worker.onmessage = (e: MessageEvent<Report>) => {
            setReport(e.data);
            setTook(performance.now() - began);
        };
        worker.onerror = () => setReport({ is: "failed" });
        worker.postMessage({ head, pem });
        return () => worker.terminate();
    }, []);
    const rows = report.is === "progress" || report.is === "whole" ? report.rows : 0;
    const ends = report.is !== "progress";
    const good = report.is === "whole" && report.signed;
    return (
        <Dialog title={t("verify.title")} onClose={onClose}>
            <div class="stack">
                <p>{t("verify.what")}</p>
                <Coil
                    of={SEGMENTS}
                    on={Math.floor((rows / Math.max(1, head.size)) * SEGMENTS)}
                    tone={good ? "ok" : ends ? "error" : "on"}
                    seg={18}
                />
                <p role="status">
                    {report.is === "progress" &&
                        t("verify.progress", { rows: count(rows), of: count(head.size) })}
                    {report.is === "whole" && (
                        <Word tone={good ? "ok" : "error"} icon={good ? "ok" : "error"}>
                            {t(good ? "verify.whole" : "verify.unsigned", {
                                n: head.size,
                                time: when(head.at),
                                took: seconds(took),
                            })}
                        </Word>
                    )}
                    {report.is === "broken" && (
                        <Word tone="error" icon="error">
                            {t(`broken.${report.fault.kind}`, { row: count(report.fault.row) })}
                        </Word>
                    )}
                    {report.is === "failed" && (
                        <Word tone="error" icon="error">
                            {t("verify.failed")}
                        </Word>
                    )}
                </p>
                <Limit>{t("verify.limit")}</Limit>
                <div class="acts">
                    <button type="button" class="btn" data-first="" onClick={onClose}>
                        {t(ends ? "act.close" : "verify.stop")}
                    </button>
                </div>
            </div>
        </Dialog>
    );
}
