import { asc, gt, sql } from "drizzle-orm";
import { pgView, text, uuid } from "drizzle-orm/pg-core";
import * as z from "zod";
import { AppError } from "../../lib/errors.ts";
import { cutPage, decodeCursor } from "../../lib/pagination.ts";
import { moment } from "../../platform/columns.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Role } from "../../platform/db.ts";
import { recordOf } from "../users/service.ts";
import { allow } from "./policy.ts";
import type { ListMembers, Member } from "./schema.ts";

/** What the application role sees of who belongs to the tenant: all for somebody who manages it, others themselves. */
const tenantMembers = pgView("tenant_members", {
  userId: uuid("user_id").notNull(),
  role: text("role").$type<Role>().notNull(),
  createdAt: moment("created_at").notNull(),
  email: text("email").notNull(),
}).existing();

type MemberRow = typeof tenantMembers.$inferSelect;

/** In the order of their ids. Throws `not_found` for another tenant than the one that the caller is signed in to. */
export async function listMembers(ctx: Ctx, tenantId: string, { limit, cursor }: ListMembers) {
  const [rows] = await ctx.db.run(allow("members", "read"), (queries) => [
    queries
      .select()
      .from(tenantMembers)
      .where(cursor === undefined ? undefined : gt(tenantMembers.userId, decodeCursor(cursor, Position)[0]))
      .orderBy(asc(tenantMembers.userId))
      .limit(limit + 1),
  ]);
  requireOwn(ctx, tenantId);
  const page = cutPage(rows, limit, ({ userId }) => [userId]);
  return { ...page, data: page.data.map(toMember) };
}

export interface MemberOf {
  tenantId: string;
  userId: string;
}

/**
 * What they may do counts from their next request on, and in their hub as soon as it is told: normally before this answers.
 * Throws `not_found`, `forbidden` where only an owner may do it, and `conflict` for the last owner.
 */
export async function changeRole(ctx: Ctx, member: MemberOf, role: Role): Promise<Member> {
  const row = await change(ctx, member, role);
  if (!row) throw new AppError("not_found");
  return toMember(row);
}

/** Ends a membership: what they made here stays, and is out of their sight. Throws as `changeRole` does. */
export async function removeMember(ctx: Ctx, member: MemberOf): Promise<void> {
  await change(ctx, member, null);
}

/** @param role Null to end the membership. */
async function change(
  ctx: Ctx,
  { tenantId, userId }: MemberOf,
  role: Role | null,
): Promise<MemberRow | undefined> {
  const permission = role ? allow("members", "update") : allow("members", "delete");
  const entry = {
    event: role ? "member.role_changed" : "member.removed",
    subjectId: userId,
    ...(role ? { details: { role } } : {}),
  };
  const isOwn = tenantId === ctx.tenantId;
  const { notices } = ctx.ports;
  const [{ rows }, [row], noticed] = await ctx.db.run(permission, (queries) => [
    queries.execute<{ outcome: Outcome }>(sql`
      with asked as (
        select ${userId}::uuid as id, app.change_member(${userId}::uuid, ${role}) as outcome where ${isOwn}::boolean
      ), changed as (select id from asked where outcome = 'done'
      ), recorded as (${recordOf(ctx, entry, sql`changed`)})
      select outcome from asked`),
    queries.select().from(tenantMembers).where(sql`${tenantMembers.userId} = ${userId}::uuid`),
    notices.select(queries),
  ]);
  await notices.tell(ctx, noticed);
  const outcome = rows[0]?.outcome ?? "not_found";
  if (outcome !== "done" && outcome !== "same") throw refusal(outcome);
  return row;
}

type Outcome = "done" | "same" | "not_found" | "not_allowed" | "self" | "last_owner";

function refusal(outcome: Exclude<Outcome, "done" | "same">): AppError {
  switch (outcome) {
    case "not_found":
      return new AppError("not_found");
    case "not_allowed":
      return new AppError("forbidden", { detail: "Only an owner decides on owners." });
    case "self":
      return new AppError("conflict", { detail: "Nobody ends their own membership: ask another owner." });
    case "last_owner":
      return new AppError("conflict", {
        detail: "A tenant keeps at least one owner. Name another one first.",
      });
  }
}

/** A permission problem is told before that: for who may not manage here, nothing else counts. */
function requireOwn(ctx: Ctx, tenantId: string): void {
  if (tenantId !== ctx.tenantId) throw new AppError("not_found");
}

function toMember({ userId, email, role, createdAt }: MemberRow): Member {
  return { user_id: userId, email, role, created_at: createdAt.toISOString() };
}

const Position = z.tuple([z.uuid()]);
