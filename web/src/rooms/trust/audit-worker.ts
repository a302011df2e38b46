// Fetches the whole log up to a signed head and checks it, beside the page so that the page stays quick.
import { Follower, headHolds, keyOf, rowOf, type LogFault, type SignedHead } from "./verify";

export interface Order {
    readonly head: SignedHead;
    readonly pem: string;
}
export type Report =
    | { readonly is: "progress"; readonly rows: number }
    | { readonly is: "whole"; readonly rows: number; readonly signed: boolean }
    | { readonly is: "broken"; readonly fault: LogFault }
    | { readonly is: "failed" };

const PAGE = 1000;
const tell = (report: Report) => postMessage(report);

async function pageFrom(from: number): Promise<string[]> {
    const res = await fetch(`/api/v1/audit/export?from=${from}&limit=${PAGE}`, {
        credentials: "same-origin",
        cache: "no-store",
    });
    if (!res.ok) throw new Error(String(res.status));
    return (await res.text()).split("\n").filter((line) => line !== "");
}

async function follow({ head, pem }: Order): Promise<Report> {
    const signed = await headHolds(head, await keyOf(pem));
    const follower = new Follower(head);
    while (follower.rows < head.size) {
        const lines = await pageFrom(follower.rows + 1);
        if (!lines.length) return { is: "broken", fault: { kind: "short", row: follower.rows + 1 } };
        for (const line of lines) {
            if (follower.rows === head.size) break;
            const row = rowOf(line);
            const fault: LogFault | null = row
                ? await follower.take(row)
                : { kind: "form", row: follower.rows + 1 };
            if (fault) return { is: "broken", fault };
        }
        tell({ is: "progress", rows: follower.rows });
    }
    return { is: "whole", rows: follower.rows, signed };
}

onmessage = (e: MessageEvent<Order>) => {
    follow(e.data).then(tell, () => tell({ is: "failed" }));
};
