// Step 2: what this box is called and where it stands; language and look are chosen here.
import type { SetupState } from "../../app/api";
import { setTheme, theme, type Theme } from "../../app/session";
import { t, type Key } from "../../i18n";
import { zoneName } from "../../i18n/format";
import { Hint } from "../../ui/parts";
import { StepFoot } from "./setup";

export const THEMES: readonly (readonly [Theme, Key])[] = [
    ["auto", "theme.auto"],
    ["light", "theme.light"],
    ["dark", "theme.dark"],
];

export function ThemeChoice() {
    return (
        <span class="seg" role="group" aria-label={t("theme.title")}>
            {THEMES.map(([value, label]) => (
                <button
                    key={value}
                    type="button"
                    aria-pressed={theme.value === value}
                    onClick={() => void setTheme(value)}
                >
                    {t(label)}
                </button>
            ))}
        </span>
    );
}

export function BoxStep({
    state,
    onDone,
}: {
    readonly state: SetupState;
    readonly onDone: () => void;
}) {
    return (
        <form
            onSubmit={(e) => {
                e.preventDefault();
                onDone();
            }}
        >
            <p class="step">{t("setup.step2")}</p>
            <h1 tabIndex={-1}>{t("setup.box")}</h1>
            <dl class="kv lines">
                <dt>{t("setup.box-name")}</dt>
                <dd>{state.host}</dd>
                <dt>{t("setup.box-address")}</dt>
                <dd class="mono">{location.origin}</dd>
                <dt>{t("setup.box-zone")}</dt>
                <dd>{zoneName()}</dd>
                <dt>{t("setup.box-certificate")}</dt>
                <dd class="mono">{state.fingerprint}</dd>
            </dl>
            <div class="field">
                <span class="label">{t("theme.title")}</span>
                <ThemeChoice />
            </div>
            <Hint>{t("setup.box-hint")}</Hint>
            <StepFoot text={t("setup.next-cameras")} />
        </form>
    );
}
