/**
 * Multiplies what was read, in the database: a hundred thousand chunks take the product's own reading many minutes. A copy
 * is a chunk with its place and vector under another number, sealed anew under its own name, so that it is found and opened
 * as the original is; words are as frequent as there. Vectors are moved a little, lest a graph have them for one; their
 * signs are left.
 */
import { createHash } from "node:crypto";
import { allow } from "../src/features/auth/policy.ts";
import { USE_BITS } from "../src/features/knowledge/postings.ts";
import { type KnowledgeVault, openVault } from "../src/features/knowledge/vault.ts";
import type { Service } from "./scale-service.ts";

const SEALED_AT_ONCE = 500;
/** Neither foreign keys nor triggers: the rows are right, and checking each would take most of the time. */
const UNCHECKED = "set local session_replication_role = replica;";
const ABOVE_ALL = "(select max(number) from copied)";

/** Adds `rounds` copies of each chunk. */
export async function multiply({ ctx, admin }: Service, rounds: number): Promise<void> {
  const vault = await openVault(ctx, allow("collections", "search"));
  await admin("create table copied as select id, number from chunks; analyze copied");
  const originals = await admin("select id, number from copied order by number");
  const isWithVectors = (await admin("select to_regtype('halfvec') is not null as is"))[0]?.["is"] === true;
  for (let round = 1; round <= rounds; round++) {
    for (let at = 0; at < originals.length; at += SEALED_AT_ONCE) {
      const ids = originals.slice(at, at + SEALED_AT_ONCE).map(({ id }) => String(id));
      await copyChunks(admin, vault, ids, round);
    }
    await admin(`${UNCHECKED} ${copyPlaces(round)}; ${copyVectors(round, isWithVectors)}`);
  }
  await admin(`${UNCHECKED} create table packed as table postings; truncate postings; ${packAgain(rounds)}`);
  await admin(`
    select setval(pg_get_serial_sequence('chunks', 'number'), (select max(number) from chunks));
    update token_counts set chunks = chunks * ${rounds + 1};
    update document_versions set chunks = chunks * ${rounds + 1}, terms = terms * ${rounds + 1};
    drop table copied, packed`);
}

async function copyChunks(
  admin: Service["admin"],
  vault: KnowledgeVault,
  ids: readonly string[],
  round: number,
): Promise<void> {
  const list = ids.join(",");
  const rows = await admin(
    `select id, encode(body, 'base64') as body from chunks where id = any ('{${list}}'::uuid[])`,
  );
  const made = rows.map((row) => {
    const id = String(row["id"]);
    const copy = idOfCopy(id, round);
    const sealed = vault.sealChunk(copy, vault.openChunk(id, Buffer.from(String(row["body"]), "base64")));
    return `('${id}'::uuid, '${copy}'::uuid, '${Buffer.from(sealed).toString("base64")}')`;
  });
  await admin(
    `${UNCHECKED} insert into chunks (id, number, tenant_id, user_id, collection, document_id, body, content_hash, hidden, embedder,
       tokens)
     overriding system value
     select made.id, number + ${round} * ${ABOVE_ALL}, tenant_id, user_id, collection, document_id,
       decode(made.body, 'base64'), content_hash, hidden, embedder, tokens
     from (values ${made.join(",")}) as made (original, id, body) join chunks on chunks.id = original`,
  );
}

function idOfCopy(id: string, round: number): string {
  const hex = createHash("md5").update(`${id}${round}`).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function copyPlaces(round: number): string {
  return `
    insert into chunk_places (document_id, upload, chunk, tenant_id, collection, ordinal, start, page)
    select document_id, upload, number + ${round} * ${ABOVE_ALL}, tenant_id, collection, ordinal, start, page
    from chunk_places join copied on number = chunk`;
}

function copyVectors(round: number, isWithVectors: boolean): string {
  const moved = `(select array_agg(value + (random() - 0.5) * 0.02) from unnest(embedding::real[]) as value)::real[]::halfvec`;
  return `
    insert into chunk_vectors (chunk_id, tenant_id, user_id, collection, embedder, embedding, signs)
    select md5(chunk_id::text || '${round}')::uuid, tenant_id, user_id, collection, embedder,
      ${isWithVectors ? moved : "embedding"}, signs
    from chunk_vectors join copied on copied.id = chunk_id`;
}

/** As appending all of them leaves them: full blocks, but for the last. */
function packAgain(rounds: number): string {
  return `
    insert into postings (collection, token, block, tenant_id, entries)
    select collection, token, place / 64, tenant_id, array_agg(entry order by entry)
    from (
      select *, row_number() over (partition by collection, token order by entry) - 1 as place
      from (
        select collection, token, tenant_id, entry + round * (${ABOVE_ALL} << ${USE_BITS}) as entry
        from packed cross join unnest(entries) as entry cross join generate_series(0, ${rounds}) as round
      ) as moved
    ) as placed
    group by collection, token, place / 64, tenant_id`;
}
