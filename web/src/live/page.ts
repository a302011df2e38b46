import type { Live, LiveSession } from "./api";

/** Starts the worker; one call per page. */
export declare function openLive(session: LiveSession): Live;
