/** The filters of a `select` as SQL (spec 3, "Actions of a tool call"). Values are bound, names come from the schema. */
import { asc, desc, eq, gte, isNull, lte, ne, or, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { ProjectStatus } from "../../src/features/workspace/schema.ts";
import { badInput, Rejection } from "./rejection.ts";
import { projects } from "./tables.ts";
import { type Column, columnNamed, type Table } from "./workspace.ts";

export interface Selection {
  where: SQL[];
  order: SQL[];
}

const Search = z.string();
const Archived = z.union([z.boolean(), z.literal(0), z.literal(1)]);
const Order = z.string().regex(/^[A-Za-z]+( asc| desc)?$/, 'must be "column" or "column desc"');
const Bound = z.number();

/** A null or absent filter is no filter; one that is not understood is an error. */
export function selection(table: Table, filters: Record<string, unknown>): Selection {
  const where: SQL[] = [];
  let order: SQL[] = [];
  for (const [name, value] of Object.entries(filters)) {
    if (value === null || value === undefined) continue;
    if (name === "orderBy") order = orderOf(table, parse(name, Order, value));
    else if (name === "search") where.push(searchOf(table, parse(name, Search, value)));
    else if (name === "includeArchived") parse(name, Archived, value);
    else where.push(matchOf(table, name, value));
  }
  if (hidesArchived(table, filters)) where.push(ne(projects.status, ProjectStatus.enum.archived));
  // The order in which rows were made, so that equal rows do not change places between two calls.
  return { where, order: [...order, sql`rowid`] };
}

/** Only projects are archived. Who asks for a status gets that status. */
function hidesArchived(table: Table, filters: Record<string, unknown>): boolean {
  const asked = filters.status !== null && filters.status !== undefined;
  return (
    table.sql === projects && !asked && filters.includeArchived !== true && filters.includeArchived !== 1
  );
}

function matchOf(table: Table, name: string, value: unknown): SQL {
  const exact = table.columns.get(name);
  if (exact !== undefined) return eq(exact.sql, parse(name, exact.value, value));
  const range = /^(.+)(From|To)$/.exec(name);
  if (range === null) throw unknownFilter(table, name);
  const column = table.columns.get(range[1]!);
  if (column === undefined || !column.isRange) throw unknownFilter(table, name);
  const bound = parse(name, Bound, value);
  return range[2] === "From" ? gte(column.sql, bound) : lte(column.sql, bound);
}

function searchOf(table: Table, text: string): SQL {
  const hits = table.searched.map((column) => sql`instr(fold(${column}), fold(${text})) > 0`);
  return or(...hits) ?? sql`false`;
}

/** Rows without a value come last either way: "by due date" is about those that have one. */
function orderOf(table: Table, order: string): SQL[] {
  const [name, direction] = order.split(" ");
  const column: Column = columnNamed(table, name ?? "");
  return [asc(isNull(column.sql)), direction === "desc" ? desc(column.sql) : asc(column.sql)];
}

function parse<Schema extends z.core.$ZodType>(
  name: string,
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  throw new Rejection("bad_filter", `filters.${name}: ${badInput(parsed.error).message}`);
}

function unknownFilter(table: Table, name: string): Rejection {
  const ranges = [...table.columns.values()].filter((column) => column.isRange).map((column) => column.name);
  const known = `${[...table.columns.keys()].join(", ")}; ${ranges.map((range) => `${range}From, ${range}To`).join(", ")}`;
  return new Rejection(
    "unknown_column",
    `"${table.name}" cannot be filtered by "${name}". Known: ${known}; search, includeArchived, orderBy.`,
  );
}
