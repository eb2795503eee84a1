import { and, desc, eq, exists, isNull, lt, type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { AppError } from "../../lib/errors.ts";
import { derivedId } from "../../lib/ids.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { auditedChange } from "../users/service.ts";
import { liveCollection } from "./collections.ts";
import { eraseDocument, objectName } from "./erasure.ts";
import type { CreateDocument, CreateDocuments, Document, IngestMessage, ListDocuments } from "./schema.ts";
import { collections, documents } from "./tables.ts";
import { type KnowledgeVault, openVault } from "./vault.ts";

type NewDocument = CreateDocument & { id: string };

/** When the schedule takes up what no message came for. */
const UNQUEUED = sql`now() + interval '5 minutes'`;

/** Accepts a document; the queue reads it. Safe to repeat with the same id. */
export async function createDocument(ctx: Ctx, input: CreateDocument, id: string): Promise<Document> {
  const [made] = await accept(ctx, [{ ...input, id }]);
  if (!made) throw new AppError("not_found");
  return made;
}

/** All of them or none. */
export async function createDocuments(ctx: Ctx, input: CreateDocuments, id: string) {
  const { collection_id, documents: list } = input;
  const made = list.map((each, index) => ({ ...each, collection_id, id: derivedId("batch", id, index) }));
  return { data: await accept(ctx, made) };
}

/**
 * Rows first, then bytes, then messages: after a crash in between the schedule finds the row, and a document without its
 * bytes fails with that reason.
 */
async function accept(ctx: Ctx, list: readonly NewDocument[]): Promise<Document[]> {
  const permission = allow("documents", "create");
  const sized = list.map((one) => ({ ...one, bytes: bytesOf(one) }));
  const vault = await openVault(ctx, permission);
  const answers = await ctx.db.run(permission, (queries) =>
    sized.flatMap((one) => [insertDocument(queries, ctx, vault, one), rowOf(queries, ctx, one.id)]),
  );
  const rows = answers.flatMap((answer) => ("rows" in answer ? [] : answer));
  if (rows.length < list.length) throw new AppError("not_found");
  const objects = vault.objects(ctx.ports.objects);
  await Promise.all(sized.map(({ id, bytes }) => objects.put(objectName(ctx.tenantId, id), bytes)));
  await Promise.all(rows.map((row) => enqueue(ctx, row)));
  return rows.map((row) => vault.openDocument(row));
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function bytesOf({ content, encoding }: NewDocument): Uint8Array {
  if (encoding === "text") return new TextEncoder().encode(content);
  if (content.length % 4 === 0 && BASE64.test(content)) return new Uint8Array(Buffer.from(content, "base64"));
  throw new AppError("validation_failed", {
    errors: [{ path: "body.content", message: "is not base64, with its padding" }],
  });
}

function insertDocument(
  queries: Queries,
  ctx: Ctx,
  vault: KnowledgeVault,
  { id, title = "", type, bytes, collection_id }: NewDocument & { bytes: Uint8Array },
) {
  const body = sql.param(vault.sealTitle(id, title), documents.body);
  const insert = sql`
    insert into ${documents} (id, user_id, collection_id, body, type, size, due_at)
    select ${id}::uuid, ${userIdOf(ctx)}::uuid, ${collections.id}, ${body}::bytea, ${type}, ${bytes.length}::integer,
      ${UNQUEUED}
    from ${collections} where ${liveCollection(ctx, collection_id)}
    on conflict (id) do nothing returning id`;
  return auditedChange(queries, ctx, { event: "document.created", subjectId: id }, insert);
}

/** The newest first. */
export async function listDocuments(ctx: Ctx, { limit, cursor, collection_id }: ListDocuments) {
  const permission = allow("documents", "read");
  const inCollection = collection_id === undefined ? undefined : eq(documents.collectionId, collection_id);
  const [rows] = await ctx.db.run(permission, (queries) => [
    queries
      .select()
      .from(documents)
      .where(and(live(queries, ctx), inCollection, before(cursor)))
      .orderBy(desc(documents.id))
      .limit(limit + 1),
  ]);
  const page = cutPage(rows, limit, ({ id }) => [id]);
  if (page.data.length === 0) return { ...page, data: [] };
  const vault = await openVault(ctx, permission);
  return { ...page, data: page.data.map((row) => vault.openDocument(row)) };
}

export async function getDocument(ctx: Ctx, id: string): Promise<Document> {
  const permission = allow("documents", "read");
  const [[row]] = await ctx.db.run(permission, (queries) => [rowOf(queries, ctx, id)]);
  if (!row) throw new AppError("not_found");
  return (await openVault(ctx, permission)).openDocument(row);
}

/** Reads a failed one anew. Throws `conflict` for one that has not failed. */
export async function retryDocument(ctx: Ctx, id: string): Promise<Document> {
  const permission = allow("documents", "retry");
  const [[found], changed, [row]] = await ctx.db.run(permission, (queries) => [
    rowOf(queries, ctx, id),
    auditedChange(
      queries,
      ctx,
      { event: "document.retried", subjectId: id },
      sql`update ${documents} set status = 'queued', progress = 0, problem = null, attempts = 0,
          version = version + 1, due_at = ${UNQUEUED}, updated_at = now()
        where ${and(live(queries, ctx, id), eq(documents.status, "failed"))} returning id`,
    ),
    rowOf(queries, ctx, id),
  ]);
  if (!found || !row) throw new AppError("not_found");
  if (changed.rows.length === 0) {
    throw new AppError("conflict", { detail: "Only a document that has failed can be read again." });
  }
  await enqueue(ctx, row);
  return (await openVault(ctx, permission)).openDocument(row);
}

/** Gone with its bytes, chunks and vectors before it is answered. */
export async function deleteDocument(ctx: Ctx, id: string): Promise<void> {
  const permission = allow("documents", "delete");
  const [deleted] = await ctx.db.run(permission, (queries) => [
    auditedChange(
      queries,
      ctx,
      { event: "document.deleted", subjectId: id },
      sql`update ${documents} set deleted_at = now(), due_at = now() where ${live(queries, ctx, id)} returning id`,
    ),
  ]);
  if (deleted.rows.length === 0) throw new AppError("not_found");
  await eraseDocument(ctx, permission, id);
}

/** What cannot be queued now is queued by the schedule. */
async function enqueue(ctx: Ctx, { id, userId, version }: typeof documents.$inferSelect): Promise<void> {
  const message: IngestMessage = {
    kind: "document.ingest",
    tenant_id: ctx.tenantId,
    user_id: userId,
    document_id: id,
    version,
  };
  await ctx.ports.ingest
    .send(message)
    .catch((cause: unknown) => ctx.log.warn({ event: "document.queue_failed", document_id: id }, cause));
}

function rowOf(queries: Queries, ctx: Ctx, id: string) {
  return queries
    .select()
    .from(documents)
    .where(live(queries, ctx, id));
}

function live(queries: Queries, ctx: Ctx, id?: string): SQL | undefined {
  const home = queries
    .select({ id: collections.id })
    .from(collections)
    .where(and(liveCollection(ctx), eq(collections.id, documents.collectionId)));
  return and(
    eq(documents.userId, userIdOf(ctx)),
    isNull(documents.deletedAt),
    id === undefined ? undefined : eq(documents.id, id),
    exists(home),
  );
}

const Position = z.tuple([z.uuid()]);

function before(cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [id] = decodeCursor(cursor, Position);
  return lt(documents.id, id);
}
