/** Levels of arrays and objects in one another: more than any of our contracts has. */
export const JSON_LEVELS_MAX = 64;

/**
 * Whether what was parsed is nested deeper than anything honest. Parsing takes any depth, writing it down again does not:
 * that overflows the stack, in the middle of whatever needed it.
 */
export function isTooDeep(value: unknown, levels = JSON_LEVELS_MAX): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isTooDeep(item, levels - 1));
  return Object.values(value).some((item) => isTooDeep(item, levels - 1));
}

/** Whether two values say the same as JSON, in whatever order their keys are. */
export function isSameJson(one: unknown, other: unknown): boolean {
  return JSON.stringify(one, inOrder) === JSON.stringify(other, inOrder);
}

function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
