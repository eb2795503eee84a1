import type { DeviceOutcome, DeviceRow } from "../../tools/types.ts";
import { excerpt, idText, type Listing, rowLine, suggestionText, timeText } from "./answers.ts";
import { parseNames } from "./inputs.ts";

export const TASK = { one: "task", many: "tasks" };
/** Rows up to which a list shows the beginning of each description. */
const DETAILED_ROWS_MAX = 3;

export function taskListing(outcome: DeviceOutcome, limit: number, timezone: string): Listing {
  const detailed = outcome.kind === "rows" && outcome.rows.length <= DETAILED_ROWS_MAX;
  return {
    noun: TASK,
    limit,
    line: (row) => taskLine(row, timezone, { detailed }),
    countBy: ["status", "priority"],
  };
}

export function taskLine(row: DeviceRow, timezone: string, { detailed = false } = {}): string {
  return rowLine(row, row.title, [
    ["status", excerpt(row.status, 40)],
    ["priority", excerpt(row.priority, 40)],
    ["due", timeText(row.dueDate, timezone)],
    ["project", idText(row.projectId)],
    ["assignees", assigneesText(row.assignee)],
    ["suggestion", suggestionText(row)],
    ["description", detailed ? excerpt(row.description, 500) : null],
  ]);
}

function assigneesText(column: unknown): string | null {
  if (typeof column !== "string") return null;
  return excerpt((parseNames(column) ?? [column]).join(", "), 200);
}
