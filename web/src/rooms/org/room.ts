// One file for the build to split at: the pages of this room are small.
export { ApprovalsPage } from "./approvals";
export { EmergencyPage } from "./emergency";
export { OperatorsPage } from "./operators";
export { OrganizationPage } from "./organization";
export { OrganizationsPage } from "./organizations";
