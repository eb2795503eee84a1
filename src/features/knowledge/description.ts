import { and, eq, or, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import { isSameJson } from "../../lib/json.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { recordOf } from "../users/service.ts";
import { enqueue, UNQUEUED } from "./acceptance.ts";
import { lockCollection } from "./collection-rows.ts";
import { type DocumentRow, ENDED, liveDocument, refusal, rowOf } from "./document-rows.ts";
import { tagsOf } from "./filters.ts";
import { arrayOf, type UploadRow } from "./indexing.ts";
import { insertCopies, READ_AGAIN } from "./rereading.ts";
import type { Document, UpdateDocument } from "./schema.ts";
import { documents, documentVersions } from "./tables.ts";
import { type KnowledgeVault, openVault } from "./vault.ts";

/**
 * Changes title and metadata; what is left out stays. Under a new title the content is read again, as a new upload of the
 * same bytes, for each chunk is found by the title too; what was can be found under the title it had. One that is being read
 * or has failed is only renamed: it is read with the new title, when it is. What changes nothing makes no version, so that
 * whoever reads the document goes on. Throws `precondition_failed` when the stored version is not one of `ifMatch`.
 */
export async function updateDocument(
  ctx: Ctx,
  id: string,
  change: UpdateDocument,
  ifMatch: readonly number[] | undefined,
): Promise<Document> {
  const permission = allow("documents", "update");
  const [[readable], [found], uploads] = await ctx.db.run(permission, (queries) => [
    rowOf(queries, ctx, id),
    rowOf(queries, ctx, id, "write"),
    namedUploads(queries, id),
  ]);
  if (!found) throw refusal(readable);
  if (ifMatch && !ifMatch.includes(found.version)) throw new AppError("precondition_failed");
  const vault = await openVault(ctx, permission);
  if (changesNothing(vault, { found, uploads, change })) return vault.openDocument(found);
  // What was read above is changed: another change in between is a conflict even for who does not mind the version.
  const [, changed, [row]] = await ctx.db.run(permission, (queries) => [
    lockCollection(queries, found.collectionId),
    describe(queries, ctx, vault, { found, uploads, change }),
    rowOf(queries, ctx, id),
  ]);
  if (!row) throw new AppError("not_found");
  if (changed.rows.length === 0) throw new AppError(ifMatch ? "precondition_failed" : "conflict");
  // Whoever reads it reads an earlier version, and stops.
  if (row.dueAt && row.status !== "ready") await enqueue(ctx, row);
  return vault.openDocument(row);
}

/** The upload that can be found, and the newest. */
function namedUploads(queries: Queries, id: string) {
  return queries
    .select()
    .from(documentVersions)
    .where(
      and(
        eq(documentVersions.documentId, id),
        or(
          sql`upper_inf(${documentVersions.versions})`,
          sql`${documentVersions.number} = (select upload from ${documents} where ${documents.id} = ${id}::uuid)`,
        ),
      ),
    );
}

/** With the settings it was read with: nothing but the title differs. */
function copyOf({ number }: UploadRow, body: Uint8Array) {
  const earlier = sql`(select * from ${documentVersions} where ${documentVersions.number} = ${number}::integer)`;
  return insertCopies(earlier, {
    body: sql`${sql.param(body, documents.body)}::bytea`,
    settings: sql`earlier.chunk_tokens, earlier.overlap_tokens`,
  });
}

interface Description {
  found: DocumentRow;
  uploads: readonly UploadRow[];
  change: UpdateDocument;
}

/** What can be found is read again under a new title and not renamed itself: earlier versions keep the title they had. */
function targetsOf({ found, uploads }: Pick<Description, "found" | "uploads">) {
  return found.status === "ready"
    ? { shown: uploads.find(({ versions }) => versions.endsWith(",)}")) }
    : { unread: uploads.find(({ number }) => number === found.upload) };
}

function changesNothing(vault: KnowledgeVault, { found, uploads, change }: Description): boolean {
  const { id } = found;
  const { title, metadata } = change;
  const { shown, unread } = targetsOf({ found, uploads });
  const bodies = [found, shown ?? unread].flatMap((named) => named?.body ?? []);
  return (
    (title === undefined || bodies.every((body) => vault.openTitle({ id, body }) === title)) &&
    (metadata === undefined || isSameJson(metadata, vault.openDocument(found).metadata))
  );
}

function describe(
  queries: Queries,
  ctx: Ctx,
  vault: KnowledgeVault,
  { found, uploads, change: { title, metadata } }: Description,
) {
  const { id } = found;
  const renamed = (body: Uint8Array) =>
    title === undefined ? body : vault.sealDocument(id, { ...vault.openDocumentBody({ id, body }), title });
  const { shown, unread } = targetsOf({ found, uploads });
  const isReadAgain =
    shown !== undefined && title !== undefined && title !== vault.openTitle({ ...shown, id });
  const described =
    metadata === undefined
      ? sql``
      : sql`metadata = ${sql.param(vault.sealMetadata(id, metadata), documents.metadata)}::bytea,
          tags = ${arrayOf(tagsOf(vault, metadata))}::bigint[],`;
  const isUnread = sql`${documents.status} not in ${ENDED}`;
  return queries.execute<{ id: string }>(sql`
    with changed as (
      update ${documents} set ${described} body = ${sql.param(renamed(found.body), documents.body)}::bytea,
        version = version + 1, updated_at = now(), ${isReadAgain ? READ_AGAIN : sql`due_at = case when ${isUnread} then greatest(due_at, ${UNQUEUED}) else due_at end`}
      where ${and(liveDocument(queries, ctx, id, "write"), eq(documents.version, found.version))}
        and (${documents.status} = 'ready') = ${found.status === "ready"}::boolean${isReadAgain ? sql` and ${isShown(shown)}` : sql``}
      returning id, upload
    )${isReadAgain ? sql`, copied as (${copyOf(shown, renamed(shown.body))})` : sql``}${
      unread ? sql`, renamed as (${rename(unread, renamed(unread.body))})` : sql``
    }, recorded as (${recordOf(ctx, { event: "document.updated", subjectId: id }, sql`changed`)})
    select id from changed`);
}

/** A restoration may have come in between. */
function isShown({ documentId, number }: UploadRow) {
  return sql`exists (
    select from ${documentVersions} where ${documentVersions.documentId} = ${documentId}::uuid
      and ${documentVersions.number} = ${number}::integer and upper_inf(versions))`;
}

function rename({ number }: UploadRow, body: Uint8Array) {
  return sql`
    update ${documentVersions} set body = ${sql.param(body, documents.body)}::bytea from changed
    where document_id = changed.id and ${documentVersions.number} = ${number}::integer`;
}
