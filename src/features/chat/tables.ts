import { sql } from "drizzle-orm";
import {
  bigint,
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
import { bytes, createdAt, deletedAt, id, moment, tenantId, updatedAt } from "../../platform/columns.ts";
import type { ToolAction, TurnStatus } from "../hub/protocol.ts";
import { tenants, users } from "../users/tables.ts";

export const chats = pgTable(
  "chats",
  {
    id: id(),
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    /** Enveloped. */
    title: bytes("title").notNull(),
    /** Who answers in it: `home`. */
    agent: text("agent").notNull().default("home"),
    /** The `seq` of its newest message. Raised first, in the transaction that adds messages: its lock orders them. */
    lastSeq: integer("last_seq").notNull().default(0),
    version: integer("version").notNull().default(1),
    createdAt: createdAt(),
    /** Also the time of the newest message: lists are in this order. */
    updatedAt: updatedAt(),
    deletedAt: deletedAt(),
  },
  (table) => [
    // Read backwards. Drizzle's `.desc()` would sort nulls last, and no `order by … desc` could use the index.
    index("chats_user_updated").on(table.tenantId, table.userId, table.updatedAt, table.id),
    index("chats_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
    unique("chats_whose").on(table.id, table.userId, table.tenantId),
  ],
);

export const messages = pgTable(
  "messages",
  {
    id: id(),
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    chatId: uuid("chat_id").notNull(),
    /** Rises within the chat, with gaps. */
    seq: integer("seq").notNull(),
    role: text("role").$type<"user" | "assistant">().notNull(),
    /** Enveloped. */
    content: bytes("content").notNull(),
    /** The turn it belongs to; null when it was added by hand. */
    requestId: text("request_id"),
    status: text("status").$type<TurnStatus>().notNull().default("done"),
    inputTokens: integer("input_tokens"),
    outputTokens: integer("output_tokens"),
    cacheReadTokens: integer("cache_read_tokens"),
    modelCalls: integer("model_calls"),
    toolCalls: integer("tool_calls"),
    webSearches: integer("web_searches"),
    codeRuns: integer("code_runs"),
    version: integer("version").notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: deletedAt(),
  },
  (table) => [
    foreignKey({
      name: "messages_chat",
      columns: [table.chatId, table.userId, table.tenantId],
      foreignColumns: [chats.id, chats.userId, chats.tenantId],
    }).onDelete("cascade"),
    unique("messages_chat_seq").on(table.chatId, table.seq),
    index("messages_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
    check("messages_role", sql`${table.role} in ('user', 'assistant')`),
    check("messages_status", sql`${table.status} in ('done', 'cancelled', 'failed')`),
  ],
);

/** The blind index of titles and messages: how often each word of a document occurs, by the word's keyed hash. */
export const chatTerms = pgTable(
  "chat_terms",
  {
    tenantId: tenantId(),
    userId: uuid("user_id").notNull(),
    chatId: uuid("chat_id").notNull(),
    /** The message, or the chat for its title. */
    documentId: uuid("document_id").notNull(),
    /** Keyed per user, so no two users share one. */
    token: bigint("token", { mode: "bigint" }).notNull(),
    frequency: integer("frequency").notNull(),
    /** Words of the document. */
    length: integer("length").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.token, table.documentId] }),
    foreignKey({
      name: "chat_terms_chat",
      columns: [table.chatId, table.userId, table.tenantId],
      foreignColumns: [chats.id, chats.userId, chats.tenantId],
    }).onDelete("cascade"),
    index("chat_terms_document").on(table.chatId, table.documentId),
  ],
);

/** What turns asked of devices. Rows are added when a turn has ended, never changed, and erased after 30 days. */
export const toolExecutions = pgTable(
  "tool_executions",
  {
    /** Of the call. A turn's `request_id` decides it and clients make that, so it is unique for one person only. */
    id: text("id").notNull(),
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    requestId: text("request_id").notNull(),
    chatId: uuid("chat_id"),
    /** Null when no device was there. */
    deviceId: text("device_id"),
    action: text("action").$type<ToolAction>().notNull(),
    /** Of the device's schema. */
    table: text("table_name"),
    status: text("status").$type<"ok" | "error" | "offline" | "unknown">().notNull(),
    /** Enveloped: what was asked and what came back, cut to a size. */
    payload: bytes("payload").notNull(),
    startedAt: moment("started_at").notNull(),
    durationMs: integer("duration_ms").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.tenantId, table.id] }),
    index("tool_executions_user_started").on(table.userId, table.tenantId, table.startedAt, table.id),
    index("tool_executions_request").on(table.userId, table.requestId),
    index("tool_executions_chat").on(table.chatId).where(sql`${table.chatId} is not null`),
    index("tool_executions_started").on(table.startedAt),
    check("tool_executions_status", sql`${table.status} in ('ok', 'error', 'offline', 'unknown')`),
  ],
);
