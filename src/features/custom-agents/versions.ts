import { and, desc, eq, isNull, lt, or, type SQL } from "drizzle-orm";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { isSameJson } from "../../lib/json.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { type IfMatch, makeNextVersion } from "./next-version.ts";
import { checkReferences } from "./references.ts";
import { mine, readable, requireOwn, selectAgents } from "./rows.ts";
import type { Agent, ListVersions } from "./schema.ts";
import { customAgents, customAgentVersions } from "./tables.ts";
import { openVault } from "./vault.ts";

/** The newest first, of a deleted agent too: one of them brings it back. Throws `not_found`. */
export async function listVersions(ctx: Ctx, id: string, { limit, cursor }: ListVersions) {
  const permission = allow("agents", "read");
  const [[agent], rows] = await ctx.db.run(permission, (queries) => [
    selectAgents(queries).where(listed(ctx, id)),
    queries
      .select()
      .from(customAgentVersions)
      .where(and(eq(customAgentVersions.agentId, id), olderThan(cursor)))
      .orderBy(desc(customAgentVersions.version))
      .limit(limit + 1),
  ]);
  if (!agent) throw new AppError("not_found");
  const vault = await openVault(ctx, permission);
  const page = cutPage(rows, limit, ({ version }) => [version]);
  return { ...page, data: page.data.map((row) => vault.openVersion(row)) };
}

/**
 * Makes the agent what it was in a version, as a new version unless it is that already, and brings it back when it was
 * deleted. Throws `not_found` for an agent or version that is not kept, `precondition_failed` when the present version is
 * not one of `ifMatch`.
 */
export async function restoreAgent(
  ctx: Ctx,
  id: string,
  wanted: number | undefined,
  ifMatch: IfMatch,
): Promise<Agent> {
  const permission = allow("agents", "update");
  const [[found], [kept]] = await ctx.db.run(permission, (queries) => [
    selectAgents(queries).where(listed(ctx, id)),
    queries
      .select()
      .from(customAgentVersions)
      .where(
        and(
          eq(customAgentVersions.agentId, id),
          wanted === undefined ? undefined : eq(customAgentVersions.version, wanted),
        ),
      )
      .orderBy(desc(customAgentVersions.version))
      .limit(1),
  ]);
  requireOwn(ctx, found);
  if (!kept) throw new AppError("not_found", { detail: "This version of the agent is not kept." });
  const { version: known } = found.agent;
  if (ifMatch && !ifMatch.includes(known)) throw new AppError("precondition_failed");
  const vault = await openVault(ctx, permission);
  const definition = vault.open(id, kept.version, kept.body);
  const isNow = found.agent.deletedAt === null && isSameJson(definition, vault.open(id, known, found.body));
  if (isNow) return vault.openAgent(found);
  await checkReferences(ctx, permission, id, definition);
  return makeNextVersion(ctx, permission, vault, { id, known, definition, event: "agent.restored", ifMatch });
}

/** A deleted one is its owner's alone. */
function listed(ctx: Ctx, id: string): SQL | undefined {
  return or(mine(ctx, id), and(readable(ctx, id), isNull(customAgents.deletedAt)));
}

const Position = z.tuple([z.int()]);

function olderThan(cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [version] = decodeCursor(cursor, Position);
  return lt(customAgentVersions.version, version);
}
