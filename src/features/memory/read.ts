/** What is remembered, as the database has it: for hubs that lost it and for its person. */
import { and, asc, gt, type SQL } from "drizzle-orm";
import * as z from "zod";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import type { DataKey } from "../../platform/keyring.ts";
import { allow } from "../auth/policy.ts";
import { answersOf } from "./answers.ts";
import { isCurrent, mine, ofTier, WORDS } from "./conditions.ts";
import type { ExportMemory, ListMemory } from "./requests.ts";
import { toItem, vectorOf } from "./rows.ts";
import type { MemoryPage, StoredMemory } from "./schema.ts";
import { searchMemory } from "./search.ts";
import { memories } from "./tables.ts";
import { openVault } from "./vault.ts";

/** Items of one page of an export. */
const EXPORT_ROWS = 500;

/**
 * All items with their vectors, in the order of their ids: for a hub that never held them. `next` is the id to go on
 * after, null at the end.
 */
export async function loadMemory(
  ctx: Ctx,
  { after, limit }: { after?: string; limit: number },
  key?: DataKey,
): Promise<{ memories: StoredMemory[]; next: string | null }> {
  const [rows] = await ctx.db.run(allow("memory", "read"), (queries) => [
    queries
      .select()
      .from(memories)
      .where(and(mine(ctx), after === undefined ? undefined : gt(memories.id, after)))
      .orderBy(asc(memories.id))
      .limit(limit + 1),
  ]);
  const vault = await openVault(ctx, key);
  const page = rows.slice(0, limit);
  return {
    memories: page.map((row) => ({ item: toItem(vault, row), embedding: vectorOf(row) })),
    next: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
  };
}

/** One row when anything is remembered: for callers who ask the database along with something else. */
export function selectRemembered(queries: Queries, ctx: Ctx) {
  return queries.select({ id: memories.id }).from(memories).where(mine(ctx)).limit(1);
}

/** What is current, in the order it was learnt; with `q` the best matches instead, on one page. */
export async function listMemory(ctx: Ctx, { tier, q, limit, cursor }: ListMemory): Promise<MemoryPage> {
  if (q !== undefined) return { data: await searchMemory(ctx, { q, limit, tier }), next_cursor: null };
  return pageOf(ctx, allow("memory", "read"), and(ofTier(tier), isCurrent(ctx)), limit, cursor);
}

/** Everything, history and dismissed patterns included, each with where it came from. */
export async function exportMemory(ctx: Ctx, { cursor }: ExportMemory): Promise<MemoryPage> {
  return pageOf(ctx, allow("memory", "export"), undefined, EXPORT_ROWS, cursor);
}

async function pageOf(
  ctx: Ctx,
  permission: ReturnType<typeof allow>,
  condition: SQL | undefined,
  limit: number,
  cursor: string | undefined,
): Promise<MemoryPage> {
  const after = cursor === undefined ? undefined : gt(memories.id, decodeCursor(cursor, Position)[0]);
  const [rows] = await ctx.db.run(permission, (queries) => [
    queries
      .select(WORDS)
      .from(memories)
      .where(and(mine(ctx), condition, after))
      .orderBy(asc(memories.id))
      .limit(limit + 1),
  ]);
  const vault = await openVault(ctx);
  const page = cutPage(rows, limit, ({ id }) => [id]);
  const items = page.data.map((row) => toItem(vault, row));
  return { ...page, data: await answersOf(ctx, items, vault) };
}

const Position = z.tuple([z.uuid()]);
