import { and, eq } from "drizzle-orm";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Permission } from "../../platform/db.ts";
import { documents } from "./tables.ts";

/** Where its bytes are in R2. */
export function objectName(tenantId: string, documentId: string): string {
  return `knowledge/${tenantId}/${documentId}`;
}

/** The bytes first: as long as the row is there, the schedule comes back for them. */
export async function eraseDocument(ctx: Ctx, permission: Permission, id: string): Promise<void> {
  await ctx.ports.objects.delete(objectName(ctx.tenantId, id));
  await ctx.db.run(permission, (queries) => [
    queries.delete(documents).where(and(eq(documents.id, id), eq(documents.userId, userIdOf(ctx)))),
  ]);
}
