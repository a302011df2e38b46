// Step 1: who owns this box. The password is weighed by the box while it is typed.
import { useEffect, useState } from "preact/hooks";
import { api, Problem, type SetupState, type Strength } from "../../app/api";
import { enter, dropSetupToken } from "../../app/session";
import { t, type Key } from "../../i18n";
import { Coil } from "../../ui/coil";
import { Field } from "../../ui/field";
import { problemText } from "../../ui/notes";
import { Hint, Word } from "../../ui/parts";
import { useKeyFaceOfHash, Weave } from "../../ui/weave";
import { nameFault } from "../device/facts";
import { crackTime } from "./strength";
import { StepFoot } from "./setup";

const REASON: Readonly<Record<string, Key>> = {
    short: "weak.short",
    long: "weak.long",
    common: "weak.common",
    context: "weak.context",
    guessable: "weak.guessable",
};
const reasonText = (reasons: readonly string[]): string | null => {
    const key = reasons.map((r) => REASON[r]).find((k) => k !== undefined);
    return key ? t(key) : null;
};

const SCORES: readonly Key[] = [
    "strength.0",
    "strength.1",
    "strength.2",
    "strength.3",
    "strength.4",
];

function useStrength(
    token: string,
    name: string,
    password: string,
    onGone: () => void,
): Strength | null {
    const [strength, setStrength] = useState<Strength | null>(null);
    useEffect(() => {
        if (!password) return setStrength(null);
        const stop = new AbortController();
        const timer = setTimeout(() => {
            api.setupStrength({ token, name, password }, stop.signal).then(
                setStrength,
                (e: unknown) => {
                    if (e instanceof Problem && e.code === "gone") onGone();
                    else if (!stop.signal.aborted) setStrength(null);
                },
            );
        }, 250);
        return () => {
            clearTimeout(timer);
            stop.abort();
        };
    }, [token, name, password]);
    return strength;
}

function StrengthLine({ strength }: { readonly strength: Strength | null }) {
    if (!strength)
        return (
            <p class="row small quiet">
                <Coil of={5} on={0} tone="ok" seg={34} gap={4} height={6} />
                {t("strength.hint")}
            </p>
        );
    const bad = strength.reasons.length > 0 || strength.score < 3;
    const tone = bad ? (strength.score < 2 ? "error" : "warn") : "ok";
    const segments = Math.min(5, strength.score + 1);
    return (
        <p class="row small" role="status">
            <Coil of={5} on={segments} tone={tone} seg={34} gap={4} height={6} />
            <Word tone={tone} icon={bad ? "warn" : "ok"}>
                {t(SCORES[strength.score] ?? "strength.0")}
            </Word>
            <span class="quiet">
                {reasonText(strength.reasons) ??
                    t("strength.rate", { time: crackTime(strength.guesses_log10) })}
            </span>
        </p>
    );
}

export function OwnerStep({
    state,
    token,
    onGone,
    onDone,
}: {
    readonly state: SetupState;
    readonly token: string;
    readonly onGone: () => void;
    readonly onDone: () => void;
}) {
    const [name, setName] = useState("");
    const [password, setPassword] = useState("");
    const [nameWrong, setNameWrong] = useState<string | null>(null);
    const [fault, setFault] = useState<string | null>(null);
    const [busy, setBusy] = useState(false);
    const strength = useStrength(token, name, password, onGone);
    const bits = useKeyFaceOfHash(state.fingerprint_raw);
    const submit = async (e: Event) => {
        e.preventDefault();
        const wrong = nameFault(name);
        if (wrong) return setNameWrong(t(wrong));
        if (!password) return setFault(t("weak.short"));
        setBusy(true);
        try {
            const answer = await api.setupOwner({
                token,
                name: name.normalize("NFC").trim(),
                password,
            });
            dropSetupToken();
            onDone();
            enter(answer);
        } catch (problem) {
            if (problem instanceof Problem && problem.code === "gone") onGone();
            else
                setFault(
                    (problem instanceof Problem && reasonText(problem.reasons)) ||
                        problemText(problem),
                );
        } finally {
            setBusy(false);
        }
    };
    return (
        <form onSubmit={(e) => void submit(e)}>
            <p class="step">{t("setup.step1")}</p>
            <h1 tabIndex={-1}>{t("setup.who")}</h1>
            <Field
                name="username"
                label={t("setup.name")}
                value={name}
                fault={nameWrong}
                autocomplete="username"
                onInput={(v) => {
                    setName(v);
                    setNameWrong(null);
                }}
            />
            <Field
                name="new-password"
                secret
                label={t("login.password")}
                value={password}
                fault={fault}
                autocomplete="new-password"
                onInput={(v) => {
                    setPassword(v);
                    setFault(null);
                }}
                hint={<StrengthLine strength={strength} />}
            />
            <div class="fpbox">
                <Weave bits={bits} size={52} />
                <p>
                    {t("setup.certificate")}
                    <br />
                    <span class="mono">{state.fingerprint}</span>
                </p>
            </div>
            <Hint>{t("setup.no-default")}</Hint>
            <StepFoot text={t("setup.next-box")} disabled={busy} />
        </form>
    );
}
