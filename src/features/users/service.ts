export { type AuditEntry, audit, auditedChange, auditRow, recordOf } from "./audit.ts";
export { newUserDataKey, userDataKey } from "./data-key.ts";
export { recordHubKey, staleHubKeys } from "./hub-keys.ts";
export { tenantDataKey } from "./tenant-key.ts";
