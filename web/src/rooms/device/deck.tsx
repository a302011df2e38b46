// The deck under the picture: six fixed places. A missing ability or grant keeps its place, dashed, with the reason.
import { t, type Key } from "../../i18n";
import { Coil } from "../../ui/coil";
import { Icon, type IconName } from "../../ui/icon";
import { LEVELS, type Talking } from "./use-talk";

export interface DeckPlace {
    readonly icon: IconName;
    readonly text: Key;
    readonly kbd: string;
    readonly act?: () => void;
    /** Why the place is empty; it is kept, dashed. */
    readonly missing?: Key | null;
    readonly cls?: string;
    readonly pressed?: boolean;
    /** Icon alone on wide screens. */
    readonly bare?: boolean;
}

export function DeckButton({
    place,
    onWhy,
}: {
    readonly place: DeckPlace;
    readonly onWhy: (why: string) => void;
}) {
    const why = place.missing ? t(place.missing) : undefined;
    return (
        <button
            type="button"
            class={`btn ${place.cls ?? ""}${why ? " off" : ""}`}
            aria-label={place.bare ? t(place.text) : undefined}
            aria-keyshortcuts={place.kbd.length === 1 ? place.kbd : undefined}
            aria-disabled={why ? true : undefined}
            title={why}
            aria-pressed={place.pressed}
            aria-describedby={why ? "deck-why" : undefined}
            onFocus={() => onWhy(why ?? "")}
            onBlur={() => onWhy("")}
            onClick={() => (why ? onWhy(why) : place.act?.())}
        >
            <Icon name={place.icon} />
            <span>{t(place.text)}</span>
            <kbd aria-hidden="true">{place.kbd}</kbd>
        </button>
    );
}

/** Held by finger, mouse, Space or Enter; a click without a press (screen reader) latches. */
export function TalkButton({ talking }: { readonly talking: Talking }) {
    const { hold, level } = talking;
    const on = hold.is !== "off";
    const onKey = (e: KeyboardEvent, act: () => void) => {
        if (e.key !== " " && e.key !== "Enter") return;
        e.preventDefault();
        if (!e.repeat) act();
    };
    return (
        <button
            type="button"
            class="btn talk"
            aria-pressed={on}
            aria-keyshortcuts="T"
            onPointerDown={(e) => {
                if (e.button !== 0) return;
                e.currentTarget.setPointerCapture(e.pointerId);
                talking.down();
            }}
            onPointerUp={talking.up}
            onPointerCancel={talking.up}
            onContextMenu={(e) => e.preventDefault()}
            onKeyDown={(e) => onKey(e, talking.down)}
            onKeyUp={(e) => onKey(e, talking.up)}
            onClick={(e) => {
                if (e.detail === 0) talking.toggle();
            }}
        >
            <Icon name="mic" />
            <span>
                {t(!on ? "deck.talk" : level === null ? "deck.talk-opening" : "deck.talking")}
            </span>
            {on ? (
                <Coil of={LEVELS} on={level ?? 0} tone="on" seg={5} gap={2} height={7} />
            ) : (
                <kbd aria-hidden="true">T</kbd>
            )}
        </button>
    );
}
