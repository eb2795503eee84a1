/** What a hub owes the database: changed items, and what is to be forgotten. */
import { and, eq, type SQL, sql } from "drizzle-orm";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import type { DataKey } from "../../platform/keyring.ts";
import { allow } from "../auth/policy.ts";
import { auditedChange } from "../users/service.ts";
import { toRow } from "./rows.ts";
import type { OwedMemory } from "./schema.ts";
import { memories, memoryOwners } from "./tables.ts";
import { textOf } from "./text.ts";
import { openVault } from "./vault.ts";

type MemoryInsert = typeof memories.$inferInsert;

/** Rows of one statement: a statement has at most 65,535 parameters, and a row has 20. */
const STATEMENT_ROWS = 500;

/**
 * Stores changes, all or none, in one round trip. Safe to repeat and to reorder: of two forms of an item the higher version
 * stays. It cannot know what was erased: do not save an item after its erasure.
 *
 * @param key Saves a round trip when the caller holds the user's data key.
 */
export async function saveMemories(ctx: Ctx, changes: readonly OwedMemory[], key?: DataKey): Promise<void> {
  if (changes.length === 0) return;
  const userId = userIdOf(ctx);
  const vault = await openVault(ctx, key);
  // What ended goes first: it makes room for the fact that took its place.
  const rows = latest(changes)
    .toSorted((one, other) => Number(one.item.validTo === null) - Number(other.item.validTo === null))
    .map((change) => toRow(vault, userId, change));
  await ctx.db.run(allow("memory", "record"), (queries) => [
    endRivals(queries, rows),
    ...chunks(rows).map((chunk) => upsert(queries, chunk)),
    queries.insert(memoryOwners).values({ userId }).onConflictDoNothing(),
  ]);
}

/**
 * Erases items for good, or all that is remembered, and records that it was done by the actor. Unknown ids are ignored.
 * Answers how many rows are gone.
 */
export async function eraseMemories(ctx: Ctx, ids: readonly string[] | "all"): Promise<number> {
  const mine = eq(memories.userId, userIdOf(ctx));
  const chosen = ids === "all" ? mine : and(mine, sql`${memories.id} = any (${idArray(ids)})`);
  const [erased] = await ctx.db.run(allow("memory", "record"), (queries) => [
    auditedChange(
      queries,
      ctx,
      { event: "memory.erased", ...(ids.length === 1 && ids !== "all" ? { subjectId: ids[0] ?? "" } : {}) },
      sql`delete from ${memories} where ${chosen} returning id`,
    ),
  ]);
  return erased.rows.length;
}

/** The consolidation of this day is done: the next one is due in a day. */
export async function markConsolidated(ctx: Ctx): Promise<void> {
  const consolidatedAt = new Date(ctx.clock.now());
  await ctx.db.run(allow("memory", "record"), (queries) => [
    queries
      .update(memoryOwners)
      .set({ consolidatedAt })
      .where(eq(memoryOwners.userId, userIdOf(ctx))),
  ]);
}

/** One change for each item, with the vector of the same words if any of its changes brought one. */
function latest(changes: readonly OwedMemory[]): OwedMemory[] {
  const byId = new Map<string, OwedMemory>();
  for (const change of changes.toSorted((one, other) => one.item.version - other.item.version)) {
    const before = byId.get(change.item.id);
    const sameWords = before && textOf(before.item.body) === textOf(change.item.body);
    const embedding = change.embedding ?? (sameWords ? before.embedding : undefined);
    byId.set(change.item.id, { ...change, ...(embedding ? { embedding } : {}) });
  }
  return [...byId.values()];
}

/**
 * A key has one live fact. A hub ends the old one itself; one that was rebuilt without knowing it must not be stopped by
 * it for ever.
 */
function endRivals(queries: Queries, rows: readonly MemoryInsert[]) {
  const live = rows.filter(({ keyHash, validTo }) => keyHash && !validTo);
  const incoming = live.map(({ id, keyHash, validFrom, version }) => ({
    id,
    key_hash: Buffer.from(keyHash ?? []).toString("hex"),
    valid_from: validFrom,
    version,
  }));
  return queries.execute(sql`
    update ${memories} as rival
    set valid_to = greatest(rival.valid_from, incoming.valid_from), version = rival.version + 1
    from jsonb_to_recordset(${JSON.stringify(incoming)}::jsonb)
      as incoming (id uuid, key_hash text, valid_from timestamptz, version integer)
    where rival.tier = 'core' and rival.valid_to is null and rival.key_hash = decode(incoming.key_hash, 'hex')
      and rival.id <> incoming.id
      and not exists (
        select from ${memories} as known where known.id = incoming.id and known.version >= incoming.version)`);
}

function upsert(queries: Queries, rows: MemoryInsert[]) {
  const sameWords = sql`excluded.content_hash = ${memories.contentHash}`;
  const kept = (column: SQL, stored: typeof memories.embedding | typeof memories.embedder) =>
    sql`case when excluded.embedding is null and ${sameWords} then ${stored} else ${column} end`;
  return queries
    .insert(memories)
    .values(rows)
    .onConflictDoUpdate({
      target: memories.id,
      set: {
        body: sql`excluded.body`,
        embedding: kept(sql`excluded.embedding`, memories.embedding),
        embedder: kept(sql`excluded.embedder`, memories.embedder),
        strength: sql`excluded.strength`,
        confidence: sql`excluded.confidence`,
        validFrom: sql`excluded.valid_from`,
        validTo: sql`excluded.valid_to`,
        lastUsedAt: sql`excluded.last_used_at`,
        dismissedAt: sql`excluded.dismissed_at`,
        source: sql`excluded.source`,
        requestId: sql`excluded.request_id`,
        contentHash: sql`excluded.content_hash`,
        updatedAt: sql`excluded.updated_at`,
        version: sql`excluded.version`,
      },
      setWhere: sql`${memories.version} < excluded.version`,
    });
}

function chunks<Row>(rows: Row[]): Row[][] {
  const count = Math.ceil(rows.length / STATEMENT_ROWS);
  return Array.from({ length: count }, (_, at) => rows.slice(at * STATEMENT_ROWS, (at + 1) * STATEMENT_ROWS));
}

/** One parameter for any number of ids. */
function idArray(ids: readonly string[]): SQL {
  return sql`${`{${ids.join(",")}}`}::uuid[]`;
}
