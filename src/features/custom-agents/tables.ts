import { sql } from "drizzle-orm";
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, createdAt, deletedAt, id, tenantId, updatedAt } from "../../platform/columns.ts";
import { tenants, users } from "../users/tables.ts";
import type { AgentKind } from "./schema.ts";

export const customAgents = pgTable(
  "custom_agents",
  {
    id: id(),
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    /** Who made it. */
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    kind: text("kind").$type<AgentKind>().notNull(),
    delegable: boolean("delegable").notNull(),
    /** Whom a router chooses from. */
    members: uuid("members").array().notNull().default(sql`'{}'`),
    /** Of its definition: `custom_agent_versions` has it. */
    version: integer("version").notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: deletedAt(),
  },
  (table) => [
    index("custom_agents_user").on(table.tenantId, table.userId, table.id),
    index("custom_agents_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
    unique("custom_agents_whose").on(table.id, table.userId, table.tenantId),
    check("custom_agents_kind", sql`${table.kind} in ('chat', 'rag', 'extractor', 'router')`),
  ],
);

/** What an agent was from one change to the next. Rows are added, and the oldest dropped. */
export const customAgentVersions = pgTable(
  "custom_agent_versions",
  {
    agentId: uuid("agent_id").notNull(),
    version: integer("version").notNull(),
    tenantId: tenantId(),
    userId: uuid("user_id").notNull(),
    /** Enveloped: the definition. */
    body: bytes("body").notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.agentId, table.version] }),
    foreignKey({
      name: "custom_agent_versions_agent",
      columns: [table.agentId, table.userId, table.tenantId],
      foreignColumns: [customAgents.id, customAgents.userId, customAgents.tenantId],
    }).onDelete("cascade"),
  ],
);
