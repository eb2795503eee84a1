/** What was asked of documents, and what they were searched for: kept for the person who asked, by their own key, and gone when they or the time say so. */
import { and, desc, eq, lt, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { EnvelopeContext } from "../../platform/keyring.ts";
import { allow } from "../auth/policy.ts";
import { auditedChange, userDataKey } from "../users/service.ts";
import { type ListQueries, LoggedQuery, type QueryKind, type QueryOutcome } from "./query-schema.ts";
import { knowledgeQueries } from "./query-tables.ts";

const Body = LoggedQuery.pick({ question: true, collection_ids: true, sources: true, usage: true });

export interface AskedQuery extends z.infer<typeof Body> {
  id: string;
  kind: QueryKind;
  outcome: QueryOutcome;
}

/** Never fails: an answer is not lost for a line in the log. Safe to repeat. */
export async function keepQuery(ctx: Ctx, query: AskedQuery): Promise<void> {
  await recordQuery(ctx, query).catch((cause: unknown) =>
    ctx.log.error({ event: "knowledge_query.unlogged", query_id: query.id }, cause),
  );
}

async function recordQuery(ctx: Ctx, { id, kind, outcome, ...query }: AskedQuery): Promise<void> {
  const userId = userIdOf(ctx);
  const key = await userDataKey(ctx);
  const body = key.sealJson(Body.parse(query), placeOf(id, userId));
  const row = { id, userId, body, kind, outcome, createdAt: new Date(ctx.clock.now()) };
  await ctx.db.run(allow("knowledge_queries", "record"), (queries) => [
    queries.insert(knowledgeQueries).values(row).onConflictDoNothing(),
  ]);
}

/** The newest first. */
export async function listQueries(ctx: Ctx, { limit, cursor, kind }: ListQueries) {
  const isOfKind = kind === undefined ? undefined : eq(knowledgeQueries.kind, kind);
  const userId = userIdOf(ctx);
  const [rows] = await ctx.db.run(allow("knowledge_queries", "read"), (queries) => [
    queries
      .select()
      .from(knowledgeQueries)
      .where(and(eq(knowledgeQueries.userId, userId), isOfKind, before(cursor)))
      .orderBy(desc(knowledgeQueries.id))
      .limit(limit + 1),
  ]);
  const page = cutPage(rows, limit, ({ id }) => [id]);
  if (page.data.length === 0) return { ...page, data: [] };
  const key = await userDataKey(ctx);
  const data = page.data.map(({ id, body, kind: of, outcome, createdAt }): LoggedQuery => {
    const query = key.openJson(body, placeOf(id, userId), Body.parse);
    return { id, kind: of, outcome, ...query, created_at: createdAt.toISOString() };
  });
  return { ...page, data };
}

/** Gone for good. */
export async function deleteQuery(ctx: Ctx, id: string): Promise<void> {
  const deleted = await erase(ctx, "knowledge_query.deleted", id);
  if (deleted === 0) throw new AppError("not_found");
}

/** All of one's own, gone for good. */
export async function deleteQueries(ctx: Ctx): Promise<void> {
  await erase(ctx, "knowledge_queries.deleted");
}

async function erase(ctx: Ctx, event: string, id?: string): Promise<number> {
  const own = and(
    eq(knowledgeQueries.userId, userIdOf(ctx)),
    id === undefined ? undefined : eq(knowledgeQueries.id, id),
  );
  const change = sql`delete from ${knowledgeQueries} where ${own} returning id`;
  const entry = { event, ...(id === undefined ? {} : { subjectId: id }) };
  const [deleted] = await ctx.db.run(allow("knowledge_queries", "delete"), (queries) => [
    auditedChange(queries, ctx, entry, change),
  ]);
  return deleted.rows.length;
}

function placeOf(rowId: string, ownerId: string): EnvelopeContext {
  return { table: "knowledge_queries", column: "body", rowId, ownerId };
}

const Position = z.tuple([z.uuid()]);

function before(cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [id] = decodeCursor(cursor, Position);
  return lt(knowledgeQueries.id, id);
}
