import { and, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { auditedChange } from "../users/service.ts";
import { UNQUEUED } from "./acceptance.ts";
import { ENDED, liveDocument, refusal, rowOf } from "./document-rows.ts";
import { announce } from "./progress.ts";
import type { Document } from "./schema.ts";
import { documents, documentVersions } from "./tables.ts";
import { openVault } from "./vault.ts";

const CANCELLED = "Its reading was cancelled. Have it read again, or send it again.";

/**
 * Stops the reading of a document, within a batch of chunks. What it was before is what it is, its title too; one that never
 * was read is cancelled, and `retryDocument` takes it up where it was. Throws `conflict` for one that is not being read.
 */
export async function cancelDocument(ctx: Ctx, id: string): Promise<Document> {
  const permission = allow("documents", "cancel");
  const vault = await openVault(ctx, permission);
  const problem = sql.param(vault.sealProblem(id, CANCELLED), documents.problem);
  const uploads = sql`${documentVersions} where ${documentVersions.documentId} = ${documents.id}`;
  const wasRead = sql`exists (select from ${uploads} and not isempty(versions))`;
  const shownBody = sql`select ${documentVersions.body} from ${uploads} and upper_inf(versions)`;
  // What is left of the upload that was being read goes with the schedule.
  const change = (queries: Queries) => sql`
    update ${documents} set version = version + 1, attempts = 0, updated_at = now(),
      body = coalesce((${shownBody}), body), status = case when ${wasRead} then 'ready' else 'cancelled' end,
      progress = case when ${wasRead} then 1 else progress end,
      problem = case when ${wasRead} then null else ${problem}::bytea end,
      due_at = case when ${wasRead} then ${UNQUEUED} end
    where ${and(liveDocument(queries, ctx, id, "write"), sql`${documents.status} not in ${ENDED}`)}
    returning id`;
  const [changed, [readable], [row]] = await ctx.db.run(permission, (queries) => [
    auditedChange(queries, ctx, { event: "document.cancelled", subjectId: id }, change(queries)),
    rowOf(queries, ctx, id),
    rowOf(queries, ctx, id, "write"),
  ]);
  if (!row) throw refusal(readable);
  if (changed.rows.length === 0) throw new AppError("conflict", { detail: "It is not being read." });
  ctx.waitUntil(announce(ctx, row, { status: row.status, progress: row.progress }));
  return vault.openDocument(row);
}
