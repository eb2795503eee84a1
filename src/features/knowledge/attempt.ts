/** What becomes of one attempt to read a document: taken up, told how far it is, given up or finished. */
import { and, eq, sql } from "drizzle-orm";
import { type JobCtx, userIdOf } from "../../platform/context.ts";
import type { Queries, Query } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { KEPT, KEPT_MS, lockCollection } from "./collection-rows.ts";
import type { DocumentProblem } from "./core/parse/document.ts";
import { ENDED } from "./document-rows.ts";
import { objectName } from "./erasure.ts";
import { isUnfinished, type Reading } from "./indexing.ts";
import { removePostings } from "./postings.ts";
import { announce, type Progress } from "./progress.ts";
import { pruneVersions } from "./pruning.ts";
import {
  chunkPlaces,
  chunks,
  collections,
  collectionVersions,
  documents,
  documentVersions,
} from "./tables.ts";
import type { KnowledgeVault } from "./vault.ts";

/** Longer than any step takes: until then the schedule leaves it alone. */
const ATTEMPT_TIME = sql`interval '10 minutes'`;

/** A document that is to be read, tidied up or erased. A reading that was cancelled leaves it without its last upload. */
export type Taken = Pick<Reading, "document" | "collection"> & { upload: Reading["upload"] | null };

/** Counts the attempt. Null when there is no such document. */
export async function begin(
  ctx: JobCtx,
  { documentId, version }: { documentId: string; version: number },
): Promise<Taken | null> {
  const due = sql`case when ${collections.deletedAt} is null then now() + ${ATTEMPT_TIME}
    else greatest(now() + ${ATTEMPT_TIME}, ${collections.deletedAt} + ${KEPT}) end`;
  const [, [row]] = await ctx.db.run(allow("documents", "ingest"), (queries) => [
    queries.execute(sql`
      update ${documents} set attempts = attempts + 1, due_at = ${due}
      from ${collections}
      where ${documents.id} = ${documentId}::uuid and ${documents.userId} = ${userIdOf(ctx)}::uuid
        and ${collections.id} = ${documents.collectionId}
        and ${documents.version} = ${version}::integer and ${documents.status} not in ${ENDED}`),
    queries
      .select({ document: documents, collection: collections, upload: documentVersions })
      .from(documents)
      .innerJoin(collections, eq(collections.id, documents.collectionId))
      .leftJoin(
        documentVersions,
        and(eq(documentVersions.documentId, documents.id), eq(documentVersions.number, documents.upload)),
      )
      .where(and(eq(documents.id, documentId), eq(documents.userId, userIdOf(ctx)))),
  ]);
  return row ?? null;
}

export function isToBeErased(ctx: JobCtx, { document, collection }: Taken): boolean {
  return document.deletedAt !== null || Number(collection.deletedAt ?? Infinity) + KEPT_MS <= ctx.clock.now();
}

/** False when the document is no more this reading's. */
export async function report(
  ctx: JobCtx,
  { document }: Reading,
  progress: Pick<Progress, "progress"> & { status: "parsing" | "embedding" },
  also: (queries: Queries) => Query[] = () => [],
): Promise<boolean> {
  const [{ rows }] = await ctx.db.run(allow("documents", "ingest"), (queries) => [
    queries.execute(sql`
      update ${documents} set status = ${progress.status}, progress = ${progress.progress}::real,
        due_at = greatest(due_at, now() + ${ATTEMPT_TIME}), updated_at = now()
      where ${isUnfinished(document)} returning id`),
    ...also(queries),
  ]);
  if (rows.length > 0) await announce(ctx, document, progress);
  return rows.length > 0;
}

/** What it was before can still be found; nothing is left of what was made of this upload. */
export async function fail(
  ctx: JobCtx,
  vault: KnowledgeVault,
  reading: Reading,
  { code, message }: Pick<DocumentProblem, "message"> & { code: string },
): Promise<void> {
  const { document, upload } = reading;
  // Asked for again, it is fetched again.
  const { url } = vault.openDocumentBody({ id: document.id, body: upload.body });
  if (url !== undefined) {
    await ctx.ports.objects.delete(objectName(ctx.tenantId, document.id, upload.uploadId));
  }
  const isOurs = sql`exists (select from ${documents} where ${isUnfinished(document)})`;
  const isLeft = sql`${chunks.documentId} = ${document.id}::uuid and ${chunks.hidden} and ${isOurs}
    and not exists (select from ${chunkPlaces} where ${chunkPlaces.chunk} = ${chunks.number})`;
  await ctx.db.run(allow("documents", "ingest"), (queries) => [
    lockCollection(queries, document.collectionId),
    queries
      .delete(chunkPlaces)
      .where(and(eq(chunkPlaces.documentId, document.id), eq(chunkPlaces.upload, upload.number), isOurs)),
    removePostings(queries, isLeft),
    queries.delete(chunks).where(isLeft),
    queries
      .update(documents)
      .set({
        status: "failed",
        problem: vault.sealProblem(document.id, message),
        dueAt: afterwards(document),
        updatedAt: sql`now()`,
      })
      .where(isUnfinished(document)),
  ]);
  await announce(ctx, document, { status: "failed", progress: document.progress, reasonCode: code });
}

/**
 * Erases what is in no version of the collection any more. The schedule comes back for this document only where a version
 * with it was replaced by a restoration: once that is kept no longer.
 */
export async function tidy(ctx: JobCtx, { document, collection }: Taken): Promise<void> {
  const permission = allow("documents", "ingest");
  await pruneVersions(ctx, permission, collection.id);
  await ctx.db.run(permission, (queries) => [
    queries
      .update(documents)
      .set({ dueAt: sql`coalesce(${afterwards(document)}, ${leftUntil(document)})` })
      .where(
        and(
          eq(documents.id, document.id),
          eq(documents.version, document.version),
          eq(documents.status, "ready"),
        ),
      ),
  ]);
}

function leftUntil({ id, collectionId }: Reading["document"]) {
  return sql`(
    select min(left_at) + ${KEPT} from ${collectionVersions} as one
    where one.collection_id = ${collectionId}::uuid and left_at > now() - ${KEPT} and exists (
      select from ${documentVersions} where document_id = ${id}::uuid and versions @> one.number and not upper_inf(versions)))`;
}

/** Null, unless it is to go with its collection. */
export function afterwards({ collectionId }: Reading["document"]) {
  return sql`(select deleted_at + ${KEPT} from ${collections} where id = ${collectionId}::uuid)`;
}
