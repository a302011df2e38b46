// The tags of a camera: words on which grants hang, so that whoever tags gives and takes rights.
import { useState } from "preact/hooks";
import { api, type Device } from "../../app/api";
import { putDevice, readyFleet } from "../../app/devices";
import { t } from "../../i18n";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { problemText } from "../../ui/notes";
import { Limit } from "../../ui/parts";
import { toast } from "../../ui/toast";

const MAX = 8;

export const Tags = ({ tags }: { readonly tags: readonly string[] }) => (
    <span class="chips">
        {tags.map((tag) => (
            <a key={tag} class="tag" href={`/cameras?tag=${encodeURIComponent(tag)}`}>
                {tag}
            </a>
        ))}
    </span>
);

/** All tags of the known cameras with how many bear each. */
export function tagCounts(): [string, number][] {
    const n = new Map<string, number>();
    for (const d of readyFleet()?.devices ?? [])
        for (const tag of d.tags ?? []) n.set(tag, (n.get(tag) ?? 0) + 1);
    return [...n].sort((a, b) => a[0].localeCompare(b[0]));
}

export function TagsDialog({
    device,
    onClose,
}: {
    readonly device: Device;
    readonly onClose: () => void;
}) {
    const [tags, setTags] = useState<readonly string[]>(device.tags ?? []);
    const [text, setText] = useState("");
    const [fault, setFault] = useState("");
    /** The list with what is typed, or a sentence why not. */
    const added = (): readonly string[] | string => {
        const tag = text.normalize("NFC").trim();
        if (!tag || tags.includes(tag)) return tags;
        if ([...tag].length > 32 || /\p{Cc}/u.test(tag)) return t("tags.bad");
        return tags.length >= MAX ? t("tags.too-many", { n: MAX }) : [...tags, tag];
    };
    const add = () => {
        const next = added();
        if (typeof next === "string") return setFault(next);
        setFault("");
        setTags(next);
        setText("");
    };
    const save = async (e: Event) => {
        e.preventDefault();
        const next = added();
        if (typeof next === "string") return setFault(next);
        try {
            putDevice(await api.setTags(device.id, next));
            onClose();
            toast(t("tags.saved", { name: device.name }));
        } catch (problem) {
            setFault(problemText(problem));
        }
    };
    return (
        <Dialog title={t("tags.title", { name: device.name })} onClose={onClose}>
            <form class="stack" onSubmit={(e) => void save(e)}>
                {tags.length > 0 && (
                    <ul class="chips">
                        {tags.map((tag) => (
                            <li key={tag} class="tag">
                                {tag}
                                <button
                                    type="button"
                                    class="drop-tag"
                                    aria-label={t("tags.drop", { tag })}
                                    onClick={() => setTags(tags.filter((x) => x !== tag))}
                                >
                                    <Icon name="close" small />
                                </button>
                            </li>
                        ))}
                    </ul>
                )}
                <div class="field">
                    <label for="new-tag">{t("tags.new")}</label>
                    <div class="in">
                        <input
                            id="new-tag"
                            list="known-tags"
                            data-first=""
                            value={text}
                            autocomplete="off"
                            onInput={(e) => {
                                setText(e.currentTarget.value);
                                setFault("");
                            }}
                            onKeyDown={(e) => {
                                if (e.key === "Enter" && text.trim() && !e.isComposing) {
                                    e.preventDefault();
                                    add();
                                }
                            }}
                        />
                        <button type="button" class="btn sm" onClick={add}>
                            {t("tags.add")}
                        </button>
                    </div>
                    <datalist id="known-tags">
                        {tagCounts().map(([tag]) => (
                            <option key={tag} value={tag} />
                        ))}
                    </datalist>
                    {fault && (
                        <p class="fault" role="alert">
                            <Icon name="error" small />
                            <span>{fault}</span>
                        </p>
                    )}
                </div>
                <Limit>{t("tags.limit")}</Limit>
                <div class="acts">
                    <button type="submit" class="btn pri">
                        {t("tags.save")}
                    </button>
                    <button type="button" class="btn" onClick={onClose}>
                        {t("act.cancel")}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
