import { and, desc, eq, inArray, isNotNull, isNull, lt, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { isSameJson } from "../../lib/json.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { auditedChange } from "../users/service.ts";
import { type IfMatch, makeNextVersion } from "./next-version.ts";
import { checkReferences } from "./references.ts";
import {
  alone,
  insertAgent,
  insertVersion,
  mine,
  noRoom,
  readable,
  requireOwn,
  selectAgent,
  selectAgents,
} from "./rows.ts";
import {
  type Agent,
  AgentDefinition,
  type CreateAgent,
  type ListAgents,
  type UpdateAgent,
} from "./schema.ts";
import { customAgents } from "./tables.ts";
import { openVault } from "./vault.ts";

/** Safe to repeat with the same id. */
export async function createAgent(ctx: Ctx, input: CreateAgent, id: string): Promise<Agent> {
  const permission = allow("agents", "create");
  const definition = AgentDefinition.parse(input);
  await checkReferences(ctx, permission, id, definition);
  const vault = await openVault(ctx, permission);
  const body = vault.seal(id, 1, definition);
  const { notices } = ctx.ports;
  const [, , , [row], noticed] = await ctx.db.run(permission, (queries) => [
    alone(queries, ctx),
    insertAgent(queries, ctx, id, definition),
    insertVersion(queries, ctx, id, 1, body),
    selectAgent(queries, ctx, id),
    notices.select(queries),
  ]);
  if (!row) throw noRoom(definition.delegable);
  await notices.tell(ctx, noticed);
  return vault.openAgent(row);
}

/** One's own and those that are shared with the person, the newest first; of the deleted ones one's own. */
export async function listAgents(ctx: Ctx, { limit, cursor, deleted, kind, delegable }: ListAgents) {
  const permission = allow("agents", "read");
  const shown = deleted
    ? and(mine(ctx), isNotNull(customAgents.deletedAt))
    : and(readable(ctx), isNull(customAgents.deletedAt));
  const [rows] = await ctx.db.run(permission, (queries) => [
    selectAgents(queries)
      .where(
        and(
          shown,
          kind && eq(customAgents.kind, kind),
          delegable === undefined ? undefined : eq(customAgents.delegable, delegable),
          earlierThan(cursor),
        ),
      )
      .orderBy(desc(customAgents.id))
      .limit(limit + 1),
  ]);
  const page = cutPage(rows, limit, ({ agent }) => [agent.id]);
  if (page.data.length === 0) return { ...page, data: [] };
  const vault = await openVault(ctx, permission);
  return { ...page, data: page.data.map((row) => vault.openAgent(row)) };
}

/** Throws `not_found` for a deleted one too. */
export async function getAgent(ctx: Ctx, id: string): Promise<Agent> {
  const permission = allow("agents", "read");
  const [[row]] = await ctx.db.run(permission, (queries) => [selectAgent(queries, ctx, id)]);
  if (!row) throw new AppError("not_found");
  return (await openVault(ctx, permission)).openAgent(row);
}

/**
 * What is left out stays; what changes nothing makes no version. Throws `precondition_failed` when the stored version is not
 * one of `ifMatch`.
 */
export async function updateAgent(
  ctx: Ctx,
  id: string,
  changes: UpdateAgent,
  ifMatch: IfMatch,
): Promise<Agent> {
  const permission = allow("agents", "update");
  const [[found]] = await ctx.db.run(permission, (queries) => [selectAgent(queries, ctx, id)]);
  requireOwn(ctx, found);
  const { version: known } = found.agent;
  if (ifMatch && !ifMatch.includes(known)) throw new AppError("precondition_failed");
  const vault = await openVault(ctx, permission);
  const before = vault.open(id, known, found.body);
  const definition = AgentDefinition.parse({ ...before, ...changes });
  if (isSameJson(definition, before)) return vault.openAgent(found);
  await checkReferences(ctx, permission, id, definition);
  return makeNextVersion(ctx, permission, vault, { id, known, definition, event: "agent.updated", ifMatch });
}

/** It can be restored for 30 days. */
export async function deleteAgent(ctx: Ctx, id: string, ifMatch: IfMatch): Promise<void> {
  const isMeant = and(
    mine(ctx, id),
    isNull(customAgents.deletedAt),
    ifMatch && inArray(customAgents.version, [...ifMatch]),
  );
  const change = sql`
    update ${customAgents} set deleted_at = now(), updated_at = now() where ${isMeant} returning id`;
  const { notices } = ctx.ports;
  const [[found], deleted, noticed] = await ctx.db.run(allow("agents", "delete"), (queries) => [
    selectAgent(queries, ctx, id),
    auditedChange(queries, ctx, { event: "agent.deleted", subjectId: id }, change),
    notices.select(queries),
  ]);
  await notices.tell(ctx, noticed);
  if (deleted.rows.length > 0) return;
  requireOwn(ctx, found);
  throw new AppError("precondition_failed");
}

const Position = z.tuple([z.uuid()]);

function earlierThan(cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [id] = decodeCursor(cursor, Position);
  return lt(customAgents.id, id);
}
