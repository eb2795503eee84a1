import { type SQL, sql } from "drizzle-orm";
import { arrayOf } from "./indexing.ts";
import type { Metadata, SearchFilter } from "./schema.ts";
import { chunks, documents } from "./tables.ts";
import type { KnowledgeVault } from "./vault.ts";

/** What a document is found by: a keyed hash for each key with its value. */
export function tagsOf(vault: KnowledgeVault, metadata: Metadata): bigint[] {
  return vault.tags.tokens(Object.entries(metadata).map(([key, value]) => tagOf(key, value)));
}

function tagOf(key: string, value: Metadata[string]): string {
  return JSON.stringify([key, value]);
}

/** A condition on documents: all parts of the filter hold, of several values one. */
export function isFitting(vault: KnowledgeVault, filter: SearchFilter): SQL {
  const { metadata = {}, document_ids, types, created_after, created_before } = filter;
  const tagged = Object.entries(metadata).map(([key, value]) => {
    const tags = vault.tags.tokens([value].flat().map((one) => tagOf(key, one)));
    return sql`${documents.tags} && ${arrayOf(tags)}::bigint[]`;
  });
  return sql.join(
    [
      ...tagged,
      ...(document_ids ? [sql`${documents.id} = any (${arrayOf(document_ids)}::uuid[])`] : []),
      ...(types ? [sql`${documents.type} = any (${arrayOf(types)}::text[])`] : []),
      ...(created_after ? [sql`${documents.createdAt} > ${created_after}::timestamptz`] : []),
      ...(created_before ? [sql`${documents.createdAt} < ${created_before}::timestamptz`] : []),
      sql`true`,
    ],
    sql` and `,
  );
}

/** @param column With what `by` of chunks names. @param documentIds The query for the documents whose chunks may be found. */
export function isOfDocuments(documentIds: SQL, column: SQL, by: "id" | "number"): SQL {
  const name = by === "id" ? chunks.id : chunks.number;
  return sql`${column} in (
    select ${name} from ${chunks} where ${chunks.documentId} in (${documentIds}))`;
}
