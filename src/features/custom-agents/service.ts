export { createAgent, deleteAgent, getAgent, listAgents, updateAgent } from "./agents.ts";
export { type Delegate, delegatesOf, purposeOf } from "./delegates.ts";
export { kindsAmiss } from "./kinds.ts";
export { limitsOf, programOf } from "./programs.ts";
export { EMPTY_ROSTER, loadRoster, type Roster, rosterMarkOf, selectRosterMark } from "./roster.ts";
export { ownedAgent } from "./rows.ts";
export { loadRunnable, openRunnable, requireRunnable, selectRunnable } from "./runnable.ts";
export { findSources } from "./sources.ts";
export { listVersions, restoreAgent } from "./versions.ts";
