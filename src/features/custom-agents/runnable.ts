/** An agent as a run needs it: its present version, with those of all that it can lead to. */
import { and, inArray, isNull, type SQL, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Permission, Queries } from "../../platform/db.ts";
import { allow } from "../auth/policy.ts";
import { REACHED_MAX } from "./routing.ts";
import { readable, selectAgents } from "./rows.ts";
import type { AgentToRun } from "./schema.ts";
import { customAgents } from "./tables.ts";
import { openVault } from "./vault.ts";

export type RunnableRows = Awaited<ReturnType<typeof selectRunnable>>;

/** For callers who ask the database along with something else: the id may be a query of theirs. */
export function selectRunnable(queries: Queries, ctx: Ctx, id: string | SQL) {
  const reached = sql`(
    with recursive reached (id) as (
      select ${id}::uuid union select unnest(members) from ${customAgents} join reached using (id)
      where ${customAgents.deletedAt} is null
    ) select id from reached)`;
  return selectAgents(queries)
    .where(and(readable(ctx), isNull(customAgents.deletedAt), inArray(customAgents.id, reached)))
    .limit(REACHED_MAX + 2);
}

/** Throws `not_found`, and `conflict` for a router that has come to lead too far. */
export async function openRunnable(
  ctx: Ctx,
  permission: Permission,
  id: string,
  rows: RunnableRows,
): Promise<AgentToRun> {
  if (!rows.some(({ agent }) => agent.id === id)) {
    throw new AppError("not_found", { detail: "There is no such agent." });
  }
  if (rows.length > REACHED_MAX + 1) {
    throw new AppError("conflict", { detail: `The router leads to more than ${REACHED_MAX} agents.` });
  }
  const vault = await openVault(ctx, permission);
  const all = rows.map(({ agent, body }) => ({
    id: agent.id,
    version: agent.version,
    definition: vault.open(agent.id, agent.version, body),
  }));
  const own = all.find((each) => each.id === id)!;
  return { ...own, others: all.filter((each) => each.id !== id) };
}

/** For who knows the id alone. Throws as `openRunnable`. One round trip, and now and then another for the key. */
export async function loadRunnable(ctx: Ctx, id: string): Promise<AgentToRun> {
  const permission = allow("agents", "read");
  const [rows] = await ctx.db.run(permission, (queries) => [selectRunnable(queries, ctx, id)]);
  return openRunnable(ctx, permission, id, rows);
}

/** Throws `validation_failed` for an agent that the person cannot run. */
export async function requireRunnable(ctx: Ctx, permission: Permission, id: string): Promise<void> {
  const [rows] = await ctx.db.run(permission, (queries) => [
    queries
      .select({ id: customAgents.id })
      .from(customAgents)
      .where(and(readable(ctx, id), isNull(customAgents.deletedAt))),
  ]);
  if (rows.length > 0) return;
  const errors = [{ path: "body.agent", message: "is no agent of yours or shared with you" }];
  throw new AppError("validation_failed", { errors });
}
