// First start in three steps. Two rings of the skep were laid by the box; three are the owner's.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api, Problem, type SetupState } from "../../app/api";
import { readyFleet } from "../../app/devices";
import { navigate } from "../../app/router";
import {
    dropSetupToken,
    keepSetupStep,
    labelSeed,
    session,
    setupStep,
    setupToken,
} from "../../app/session";
import { t } from "../../i18n";
import { Icon } from "../../ui/icon";
import { Mark, Skep } from "../../ui/mark";
import { ErrorNote, Loading } from "../../ui/notes";
import { CopyButton } from "../../ui/parts";
import { LanguageButton } from "../login/login";
import { BoxStep } from "./box";
import { CamerasStep } from "./cameras";
import { OwnerStep } from "./owner";

type Step = "you" | "box" | "cameras";
const STEPS: readonly Step[] = ["you", "box", "cameras"];

export function SetupPage() {
    const [state, setState] = useState<SetupState | null>(null);
    const [problem, setProblem] = useState<unknown>(null);
    const [gone, setGone] = useState(false);
    const signedIn = session.value.is === "in";
    const [step, setStep] = useState<Step>(
        signedIn ? (setupStep() === "cameras" ? "cameras" : "box") : "you",
    );
    const token = setupToken();

    const load = () => {
        setProblem(null);
        api.setup().then(setState, setProblem);
        // A link that was used or has run out is told at once, not after the typing.
        if (token && !signedIn) {
            api.setupStrength(
                { token, name: "", password: "" },
                new AbortController().signal,
            ).catch((e: unknown) => {
                if (e instanceof Problem && e.code === "gone") setGone(true);
            });
        }
    };
    useEffect(load, []);
    useEffect(() => {
        document.querySelector<HTMLElement>(".setup h1")?.focus({ preventScroll: true });
    }, [step]);
    const go = (to: Step) => {
        keepSetupStep(to === "you" ? null : to);
        setStep(to);
    };
    const done = (path: string) => {
        keepSetupStep(null);
        dropSetupToken();
        navigate(path, { replace: true });
    };
    useEffect(() => {
        const onKey = (e: KeyboardEvent) => {
            if (e.altKey && e.key === "ArrowLeft" && step === "cameras") {
                e.preventDefault();
                go("box");
            }
            // Enter goes on from wherever the focus is, a control of its own apart.
            const at = e.target instanceof Element ? e.target : null;
            if (e.key === "Enter" && at?.closest("a, button, input, select, textarea") === null) {
                e.preventDefault();
                document.querySelector<HTMLFormElement>(".setup form")?.requestSubmit();
            }
        };
        document.addEventListener("keydown", onKey);
        return () => document.removeEventListener("keydown", onKey);
    }, [step]);

    if (problem !== null)
        return (
            <Frame laid={2}>
                <ErrorNote what={t("problem.setup")} problem={problem} again={load} />
            </Frame>
        );
    if (!state)
        return (
            <Frame laid={2}>
                <Loading what={t("load.setup")} bars={5} />
            </Frame>
        );
    if (!signedIn && (gone || !token))
        return (
            <Frame laid={2}>
                <NoLink used={gone || !state.needed} owned={!state.needed} />
            </Frame>
        );
    return (
        <Frame laid={2 + STEPS.indexOf(step)}>
            {step === "you" && token && (
                <OwnerStep
                    state={state}
                    token={token}
                    onGone={() => setGone(true)}
                    onDone={() => go("box")}
                />
            )}
            {step === "box" && <BoxStep state={state} onDone={() => go("cameras")} />}
            {step === "cameras" && (
                <CamerasStep
                    simulated={readyFleet()?.simulated ?? 0}
                    seeded={labelSeed() !== null}
                    onBack={() => go("box")}
                    onDone={done}
                />
            )}
        </Frame>
    );
}

function Frame({
    laid,
    children,
}: {
    readonly laid: number;
    readonly children: ComponentChildren;
}) {
    const labels = [
        t("setup.ring-cameras"),
        t("setup.ring-box"),
        t("setup.ring-you"),
        t("setup.ring-certificate"),
        t("setup.ring-keys"),
    ];
    return (
        <div class="setup">
            <section class="art" aria-label="Skep">
                <div class="brand">
                    <Mark />
                    <span>Skep</span>
                </div>
                <Skep laid={laid} labels={labels} label={t("setup.rings", { laid, of: 5 })} />
                <p>{t("setup.promise")}</p>
                <p class="small quiet long">{t("setup.rings-what")}</p>
            </section>
            <main class="form" id="main">
                {children}
            </main>
        </div>
    );
}

/** Two buttons at the foot of each step: on, and the other language. */
export function StepFoot({
    text,
    disabled,
    onBack,
}: {
    readonly text: string;
    readonly disabled?: boolean;
    readonly onBack?: () => void;
}) {
    return (
        <div class="row foot-row">
            <button type="submit" class="btn pri big" disabled={disabled}>
                {text}
                <Icon name="arrow" small />
            </button>
            {onBack ? (
                <button type="button" class="btn" onClick={onBack}>
                    {t("act.back")}
                    <kbd class="wide">Alt ←</kbd>
                </button>
            ) : (
                <span class="small quiet wide">
                    <kbd>Enter</kbd>
                </span>
            )}
            <span class="sp" />
            <LanguageButton />
        </div>
    );
}

function NoLink({ used, owned }: { readonly used: boolean; readonly owned: boolean }) {
    return (
        <div class="stack form-in">
            <h1 tabIndex={-1}>{t(used ? "setup.used" : "setup.no-link")}</h1>
            <p>{t(used ? "setup.used-why" : "setup.no-link-why")}</p>
            <div class="row">
                <pre class="cmd" tabIndex={0}>
                    skep owner reset
                </pre>
                <CopyButton text="skep owner reset" />
            </div>
            <div class="row">
                {owned && (
                    <a class="btn pri" href="/login">
                        {t("login.title")}
                    </a>
                )}
                <span class="sp" />
                <LanguageButton />
            </div>
        </div>
    );
}
