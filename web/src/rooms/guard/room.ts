// One file for the build to split at: the pages of this room are small.
export { EventsPage } from "./events";
export { IsolationPage } from "./isolation";
