// Small parts of the people pages.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { may } from "../../app/access";
import type { Loaded } from "../../app/devices";
import { onNews } from "../../app/events";
import { t } from "../../i18n";
import { Icon } from "../../ui/icon";
import { Chip } from "../../ui/parts";
import { ask, refusalText, type Grant, type Person, type Terms } from "./ask";
import { sentence, standing } from "./sentence";

/** Asks at once, on `again`, and when the box says that rights have changed. */
export function useAsked<T>(
    question: () => Promise<T>,
    deps: readonly unknown[],
): Loaded<T> & { readonly again: () => void } {
    const [state, setState] = useState<Loaded<T>>({ is: "loading" });
    const [round, setRound] = useState(0);
    useEffect(() => {
        let alive = true;
        question().then(
            (value) => {
                if (alive) setState({ is: "ready", value });
            },
            (problem: unknown) => {
                if (alive) setState({ is: "failed", problem });
            },
        );
        return () => {
            alive = false;
        };
    }, [round, ...deps]);
    const again = () => setRound((r) => r + 1);
    useEffect(
        () =>
            onNews((news) => {
                if (news.ev === "access") again();
            }),
        [],
    );
    return { ...state, again };
}

export const Fault = ({ text }: { readonly text: string }) =>
    text ? (
        <p class="fault" role="alert">
            <Icon name="error" small />
            <span>{text}</span>
        </p>
    ) : null;

export const StateOf = ({ person }: { readonly person: Person }) =>
    person.state === "active" ? (
        <Chip tone="ok" icon="ok">
            {t("people.active")}
        </Chip>
    ) : (
        <Chip tone="unknown" icon="off">
            {t("people.disabled")}
        </Chip>
    );

type Tab =
    | "people"
    | "grants"
    | "shares"
    | "apps"
    | "approvals"
    | "organization"
    | "organizations"
    | "operators";

export function Tabs({ here }: { readonly here: Tab }) {
    const ref = useRef<HTMLElement>(null);
    useEffect(() => {
        ref.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    }, [here]);
    return (
        <nav ref={ref} class="tabs" aria-label={t("people.title")}>
            {may("people.view") && (
                <a href="/people" aria-current={here === "people" ? "page" : undefined}>
                    {t("people.people")}
                </a>
            )}
            {may("grant.view") && (
                <a href="/people/grants" aria-current={here === "grants" ? "page" : undefined}>
                    {t("people.grants")}
                </a>
            )}
            <a href="/people/shares" aria-current={here === "shares" ? "page" : undefined}>
                {t("share.tab")}
            </a>
            {may("app.view") && (
                <a href="/people/apps" aria-current={here === "apps" ? "page" : undefined}>
                    {t("app.title")}
                </a>
            )}
            <a href="/people/approvals" aria-current={here === "approvals" ? "page" : undefined}>
                {t("approval.title")}
            </a>
            {may("organization.manage") && (
                <a href="/people/organization" aria-current={here === "organization" ? "page" : undefined}>
                    {t("org.title")}
                </a>
            )}
            {may("organizations.view") && (
                <>
                    <a
                        href="/people/organizations"
                        aria-current={here === "organizations" ? "page" : undefined}
                    >
                        {t("org.all")}
                    </a>
                    <a href="/people/operators" aria-current={here === "operators" ? "page" : undefined}>
                        {t("operator.title")}
                    </a>
                </>
            )}
        </nav>
    );
}

/** One grant as a sentence, with its standing and, who may, the way to take it. */
export function GrantLine({
    grant,
    who,
    onTaken,
    marked,
}: {
    readonly grant: Grant;
    readonly who?: ComponentChildren;
    readonly onTaken?: () => void;
    readonly marked?: boolean;
}) {
    const [fault, setFault] = useState("");
    const state = standing(grant);
    const take = async () => {
        try {
            await ask.take(grant.id);
            onTaken?.();
        } catch (problem) {
            setFault(refusalText(problem));
        }
    };
    return (
        <li class={marked ? "grant marked" : "grant"}>
            <div>
                <p>
                    {who && <b>{who} </b>}
                    {sentence(grant)}
                </p>
                <p class="small quiet">
                    {grant.active ? (
                        <span class="word ok">
                            <Icon name="ok" small />
                            {t(state)}
                        </span>
                    ) : (
                        <span class="word unknown">
                            <Icon name="clock" small />
                            {t(state)}
                        </span>
                    )}
                    {grant.reason && <span>{grant.reason}</span>}
                </p>
                <Fault text={fault} />
            </div>
            {onTaken && may("grant.manage") && (
                <button type="button" class="btn sm" onClick={() => void take()}>
                    {t("grant.take")}
                </button>
            )}
        </li>
    );
}

export const TermsLine = ({ terms }: { readonly terms: Terms }) => <>{sentence(terms)}</>;

export const roleText = (role: Person["role"]): string => t(`role.${role}`);
