// A WebSocket that is open when somebody needs it: opened at first use, closed when idle, and honest
// about why it ended. Both sockets of the worker sit on this.

export type SocketEnd = "network" | "session-ended" | "not-allowed" | "limit" | "protocol" | "shutdown";

const ENDS: Readonly<Record<number, SocketEnd>> = {
    4401: "session-ended", 4403: "not-allowed", 4429: "limit", 1001: "shutdown", 1002: "protocol", 1009: "protocol",
};
const OPEN_MS = 10_000;

export interface SocketHandlers {
    text(text: string): void;
    binary(bytes: Uint8Array<ArrayBuffer>): void;
    /** Once per connection that was open or being opened. */
    ended(why: SocketEnd): void;
}

export interface Socket {
    /** Resolves when open, rejects if it cannot be; concurrent callers share one attempt. */
    need(): Promise<void>;
    send(data: string | Uint8Array<ArrayBuffer>): boolean;
    isOpen(): boolean;
    close(): void;
}

export function socketUrl(path: string): string {
    return `${self.location.protocol === "https:" ? "wss" : "ws"}://${self.location.host}${path}`;
}

export function socketNew(path: string, protocol: string, handlers: SocketHandlers): Socket {
    let socket: WebSocket | null = null;
    let opening: Promise<void> | null = null;
    let abandon: () => void = () => undefined;

    function connect(): Promise<void> {
        const made = new WebSocket(socketUrl(path), protocol);
        made.binaryType = "arraybuffer";
        socket = made;
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => made.close(), OPEN_MS);
            abandon = () => {
                clearTimeout(timer);
                reject(new Error("socket closed"));
            };
            made.onopen = () => {
                clearTimeout(timer);
                resolve();
            };
            made.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
                if (typeof event.data === "string") handlers.text(event.data);
                else handlers.binary(new Uint8Array(event.data));
            };
            made.onclose = (event) => {
                clearTimeout(timer);
                socket = null;
                opening = null;
                reject(new Error("socket closed"));
                handlers.ended(ENDS[event.code] ?? "network");
            };
        });
    }

    function need(): Promise<void> {
        if (opening === null) {
            opening = connect();
            opening.catch(() => undefined);
        }
        return opening;
    }

    function isOpen(): boolean {
        return socket?.readyState === WebSocket.OPEN;
    }

    function send(data: string | Uint8Array<ArrayBuffer>): boolean {
        if (socket === null || !isOpen()) return false;
        socket.send(data);
        return true;
    }

    /** At once for our side: who needs it next opens a new one and does not wait for the old to end. */
    function close(): void {
        const old = socket;
        if (old === null) return;
        socket = null;
        opening = null;
        abandon();
        old.onclose = null;
        old.onmessage = null;
        old.close(1000);
        handlers.ended("network");
    }

    return { need, send, isOpen, close };
}
