import { sql } from "drizzle-orm";
import {
  check,
  customType,
  index,
  integer,
  pgTable,
  primaryKey,
  real,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, id, moment, tenantId } from "../../platform/columns.ts";
import { tenants, users } from "../users/tables.ts";
import type { MemorySource, MemoryTier } from "./schema.ts";

/**
 * pgvector's type without a length, since embedders differ in theirs; its text form is `[1,2,3]`. A server without the
 * extension keeps that text and cannot search it.
 */
const vector = customType<{ data: ArrayLike<number>; driverData: string }>({
  dataType: () => "vector",
  toDriver: (values) => `[${Array.from(values).join(",")}]`,
  fromDriver: (stored) => Float32Array.from(JSON.parse(stored)),
});

/** What is remembered of a person. Their hub alone writes it; the rows are what outlives the hub. */
export const memories = pgTable(
  "memories",
  {
    id: id(),
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    tier: text("tier").$type<MemoryTier>().notNull(),
    /** Enveloped: the words, and the quote they were taken from. */
    body: bytes("body").notNull(),
    /** Of statements and summaries. */
    embedding: vector("embedding"),
    /** The vector space: vectors of different ones are never compared. */
    embedder: text("embedder"),
    strength: real("strength").notNull(),
    confidence: real("confidence").notNull(),
    validFrom: moment("valid_from").notNull(),
    validTo: moment("valid_to"),
    lastUsedAt: moment("last_used_at"),
    dismissedAt: moment("dismissed_at"),
    source: text("source").$type<MemorySource>().notNull(),
    requestId: text("request_id"),
    /** Keyed hash of a core fact's key. */
    keyHash: bytes("key_hash"),
    /** Keyed hash of the words, without case and accents. */
    contentHash: bytes("content_hash").notNull(),
    createdAt: moment("created_at").notNull(),
    updatedAt: moment("updated_at").notNull(),
    /** Rises with each change: what comes late and is older changes nothing. */
    version: integer("version").notNull(),
  },
  (table) => [
    index("memories_user").on(table.userId, table.tenantId, table.id),
    uniqueIndex("memories_core_key")
      .on(table.userId, table.tenantId, table.keyHash)
      .where(sql`${table.tier} = 'core' and ${table.validTo} is null`),
    check("memories_tier", sql`${table.tier} in ('core', 'associative', 'episodic', 'proactive')`),
    check("memories_source", sql`${table.source} in ('user', 'turn', 'consolidation')`),
    check("memories_key", sql`(${table.tier} = 'core') = (${table.keyHash} is not null)`),
  ],
);

/** Who has a memory, and when it was last consolidated: all that the scheduler sees of it. */
export const memoryOwners = pgTable(
  "memory_owners",
  {
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    consolidatedAt: moment("consolidated_at").notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.tenantId] }),
    index("memory_owners_consolidated").on(table.consolidatedAt),
  ],
);
