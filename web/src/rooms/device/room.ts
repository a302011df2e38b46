// One file for the build to split at: the pages of this room share most of their parts.
export { CameraPage } from "./camera";
export { ListPage } from "./list";
