import { and, desc, eq, lt, or, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import { oneAtATime } from "../../platform/one-at-a-time.ts";
import { allow } from "../auth/policy.ts";
import { auditedChange } from "../users/service.ts";
import { type CreateShare, type ListShares, type Share, ShareKind } from "./schema.ts";
import { shares } from "./tables.ts";

/** Of one thing: a team of hundreds shares with everybody. */
const SHARES_MAX = 100;

/** For each kind the query for the ids that are the person's own, among them `id` if it is. */
export type Owned = Readonly<Record<ShareKind, (ctx: Ctx, id: string) => SQL>>;

/**
 * Shares with a member or all of them; who has it already gets the new right. Throws `not_found` for what is not the
 * person's own and for who is no member.
 */
export async function createShare(ctx: Ctx, owned: Owned, input: CreateShare, id: string): Promise<Share> {
  const { kind, resource_id, user_id, right } = input;
  const me = userIdOf(ctx);
  if (user_id === me) {
    throw new AppError("validation_failed", { errors: [{ path: "body.user_id", message: "is yourself" }] });
  }
  const permission = allow("shares", "create");
  const isGrant = and(
    eq(shares.kind, kind),
    eq(shares.resourceId, resource_id),
    sql`${shares.granteeId} is not distinct from ${user_id}::uuid`,
  );
  const change = sql`
    insert into ${shares} (id, user_id, kind, resource_id, grantee_id, "right")
    select ${id}::uuid, ${me}::uuid, ${kind}, own.id, ${user_id}::uuid, ${right}
    from (${owned[kind](ctx, resource_id)}) as own (id)
    where (${user_id}::uuid is null or exists (select from members where user_id = ${user_id}::uuid))
      and (select count(*) from ${shares} where kind = ${kind} and resource_id = own.id and not ${isGrant})
        < ${SHARES_MAX}::integer
    on conflict (tenant_id, kind, resource_id, grantee_id) do update set "right" = excluded."right"
    returning id`;
  const { notices } = ctx.ports;
  const [, changed, [row], own, noticed] = await ctx.db.run(permission, (queries) => [
    oneAtATime(queries, "shares", kind, resource_id),
    auditedChange(
      queries,
      ctx,
      { event: "share.created", subjectId: resource_id, details: { right } },
      change,
    ),
    queries
      .select()
      .from(shares)
      .where(and(isGrant, eq(shares.userId, me))),
    queries.execute<{ members: boolean }>(sql`
      select ${user_id}::uuid is null or exists (select from members where user_id = ${user_id}::uuid) as members
      from (${owned[kind](ctx, resource_id)}) as own (id)`),
    notices.select(queries),
  ]);
  await notices.tell(ctx, noticed);
  if (changed.rows.length > 0 && row) return toShare(row);
  if (own.rows[0]?.members !== true) throw new AppError("not_found");
  throw new AppError("conflict", {
    detail: `One thing can be shared ${SHARES_MAX} times. Share it with all members instead.`,
  });
}

/** What the person shares, and what is shared with them; the newest first. */
export async function listShares(ctx: Ctx, { limit, cursor, kind, resource_id }: ListShares) {
  const [rows] = await ctx.db.run(allow("shares", "read"), (queries) => [
    queries
      .select()
      .from(shares)
      .where(
        and(
          isConcerned(ctx),
          kind === undefined ? undefined : eq(shares.kind, kind),
          resource_id === undefined ? undefined : eq(shares.resourceId, resource_id),
          before(cursor),
        ),
      )
      .orderBy(desc(shares.id))
      .limit(limit + 1),
  ]);
  const page = cutPage(rows, limit, ({ id }) => [id]);
  return { ...page, data: page.data.map(toShare) };
}

/** By who shares, or by who it is shared with and wants it no more. */
export async function deleteShare(ctx: Ctx, id: string): Promise<void> {
  const me = userIdOf(ctx);
  const isMine = or(eq(shares.userId, me), eq(shares.granteeId, me));
  const { notices } = ctx.ports;
  const [deleted, noticed] = await ctx.db.run(allow("shares", "delete"), (queries) => [
    auditedChange(
      queries,
      ctx,
      { event: "share.deleted", subjectId: id },
      sql`delete from ${shares} where ${and(eq(shares.id, id), isMine)} returning id`,
    ),
    notices.select(queries),
  ]);
  await notices.tell(ctx, noticed);
  if (deleted.rows.length === 0) throw new AppError("not_found");
}

function isConcerned(ctx: Ctx): SQL | undefined {
  const me = userIdOf(ctx);
  return or(eq(shares.userId, me), eq(shares.granteeId, me), sql`${shares.granteeId} is null`);
}

function toShare(row: typeof shares.$inferSelect): Share {
  return {
    id: row.id,
    kind: ShareKind.parse(row.kind),
    resource_id: row.resourceId,
    owner_id: row.userId,
    user_id: row.granteeId,
    right: row.right,
    created_at: row.createdAt.toISOString(),
  };
}

const Position = z.tuple([z.uuid()]);

function before(cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined;
  const [id] = decodeCursor(cursor, Position);
  return lt(shares.id, id);
}
