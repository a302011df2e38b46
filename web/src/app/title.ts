import { t } from "../i18n";
import { readyFleet } from "./devices";
import { labelSeed, session } from "./session";

/** "North gate · Cameras · Skep", with the word "simulated" in front where it belongs. */
export function setTitle(...parts: readonly string[]): void {
    const sim =
        (readyFleet()?.simulated ?? 0) > 0 || (session.value.is !== "in" && labelSeed() !== null);
    document.title = `${sim ? `(${t("title.simulated")}) ` : ""}${[...parts, "Skep"].join(" · ")}`;
}
