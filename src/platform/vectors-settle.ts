import { type SQL, sql } from "drizzle-orm";
import type { Logger } from "../lib/logger.ts";
import type { SchedulerDatabase } from "./scheduler-db.ts";
import type { VectorsConfig } from "./vectors.ts";
import { processedUpTo, removeFrom, slices, VECTORIZE, type VectorizeBinding } from "./vectors-binding.ts";
import { keepRewritten, markRemoved } from "./vectors-ledger.ts";

/** Of one shard in one tick; the next tick goes on. */
const REMOVALS_MAX = 2000;
const SETTLED_AT_ONCE = 2000;
const ROUNDS_MAX = 25;

interface Shard {
  name: string;
  index: VectorizeBinding;
}

/**
 * For all tenants, by ids alone: passes on removals that their own request did not, and takes out of the ledger what each
 * index shows by now. A shard that fails keeps no other from being settled. Answers how many vectors were settled.
 */
export async function settleVectors(
  database: SchedulerDatabase,
  config: VectorsConfig,
  log: Logger,
): Promise<number> {
  if (config.kind === "pgvector") return 0;
  const { shards } = config;
  let settled = 0;
  for (const name of shards.names) {
    const shard = { name, index: shards.index(name) };
    try {
      await passOnRemovals(database, shard);
      settled += await settle(database, shard);
    } catch (cause) {
      log.error({ event: "vectors.settling_failed", shard: name }, cause);
    }
  }
  return settled;
}

async function passOnRemovals(database: SchedulerDatabase, { name, index }: Shard): Promise<void> {
  const [{ rows }] = await database.run((queries) => [
    queries.execute<{ id: string; at: string }>(sql`
      select chunk_id as id, now()::text as at from vector_removals
      where shard = ${name} and accepted_at is null order by requested_at limit ${REMOVALS_MAX}::integer`),
  ]);
  for (const batch of slices(rows, VECTORIZE.deleteMax)) {
    const ids = batch.map(({ id }) => id);
    const mutation = await removeFrom(index, ids);
    await database.run((queries) => [
      queries.execute(markRemoved(ids, batch[0]?.at ?? "", mutation)),
      queries.execute(keepRewritten(ids)),
    ]);
  }
}

async function settle(database: SchedulerDatabase, { name, index }: Shard): Promise<number> {
  const last = await processedUpTo(index);
  let settled = 0;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const [{ rows }] = await database.run((queries) => [queries.execute(settleSome(name, last))]);
    settled += rows.length;
    if (rows.length < SETTLED_AT_ONCE) break;
  }
  await database.run((queries) => [
    queries.execute(sql`delete from vector_removals
      where shard = ${name} and (mutation = ${last} or accepted_at < ${sentAt(name, last)})`),
  ]);
  return settled;
}

/**
 * A mutation that was taken before the last one was sent is shown too. Oldest first, since those of the last one say when
 * that was.
 */
function settleSome(shard: string, last: string): SQL {
  return sql`
    update chunk_vectors set embedding = null, signs = null, mutation = null, sent_at = null, accepted_at = null
    where mutation is not null and chunk_id in (
      select chunk_id from chunk_vectors
      where shard = ${shard} and (mutation = ${last} or (mutation is not null and accepted_at < ${sentAt(shard, last)}))
      order by accepted_at limit ${SETTLED_AT_ONCE}::integer
    ) returning chunk_id`;
}

/** When the last mutation that an index shows was sent to it; null when nothing of it is left to tell. */
function sentAt(shard: string, last: string): SQL {
  return sql`(select max(sent_at) from (
    select sent_at from chunk_vectors where shard = ${shard} and mutation = ${last}
    union all select sent_at from vector_removals where shard = ${shard} and mutation = ${last}) as marks)`;
}
