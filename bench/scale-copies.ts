/**
 * Multiplies what was read, in the database: a hundred thousand chunks take the product's own reading twenty minutes. A copy
 * is a chunk with its places, postings and vector under another number, so that words are as frequent as in the original;
 * vectors are moved a little, lest a graph have them for one.
 */

/** Batches of statements, each to be run in one transaction as the superuser, that add `rounds` copies of each chunk. */
export function copying(rounds: number): string[][] {
  return [
    ["create table copied as select id, number from chunks", "analyze copied"],
    ...Array.from({ length: rounds }, (_, round) => [
      // Neither foreign keys nor triggers: the rows are right, and checking each would take most of the time.
      "set local session_replication_role = replica",
      ...copyOnce(round + 1),
    ]),
    [
      "select setval(pg_get_serial_sequence('chunks', 'number'), (select max(number) from chunks))",
      `update document_versions set chunks = chunks * ${rounds + 1}, terms = terms * ${rounds + 1}`,
      "drop table copied",
    ],
  ];
}

function copyOnce(round: number): string[] {
  const number = `number + ${round} * (select max(number) from copied)`;
  const id = (column: string) => `md5(${column}::text || '${round}')::uuid`;
  return [
    `insert into chunks (id, number, tenant_id, user_id, collection, document_id, body, content_hash, hidden, embedder)
     overriding system value
     select ${id("id")}, ${number}, tenant_id, user_id, collection, document_id, body, content_hash, hidden, embedder
     from chunks where number in (select number from copied)`,
    `insert into chunk_places (document_id, upload, chunk, tenant_id, collection, ordinal, start, page)
     select document_id, upload, ${number}, tenant_id, collection, ordinal, start, page
     from chunk_places join copied on number = chunk`,
    `insert into postings (collection, token, chunk, frequency, length, tenant_id)
     select collection, token, ${number}, frequency, length, tenant_id from postings join copied on number = chunk`,
    `insert into chunk_vectors (chunk_id, tenant_id, user_id, collection, embedder, embedding)
     select ${id("chunk_id")}, tenant_id, user_id, collection, embedder, case when embedding is not null then
       (select array_agg(value + (random() - 0.5) * 0.02) from unnest(embedding::real[]) as value)::real[]::halfvec end
     from chunk_vectors join copied on copied.id = chunk_id`,
  ];
}
