import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { t } from "../i18n";
import { Icon } from "./icon";

interface FieldProps {
    readonly label: string;
    readonly value: string;
    readonly onInput: (value: string) => void;
    readonly hint?: ComponentChildren;
    readonly fault?: string | null;
    readonly autocomplete?: string;
    readonly secret?: boolean;
    readonly mono?: boolean;
    readonly first?: boolean;
    readonly maxLength?: number;
    readonly onBlur?: () => void;
    readonly name?: string;
    readonly disabled?: boolean;
    readonly inputMode?: "numeric";
}

/** Label above, hint and fault under; secrets can be shown; paste is never blocked. */
export function Field(props: FieldProps) {
    const id = useId();
    const [shown, setShown] = useState(false);
    const { fault, hint, secret } = props;
    const described = [fault ? `${id}-fault` : "", hint ? `${id}-hint` : ""]
        .filter(Boolean)
        .join(" ");
    return (
        <div class="field">
            <label for={id}>{props.label}</label>
            <div class={fault ? "in bad" : "in"}>
                <input
                    {...(secret && !shown
                        ? { type: "password" as const }
                        : { type: "text" as const })}
                    id={id}
                    name={props.name}
                    class={props.mono ? "mono" : undefined}
                    value={props.value}
                    autocomplete={props.autocomplete ?? "off"}
                    spellcheck={false}
                    autocapitalize="off"
                    aria-invalid={fault ? true : undefined}
                    aria-describedby={described || undefined}
                    maxLength={props.maxLength}
                    inputMode={props.inputMode}
                    data-first={props.first ? "" : undefined}
                    disabled={props.disabled}
                    onInput={(e) => props.onInput(e.currentTarget.value)}
                    onBlur={props.onBlur}
                />
                {secret && (
                    <button
                        type="button"
                        class="btn sm"
                        aria-pressed={shown}
                        onClick={() => setShown(!shown)}
                    >
                        <Icon name="eye" small />
                        {shown ? t("act.hide") : t("act.show")}
                    </button>
                )}
            </div>
            {fault && (
                <p class="fault" id={`${id}-fault`} role="alert">
                    <Icon name="error" small />
                    <span>{fault}</span>
                </p>
            )}
            {hint && (
                <div class="under" id={`${id}-hint`}>
                    {hint}
                </div>
            )}
        </div>
    );
}
