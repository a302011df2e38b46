import { useEffect, useMemo, useState } from "preact/hooks";
import { bitsOf, faceOfKey, fromBase64url, weaveCells, type KeyFace } from "./weave-bits";

export type WeaveSize = 21 | 52 | 76;

/** A hint, not a proof: the hex stands beside it wherever a person compares. */
export function Weave({
    bits,
    size = 21,
}: {
    readonly bits: readonly boolean[] | null;
    readonly size?: WeaveSize;
}) {
    return (
        <svg
            class={bits ? "weave" : "weave none"}
            viewBox="0 0 24 20"
            width={size}
            height={(size * 5) / 6}
            aria-hidden="true"
        >
            {weaveCells(bits ?? []).map((c, i) => (
                <rect
                    key={i}
                    class={bits ? (c.ink ? "b" : "a") : undefined}
                    x={c.x}
                    y={c.y}
                    width="3.4"
                    height="3.2"
                    rx="1"
                />
            ))}
        </svg>
    );
}

export function useKeyFace(key: string | null | undefined): KeyFace | null {
    const [face, setFace] = useState<KeyFace | null>(null);
    useEffect(() => {
        let alive = true;
        setFace(null);
        if (key)
            faceOfKey(key).then(
                (f) => {
                    if (alive) setFace(f);
                },
                () => undefined,
            );
        return () => {
            alive = false;
        };
    }, [key]);
    return face;
}

export function KeyWeave({
    seal,
    size = 21,
}: {
    readonly seal: string | null | undefined;
    readonly size?: WeaveSize;
}) {
    return <Weave bits={useKeyFace(seal)?.bits ?? null} size={size} />;
}

/** Bits of a hash that is known already (the box's certificate). */
export const useKeyFaceOfHash = (hash: string): readonly boolean[] | null =>
    useMemo(() => {
        try {
            return bitsOf(fromBase64url(hash));
        } catch {
            return null;
        }
    }, [hash]);
