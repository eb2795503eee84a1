/** Items as the API answers them, each with the turns it comes from and their chats. */
import { and, sql } from "drizzle-orm";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { mine, ofTier, WORDS } from "./conditions.ts";
import { turnsOf } from "./item.ts";
import { toAnswer, toItem } from "./rows.ts";
import type { Memory, MemoryItem } from "./schema.ts";
import { memories } from "./tables.ts";
import { type MemoryVault, openVault } from "./vault.ts";

/** The summaries of turns know their chats: one further round trip, where any turn is named. */
export async function answersOf(
  ctx: Ctx,
  items: readonly MemoryItem[],
  vault?: MemoryVault,
): Promise<Memory[]> {
  const turns = [...new Set(items.filter(isOfOtherTurns).flatMap(turnsOf))];
  const known = new Map(items.flatMap(chatOf));
  const unknown = turns.filter((turn) => !known.has(turn));
  const found = unknown.length === 0 ? [] : await summariesOf(ctx, unknown, vault ?? (await openVault(ctx)));
  const chats = new Map([...found.flatMap(chatOf), ...known]);
  return items.map((item) => toAnswer(item, chats));
}

/** A summary names its chat itself. */
function isOfOtherTurns({ body }: MemoryItem): boolean {
  return body.tier !== "episodic";
}

function chatOf({ body, provenance: { requestId } }: MemoryItem): [string, string][] {
  if (body.tier !== "episodic" || body.chatId === undefined || requestId === null) return [];
  return [[requestId, body.chatId]];
}

async function summariesOf(ctx: Ctx, turns: readonly string[], vault: MemoryVault): Promise<MemoryItem[]> {
  const named = sql`${memories.requestId} in (select jsonb_array_elements_text(${JSON.stringify(turns)}::jsonb))`;
  const [rows] = await ctx.db.run(allow("memory", "read"), (queries) => [
    queries
      .select(WORDS)
      .from(memories)
      .where(and(mine(ctx), ofTier("episodic"), named)),
  ]);
  return rows.map((row) => toItem(vault, row));
}
