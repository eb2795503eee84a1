/** The agents that a person's assistant may delegate to, as their hub keeps them. */
import { and, eq, inArray, isNull, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import type { Ctx } from "../../platform/context.ts";
import { userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { hubOf } from "../hub/client.ts";
import { tenantKeys } from "../users/tables.ts";
import { readable, selectAgents } from "./rows.ts";
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

/** All of them, with those that their routers lead to. One round trip. */
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
      .orderBy(customAgents.id),
  ]);
  const mark = rosterMarkOf(marked);
  if (!key) return { mark, agents: [] };
  const vault = new AgentVault(ctx.keyring.unwrap(key.wrapped, { ownerId: ctx.tenantId }), ctx.tenantId);
  return {
    mark,
    agents: rows.map(({ agent: { id, version, delegable }, body }) => ({
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

/** Has the person's hub bring its roster up to date, when a change made it another. The change is made: a failure is the log's. */
export async function tellHub(ctx: Ctx, before: unknown, after: unknown): Promise<void> {
  if (rosterMarkOf(before) === rosterMarkOf(after)) return;
  await hubOf(ctx.ports, { tenantId: ctx.tenantId, userId: userIdOf(ctx) })
    .agentsChanged()
    .catch((cause: unknown) => ctx.log.error({ event: "hub.tell_failed" }, cause));
}
