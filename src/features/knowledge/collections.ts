import { and, desc, eq, gt, inArray, lt, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { isSameJson } from "../../lib/json.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { createEmbedder } from "../../platform/embedder.ts";
import { oneAtATime } from "../../platform/one-at-a-time.ts";
import { allow } from "../auth/policy.ts";
import { describeLimit, limitOfTier } from "../billing/service.ts";
import { auditedChange, recordOf } from "../users/service.ts";
import { KEPT, liveCollection, requireOwn, selectCollection } from "./collection-rows.ts";
import { ENDED } from "./document-rows.ts";
import { pruneVersions } from "./pruning.ts";
import type { Collection, CreateCollection, ListCollections, UpdateCollection } from "./schema.ts";
import { collections, documents } from "./tables.ts";
import { openVault } from "./vault.ts";

/** Versions the caller accepts; undefined when it does not mind. */
type IfMatch = readonly number[] | undefined;

/** Safe to repeat with the same id. Throws `conflict` for one more than there may be. */
export async function createCollection(ctx: Ctx, input: CreateCollection, id: string): Promise<Collection> {
  const permission = allow("collections", "create");
  const vault = await openVault(ctx, permission);
  const { name, description, settings, versions_kept } = input;
  const body = sql.param(vault.sealCollection(id, { name, description }), collections.body);
  const embedder = createEmbedder(ctx.config.embedder).id;
  const insert = sql`
    insert into ${collections} (id, user_id, body, chunk_tokens, overlap_tokens, versions_kept, embedder)
    select ${id}::uuid, ${userIdOf(ctx)}::uuid, ${body}::bytea, ${settings.chunk_tokens}::integer,
      ${settings.overlap_tokens}::integer, ${versions_kept}::integer, ${embedder}
    where ${hasRoom(ctx)}
    on conflict (id) do nothing returning id`;
  const { notices } = ctx.ports;
  const [, , [row], noticed] = await ctx.db.run(permission, (queries) => [
    alone(queries, ctx),
    auditedChange(queries, ctx, { event: "collection.created", subjectId: id }, insert),
    selectCollection(queries, ctx, id),
    notices.select(queries),
  ]);
  await notices.tell(ctx, noticed);
  if (!row) throw await tooMany(ctx);
  return vault.openCollection(row);
}

/** Lets no other collection of the person's come between what is counted and what is added. */
function alone(queries: Queries, ctx: Ctx) {
  return oneAtATime(queries, "collections", userIdOf(ctx));
}

function hasRoom(ctx: Ctx): SQL {
  return sql`(select count(*) from ${collections} where ${liveCollection(ctx, undefined, "own")})
    < ${limitOfTier(ctx.config.knowledge.collectionsMax)}`;
}

async function tooMany(ctx: Ctx): Promise<AppError> {
  const limit = await describeLimit(ctx, ctx.config.knowledge.collectionsMax, "collections");
  return new AppError("conflict", {
    detail: `A person has at most ${limit}. Delete one, or put its documents into another.`,
  });
}

/** Their own and those shared with them, or their own deleted ones; the newest first. */
export async function listCollections(ctx: Ctx, { limit, cursor, deleted }: ListCollections) {
  const permission = allow("collections", "read");
  const [rows] = await ctx.db.run(permission, (queries) => [
    queries
      .select()
      .from(collections)
      .where(and(deleted ? deletedCollection(ctx) : liveCollection(ctx), before(cursor)))
      .orderBy(desc(collections.id))
      .limit(limit + 1),
  ]);
  const page = cutPage(rows, limit, ({ id }) => [id]);
  if (page.data.length === 0) return { ...page, data: [] };
  const vault = await openVault(ctx, permission);
  return { ...page, data: page.data.map((row) => vault.openCollection(row)) };
}

/** The person's own before those shared with them, lest others decide what of it is among the first; the newest first. */
export async function listOwnFirst(ctx: Ctx, limit: number): Promise<Collection[]> {
  const permission = allow("collections", "read");
  const [rows] = await ctx.db.run(permission, (queries) => [
    queries
      .select()
      .from(collections)
      .where(liveCollection(ctx))
      .orderBy(desc(eq(collections.userId, userIdOf(ctx))), desc(collections.id))
      .limit(limit),
  ]);
  if (rows.length === 0) return [];
  const vault = await openVault(ctx, permission);
  return rows.map((row) => vault.openCollection(row));
}

/** Throws `not_found` for a deleted one too. */
export async function getCollection(ctx: Ctx, id: string): Promise<Collection> {
  const permission = allow("collections", "read");
  const [[row]] = await ctx.db.run(permission, (queries) => [selectCollection(queries, ctx, id)]);
  if (!row) throw new AppError("not_found");
  return (await openVault(ctx, permission)).openCollection(row);
}

/**
 * What is left out stays; what changes nothing makes no version. Throws `precondition_failed` when the stored version is not
 * one of `ifMatch`.
 */
export async function updateCollection(
  ctx: Ctx,
  id: string,
  changes: UpdateCollection,
  ifMatch: IfMatch,
): Promise<Collection> {
  const permission = allow("collections", "update");
  const [[found]] = await ctx.db.run(permission, (queries) => [selectCollection(queries, ctx, id)]);
  requireOwn(ctx, found);
  if (ifMatch && !ifMatch.includes(found.version)) throw new AppError("precondition_failed");
  const vault = await openVault(ctx, permission);
  const before = vault.openCollection(found);
  const after = changed(before, changes);
  if (isSameJson(after, before)) return before;
  const { name, description, versions_kept } = after;
  const { chunk_tokens, overlap_tokens } = after.settings;
  const body = sql.param(vault.sealCollection(id, { name, description }), collections.body);
  // What was read above decides what is kept: a change in between is a conflict even for who does not mind the version.
  const change = sql`
    update ${collections} set body = ${body}::bytea, chunk_tokens = ${chunk_tokens}::integer,
      overlap_tokens = ${overlap_tokens}::integer, versions_kept = ${versions_kept}::integer, version = version + 1,
      updated_at = now()
    where ${and(liveCollection(ctx, id, "own"), eq(collections.version, found.version))} returning id`;
  const { notices } = ctx.ports;
  const [made, [row], noticed] = await ctx.db.run(permission, (queries) => [
    auditedChange(queries, ctx, { event: "collection.updated", subjectId: id }, change),
    selectCollection(queries, ctx, id),
    notices.select(queries),
  ]);
  await notices.tell(ctx, noticed);
  if (!row) throw new AppError("not_found");
  if (made.rows.length === 0) throw new AppError(ifMatch ? "precondition_failed" : "conflict");
  if (row.versionsKept < found.versionsKept) await pruneVersions(ctx, permission, id);
  return vault.openCollection(row);
}

function changed(
  before: Collection,
  { name, description, settings, versions_kept }: UpdateCollection,
): Collection {
  const { chunk_tokens, overlap_tokens } = before.settings;
  return {
    ...before,
    name: name ?? before.name,
    description: description ?? before.description,
    settings: {
      chunk_tokens: settings?.chunk_tokens ?? chunk_tokens,
      overlap_tokens: settings?.overlap_tokens ?? overlap_tokens,
    },
    versions_kept: versions_kept ?? before.versions_kept,
  };
}

/** Its documents go out of sight with it, and all of it for good after 30 days. */
export async function deleteCollection(ctx: Ctx, id: string, ifMatch: IfMatch): Promise<void> {
  const condition = and(
    liveCollection(ctx, id, "own"),
    ifMatch && inArray(collections.version, [...ifMatch]),
  );
  const change = sql`
    update ${collections} set deleted_at = now(), version = version + 1 where ${condition} returning id`;
  const { notices } = ctx.ports;
  const [[found], deleted, , noticed] = await ctx.db.run(allow("collections", "delete"), (queries) => [
    selectCollection(queries, ctx, id),
    auditedChange(queries, ctx, { event: "collection.deleted", subjectId: id }, change),
    queries
      .update(documents)
      .set({ dueAt: sql`now() + ${KEPT}` })
      .where(
        sql`${documents.deletedAt} is null and ${documents.collectionId} in
          (select id from ${collections} where id = ${id}::uuid and deleted_at is not null)`,
      ),
    notices.select(queries),
  ]);
  await notices.tell(ctx, noticed);
  requireOwn(ctx, found);
  if (deleted.rows.length === 0) throw new AppError("precondition_failed");
}

/** As it was, with its documents; one that is not deleted stays as it is. Throws `not_found` after 30 days. */
export async function undeleteCollection(ctx: Ctx, id: string): Promise<Collection> {
  const permission = allow("collections", "delete");
  const entry = { event: "collection.undeleted", subjectId: id };
  const isDeleted = deletedCollection(ctx, id);
  const { notices } = ctx.ports;
  const [, [deleted], , [row], noticed] = await ctx.db.run(permission, (queries) => [
    alone(queries, ctx),
    queries.select().from(collections).where(isDeleted),
    queries.execute(sql`
      with changed as (
        update ${collections} set deleted_at = null, version = version + 1 where ${isDeleted} and ${hasRoom(ctx)}
        returning id
      ), resumed as (
        update ${documents} set due_at = case when status in ${ENDED} then null else now() end from changed
        where ${documents.collectionId} = changed.id and ${documents.deletedAt} is null
      ), recorded as (${recordOf(ctx, entry, sql`changed`)})
      select id from changed`),
    selectCollection(queries, ctx, id, "own"),
    notices.select(queries),
  ]);
  await notices.tell(ctx, noticed);
  if (!row) throw deleted ? await tooMany(ctx) : new AppError("not_found");
  return (await openVault(ctx, permission)).openCollection(row);
}

/** Which can still be brought back. */
function deletedCollection(ctx: Ctx, id?: string): SQL | undefined {
  return and(
    eq(collections.userId, userIdOf(ctx)),
    gt(collections.deletedAt, sql`now() - ${KEPT}`),
    id === undefined ? undefined : eq(collections.id, id),
  );
}

const Position = z.tuple([z.uuid()]);

function before(cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [id] = decodeCursor(cursor, Position);
  return lt(collections.id, id);
}
