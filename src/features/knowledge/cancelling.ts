import { and, notInArray, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { auditedChange } from "../users/service.ts";
import { UNQUEUED } from "./acceptance.ts";
import { liveDocument, refusal, rowOf } from "./document-rows.ts";
import { announce } from "./progress.ts";
import type { Document } from "./schema.ts";
import { documents, documentVersions } from "./tables.ts";
import { openVault } from "./vault.ts";

const CANCELLED = "Its reading was cancelled. Try it again, or send it again.";

/**
 * Stops the reading of a document, within a batch of chunks. What it was before is what it is, its title too; one that never was read has
 * failed, and `retryDocument` takes it up where it was. Throws `conflict` for one that is not being read.
 */
export async function cancelDocument(ctx: Ctx, id: string): Promise<Document> {
  const permission = allow("documents", "cancel");
  const vault = await openVault(ctx, permission);
  const problem = sql.param(vault.sealProblem(id, CANCELLED), documents.problem);
  const shown = sql`${documentVersions} where ${documentVersions.documentId} = ${documents.id} and upper_inf(versions)`;
  const isShown = sql`exists (select from ${shown})`;
  const shownBody = sql`select ${documentVersions.body} from ${shown}`;
  // What is left of the upload that was being read goes with the schedule.
  const change = (queries: Queries) => sql`
    update ${documents} set version = version + 1, attempts = 0, updated_at = now(),
      body = coalesce((${shownBody}), body), status = case when ${isShown} then 'ready' else 'failed' end,
      progress = case when ${isShown} then 1 else progress end,
      problem = case when ${isShown} then null else ${problem}::bytea end,
      due_at = case when ${isShown} then ${UNQUEUED} end
    where ${and(liveDocument(queries, ctx, id, "write"), notInArray(documents.status, ["ready", "failed"]))}
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
