// One file for the build to split at: the pages of this room share most of their parts.
export { GrantsPage } from "./grants";
export { PeoplePage } from "./people";
export { PersonPage } from "./person";
export { WhoPage } from "./who";
