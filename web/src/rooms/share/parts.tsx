// Small parts of the pages of sharing: a key's face, what a share allows, why something could not be done.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { onNews } from "../../app/events";
import { t, type Key } from "../../i18n";
import { dayMonth } from "../../i18n/format";
import type { KeyView } from "../../live/api";
import type { OwnerFault, ShareAction } from "../../live/shareapi";
import { keyName, Role } from "../../seal/fingerprint";
import { Weave } from "../../ui/weave";
import { fromBase64url } from "../../ui/weave-bits";
import { useAsked } from "../people/parts";
import { verbs } from "../people/sentence";

/** Asks at once, and again when rights or shares have changed. */
export function useSharesAsked<T>(question: () => Promise<T>, deps: readonly unknown[]) {
    const asked = useAsked(question, deps);
    useEffect(
        () =>
            onNews((news) => {
                if (news.ev === "shares") asked.again();
            }),
        [],
    );
    return asked;
}

/** A guest's key as people see it. */
export function useViewerFace(key: string): KeyView | null {
    const [face, setFace] = useState<KeyView | null>(null);
    useEffect(() => {
        let alive = true;
        keyName(Role.viewer, fromBase64url(key)).then(
            ({ fingerprint, hex, weave }) => {
                if (alive) setFace({ fingerprint, fingerprint_hex: hex, weave });
            },
            () => undefined,
        );
        return () => {
            alive = false;
        };
    }, [key]);
    return face;
}

/** Somebody by the key: weave, name, fingerprint. */
export function KeyFaceRow({
    face,
    title,
    children,
}: {
    readonly face: KeyView | null;
    readonly title: ComponentChildren;
    readonly children?: ComponentChildren;
}) {
    return (
        <div class="key-row">
            <Weave bits={face?.weave ?? null} size={52} />
            <div>
                <p>{title}</p>
                {face && <p class="mono small">{face.fingerprint}</p>}
                {children}
            </div>
        </div>
    );
}

export const termsText = (actions: readonly ShareAction[], not_after: number): string =>
    t("share.may", { acts: verbs(actions), date: dayMonth(not_after) });

const WHY: Readonly<Record<OwnerFault, Key>> = {
    "needs-password": "share.why-password",
    "wrong-password": "password.wrong",
    "bad-credential": "share.why-credential",
    locked: "share.why-locked",
    "has-owner": "share.why-has-owner",
    "key-changed": "share.why-key-changed",
    offline: "share.why-offline",
    "no-permission": "share.why-no-permission",
    "not-owner": "share.why-not-owner",
    forked: "share.why-forked",
    "too-many": "share.why-too-many",
    refused: "share.why-refused",
    failed: "share.why-failed",
};
export const whyText = (why: OwnerFault): string => t(WHY[why]);

/** "Mei Chen, Orchard Ltd": the organization where it says something. */
export const partyText = (party: { readonly name: string; readonly organization: string }): ComponentChildren => (
    <>
        <b>{party.name}</b>
        {party.organization && party.organization !== party.name && (
            <span class="quiet"> {party.organization}</span>
        )}
    </>
);
