import { and, eq } from "drizzle-orm";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Permission } from "../../platform/db.ts";
import { openVectorIndex } from "../../platform/vectors.ts";
import { documents } from "./tables.ts";

/** Where the bytes of one upload are in R2. */
export function objectName(tenantId: string, documentId: string, uploadId: string): string {
  return `${objectsOf(tenantId, documentId)}${uploadId}`;
}

function objectsOf(tenantId: string, documentId: string): string {
  return `knowledge/${tenantId}/${documentId}/`;
}

/** The bytes first: as long as the row is there, the schedule comes back for them. */
export async function eraseDocument(ctx: Ctx, permission: Permission, id: string): Promise<void> {
  await eraseObjects(ctx.ports.objects, objectsOf(ctx.tenantId, id));
  await ctx.db.run(permission, (queries) => [
    queries.delete(documents).where(and(eq(documents.id, id), eq(documents.userId, userIdOf(ctx)))),
  ]);
  await openVectorIndex(ctx, permission).flush();
}

async function eraseObjects(bucket: R2Bucket, prefix: string): Promise<void> {
  for (;;) {
    const { objects, truncated } = await bucket.list({ prefix });
    if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key));
    if (!truncated) return;
  }
}
