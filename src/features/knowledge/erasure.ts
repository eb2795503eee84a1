import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import { type JobCtx, userIdOf } from "../../platform/context.ts";
import type { Permission } from "../../platform/db.ts";
import { openVectorIndex } from "../../platform/vectors.ts";
import { lockCollection } from "./collection-rows.ts";
import { removePostings } from "./postings.ts";
import { chunks, documents, documentVersions } from "./tables.ts";

/** Where the bytes of one upload are in R2. */
export function objectName(tenantId: string, documentId: string, uploadId: string): string {
  return `${objectsOf(tenantId, documentId)}${uploadId}`;
}

function objectsOf(tenantId: string, documentId: string): string {
  return `knowledge/${tenantId}/${documentId}/`;
}

/** The bytes first: as long as the row is there, the schedule comes back for them. */
export async function eraseDocument(ctx: JobCtx, permission: Permission, id: string): Promise<void> {
  await eraseObjectsOf(ctx, id);
  await ctx.db.run(permission, (queries) => [
    lockCollection(queries, sql`(select collection_id from ${documents} where id = ${id}::uuid)`),
    removePostings(queries, sql`${eq(chunks.documentId, id)} and ${eq(chunks.userId, userIdOf(ctx))}`),
    queries.delete(documents).where(and(eq(documents.id, id), eq(documents.userId, userIdOf(ctx)))),
  ]);
  await openVectorIndex(ctx, permission).flush();
}

/**
 * For who has just stored bytes: a document can be deleted while they are on their way, and nothing would ever come back for
 * them. Deleting marks the document before it looks for bytes, so one of the two sees the other.
 */
export async function dropOrphans(
  ctx: JobCtx,
  permission: Permission,
  stored: readonly { documentId: string; uploadId: string }[],
): Promise<void> {
  const ids = stored.map(({ uploadId }) => uploadId);
  const [rows] = await ctx.db.run(permission, (queries) => [
    queries
      .select({ uploadId: documentVersions.uploadId })
      .from(documentVersions)
      .innerJoin(documents, eq(documents.id, documentVersions.documentId))
      .where(and(inArray(documentVersions.uploadId, ids), isNull(documents.deletedAt))),
  ]);
  const wanted = new Set(rows.map(({ uploadId }) => uploadId));
  const orphans = stored.filter(({ uploadId }) => !wanted.has(uploadId));
  if (orphans.length === 0) return;
  await ctx.ports.objects.delete(
    orphans.map(({ documentId, uploadId }) => objectName(ctx.tenantId, documentId, uploadId)),
  );
}

/** The bytes of all its uploads. */
export async function eraseObjectsOf({ ports, tenantId }: JobCtx, documentId: string): Promise<void> {
  for (;;) {
    const { objects, truncated } = await ports.objects.list({ prefix: objectsOf(tenantId, documentId) });
    if (objects.length > 0) await ports.objects.delete(objects.map(({ key }) => key));
    if (!truncated) return;
  }
}
