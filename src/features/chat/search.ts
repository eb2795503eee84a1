import { and, desc, eq, isNotNull, isNull, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { instant, TimeMs } from "./position.ts";
import type { ListChats } from "./schema.ts";
import { chats, chatTerms } from "./tables.ts";
import { arrayText } from "./terms.ts";
import { openVault } from "./vault.ts";

const QUERY_TERMS_MAX = 16;
/** BM25's usual constants: how soon repetition stops to count, and how much a long text is marked down. */
const SATURATION = 1.2;
const LENGTH_SHARE = 0.75;
/** Words of a middling message. The real average would cost a pass over all that was found and rank it alike. */
const LENGTH_TYPICAL = 40;
/** Scores are compared, and put into cursors, as integers. */
const SCORE_SCALE = 1_000;

/** Chats that hold any of the words, by relevance, then the newest first. */
export async function searchChats(ctx: Ctx, { q, limit, cursor, deleted }: ListChats & { q: string }) {
  const permission = allow("chats", "read");
  const vault = await openVault(ctx);
  const tokens = vault.index.query(q, QUERY_TERMS_MAX);
  const searched = and(
    eq(chats.userId, userIdOf(ctx)),
    deleted ? isNotNull(chats.deletedAt) : isNull(chats.deletedAt),
  );
  const [rows] = await ctx.db.run(permission, (queries) => [
    queries
      .select({ chat: chats, score: sql<number>`scored.score` })
      .from(chats)
      .innerJoin(sql`(${scoresOf(tokens, searched)}) as scored`, sql`scored.chat_id = ${chats.id}`)
      .where(past(cursor))
      .orderBy(sql`scored.score desc`, desc(chats.updatedAt), desc(chats.id))
      .limit(limit + 1),
  ]);
  const page = cutPage(rows, limit, ({ chat, score }) => [score, chat.updatedAt.getTime(), chat.id]);
  return { ...page, data: page.data.map(({ chat }) => vault.openChat(chat)) };
}

/**
 * BM25 (Robertson and Zaragoza, 2009). For each word a chat counts with the title or message that fits it best: words
 * that are spread over a conversation add up, and a long conversation has no advantage over a short one.
 */
function scoresOf(tokens: bigint[], searched: SQL | undefined): SQL {
  const lengthFactor = sql`(1 - ${LENGTH_SHARE}::float8 + ${LENGTH_SHARE / LENGTH_TYPICAL}::float8 * length)`;
  const weight = sql`frequency * (${SATURATION}::float8 + 1) / (frequency + ${SATURATION}::float8 * ${lengthFactor})`;
  return sql`
    with searched as materialized (
      select id from ${chats} where ${searched}
    ), best as materialized (
      select chat_id, token, max(${weight}) as weight
      from ${chatTerms}
      where token = any (${arrayText(tokens)}::bigint[]) and chat_id in (select id from searched)
      group by chat_id, token
    ), rarity as (
      select token, ln(1 + ((select count(*) from searched) - count(*) + 0.5::float8) / (count(*) + 0.5::float8)) as idf
      from best group by token
    )
    select chat_id, round(${SCORE_SCALE}::integer * sum(weight * idf))::integer as score
    from best join rarity using (token) group by chat_id`;
}

const SCORE_MAX = 2 ** 31 - 1;
const Position = z.tuple([z.int().min(0).max(SCORE_MAX), TimeMs, z.uuid()]);

function past(cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [score, timeMs, id] = decodeCursor(cursor, Position);
  return sql`(scored.score, ${chats.updatedAt}, ${chats.id}) < (${score}::integer, ${instant(timeMs)}, ${id}::uuid)`;
}
