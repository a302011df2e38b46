import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** The browser's own list, with a label above it. */
export function Select({
    label,
    value,
    choices,
    onChange,
    first,
    hidden,
    hint,
}: {
    readonly label: string;
    readonly value: string;
    readonly choices: readonly (readonly [value: string, text: string])[];
    readonly onChange: (value: string) => void;
    readonly first?: boolean;
    /** The label is for readers only. */
    readonly hidden?: boolean;
    readonly hint?: ComponentChildren;
}) {
    const id = useId();
    return (
        <div class="field">
            <label for={id} class={hidden ? "vh" : undefined}>
                {label}
            </label>
            <div class="in pick">
                <select
                    id={id}
                    value={value}
                    data-first={first ? "" : undefined}
                    aria-describedby={hint ? `${id}-hint` : undefined}
                    onChange={(e) => onChange(e.currentTarget.value)}
                >
                    {choices.map(([v, text]) => (
                        <option key={v} value={v} selected={v === value}>
                            {text}
                        </option>
                    ))}
                </select>
            </div>
            {hint && (
                <div class="under" id={`${id}-hint`}>
                    {hint}
                </div>
            )}
        </div>
    );
}
