// The one sheet of a page that is open to whoever has its link: joining, registering, recovering.
import type { ComponentChildren } from "preact";
import { LanguageButton } from "../rooms/login/login";
import { t } from "../i18n";
import { Mark } from "./mark";

export function Door({
    title,
    children,
}: {
    readonly title: string;
    readonly children: ComponentChildren;
}) {
    return (
        <main class="door" id="main">
            <div class="sheet door-in">
                <p class="brand">
                    <Mark />
                    <span>Skep</span>
                </p>
                <h1 tabIndex={-1}>{title}</h1>
                <div class="stack">{children}</div>
            </div>
        </main>
    );
}

export const ToLogin = () => (
    <div class="row">
        <a class="btn pri" href="/login">
            {t("login.title")}
        </a>
        <span class="sp" />
        <LanguageButton />
    </div>
);
