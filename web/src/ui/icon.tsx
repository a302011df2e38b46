export type IconName =
    | "arrow"
    | "back"
    | "cam"
    | "clock"
    | "close"
    | "copy"
    | "direct"
    | "down"
    | "error"
    | "eye"
    | "file"
    | "filter"
    | "film"
    | "find"
    | "full"
    | "globe"
    | "info"
    | "key"
    | "live"
    | "lock"
    | "log-out"
    | "mic"
    | "minus"
    | "more"
    | "mute"
    | "off"
    | "ok"
    | "pause"
    | "pencil"
    | "people"
    | "play"
    | "plus"
    | "relay"
    | "rew"
    | "sealed"
    | "set"
    | "shot"
    | "sim"
    | "stall"
    | "step-back"
    | "step-on"
    | "tile"
    | "trust"
    | "turn"
    | "unknown"
    | "vol"
    | "warn";

/** A symbol of static/sprite.svg; decoration only, text stands beside it or in the label. */
export function Icon({ name, small }: { readonly name: IconName; readonly small?: boolean }) {
    return (
        <svg class={small ? "i s" : "i"} aria-hidden="true">
            <use href={`#i-${name}`} />
        </svg>
    );
}
