import { and, eq, exists, isNull, or, type SQL, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { isFor, liveCollection, type Right } from "./collection-rows.ts";
import type { DocumentStatus } from "./schema.ts";
import { collections, documents, documentVersions } from "./tables.ts";

export type DocumentRow = typeof documents.$inferSelect;

/** Why a document cannot be read whose bytes did not come. */
export const BYTES_MISSING = "The upload was interrupted before it was complete. Send the document again.";

/** The states of a document that nobody reads. */
export const ENDED_STATES: readonly DocumentStatus[] = ["ready", "failed", "cancelled"];
export const ENDED = sql.raw(`('${ENDED_STATES.join("', '")}')`);

export function rowOf(queries: Queries, ctx: Ctx, id: string, right: Right = "read") {
  return queries
    .select()
    .from(documents)
    .where(liveDocument(queries, ctx, id, right));
}

/** For a change that touched nothing. @param readable What of it the person may see. */
export function refusal(readable: object | undefined): AppError {
  return readable
    ? new AppError("forbidden", { detail: "It is shared with you to read." })
    : new AppError("not_found");
}

/** In the newest version of its collection. */
const isFound = sql`exists (
  select from ${documentVersions} where ${documentVersions.documentId} = ${documents.id} and upper_inf(${documentVersions.versions}))`;

/**
 * Neither it nor its collection is deleted. Who only reads the collection knows of what can be found in it, and not of what
 * its owner has taken out, or is still putting in.
 */
export function liveDocument(
  queries: Queries,
  ctx: Ctx,
  id?: string,
  right: Right = "read",
): SQL | undefined {
  const home = queries
    .select({ id: collections.id })
    .from(collections)
    .where(and(liveCollection(ctx, undefined, right), eq(collections.id, documents.collectionId)));
  return and(
    isFor(ctx, documents.userId, documents.collectionId, right),
    right === "read" ? or(isFor(ctx, documents.userId, documents.collectionId, "write"), isFound) : undefined,
    isNull(documents.deletedAt),
    id === undefined ? undefined : eq(documents.id, id),
    exists(home),
  );
}
