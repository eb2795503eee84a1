import { type SQL, sql } from "drizzle-orm";
import { newId } from "../../lib/ids.ts";
import { actorId } from "../../platform/actor.ts";
import type { Ctx } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { auditLogs } from "./tables.ts";

export interface AuditEntry {
  /** `noun.past`, such as `session.revoked`. */
  event: string;
  /** What it happened to. */
  subjectId?: string;
  /** Ids, enums, counts and times: anything else is refused, since it could be what somebody wrote. */
  details?: Record<string, string | number | boolean>;
}

/**
 * The query that records an entry. Put it into the batch that makes the change: both happen or neither does.
 */
export function audit(queries: Queries, ctx: Ctx, entry: AuditEntry) {
  return queries.insert(auditLogs).values(auditRow(ctx, entry));
}

/** The row itself, for transactions that do not go through `ctx.db`. */
export function auditRow(
  { actor, tenantId, requestId, clock }: Pick<Ctx, "actor" | "tenantId" | "requestId" | "clock">,
  { event, subjectId, details = {} }: AuditEntry,
): typeof auditLogs.$inferInsert {
  for (const [name, value] of Object.entries(details)) {
    if (typeof value === "string" && !NAME.test(value))
      throw new TypeError(`The detail ${name} is free text.`);
  }
  const nowMs = clock.now();
  return {
    id: newId(nowMs),
    tenantId,
    at: new Date(nowMs),
    actorKind: actor.kind,
    actorId: actorId(actor),
    userId: actor.userId ?? null,
    event,
    subjectId: subjectId ?? null,
    requestId,
    details,
  };
}

/** An id, an enum's value, a time or a version: no spaces, no `@`, short. */
const NAME = /^[\w:.+-]{1,64}$/;

/**
 * Makes a change and records it in one statement, unless the change touched no row. `change` must return `id`; the
 * answer's rows are the ids it touched, and their number becomes the detail `count`.
 */
export function auditedChange(queries: Queries, ctx: Ctx, entry: AuditEntry, change: SQL) {
  return queries.execute<{ id: string }>(sql`
    with changed as (${change}), recorded as (${recordOf(ctx, entry, sql`changed`)})
    select id from changed`);
}

/** The recording part of such a statement, for one that does more: `changed` names the rows of its change. */
export function recordOf(ctx: Ctx, entry: AuditEntry, changed: SQL): SQL {
  const row = auditRow(ctx, entry);
  return sql`
    insert into audit_logs (id, at, actor_kind, actor_id, user_id, event, subject_id, request_id, details)
    select ${row.id}::uuid, ${row.at?.toISOString()}::timestamptz, ${row.actorKind}, ${row.actorId},
      ${row.userId}::uuid, ${row.event}, ${row.subjectId}, ${row.requestId},
      ${JSON.stringify(row.details)}::jsonb || jsonb_build_object('count', (select count(*) from ${changed}))
    where exists (select from ${changed})`;
}
