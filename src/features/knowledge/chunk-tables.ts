import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, id, tenantId } from "../../platform/columns.ts";
import { collections, documents, documentVersions } from "./document-tables.ts";

const indexedCollection = () =>
  integer("collection")
    .notNull()
    .references(() => collections.number, { onDelete: "cascade" });

/** What stays the same in several uploads of a document is one chunk, with one set of postings and one vector. */
export const chunks = pgTable(
  "chunks",
  {
    /** Of the document and what makes postings and vector: made twice, it is the same. */
    id: id(),
    /** Names it in the index. */
    number: bigint("number", { mode: "bigint" }).notNull().generatedAlwaysAsIdentity().unique(),
    tenantId: tenantId(),
    userId: uuid("user_id").notNull(),
    /** `collections.number`. */
    collection: integer("collection").notNull(),
    documentId: uuid("document_id").notNull(),
    /** Enveloped: the text and the headings above it. */
    body: bytes("body").notNull(),
    /** Keyed, of what makes postings and vector. */
    contentHash: bytes("content_hash").notNull(),
    /** Of its postings: where they are found again to be removed, and what counts once it is seen. */
    tokens: bigint("tokens", { mode: "bigint" }).array().notNull().default(sql`'{}'`),
    /** The newest version of the collection does not have it: not yet, or no more. */
    hidden: boolean("hidden").notNull().default(true),
    /** The vector space it has a vector in; null until then. */
    embedder: text("embedder"),
  },
  (table) => [
    foreignKey({
      name: "chunks_document_whose",
      columns: [table.documentId, table.collection, table.userId, table.tenantId],
      foreignColumns: [documents.id, documents.collection, documents.userId, documents.tenantId],
    }).onDelete("cascade"),
    // Its index also holds the other columns: a search of some documents finds their chunks in the index alone.
    unique("chunks_document").on(table.documentId, table.number),
    // A search of the newest version leaves these out: from the index alone.
    index("chunks_hidden_id")
      .on(table.collection, table.id, table.tenantId, table.userId)
      .where(sql`${table.hidden}`),
  ],
);

/** Where a chunk stands in one upload. */
export const chunkPlaces = pgTable(
  "chunk_places",
  {
    documentId: uuid("document_id").notNull(),
    /** `document_versions.number`. */
    upload: integer("upload").notNull(),
    chunk: bigint("chunk", { mode: "bigint" }).notNull(),
    tenantId: tenantId(),
    /** `collections.number`. */
    collection: integer("collection").notNull(),
    /** From 0. */
    ordinal: integer("ordinal").notNull(),
    /** Into the text of the document, in UTF-16 units. */
    start: integer("start").notNull(),
    page: integer("page"),
  },
  (table) => [
    primaryKey({ columns: [table.documentId, table.upload, table.chunk] }),
    foreignKey({
      name: "chunk_places_upload",
      columns: [table.documentId, table.upload, table.collection, table.tenantId],
      foreignColumns: [
        documentVersions.documentId,
        documentVersions.number,
        documentVersions.collection,
        documentVersions.tenantId,
      ],
    }).onDelete("cascade"),
    foreignKey({
      name: "chunk_places_chunk_of_document",
      columns: [table.documentId, table.chunk],
      foreignColumns: [chunks.documentId, chunks.number],
    }).onDelete("cascade"),
    index("chunk_places_chunk").on(table.chunk),
  ],
);

/** The blind index: the chunks that have a term, by the term's keyed hash. Written by `postings.ts` alone. */
export const postings = pgTable(
  "postings",
  {
    collection: indexedCollection(),
    /** Keyed per tenant. */
    token: bigint("token", { mode: "bigint" }).notNull(),
    /** From 0; of each token's blocks only the last is added to. */
    block: integer("block").notNull(),
    tenantId: tenantId(),
    /** A chunk each, ascending: its number, how often it has the term, and how many terms it has. */
    entries: bigint("entries", { mode: "bigint" }).array().notNull(),
  },
  (table) => [primaryKey({ columns: [table.collection, table.token, table.block] })],
);

/** How many chunks of the newest version have a term: a search knows how rare a word is before it reads any posting. */
export const tokenCounts = pgTable(
  "token_counts",
  {
    collection: indexedCollection(),
    token: bigint("token", { mode: "bigint" }).notNull(),
    chunks: integer("chunks").notNull(),
    tenantId: tenantId(),
  },
  (table) => [primaryKey({ columns: [table.collection, table.token] })],
);

/** Its vectors; pgvector's column and its indexes are the migrations', since a database may lack that type. */
export const chunkVectors = pgTable("chunk_vectors", {
  chunkId: uuid("chunk_id")
    .primaryKey()
    .references(() => chunks.id, { onDelete: "cascade" }),
  tenantId: tenantId(),
  userId: uuid("user_id").notNull(),
  collection: integer("collection").notNull(),
  embedder: text("embedder").notNull(),
});
