// The camera of a page: what the directory says of it, kept up to date by the news.
import { useEffect, useState } from "preact/hooks";
import { api, type Device } from "../../app/api";
import { deviceById, fleet, putDevice, type Loaded } from "../../app/devices";
import { onNews } from "../../app/events";
import { navigate } from "../../app/router";

export function useDevice(id: string): Loaded<Device> & { again: () => void } {
    const [asked, setAsked] = useState<Loaded<Device>>({ is: "loading" });
    const [round, setRound] = useState(0);
    const known = fleet.value.is === "ready" ? deviceById(id) : null;
    useEffect(() => {
        let alive = true;
        setAsked({ is: "loading" });
        api.device(id).then(
            (value) => {
                if (alive) {
                    setAsked({ is: "ready", value });
                    putDevice(value);
                }
            },
            (problem: unknown) => {
                if (alive) setAsked({ is: "failed", problem });
            },
        );
        const off = onNews((news) => {
            if (news.ev === "device" && news.device.id === id)
                setAsked({ is: "ready", value: news.device });
            if (news.ev === "device.removed" && news.id === id)
                navigate("/cameras", { replace: true });
        });
        return () => {
            alive = false;
            off();
        };
    }, [id, round]);
    const again = () => setRound((r) => r + 1);
    if (asked.is === "loading" && known) return { is: "ready", value: known, again };
    return { ...asked, again };
}
