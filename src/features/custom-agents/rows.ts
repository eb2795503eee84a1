/** The queries that agents' verbs have in common. */
import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import type { Bytes } from "../../platform/keyring.ts";
import { oneAtATime } from "../../platform/one-at-a-time.ts";
import { auditedChange } from "../users/service.ts";
import type { AgentDefinition } from "./schema.ts";
import { customAgents, customAgentVersions } from "./tables.ts";

/** Of one person. */
export const AGENTS_MAX = 100;
/** Of one person: the assistant reads the names of all of them in every turn. */
export const DELEGABLE_MAX = 20;
/** Of one agent. Older ones are dropped. */
export const VERSIONS_KEPT = 50;

/** Agents, each with the definition of its version. */
export function selectAgents(queries: Queries) {
  return queries
    .select({ agent: customAgents, body: customAgentVersions.body })
    .from(customAgents)
    .innerJoin(
      customAgentVersions,
      and(
        eq(customAgentVersions.agentId, customAgents.id),
        eq(customAgentVersions.version, customAgents.version),
      ),
    );
}

/** The agent, unless it is deleted, or another's and not shared. */
export function selectAgent(queries: Queries, ctx: Ctx, id: string) {
  return selectAgents(queries).where(and(readable(ctx, id), isNull(customAgents.deletedAt)));
}

/** The query for the id of an agent that is the person's own. */
export function ownedAgent(ctx: Ctx, id: string): SQL {
  return sql`select ${customAgents.id} from ${customAgents} where ${and(mine(ctx, id), isNull(customAgents.deletedAt))}`;
}

/** Throws `not_found`, or `forbidden` for one that is only shared with the person. */
export function requireOwn<Row extends { agent: { userId: string } }>(
  ctx: Ctx,
  row: Row | undefined,
): asserts row is Row {
  if (!row) throw new AppError("not_found");
  if (row.agent.userId !== userIdOf(ctx)) {
    throw new AppError("forbidden", { detail: "Only who made the agent can do this." });
  }
}

/** One's own, and what is shared with the person: to be read and run. */
export function readable(ctx: Ctx, id?: string): SQL | undefined {
  const isShared = sql`${customAgents.id} in (select app.shared('agent', '{read,write}'))`;
  return and(
    sql`(${eq(customAgents.userId, userIdOf(ctx))} or ${isShared})`,
    id === undefined ? undefined : eq(customAgents.id, id),
  );
}

/** Row-level security keeps people apart too; the condition says what is meant. */
export function mine(ctx: Ctx, id?: string): SQL | undefined {
  return and(eq(customAgents.userId, userIdOf(ctx)), id === undefined ? undefined : eq(customAgents.id, id));
}

/** Lets one change of a person's agents follow another, so that those who count them count right. */
export function alone(queries: Queries, ctx: Ctx) {
  return oneAtATime(queries, "agents", userIdOf(ctx));
}

/** There is room for this agent beside the person's others. */
export function hasRoom(ctx: Ctx, id: string, delegable: boolean): SQL {
  const others = sql`from ${customAgents} where ${and(mine(ctx), isNull(customAgents.deletedAt))} and id <> ${id}::uuid`;
  const anyRoom = sql`(select count(*) ${others}) < ${AGENTS_MAX}::integer`;
  return delegable
    ? sql`${anyRoom} and (select count(*) ${others} and delegable) < ${DELEGABLE_MAX}::integer`
    : anyRoom;
}

export function noRoom(delegable: boolean): AppError {
  const limits = `There is room for ${AGENTS_MAX} agents${delegable ? `, ${DELEGABLE_MAX} of them delegable` : ""}.`;
  return new AppError("conflict", { detail: `${limits} Delete one first.` });
}

export function insertAgent(queries: Queries, ctx: Ctx, id: string, definition: AgentDefinition) {
  const { kind, delegable, agents } = definition;
  const insert = sql`
    insert into ${customAgents} (id, user_id, kind, delegable, members)
    select ${id}::uuid, ${userIdOf(ctx)}::uuid, ${kind}, ${delegable}::boolean, ${uuids(agents)}
    where ${hasRoom(ctx, id, delegable)}
    on conflict (id) do nothing returning id`;
  return auditedChange(queries, ctx, { event: "agent.created", subjectId: id }, insert);
}

export interface AgentChange {
  id: string;
  /** The one it has from now on; one more than that which was read. */
  version: number;
  definition: AgentDefinition;
  /** What else must hold. */
  where?: SQL | undefined;
}

/** Touches nothing when the agent has another version by now. Brings a deleted one back unless `where` forbids it. */
export function changeAgent(
  queries: Queries,
  ctx: Ctx,
  event: "agent.updated" | "agent.restored",
  { id, version, definition, where }: AgentChange,
) {
  const { kind, delegable, agents } = definition;
  const change = sql`
    update ${customAgents} set version = ${version}::integer, kind = ${kind}, delegable = ${delegable}::boolean,
      members = ${uuids(agents)}, deleted_at = null, updated_at = now()
    where ${and(mine(ctx, id), eq(customAgents.version, version - 1), where)} returning id`;
  return auditedChange(queries, ctx, { event, subjectId: id }, change);
}

/** Keeps what the agent is from `version` on; nothing when it did not come to be that. */
export function insertVersion(queries: Queries, ctx: Ctx, id: string, version: number, body: Bytes) {
  const isThere = and(mine(ctx, id), eq(customAgents.version, version));
  return queries.execute(sql`
    insert into ${customAgentVersions} (agent_id, version, user_id, body)
    select id, version, user_id, ${sql.param(body, customAgentVersions.body)}::bytea
    from ${customAgents} where ${isThere}
    on conflict (agent_id, version) do nothing`);
}

export function dropOldVersions(queries: Queries, id: string, version: number) {
  return queries.execute(sql`
    delete from ${customAgentVersions}
    where agent_id = ${id}::uuid and version <= ${version - VERSIONS_KEPT}::integer`);
}

function uuids(ids: readonly string[]): SQL {
  return sql`${`{${ids.join(",")}}`}::uuid[]`;
}
