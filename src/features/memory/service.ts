export {
  deleteAllMemory,
  deleteCore,
  deleteMemory,
  dismissPattern,
  editMemory,
  putCore,
} from "./change.ts";
export { dueMemories } from "./due.ts";
export { exportMemory, listMemory, loadMemory, selectRemembered } from "./read.ts";
export { eraseMemories, markConsolidated, saveMemories } from "./save.ts";
export { nearestMemories, searchMemory } from "./search.ts";
