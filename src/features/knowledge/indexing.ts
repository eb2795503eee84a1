import { createHmac } from "node:crypto";
import { type SQL, sql } from "drizzle-orm";
import { derivedId } from "../../lib/ids.ts";
import type { Queries } from "../../platform/db.ts";
import type { CollectionRow } from "./collection-rows.ts";
import { type Chunk, searchableText } from "./core/chunk.ts";
import type { Language } from "./core/languages.ts";
import { termsOf } from "./core/terms.ts";
import { type DocumentRow, ENDED } from "./document-rows.ts";
import { appendPostings, useOf } from "./postings.ts";
import { chunkPlaces, chunks, documents, type documentVersions } from "./tables.ts";
import type { KnowledgeVault } from "./vault.ts";

export type UploadRow = typeof documentVersions.$inferSelect;

/** A document that is being read, where it is going to and as what. */
export interface Reading {
  document: DocumentRow;
  collection: CollectionRow;
  upload: UploadRow;
}

/** One chunk of an upload, before anything is made of it. */
export interface Cut {
  /** The same for all uploads of the document in which postings and vector would be the same. */
  id: string;
  contentHash: Uint8Array;
  chunk: Chunk;
  title: string;
  language: Language | undefined;
}

/** What becomes of one chunk in the database. */
export interface IndexedChunk {
  id: string;
  body: Uint8Array;
  contentHash: Uint8Array;
  tokens: readonly bigint[];
  /** For each token, as a posting has it. */
  uses: readonly number[];
  /** Terms of the chunk. */
  length: number;
}

/** Names each chunk by what it is: one that only moved keeps its name, and one that stands there twice has two. */
export function identify(
  vault: KnowledgeVault,
  documentId: string,
  list: readonly Chunk[],
  { title, language }: { title: string; language?: Language | undefined },
): Cut[] {
  const seen = new Map<string, number>();
  return list.map((chunk) => {
    const hash = createHmac("sha256", vault.chunkKey)
      .update(JSON.stringify([chunk.contentHash, title, language ?? null]))
      .digest();
    const name = hash.toString("base64url");
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    const id = derivedId("chunk", documentId, name, count);
    return { id, contentHash: new Uint8Array(hash), chunk, title, language };
  });
}

/** What a chunk is embedded as. */
export function wordsOf({ chunk, title }: Cut): string {
  return searchableText(chunk, title);
}

export function lengthOf(cut: Cut): number {
  let length = 0;
  for (const frequency of termsOf(wordsOf(cut), cut.language).values()) length += frequency;
  return length;
}

export function indexChunk(vault: KnowledgeVault, cut: Cut): IndexedChunk {
  const { id, contentHash, chunk, language } = cut;
  const { postings: terms, length } = vault.index.readTerms(termsOf(wordsOf(cut), language));
  return {
    id,
    contentHash,
    body: vault.sealChunk(id, { text: chunk.text, heading: chunk.position.heading }),
    tokens: terms.map(({ token }) => token),
    uses: terms.map(({ frequency }) => useOf(frequency, length)),
    length,
  };
}

/**
 * Chunks with their postings, in one statement: a chunk that is there has all of its own, and is left alone. Does nothing
 * once the document is read by somebody else. Whoever runs it holds the collection.
 */
export function insertChunks(
  queries: Queries,
  { document, collection }: Reading,
  list: readonly IndexedChunk[],
) {
  const rows = list.map(
    ({ id, body, contentHash, tokens, uses }) =>
      sql`(${id}::uuid, ${sql.param(body, chunks.body)}::bytea, ${sql.param(contentHash, chunks.contentHash)}::bytea,
        ${arrayOf(tokens)}::bigint[], ${arrayOf(uses)}::bigint[])`,
  );
  return queries.execute(sql`
    with made (id, body, content_hash, tokens, uses) as (
      values ${sql.join(rows, sql`, `)}
    ), written as (
      insert into ${chunks} (id, user_id, collection, document_id, body, content_hash, tokens)
      select id, ${document.userId}::uuid, ${collection.number}::integer, ${document.id}::uuid, body, content_hash, tokens
      from made where exists (select from ${documents} where ${isUnfinished(document)})
      on conflict (id) do nothing returning id, number
    )
    ${appendPostings(
      collection.number,
      sql`select number, token, use from written join made using (id) cross join unnest(tokens, uses) as term (token, use)`,
    )}`);
}

/** Where chunks that are there stand in this upload. `first`: the place of the first in the whole list. */
export function insertPlaces(
  queries: Queries,
  { document, collection, upload }: Reading,
  list: readonly Cut[],
  first: number,
) {
  return queries.execute(sql`
    insert into ${chunkPlaces} (document_id, upload, chunk, collection, ordinal, start, page)
    select ${document.id}::uuid, ${upload.number}::integer, ${chunks.number}, ${collection.number}::integer,
      place.ordinal, place.start, nullif(place.page, -1)
    from unnest(
      ${arrayOf(list.map(({ id }) => id))}::uuid[], ${arrayOf(list.map((_, index) => first + index))}::integer[],
      ${arrayOf(list.map(({ chunk }) => chunk.position.start))}::integer[],
      ${arrayOf(list.map(({ chunk }) => chunk.position.page ?? -1))}::integer[]
    ) as place (id, ordinal, start, page) join ${chunks} on ${chunks.id} = place.id
    where exists (select from ${documents} where ${isUnfinished(document)})
    on conflict do nothing`);
}

/** What an attempt under another title, or with other readers, has left: such places are not in the list. */
export function deleteOtherPlaces(queries: Queries, { document, upload }: Reading, list: readonly Cut[]) {
  return queries.execute(sql`
    delete from ${chunkPlaces} where document_id = ${document.id}::uuid and upload = ${upload.number}::integer
      and not exists (
        select from unnest(
          ${arrayOf(list.map(({ id }) => id))}::uuid[], ${arrayOf(list.map((_, index) => index))}::integer[],
          ${arrayOf(list.map(({ chunk }) => chunk.position.start))}::integer[]
        ) as place (id, ordinal, start) join ${chunks} on ${chunks.id} = place.id
        where ${chunks.number} = ${chunkPlaces.chunk} and place.ordinal = ${chunkPlaces.ordinal}
          and place.start = ${chunkPlaces.start})
      and exists (select from ${documents} where ${isUnfinished(document)})`);
}

/** Another process may have finished it, or its owner asked for it anew. */
export function isUnfinished({ id, version }: DocumentRow): SQL {
  return sql`(${documents.id} = ${id}::uuid and ${documents.version} = ${version}::integer
    and ${documents.status} not in ${ENDED} and ${documents.deletedAt} is null)`;
}

/** One parameter for any number of values. */
export function arrayOf(values: readonly (string | number | bigint)[]): SQL {
  return sql`${`{${values.join(",")}}`}`;
}
