import { sql } from "drizzle-orm";
import { bigint, check, index, integer, pgTable, primaryKey, real, text, uuid } from "drizzle-orm/pg-core";
import { bytes, createdAt, deletedAt, id, moment, tenantId, updatedAt } from "../../platform/columns.ts";
import { tenants, users } from "../users/tables.ts";
import type { DocumentType } from "./core/parse/document.ts";
import type { DocumentStatus } from "./schema.ts";

const userId = () =>
  uuid("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" });

export const collections = pgTable(
  "collections",
  {
    id: id(),
    /** Names it in the index, where a uuid would be four times as long. */
    number: integer("number").notNull().generatedAlwaysAsIdentity().unique(),
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    /** Who made it. */
    userId: userId(),
    /** Enveloped: name and description. */
    body: bytes("body").notNull(),
    chunkTokens: integer("chunk_tokens").notNull(),
    overlapTokens: integer("overlap_tokens").notNull(),
    /** The vector space of its chunks. */
    embedder: text("embedder").notNull(),
    version: integer("version").notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: deletedAt(),
  },
  (table) => [
    index("collections_user").on(table.tenantId, table.userId, table.id),
    index("collections_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
  ],
);

export const documents = pgTable(
  "documents",
  {
    id: id(),
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    userId: userId(),
    collectionId: uuid("collection_id")
      .notNull()
      .references(() => collections.id, { onDelete: "cascade" }),
    /** Enveloped: the title. */
    body: bytes("body").notNull(),
    type: text("type").$type<DocumentType>().notNull(),
    size: integer("size").notNull(),
    status: text("status").$type<DocumentStatus>().notNull().default("queued"),
    progress: real("progress").notNull().default(0),
    /** Enveloped: why it failed. */
    problem: bytes("problem"),
    chunks: integer("chunks").notNull().default(0),
    /** Terms of all its chunks. */
    terms: integer("terms").notNull().default(0),
    /** Of this version. */
    attempts: integer("attempts").notNull().default(0),
    /** Rises when it is read anew: work that was queued for an earlier one does nothing. */
    version: integer("version").notNull().default(1),
    /** When the schedule looks after it, unless it is done before; null when there is nothing to do. */
    dueAt: moment("due_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    /** What is left goes within minutes. */
    deletedAt: deletedAt(),
  },
  (table) => [
    index("documents_user").on(table.tenantId, table.userId, table.id),
    index("documents_collection").on(table.collectionId, table.id),
    index("documents_due").on(table.dueAt).where(sql`${table.dueAt} is not null`),
    check("documents_status", sql`${table.status} in ('queued', 'parsing', 'embedding', 'ready', 'failed')`),
  ],
);

export const chunks = pgTable(
  "chunks",
  {
    /** Of document, version and place: made twice, it is the same. */
    id: id(),
    /** Names it in the index. */
    number: bigint("number", { mode: "bigint" }).notNull().generatedAlwaysAsIdentity().unique(),
    tenantId: tenantId(),
    userId: uuid("user_id").notNull(),
    documentId: uuid("document_id")
      .notNull()
      .references(() => documents.id, { onDelete: "cascade" }),
    /** From 0. */
    ordinal: integer("ordinal").notNull(),
    /** Enveloped: the text and where it stands. */
    body: bytes("body").notNull(),
    /** Keyed, of text and headings. */
    contentHash: bytes("content_hash").notNull(),
  },
  (table) => [index("chunks_document").on(table.documentId, table.ordinal)],
);

/** The blind index: how often each term of a chunk occurs, by the term's keyed hash. */
export const postings = pgTable(
  "postings",
  {
    /** `collections.number`. */
    collection: integer("collection").notNull(),
    /** Keyed per tenant. */
    token: bigint("token", { mode: "bigint" }).notNull(),
    chunk: bigint("chunk", { mode: "bigint" })
      .notNull()
      .references(() => chunks.number, { onDelete: "cascade" }),
    frequency: integer("frequency").notNull(),
    /** Terms of the chunk. */
    length: integer("length").notNull(),
    tenantId: tenantId(),
  },
  // The key's index also holds the other columns: a search reads the index alone.
  (table) => [
    primaryKey({ columns: [table.collection, table.token, table.chunk] }),
    index("postings_chunk").on(table.chunk),
  ],
);

/** Its vectors; pgvector's column is the migration's, since a database may lack that type. */
export const chunkVectors = pgTable(
  "chunk_vectors",
  {
    chunkId: uuid("chunk_id")
      .primaryKey()
      .references(() => chunks.id, { onDelete: "cascade" }),
    tenantId: tenantId(),
    userId: uuid("user_id").notNull(),
    collection: integer("collection").notNull(),
    embedder: text("embedder").notNull(),
  },
  (table) => [index("chunk_vectors_collection").on(table.collection)],
);
