import { sql } from "drizzle-orm";
import * as z from "zod";
import { userIdOf } from "../../platform/context.ts";
import type { Meter } from "../billing/service.ts";
import { collections, documents, documentVersions } from "./tables.ts";

const count = z.coerce.number().int();
const Counted = z.object({
  rows: z.tuple([z.object({ collections: count, documents: count, fullest: count, bytes: count })]),
});

/** Of the person's own; of what is deleted nothing counts. Bytes are those of all uploads that are kept. */
export const knowledgeUsage: Meter = {
  select: (queries, ctx) =>
    queries.execute(sql`
      with own as (
        select id, (select count(*) from ${documents} where collection_id = ${collections.id} and deleted_at is null) as documents,
          (select coalesce(sum(${documentVersions.size}), 0) from ${documentVersions} where collection = ${collections.number}) as bytes
        from ${collections} where user_id = ${userIdOf(ctx)}::uuid and deleted_at is null)
      select count(*) as collections, coalesce(sum(documents), 0) as documents, coalesce(max(documents), 0) as fullest,
        coalesce(sum(bytes), 0) as bytes
      from own`),
  read(answer, { config }, tier) {
    const [{ collections: made, documents: all, fullest, bytes }] = Counted.parse(answer).rows;
    return [
      { name: "collections", used: made, limit: config.knowledge.collectionsMax[tier] },
      { name: "documents_in_a_collection", used: fullest, limit: config.knowledge.documentsMax[tier] },
      { name: "documents", used: all, limit: null },
      { name: "document_bytes", used: bytes, limit: null },
      { name: "upload_bytes", used: null, limit: config.uploads.bytesMax[tier] },
    ];
  },
};
