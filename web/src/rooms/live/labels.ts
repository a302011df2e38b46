// Label files as people have them: JSON of several shapes, or lines "device code"; out come lines for the worker.

const entry = (device: unknown, code: unknown): string | null =>
    typeof device === "string" && typeof code === "string"
        ? `${device.trim()} ${code.trim()}`
        : null;

function fromRecord(x: object): string | null {
    const r = x as Record<string, unknown>;
    if (typeof r["qr"] === "string") return r["qr"];
    return entry(r["device"] ?? r["id"] ?? r["dev"] ?? r["d"], r["code"] ?? r["label"] ?? r["c"]);
}

/** null = JSON that holds no labels. Text that is not JSON passes as it is. */
export function labelLines(text: string): string | null {
    const trimmed = text.replace(/^\ufeff/, "").trim();
    if (!/^[[{]/.test(trimmed)) return trimmed || null;
    let json: unknown;
    try {
        json = JSON.parse(trimmed);
    } catch {
        return null;
    }
    if (typeof json === "object" && json !== null && "labels" in json) json = json.labels;
    let lines: (string | null)[] = [];
    if (Array.isArray(json)) {
        lines = json.map((x: unknown) =>
            typeof x === "string" ? x : typeof x === "object" && x !== null ? fromRecord(x) : null,
        );
    } else if (typeof json === "object" && json !== null) {
        lines = Object.entries(json).map(([device, code]) => entry(device, code));
    }
    const good = lines.filter((l): l is string => l !== null);
    return good.length ? good.join("\n") : null;
}
