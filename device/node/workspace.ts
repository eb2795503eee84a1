/** The reference schema as this device needs it: for each table what can be written, matched, compared and searched. */
import { getTableColumns } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import * as z from "zod";
import { WORKSPACE_TABLES, type WorkspaceTable } from "../../src/features/workspace/schema.ts";
import { Rejection } from "./rejection.ts";
import { clients, notes, projects, taskComments, tasks, timelines } from "./tables.ts";

export interface Column {
  name: string;
  sql: SQLiteColumn;
  /** What a filter may equal: the column's type without null. */
  value: z.core.$ZodType;
  /** Has an order that `From` and `To` can cut. */
  isRange: boolean;
}

export interface Table {
  name: WorkspaceTable;
  sql: SQLiteTable & { id: SQLiteColumn };
  columns: ReadonlyMap<string, Column>;
  searched: SQLiteColumn[];
  insert: z.ZodType<Record<string, unknown>>;
  updates: z.ZodType<Record<string, unknown>>;
  hasUpdatedAt: boolean;
}

/** Made by the device. */
const STAMPED = ["id", "createdAt", "updatedAt"];

const TABLES: ReadonlyMap<string, Table> = new Map(
  [
    describe("tasks", tasks, [tasks.title, tasks.description]),
    describe("projects", projects, [projects.name, projects.aiSummary]),
    describe("timelines", timelines, [timelines.title]),
    describe("notes", notes, [notes.title, notes.content]),
    describe("taskComments", taskComments, [taskComments.content]),
    describe("clients", clients, [clients.name]),
  ].map((table) => [table.name, table]),
);

export function tableNamed(name: string | undefined): Table {
  const table = TABLES.get(name ?? "");
  if (table !== undefined) return table;
  throw new Rejection(
    "unknown_table",
    `There is no table "${name ?? ""}". Tables: ${[...TABLES.keys()].join(", ")}.`,
  );
}

export function columnNamed(table: Table, name: string): Column {
  const column = table.columns.get(name);
  if (column !== undefined) return column;
  const known = [...table.columns.keys()].join(", ");
  throw new Rejection("unknown_column", `"${table.name}" has no column "${name}". Columns: ${known}.`);
}

/** Refuses columns that do not exist or that only the device writes. */
export function assertWritable(table: Table, values: Record<string, unknown>): void {
  for (const name of Object.keys(values)) {
    columnNamed(table, name);
    if (STAMPED.includes(name)) throw new Rejection("read_only_column", `"${name}" is made by the device.`);
  }
}

/** The tables as JSON Schema, for whoever asks the device about itself. */
export function workspaceSchema(): Record<string, unknown> {
  const entries = Object.entries(WORKSPACE_TABLES).map(([name, schema]) => [name, z.toJSONSchema(schema)]);
  return { tables: Object.fromEntries(entries) };
}

function describe(name: WorkspaceTable, sql: Table["sql"], searched: SQLiteColumn[]): Table {
  const shape: Record<string, z.core.$ZodType> = WORKSPACE_TABLES[name].shape;
  const sqlColumns: Record<string, SQLiteColumn> = getTableColumns(sql);
  const columns = new Map<string, Column>();
  for (const [column, schema] of Object.entries(shape)) {
    const value = bare(schema);
    columns.set(column, {
      name: column,
      sql: sqlColumns[column]!,
      value,
      isRange: value instanceof z.ZodNumber,
    });
  }
  const writable = Object.entries(shape).filter(([column]) => !STAMPED.includes(column));
  return {
    name,
    sql,
    columns,
    searched,
    insert: z.strictObject(Object.fromEntries(writable)),
    updates: z
      .strictObject(
        Object.fromEntries(writable.map(([column, schema]) => [column, z.optional(withoutDefault(schema))])),
      )
      .refine((updates) => Object.keys(updates).length > 0, { message: "names no column to change" }),
    hasUpdatedAt: columns.has("updatedAt"),
  };
}

/** A default would fill in columns that an update does not name. */
function withoutDefault(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodDefault ? schema.unwrap() : schema;
}

function bare(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapped =
    schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodNullable;
  return isWrapped ? bare(schema.unwrap()) : schema;
}
