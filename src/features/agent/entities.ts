/** The rows that tools returned in one turn: only these may be named in its answer, and only with what these hold. */
import type { DeviceOutcome, DeviceRow } from "../tools/types.ts";

/** What each kind of reference shows of its row (spec 4, output conventions). */
const FIELDS = {
  task: ["id", "title", "status", "priority", "assignee", "dueDate", "projectId"],
  project: ["id", "name", "clientId", "status"],
  note: ["id", "title", "createdAt", "projectId"],
  timeline: ["id", "title", "date", "projectId", "isAiSuggested", "isApproved"],
} as const;

export type EntityType = keyof typeof FIELDS;
export const ENTITY_TYPES = ["task", "project", "note", "timeline"] as const satisfies EntityType[];

const TYPE_OF_TABLE: Readonly<Record<string, EntityType>> = {
  tasks: "task",
  projects: "project",
  notes: "note",
  timelines: "timeline",
};

export class TurnEntities {
  readonly #rows = new Map<string, DeviceRow>();

  /** Keeps the fields that a reference shows. A later row of the same id overrides what it holds. */
  note(table: string, row: DeviceRow): void {
    const type = TYPE_OF_TABLE[table];
    const id = row["id"];
    if (!type || typeof id !== "string") return;
    const kept: DeviceRow = { ...this.#rows.get(keyOf(type, id)) };
    for (const field of FIELDS[type]) {
      if (row[field] !== undefined) kept[field] = row[field];
    }
    this.#rows.set(keyOf(type, id), kept);
  }

  /** Notes every row of a device's answer. Hits of a vector search are notes of which only the id is known. */
  noteOutcome(table: string | undefined, outcome: DeviceOutcome): void {
    if (outcome.kind === "results") {
      for (const { id } of outcome.results) this.note("notes", { id });
    } else if (table !== undefined && outcome.kind === "rows") {
      for (const row of outcome.rows) this.note(table, row);
    } else if (table !== undefined && outcome.kind === "row" && outcome.row) {
      this.note(table, outcome.row);
    }
  }

  has(type: EntityType, id: string): boolean {
    return this.#rows.has(keyOf(type, id));
  }

  /** Every field of its kind; null where no tool returned one. Undefined when no tool returned the row. */
  get(type: EntityType, id: string): DeviceRow | undefined {
    const row = this.#rows.get(keyOf(type, id));
    return row && Object.fromEntries(FIELDS[type].map((field) => [field, row[field] ?? null]));
  }
}

function keyOf(type: EntityType, id: string): string {
  return `${type} ${id}`;
}
