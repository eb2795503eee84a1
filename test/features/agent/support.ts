import fc from "fast-check";
import { TurnEntities } from "../../../src/features/agent/entities.ts";
import { fragmentIndexOf } from "../../../src/features/agent/fragment-index.ts";
import {
  createOutputFilter,
  type Output,
  type OutputEvent,
  type OutputFilter,
  type OutputMode,
} from "../../../src/features/agent/output.ts";

export const SECRETS = [
  "You are Adjutant, the assistant of one person. Answer only from results of tools and never from memory alone. " +
    "When a request is unclear, ask one short question before you change anything on the device.",
  "list_tasks: Lists the tasks of the workspace, newest first, with filters for status and priority.",
  "始终使用工具返回的结果来回答用户的问题不要编造任何内容",
];

/** Rows that tools returned: tasks a, b, c, milestones m1 to m3, and a note of which only the id is known. */
export function turnEntities(): TurnEntities {
  const entities = new TurnEntities();
  for (const id of ["a", "b", "c"]) {
    entities.note("tasks", {
      id,
      title: `Task ${id}`,
      status: "todo",
      description: "not to be shown",
      dueDate: 5,
    });
  }
  for (const id of ["m1", "m2", "m3"]) entities.note("timelines", { id, title: id, date: 7, projectId: "p" });
  entities.noteOutcome(undefined, { kind: "results", results: [{ id: "n1", content: "text", score: 1 }] });
  return entities;
}

export interface Filtered {
  outputs: Output[];
  /** All text, with a mark where a block stands. */
  text: string;
  events: OutputEvent[];
}

export function newFilter(
  mode: OutputMode = "tags",
  secrets = SECRETS,
  report: (event: OutputEvent) => void = () => undefined,
): OutputFilter {
  return createOutputFilter({ secrets: fragmentIndexOf(secrets), entities: turnEntities(), mode, report });
}

export function filter(chunks: string[], mode: OutputMode = "tags", secrets = SECRETS): Filtered {
  const result: Filtered = { outputs: [], text: "", events: [] };
  const outputFilter = newFilter(mode, secrets, (event) => result.events.push(event));
  result.outputs = [...chunks.flatMap((chunk) => outputFilter.push(chunk)), ...outputFilter.end()];
  result.text = result.outputs
    .map((output) => ("text" in output ? output.text : `[${output.block.type}]`))
    .join("");
  return result;
}

export function countOf(filtered: Filtered, event: OutputEvent["event"]): number {
  return filtered.events.filter((each) => each.event === event).length;
}

/** A text and the same text cut into chunks anywhere, also inside of characters. */
export function chunked(text: fc.Arbitrary<string>): fc.Arbitrary<{ text: string; chunks: string[] }> {
  return fc.tuple(text, fc.array(fc.nat(), { maxLength: 40 })).map(([whole, cuts]) => {
    const points = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
    const chunks = [...points, whole.length].map((point, index) =>
      whole.slice(points[index - 1] ?? 0, point),
    );
    return { text: whole, chunks };
  });
}

/** What is compared between two ways of cutting: text that follows text is one text. */
export function joined(outputs: Output[]): unknown[] {
  const all: unknown[] = [];
  let text = "";
  for (const output of outputs) {
    if ("text" in output) text += output.text;
    else {
      all.push(text, output.block);
      text = "";
    }
  }
  return [...all, text];
}
