import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { Icon } from "./icon";

/** A native dialog: opens with its mount, closes on Esc or outside, gives focus back to its opener. */
export function Dialog({
    title,
    onClose,
    wide,
    children,
}: {
    readonly title: string;
    readonly onClose: () => void;
    readonly wide?: boolean;
    readonly children: ComponentChildren;
}) {
    const ref = useRef<HTMLDialogElement>(null);
    const close = useRef(onClose);
    close.current = onClose;
    useLayoutEffect(() => {
        const dialog = ref.current;
        const opener = document.activeElement;
        dialog?.showModal();
        const first =
            dialog?.querySelector<HTMLElement>("[data-first]") ??
            dialog?.querySelector<HTMLElement>("input,textarea,select");
        (first ?? dialog?.querySelector("button"))?.focus();
        return () => {
            dialog?.close();
            if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
        };
    }, []);
    return (
        <dialog
            ref={ref}
            class={wide ? "dialog wide-dialog" : "dialog"}
            aria-labelledby="dialog-title"
            onCancel={(e) => {
                e.preventDefault();
                close.current();
            }}
            onClick={(e) => {
                if (e.target === ref.current) close.current();
            }}
        >
            <div class="dialog-in">
                <header>
                    <h2 id="dialog-title">{title}</h2>
                    <button
                        type="button"
                        class="btn ico plain"
                        aria-label={t("act.close")}
                        onClick={() => close.current()}
                    >
                        <Icon name="close" />
                    </button>
                </header>
                {children}
            </div>
        </dialog>
    );
}

/** A destructive act: what follows is listed, the object's name is typed, Cancel has the focus. */
export function NameToType({
    name,
    value,
    onInput,
}: {
    readonly name: string;
    readonly value: string;
    readonly onInput: (v: string) => void;
}) {
    return (
        <div class="field">
            <label for="typed-name">{t("destroy.type", { name })}</label>
            <div class="in">
                <input
                    id="typed-name"
                    autocomplete="off"
                    spellcheck={false}
                    value={value}
                    onInput={(e) => onInput(e.currentTarget.value)}
                />
            </div>
        </div>
    );
}
