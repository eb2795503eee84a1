import { type SQL, sql } from "drizzle-orm";
import { derivedId } from "../../lib/ids.ts";
import type { Queries } from "../../platform/db.ts";
import { type Chunk, searchableText } from "./core/chunk.ts";
import type { Language } from "./core/languages.ts";
import { termsOf } from "./core/terms.ts";
import { chunks, type collections, type documents, postings } from "./tables.ts";
import type { KnowledgeVault } from "./vault.ts";

export type DocumentRow = typeof documents.$inferSelect;
export type CollectionRow = typeof collections.$inferSelect;

/** What becomes of one chunk in the database. */
export interface IndexedChunk {
  id: string;
  ordinal: number;
  body: Uint8Array;
  contentHash: Uint8Array;
  tokens: readonly bigint[];
  frequencies: readonly number[];
  /** Terms of the chunk. */
  length: number;
  /** What its vector is made of. */
  searchable: string;
}

/** The same document in the same version gives the same ids. */
export function indexChunk(
  vault: KnowledgeVault,
  { id: documentId, version }: DocumentRow,
  {
    chunk,
    ordinal,
    title,
    language,
  }: { chunk: Chunk; ordinal: number; title: string; language?: Language | undefined },
): IndexedChunk {
  const id = derivedId("chunk", documentId, version, ordinal);
  const searchable = searchableText(chunk, title);
  const { postings: terms, length } = vault.index.readTerms(termsOf(searchable, language));
  return {
    id,
    ordinal,
    body: vault.sealChunk(id, { text: chunk.text, position: chunk.position }),
    contentHash: new Uint8Array(Buffer.from(chunk.contentHash, "base64url")),
    tokens: terms.map(({ token }) => token),
    frequencies: terms.map(({ frequency }) => frequency),
    length,
    searchable,
  };
}

/** Chunks with their postings, in one statement: a chunk that is there has all of its own, and is left alone. */
export function insertChunks(
  queries: Queries,
  document: DocumentRow,
  collection: CollectionRow,
  list: readonly IndexedChunk[],
) {
  const rows = list.map(
    ({ id, ordinal, body, contentHash }) =>
      sql`(${id}::uuid, ${document.userId}::uuid, ${document.id}::uuid, ${ordinal}::integer,
        ${sql.param(body, chunks.body)}::bytea, ${sql.param(contentHash, chunks.contentHash)}::bytea)`,
  );
  const repeated = <Value>(pick: (chunk: IndexedChunk) => Value) =>
    list.flatMap((chunk) => chunk.tokens.map(() => pick(chunk)));
  return queries.execute(sql`
    with written as (
      insert into ${chunks} (id, user_id, document_id, ordinal, body, content_hash)
      values ${sql.join(rows, sql`, `)}
      on conflict (id) do nothing returning id, number
    )
    insert into ${postings} (collection, token, chunk, frequency, length)
    select ${collection.number}::integer, term.token, written.number, term.frequency, term.length
    from written join unnest(
      ${arrayOf(repeated(({ id }) => id))}::uuid[], ${arrayOf(list.flatMap(({ tokens }) => tokens))}::bigint[],
      ${arrayOf(list.flatMap(({ frequencies }) => frequencies))}::integer[],
      ${arrayOf(repeated(({ length }) => length))}::integer[]
    ) as term (id, token, frequency, length) on term.id = written.id`);
}

/** One parameter for any number of values. */
export function arrayOf(values: readonly (string | number | bigint)[]): SQL {
  return sql`${`{${values.join(",")}}`}`;
}
