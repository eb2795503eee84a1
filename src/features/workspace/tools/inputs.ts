/**
 * The pieces of tool inputs. They forgive what models get wrong without changing the meaning: numbers as strings, null for
 * an omitted parameter, ISO times for milliseconds, "In Progress" for in_progress.
 */
import * as z from "zod";
import { localDay, parseIsoTime } from "../../../lib/zone.ts";

/** Rows counted unless the model asks otherwise, and at most: the device answers 200, one of which tells that more exist. */
export const COUNTED_DEFAULT = 50;
export const COUNTED_MAX = 199;

/** Numbers below are taken for Unix seconds: as milliseconds they lie in the first years of the 1970s. */
const PLAUSIBLE_MS_MIN = 100_000_000_000;
const PLAUSIBLE_MS_MAX = 8_640_000_000_000_000;

/** A parameter that may be left out, or be null, which means the same. */
export function optional<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => (value === null ? undefined : value), schema.optional()).optional();
}

/** A parameter of an update: left out it keeps the column, null empties it. */
export function clearable<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullable().optional();
}

export const RowId = z.string().trim().min(1).max(200);

/** An id that may be left out; an empty text means the same. */
export const OptionalId = z
  .preprocess((value) => (value === null || value === "" ? undefined : value), RowId.optional())
  .optional();

export const Title = z.string().trim().min(1).max(500);

export const Search = z
  .preprocess(
    (value) => (value === null || value === "" ? undefined : value),
    z.string().trim().max(200).optional(),
  )
  .optional()
  .describe("Words that the title or text contains.");

export const Limit = z
  .preprocess((value) => {
    const count = numeric(value);
    return typeof count === "number" ? Math.min(count, COUNTED_MAX) : count;
  }, z.int().min(1).max(COUNTED_MAX))
  .describe(`Rows to count, ${COUNTED_DEFAULT} unless given, at most ${COUNTED_MAX}. At most 25 are shown.`);

export function wholeNumber(range: { min: number; max: number }) {
  return z.preprocess(numeric, z.int().min(range.min).max(range.max));
}

/** 0 or 1, as the device keeps booleans. */
export const Flag = z.preprocess(readFlag, z.literal([0, 1]));

/**
 * What an update may do to the flags of a suggestion. Rejecting a suggestion deletes its row without asking, so no update
 * makes a suggestion of a row that is none, or is none any more.
 */
export const SUGGESTION_UPDATES = {
  isAiSuggested: optional(z.preprocess(readFlag, z.literal(0))),
  isApproved: optional(z.preprocess(readFlag, z.literal(1)).describe("Only when the person confirmed it.")),
};

function readFlag(value: unknown): unknown {
  const plain = numeric(typeof value === "string" ? value.toLowerCase() : value);
  if (plain === true || plain === "true") return 1;
  return plain === false || plain === "false" ? 0 : plain;
}

export const Switch = z.preprocess((value) => {
  const flag = Flag.safeParse(value);
  return flag.success ? flag.data === 1 : value;
}, z.boolean());

/** One of the words a column holds, whatever its capitals, spaces and hyphens. */
export function wordOf<Words extends z.ZodType>(words: Words) {
  return z.preprocess((value) => {
    if (typeof value !== "string") return value;
    const word = value
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, "_");
    return word === "to_do" ? "todo" : word;
  }, words);
}

/** A column to sort by, with " desc" for the reverse. */
export function orderOf<const Columns extends readonly string[]>(columns: Columns) {
  const orders = columns.flatMap((column) => [column, `${column} desc`]);
  return z
    .preprocess(
      (value) =>
        typeof value === "string"
          ? value
              .trim()
              .replace(/\s+asc$/i, "")
              .replace(/\s+desc$/i, " desc")
          : value,
      z.enum(orders),
    )
    .describe("Column to sort by.");
}

export const Names = z.preprocess(
  (value) => (typeof value === "string" ? (parseNames(value) ?? [value]) : value),
  z.array(z.string().trim().min(1).max(200)).max(50),
);

/** A moment as Unix ms, or as an ISO text that `whenMs` places in the person's time zone. */
export const When = z
  .union([z.number(), z.string()])
  .transform((value, context) => {
    const time = numeric(value);
    if (typeof time === "number") {
      if (Number.isInteger(time) && time >= PLAUSIBLE_MS_MIN && time <= PLAUSIBLE_MS_MAX) return time;
      context.addIssue({ code: "custom", message: "is not a time in Unix milliseconds (seconds, perhaps?)" });
      return z.NEVER;
    }
    if (parseIsoTime(time, "UTC") !== null) return time;
    context.addIssue({
      code: "custom",
      message: "is neither an ISO date or date-time nor Unix milliseconds",
    });
    return z.NEVER;
  })
  .describe(
    'ISO date or date-time in the person\'s own time zone ("2026-11-21T09:00"), or Unix milliseconds.',
  );
export type When = z.infer<typeof When>;

export function whenMs(when: When, timezone: string): number {
  return typeof when === "number" ? when : (parseIsoTime(when, timezone) ?? Number.NaN);
}

/** The same for a column that may be left alone (undefined) or emptied (null). */
export function clearableMs(when: When | null | undefined, timezone: string): number | null | undefined {
  return when === undefined || when === null ? when : whenMs(when, timezone);
}

/** The end of a range that includes it: a date alone stands for its whole day. */
export function untilMs(when: When | undefined, timezone: string): number | undefined {
  if (when === undefined) return undefined;
  const ms = whenMs(when, timezone);
  const isDateOnly = typeof when === "string" && !when.includes(":");
  return isDateOnly ? localDay(ms, timezone).endMs : ms;
}

/** An update must change something: otherwise the model believes in a change that nobody made. */
export function changesSomething(input: Record<string, unknown>): boolean {
  return Object.values(input).filter((value) => value !== undefined).length > 1;
}
export const NO_CHANGE = "give at least one field to change";

/** The entries that have a value, null included. */
export function defined(entries: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

/** The names in the text of an `assignee` column, or null when it is no JSON array of texts. */
export function parseNames(text: string): string[] | null {
  try {
    const names: unknown = JSON.parse(text);
    return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : null;
  } catch {
    return null;
  }
}

function numeric<Value>(value: Value): Value | number {
  return typeof value === "string" && /^\s*-?\d+(\.0+)?\s*$/.test(value) ? Number(value) : value;
}
