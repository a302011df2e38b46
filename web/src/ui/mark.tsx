export const RINGS = [
    "M50 22q14 5 28 0",
    "M36 43q28 7 56 0",
    "M26 64q38 8 76 0",
    "M20 85q44 8 88 0",
    "M17 107h27M84 107h27",
] as const;

export function Mark() {
    return (
        <svg class="mark" viewBox="0 0 128 128" aria-hidden="true">
            <path stroke-width="15" d={RINGS.join("")} />
        </svg>
    );
}

/** The skep of setup: rings laid so far, the ring being laid, labels beside them (top ring first). */
export function Skep({
    laid,
    labels,
    label,
}: {
    readonly laid: number;
    readonly labels: readonly string[];
    readonly label: string;
}) {
    const kind = (i: number) =>
        RINGS.length - 1 - i < laid ? "fg" : RINGS.length - 1 - i === laid ? "cur" : "bg";
    return (
        <svg class="big" viewBox="0 0 214 128" role="img" aria-label={label}>
            <g stroke-width="15">
                {RINGS.map((d, i) => (
                    <path key={d} class={kind(i)} d={d} />
                ))}
            </g>
            {labels.map((text, i) => (
                <text
                    key={text}
                    class={{ fg: "done", cur: "cur", bg: "" }[kind(i)]}
                    x="130"
                    y={[26.5, 47.5, 68.5, 89.5, 111.5][i]}
                >
                    {text}
                </text>
            ))}
        </svg>
    );
}
