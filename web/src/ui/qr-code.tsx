import { encodeQr, qrPath } from "./qr";

/** Dark on light in both themes, so that every reader takes it. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
    const rows = encodeQr(text);
    if (!rows) return null;
    const side = rows.length + 8;
    return (
        <svg
            class="qr"
            viewBox={`0 0 ${side} ${side}`}
            role="img"
            aria-label={label}
            shape-rendering="crispEdges"
        >
            <rect class="bg" width={side} height={side} />
            <path d={qrPath(rows)} />
        </svg>
    );
}
