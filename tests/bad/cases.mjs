// Every quick case, in order.
import { apiCalls, enrolments, requests, smuggling, tlsRecords, webSockets } from "./cases-http.mjs";
import { identities, netipFrames, relayFrames, signaling, ticketsOf, versionsOf } from "./cases-live.mjs";

export const allCases = async (bed) => [...smuggling, ...requests, ...apiCalls, ...enrolments, ...webSockets, ...tlsRecords, ...identities,
    ...(await versionsOf(bed)).flatMap(ticketsOf), ...netipFrames, ...signaling, ...relayFrames];
