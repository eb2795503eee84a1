/** Bytes on their way into R2, and what becomes of the rows that wait for them when they do not come. */
import { and, eq, inArray, sql } from "drizzle-orm";
import type { Ctx } from "../../platform/context.ts";
import type { Permission } from "../../platform/db.ts";
import type { Upload } from "./acceptance.ts";
import { afterwards } from "./attempt.ts";
import { BYTES_MISSING, type DocumentRow } from "./document-rows.ts";
import { dropOrphans, eraseObjectsOf, objectName } from "./erasure.ts";
import { announce } from "./progress.ts";
import { documents } from "./tables.ts";
import type { KnowledgeVault } from "./vault.ts";

/** When it has answered or thrown, nothing is on its way any more: what came later would be found by nobody. */
export async function storeBytes(
  ctx: Ctx,
  permission: Permission,
  vault: KnowledgeVault,
  list: readonly Upload[],
): Promise<void> {
  const objects = vault.objects(ctx.ports.objects);
  const awaited = list.filter(({ store }) => store);
  const ends = await Promise.allSettled(
    awaited.map(({ documentId, uploadId, store }) =>
      store?.(objects, objectName(ctx.tenantId, documentId, uploadId)),
    ),
  );
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  if (awaited.length > 0) await dropOrphans(ctx, permission, awaited);
}

/** Removes new documents, unless somebody reads them already: those fail for want of bytes. Never fails itself. */
export async function takeBack(ctx: Ctx, permission: Permission, ids: readonly string[]): Promise<void> {
  try {
    for (const id of ids) await eraseObjectsOf(ctx, id);
    await ctx.db.run(permission, (queries) => [
      queries.delete(documents).where(and(inArray(documents.id, [...ids]), isUnread)),
    ]);
  } catch (cause) {
    ctx.log.warn({ event: "document.not_taken_back" }, cause);
  }
}

/** What the document was before can still be found. Never fails: the schedule would come to the same. */
export async function giveUp(
  ctx: Ctx,
  permission: Permission,
  vault: KnowledgeVault,
  document: DocumentRow,
): Promise<void> {
  const { id, version } = document;
  try {
    const [[failed]] = await ctx.db.run(permission, (queries) => [
      queries
        .update(documents)
        .set({
          status: "failed",
          problem: vault.sealProblem(id, BYTES_MISSING),
          dueAt: afterwards(document),
          updatedAt: sql`now()`,
        })
        .where(and(eq(documents.id, id), eq(documents.version, version), isUnread))
        .returning(),
    ]);
    if (failed) await announce(ctx, failed, { status: "failed", progress: 0, reasonCode: "unreadable" });
  } catch (cause) {
    ctx.log.warn({ event: "document.not_given_up", document_id: id }, cause);
  }
}

/** Row-level security lets a writer delete such a document of the owner's, and no other. */
const isUnread = and(eq(documents.status, "queued"), eq(documents.attempts, 0));
