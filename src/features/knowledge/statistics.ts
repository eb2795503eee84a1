import { sql } from "drizzle-orm";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { selectCollection } from "./collection-rows.ts";
import { liveDocument } from "./document-rows.ts";
import { CollectionStatistics, DocumentStatus } from "./schema.ts";
import { collections, documents, documentVersions } from "./tables.ts";

const count = z.coerce.number().int();
const Counted = z.array(
  z.object({
    status: DocumentStatus,
    documents: count,
    chunks: count,
    bytes: count,
    kept: count,
    outdated: count,
  }),
);

/** Of what the person may see of it. Throws `not_found`. */
export async function collectionStatistics(ctx: Ctx, id: string): Promise<CollectionStatistics> {
  const [[collection], { rows }] = await ctx.db.run(allow("collections", "read"), (queries) => [
    selectCollection(queries, ctx, id),
    queries.execute(sql`
      with seen as (
        select ${documents.id}, ${documents.status}, number, tokens from ${documents}
          join (select id, number, row (chunk_tokens, overlap_tokens) as tokens from ${collections}) as home
            on home.id = ${documents.collectionId}
        where ${documents.collectionId} = ${id}::uuid and ${liveDocument(queries, ctx)})
      select seen.status, count(distinct seen.id) as documents,
        coalesce(sum(chunks) filter (where upper_inf(versions)), 0) as chunks,
        coalesce(sum(size) filter (where upper_inf(versions)), 0) as bytes, coalesce(sum(size), 0) as kept,
        count(*) filter (where upper_inf(versions) and row (chunk_tokens, overlap_tokens) <> tokens) as outdated
      from seen left join ${documentVersions} on collection = seen.number and document_id = seen.id
        and (upper_inf(versions) or collection in (select app.writable_collections()))
      group by seen.status`),
  ]);
  if (!collection) throw new AppError("not_found");
  const counted = Counted.parse(rows);
  const sum = (name: "chunks" | "bytes" | "kept" | "outdated") =>
    counted.reduce((total, row) => total + row[name], 0);
  const states = DocumentStatus.options.map((status) => [
    status,
    counted.find((row) => row.status === status)?.documents ?? 0,
  ]);
  return CollectionStatistics.parse({
    documents: Object.fromEntries(states),
    chunks: sum("chunks"),
    bytes: sum("bytes"),
    bytes_kept: sum("kept"),
    outdated: sum("outdated"),
  });
}
