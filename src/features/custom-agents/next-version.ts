import { and, isNull } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Permission } from "../../platform/db.ts";
import { alone, changeAgent, dropOldVersions, hasRoom, insertVersion, noRoom, selectAgent } from "./rows.ts";
import type { Agent, AgentDefinition } from "./schema.ts";
import { customAgents } from "./tables.ts";
import type { AgentVault } from "./vault.ts";

/** Versions the caller accepts; undefined when it does not mind. */
export type IfMatch = readonly number[] | undefined;

export interface NextVersion {
  id: string;
  /** The version that was read. */
  known: number;
  definition: AgentDefinition;
  /** A restored one comes back when it was deleted. */
  event: "agent.updated" | "agent.restored";
  ifMatch: IfMatch;
}

/**
 * Makes the agent what the definition says, and has the hubs told that may hold it. Throws `conflict` when there is no room for it or it
 * has changed since it was read (`precondition_failed` with `ifMatch`), `not_found` when an update finds it deleted.
 */
export async function makeNextVersion(
  ctx: Ctx,
  permission: Permission,
  vault: AgentVault,
  { id, known, definition, event, ifMatch }: NextVersion,
): Promise<Agent> {
  const version = known + 1;
  const isUpdate = event === "agent.updated";
  const room = hasRoom(ctx, id, definition.delegable);
  const where = isUpdate ? and(isNull(customAgents.deletedAt), room) : room;
  const { notices } = ctx.ports;
  const [, changed, , , [row], noticed] = await ctx.db.run(permission, (queries) => [
    alone(queries, ctx),
    changeAgent(queries, ctx, event, { id, version, definition, where }),
    insertVersion(queries, ctx, id, version, vault.seal(id, version, definition)),
    dropOldVersions(queries, id, version),
    selectAgent(queries, ctx, id),
    notices.select(queries),
  ]);
  await notices.tell(ctx, noticed);
  if (row && changed.rows.length > 0) return vault.openAgent(row);
  if (!row && isUpdate) throw new AppError("not_found");
  if (row && row.agent.version !== known) throw new AppError(ifMatch ? "precondition_failed" : "conflict");
  throw noRoom(definition.delegable);
}
