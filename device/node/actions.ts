/** The device's actions on its rows. Each works inside the transaction it is given; a `Rejection` undoes it. */
import { and, eq } from "drizzle-orm";
import * as z from "zod";
import type { ToolCall } from "../../src/features/hub/protocol.ts";
import { newId } from "../../src/lib/ids.ts";
import type { CallResult } from "../journal-core.ts";
import type { Database } from "./database.ts";
import { selection } from "./filters.ts";
import { badInput, Rejection } from "./rejection.ts";
import { notes, vectors } from "./tables.ts";
import { nearest, upsertVector, VectorData } from "./vectors.ts";
import { assertWritable, type Table, tableNamed } from "./workspace.ts";

export interface ActionContext {
  now: () => number;
  /** The embedder that the hub's vectors come from at present. */
  embedder: string;
}

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;

const RowId = z.string().min(1).max(200);
const ById = z.strictObject({ id: RowId });
const Values = z.record(z.string(), z.unknown());
const Update = z.strictObject({ id: RowId, updates: Values });

export function read(db: Database, call: ToolCall, ctx: ActionContext): CallResult {
  const filters = call.filters ?? {};
  const limit = Math.min(call.limit ?? LIMIT_DEFAULT, LIMIT_MAX);
  switch (call.action) {
    case "select": {
      const table = tableNamed(call.table);
      const { where, order } = selection(table, filters);
      const rows = db
        .select()
        .from(table.sql)
        .where(and(...where))
        .orderBy(...order)
        .limit(limit)
        .all();
      return { rows };
    }
    case "get":
      return { row: find(db, tableNamed(call.table), input(ById, call.data).id) };
    case "vector_search":
      return { results: nearest(db, { vector: call.vector, filters, limit, embedder: ctx.embedder }) };
    default:
      throw new Rejection("unknown_action", `"${call.action}" is not an action that only reads.`);
  }
}

export function mutate(db: Database, call: ToolCall, ctx: ActionContext): CallResult {
  switch (call.action) {
    case "insert":
      return { row: insert(db, tableNamed(call.table), call.data, ctx.now()) };
    case "update":
      return { row: update(db, tableNamed(call.table), call.data, ctx.now()) };
    case "delete":
      return { deleted: remove(db, tableNamed(call.table), input(ById, call.data).id) };
    case "vector_upsert": {
      const data = input(VectorData, call.data);
      upsertVector(db, data, call.vector, { embedder: ctx.embedder, now: ctx.now() });
      return { ok: true };
    }
    default:
      throw new Rejection("unknown_action", `"${call.action}" is not an action that changes rows.`);
  }
}

function insert(db: Database, table: Table, data: unknown, now: number): Record<string, unknown> {
  assertWritable(table, input(Values, data));
  const stamps = { id: newId(now), createdAt: now, ...(table.hasUpdatedAt ? { updatedAt: now } : {}) };
  const values = { ...input(table.insert, data), ...stamps };
  return db.insert(table.sql).values(values).returning().get();
}

function update(db: Database, table: Table, data: unknown, now: number): Record<string, unknown> | null {
  const { id, updates } = input(Update, data);
  assertWritable(table, updates);
  const values = {
    ...input(table.updates, updates, "updates"),
    ...(table.hasUpdatedAt ? { updatedAt: now } : {}),
  };
  const row = db.update(table.sql).set(values).where(eq(table.sql.id, id)).returning().get();
  if (row !== undefined && table.sql === notes && "projectId" in updates) followProject(db, id);
  return row ?? null;
}

/** A search within a project finds a note by where it is now. */
function followProject(db: Database, id: string): void {
  const note = db.select({ projectId: notes.projectId }).from(notes).where(eq(notes.id, id)).get();
  db.update(vectors)
    .set({ projectId: note?.projectId ?? null })
    .where(eq(vectors.id, id))
    .run();
}

function remove(db: Database, table: Table, id: string): boolean {
  if (table.sql === notes) db.delete(vectors).where(eq(vectors.id, id)).run();
  return db.delete(table.sql).where(eq(table.sql.id, id)).returning().all().length > 0;
}

function find(db: Database, table: Table, id: string): Record<string, unknown> | null {
  return db.select().from(table.sql).where(eq(table.sql.id, id)).get() ?? null;
}

function input<Schema extends z.ZodType>(schema: Schema, data: unknown, path = "data"): z.output<Schema> {
  const parsed = schema.safeParse(data ?? {});
  if (parsed.success) return parsed.data;
  const { code, message } = badInput(parsed.error);
  throw new Rejection(code, `${path}: ${message}`);
}
