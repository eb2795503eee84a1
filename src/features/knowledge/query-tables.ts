import { sql } from "drizzle-orm";
import { check, index, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { bytes, createdAt, id, tenantId } from "../../platform/columns.ts";
import { tenants, users } from "../users/tables.ts";
import type { QueryKind, QueryOutcome } from "./query-schema.ts";

/** What people asked of their documents, and what they searched them for, for 30 days. */
export const knowledgeQueries = pgTable(
  "knowledge_queries",
  {
    id: id(),
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    /** Enveloped, by the person's key: the question, and which chunks were found, given and cited. */
    body: bytes("body").notNull(),
    kind: text("kind").$type<QueryKind>().notNull().default("question"),
    outcome: text("outcome").$type<QueryOutcome>().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    index("knowledge_queries_user").on(table.tenantId, table.userId, table.id),
    index("knowledge_queries_created").on(table.createdAt),
    check("knowledge_queries_kind", sql`${table.kind} in ('question', 'search')`),
    check(
      "knowledge_queries_outcome",
      sql`${table.outcome} in ('answered', 'not_answered', 'failed', 'cancelled')`,
    ),
  ],
);
