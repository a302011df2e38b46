// One file for the build to split at.
export { AppsPage } from "./apps";
