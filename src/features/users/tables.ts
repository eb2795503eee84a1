import { sql } from "drizzle-orm";
import { boolean, check, index, jsonb, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { bytes, createdAt, id, moment, tenantId, updatedAt } from "../../platform/columns.ts";
import type { Role, Tier } from "../../platform/db.ts";

/** People. Not a tenant's data: only the identity role sees them. */
export const users = pgTable(
  "users",
  {
    id: id(),
    /** In lower case. */
    email: text("email").notNull().unique("users_email_unique"),
    emailVerified: boolean("email_verified").notNull().default(false),
    /** The identity library insists on a name; what people call themselves is never kept in the clear, so it is empty. */
    name: text("name").notNull().default(""),
    disabledAt: moment("disabled_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    check("users_email_lower", sql`${table.email} = lower(${table.email})`),
    check("users_name_empty", sql`${table.name} = ''`),
  ],
);

/** The unit of isolation and billing. Its own id is its `tenant_id`. */
export const tenants = pgTable(
  "tenants",
  {
    id: id(),
    kind: text("kind").$type<"personal" | "team">().notNull(),
    tier: text("tier").$type<Tier>().notNull().default("free"),
    disabledAt: moment("disabled_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    check("tenants_kind", sql`${table.kind} in ('personal', 'team')`),
    check("tenants_tier", sql`${table.tier} in ('free', 'pro', 'power', 'team')`),
  ],
);

export const members = pgTable(
  "members",
  {
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    role: text("role").$type<Role>().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.userId] }),
    index("members_user").on(table.userId),
    check("members_role", sql`${table.role} in ('owner', 'admin', 'member', 'readonly')`),
  ],
);

/** One key per user, wrapped by a master key. Read through `app.authorize` alone. */
export const dataKeys = pgTable(
  "data_keys",
  {
    userId: uuid("user_id")
      .primaryKey()
      .references(() => users.id, { onDelete: "cascade" }),
    wrapped: bytes("wrapped").notNull(),
    masterKeyId: text("master_key_id").notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [index("data_keys_master").on(table.masterKeyId)],
);

/** One key per tenant, wrapped by a master key: of what members may share. */
export const tenantKeys = pgTable(
  "tenant_keys",
  {
    tenantId: tenantId()
      .primaryKey()
      .references(() => tenants.id, { onDelete: "cascade" }),
    wrapped: bytes("wrapped").notNull(),
    masterKeyId: text("master_key_id").notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [index("tenant_keys_master").on(table.masterKeyId)],
);

/** Hubs that hold a copy of their user's data key, and the master key that wraps it. */
export const hubKeys = pgTable(
  "hub_keys",
  {
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    masterKeyId: text("master_key_id").notNull(),
    /** When the schedule last asked the hub to renew its copy: who was asked longest ago is asked next. */
    triedAt: moment("tried_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.userId] }),
    index("hub_keys_master").on(table.masterKeyId),
  ],
);

/** What happened, for those who must answer for it. Rows are added and never changed. */
export const auditLogs = pgTable(
  "audit_logs",
  {
    id: id(),
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    at: moment("at").notNull().defaultNow(),
    actorKind: text("actor_kind").notNull(),
    /** A user's, key's or automation's id, or the name of a job. */
    actorId: text("actor_id").notNull(),
    /** The person concerned, if any. */
    userId: uuid("user_id"),
    /** `noun.past`. */
    event: text("event").notNull(),
    subjectId: text("subject_id"),
    requestId: text("request_id").notNull(),
    /** Ids, enums, counts and times only. */
    details: jsonb("details").$type<Record<string, string | number | boolean>>().notNull().default({}),
  },
  (table) => [index("audit_logs_tenant_at").on(table.tenantId, table.at.desc(), table.id.desc())],
);
