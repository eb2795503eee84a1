/** The agents that a person's assistant may delegate to, as their hub keeps them. */
import { and, desc, eq, inArray, isNull, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import type { Ctx } from "../../platform/context.ts";
import { userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { tenantKeys } from "../users/tables.ts";
import { ROSTER_MAX } from "./routing.ts";
import { mine, readable, selectAgents } from "./rows.ts";
import type { RosterAgent } from "./schema.ts";
import { customAgents } from "./tables.ts";
import { AgentVault } from "./vault.ts";

/** What the mark of a roster without agents is. */
export const EMPTY_ROSTER = "none";

export interface Roster {
  /** Another one for every other roster. */
  mark: string;
  agents: RosterAgent[];
}

/** For callers who ask the database along with something else; read the answer with `rosterMarkOf`. */
export function selectRosterMark(queries: Queries, userId: string) {
  return queries.execute<{ mark: string }>(sql`
    select coalesce(md5(string_agg(id || '/' || version, ',' order by id)), ${EMPTY_ROSTER}) as mark
    from ${customAgents} where deleted_at is null and id in ${reachedFromDelegable(userId)}`);
}

const MarkRows = z.object({ rows: z.tuple([z.object({ mark: z.string() })]) });

export function rosterMarkOf(answer: unknown): string {
  return MarkRows.parse(answer).rows[0].mark;
}

/** All of them, with those that their routers lead to, as many as a hub holds. One round trip. */
export async function loadRoster(ctx: Ctx): Promise<Roster> {
  const userId = userIdOf(ctx);
  const [marked, [key], rows] = await ctx.db.run(allow("agents", "read"), (queries) => [
    selectRosterMark(queries, userId),
    queries
      .select({ wrapped: tenantKeys.wrapped })
      .from(tenantKeys)
      .where(eq(tenantKeys.tenantId, ctx.tenantId)),
    selectAgents(queries)
      .where(
        and(
          readable(ctx),
          isNull(customAgents.deletedAt),
          inArray(customAgents.id, reachedFromDelegable(userId)),
        ),
      )
      .orderBy(desc(and(mine(ctx), eq(customAgents.delegable, true))!), customAgents.id)
      .limit(ROSTER_MAX + 1),
  ]);
  const mark = rosterMarkOf(marked);
  if (!key) return { mark, agents: [] };
  // Others may have let what they share lead to more: those of the person's own stay.
  if (rows.length > ROSTER_MAX) ctx.log.warn({ event: "roster.cut", user_id: userId });
  const vault = new AgentVault(ctx.keyring.unwrap(key.wrapped, { ownerId: ctx.tenantId }), ctx.tenantId);
  return {
    mark,
    agents: rows.slice(0, ROSTER_MAX).map(({ agent: { id, version, delegable }, body }) => ({
      id,
      version,
      delegable,
      definition: vault.open(id, version, body),
    })),
  };
}

function reachedFromDelegable(userId: string): SQL {
  return sql`(
    with recursive reached (id) as (
      select id from ${customAgents}
      where ${and(eq(customAgents.userId, userId), isNull(customAgents.deletedAt), eq(customAgents.delegable, true))}
      union select unnest(members) from ${customAgents} join reached using (id)
      where ${customAgents.deletedAt} is null
    ) select id from reached)`;
}
