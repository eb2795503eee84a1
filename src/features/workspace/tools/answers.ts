/** How the device's answers read to the model: short texts, one line a row, that say what was left out. */
import { LOCAL_TEXT_MS_MAX, localText } from "../../../lib/zone.ts";
import type { DeviceOutcome, DeviceRow, ToolOutput } from "../../tools/types.ts";
import { COUNTED_MAX } from "./inputs.ts";

/** Rows of one answer that the model sees. */
export const SHOWN_MAX = 25;
const TITLE_CHARS_MAX = 200;

export interface Noun {
  one: string;
  many: string;
}

export function mistake(text: string): ToolOutput {
  return { text, isError: true };
}

/** Answers for every outcome that is not the one hoped for. */
export function failure(outcome: DeviceOutcome, purpose: "read" | "change"): ToolOutput {
  if (outcome.kind === "offline") return mistake("The device is offline, so nothing was read or changed.");
  if (outcome.kind === "error" && outcome.code === "result_too_large" && purpose === "read") {
    return mistake(
      "The answer was too large for the device to send: ask for less, with filters or a smaller limit.",
    );
  }
  if (outcome.kind === "error") {
    return mistake(
      `This failed on the device: ${excerpt(outcome.message, 300)} (${excerpt(outcome.code, 100)}).`,
    );
  }
  // An answer to something else says nothing about what became of the change.
  if (outcome.kind === "unknown" || purpose === "change") {
    return mistake("This change may have happened: look it up before trying again.");
  }
  return mistake("The device's answer does not fit the question.");
}

export function notFound(noun: Noun, id: string): ToolOutput {
  return mistake(`No ${noun.one} has the id ${excerpt(id, 200)}. Look the id up by listing.`);
}

export interface Listing {
  noun: Noun;
  /** Rows the model asked to count; the device was asked for one more, which tells that more exist. */
  limit: number;
  line(row: DeviceRow): string;
  /** What to count over all rows when not all of them are shown: a column, by its values. */
  countBy?: readonly string[];
  /** A last line, such as the day that was asked for. */
  remark?: string;
}

export function listAnswer(outcome: DeviceOutcome, listing: Listing): ToolOutput {
  if (outcome.kind !== "rows") return failure(outcome, "read");
  const { noun, limit } = listing;
  const counted = outcome.rows.slice(0, limit);
  const shown = counted.slice(0, SHOWN_MAX);
  const hasMore = outcome.rows.length > limit;
  const lines = [countSentence(noun, { shown: shown.length, counted: counted.length, hasMore })];
  lines.push(...shown.map(listing.line));
  if (shown.length < counted.length) {
    for (const column of listing.countBy ?? []) lines.push(tally(counted, column));
  }
  if (hasMore)
    lines.push(`More exist: narrow the filters, or count on with a limit of up to ${COUNTED_MAX}.`);
  if (listing.remark !== undefined) lines.push(listing.remark);
  return { text: lines.join("\n") };
}

function countSentence(noun: Noun, count: { shown: number; counted: number; hasMore: boolean }): string {
  if (count.counted === 0) return `No ${noun.many} match.`;
  if (count.hasMore) return `${count.shown} of more than ${count.counted} ${noun.many}:`;
  if (count.shown < count.counted) return `${count.shown} of ${count.counted} ${noun.many}:`;
  return `${count.counted} ${count.counted === 1 ? noun.one : noun.many}:`;
}

function tally(rows: DeviceRow[], column: string): string {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const value = excerpt(row[column] ?? "none", 40);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([value, count]) => `${value} ${count}`);
  return `Counted over all ${rows.length} by ${column}: ${parts.join(", ")}.`;
}

export interface RowReading {
  /** What was done, as in "Created 1 task:". */
  done: string;
  line(row: DeviceRow): string;
  noun: Noun;
  id?: string;
}

/** The answer of an insert or an update that the device confirms with the row. */
export function changedAnswer(outcome: DeviceOutcome, reading: RowReading): ToolOutput {
  if (outcome.kind !== "row") return failure(outcome, "change");
  if (outcome.row === null) {
    return reading.id === undefined ? failure(outcome, "change") : notFound(reading.noun, reading.id);
  }
  return { text: `${reading.done}\n${reading.line(outcome.row)}` };
}

/** One row as a line: its id, its title, then what else is known of it. */
export function rowLine(
  row: DeviceRow,
  title: unknown,
  fields: readonly (readonly [string, string | null])[],
): string {
  const known = fields.filter(([, value]) => value !== null && value !== "");
  const cells = known.map(([name, value]) => ` | ${name}: ${value}`);
  return `- [${excerpt(row.id, TITLE_CHARS_MAX)}] ${excerpt(title, TITLE_CHARS_MAX)}${cells.join("")}`;
}

/** A value of a row on one line: whatever a row holds cannot look like a line of the answer's own. */
export function excerpt(value: unknown, charsMax: number): string {
  if (value === null || value === undefined) return "";
  const line = String(value).replace(/\s+/g, " ").trim();
  return line.length <= charsMax ? line : `${cut(line, charsMax - 1)}…`;
}

/** The first characters of a text, never half of a surrogate pair. */
export function cut(text: string, charsMax: number): string {
  const part = text.slice(0, charsMax);
  return part.isWellFormed() ? part : part.slice(0, -1);
}

/** A time column in the person's time zone; null when it holds none that a calendar shows. */
export function timeText(value: unknown, timezone: string): string | null {
  if (typeof value !== "number" || !Number.isInteger(value)) return null;
  if (Math.abs(value) > LOCAL_TEXT_MS_MAX) return null;
  return localText(value, timezone);
}

export function idText(value: unknown): string | null {
  return typeof value === "string" ? excerpt(value, TITLE_CHARS_MAX) : null;
}

export function suggestionText(row: DeviceRow): string | null {
  return row.isAiSuggested === 1 && row.isApproved !== 1 ? "waiting for approval" : null;
}

/** A text in a sentence for a person. */
export function quoted(text: string): string {
  return `“${excerpt(text, 80)}”`;
}
