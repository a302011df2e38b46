export type Tone = "on" | "ok" | "warn" | "error" | "sealed" | "straw";

/** How many of `of` segments a share of the whole fills: any amount above zero shows. */
export function coilFill(share: number, of: number): number {
    if (!(share > 0)) return 0;
    return Math.min(of, Math.ceil(share * of));
}

/** Straw rings laid flat. Decoration: the amount always stands beside it as text. */
export function Coil({
    of,
    on,
    tone,
    seg = 10,
    gap = 3,
    height = 8,
}: {
    readonly of: number;
    readonly on: number;
    readonly tone: Tone;
    readonly seg?: number;
    readonly gap?: number;
    readonly height?: number;
}) {
    const width = of * seg + (of - 1) * gap;
    return (
        <svg
            class="coil"
            viewBox={`0 0 ${width} ${height}`}
            width={width}
            height={height}
            aria-hidden="true"
        >
            {Array.from({ length: of }, (_, i) => (
                <rect
                    key={i}
                    x={i * (seg + gap)}
                    width={seg}
                    height={height}
                    rx={height / 2}
                    class={i < on ? tone : undefined}
                />
            ))}
        </svg>
    );
}
