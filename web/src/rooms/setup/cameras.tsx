// Step 3: where the first pictures come from.
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n";
import { Hint } from "../../ui/parts";
import { StepFoot } from "./setup";

type Choice = "simulated" | "real" | "later";
const PATHS: Readonly<Record<Choice, string>> = {
    simulated: "/live",
    real: "/cameras?add=1",
    later: "/live",
};

export function CamerasStep({
    simulated,
    seeded,
    onBack,
    onDone,
}: {
    readonly simulated: number;
    readonly seeded: boolean;
    readonly onBack: () => void;
    readonly onDone: (path: string) => void;
}) {
    const fleet = simulated > 0 || seeded;
    const [choice, setChoice] = useState<Choice>(fleet ? "simulated" : "real");
    useEffect(() => {
        if (fleet) setChoice("simulated");
    }, [fleet]);
    const box = (value: Choice, title: string, text: string) => (
        <label class="check box">
            <input
                type="radio"
                name="cameras"
                checked={choice === value}
                onChange={() => setChoice(value)}
            />
            <span>
                <b>{title}</b>
                <span class="small quiet l2">{text}</span>
            </span>
        </label>
    );
    return (
        <form
            onSubmit={(e) => {
                e.preventDefault();
                onDone(PATHS[choice]);
            }}
        >
            <p class="step">{t("setup.step3")}</p>
            <h1 tabIndex={-1}>{t("setup.cameras")}</h1>
            <fieldset>
                <legend class="vh">{t("setup.cameras")}</legend>
                {fleet &&
                    box(
                        "simulated",
                        simulated
                            ? t("setup.simulated", { n: simulated })
                            : t("setup.simulated-coming"),
                        t("setup.simulated-what"),
                    )}
                {box("real", t("setup.real"), t("setup.real-what"))}
                {box("later", t("setup.later"), t("setup.later-what"))}
            </fieldset>
            {seeded && <Hint icon="sim">{t("login.seed")}</Hint>}
            <StepFoot text={t("setup.finish")} onBack={onBack} />
        </form>
    );
}
