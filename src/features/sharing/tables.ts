import { sql } from "drizzle-orm";
import { check, foreignKey, index, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { createdAt, id, tenantId } from "../../platform/columns.ts";
import { members, users } from "../users/tables.ts";
import type { ShareRight } from "./schema.ts";

/** What the database knows how to share; the API takes those that a feature has made shareable. */
export type StoredKind = "collection" | "agent";

/**
 * What a person lets other members of the tenant see or change. Row-level security reads it by `app.shared(kind, rights)`,
 * the ids that are shared with the person who asks. A further kind needs three things: `app.isolate_shared` for its tables,
 * a column here that follows its resource into deletion (both in its migration; see that of this table), and its line in
 * `shareRoutes`.
 */
export const shares = pgTable(
  "shares",
  {
    id: id(),
    tenantId: tenantId(),
    /** Whose the resource is. */
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    kind: text("kind").$type<StoredKind>().notNull(),
    resourceId: uuid("resource_id").notNull(),
    /** Null for every member of the tenant. */
    granteeId: uuid("grantee_id"),
    /** To write is to read as well. */
    right: text("right").$type<ShareRight>().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    unique("shares_grant")
      .on(table.tenantId, table.kind, table.resourceId, table.granteeId)
      .nullsNotDistinct(),
    index("shares_grantee").on(table.tenantId, table.granteeId),
    // Who leaves the tenant loses what was shared with them.
    foreignKey({
      name: "shares_grantee_member",
      columns: [table.tenantId, table.granteeId],
      foreignColumns: [members.tenantId, members.userId],
    }).onDelete("cascade"),
    foreignKey({
      name: "shares_owner_member",
      columns: [table.tenantId, table.userId],
      foreignColumns: [members.tenantId, members.userId],
    }).onDelete("cascade"),
    check("shares_kind", sql`${table.kind} in ('collection', 'agent')`),
    check("shares_right", sql`${table.right} in ('read', 'write')`),
  ],
);
