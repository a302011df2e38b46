// One file for the build to split at: the pages of this room are small.
export { AboutPage } from "./about";
export { MorePage } from "./more";
