import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  customType,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  real,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, createdAt, deletedAt, id, moment, tenantId, updatedAt } from "../../platform/columns.ts";
import { tenants, users } from "../users/tables.ts";
import type { DocumentType } from "./core/parse/document.ts";
import type { DocumentStatus, VersionCause } from "./schema.ts";

const userId = () =>
  uuid("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" });

/** Content versions of a collection, as ranges: what is visible now has no upper end. */
const versionRanges = customType<{ data: string }>({ dataType: () => "int4multirange" });

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
    /** How often what can be found in it has changed. */
    contentVersion: integer("content_version").notNull().default(0),
    /** How many of those can still be searched and restored, the newest included. */
    versionsKept: integer("versions_kept").notNull().default(10),
    version: integer("version").notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: deletedAt(),
  },
  (table) => [
    index("collections_user").on(table.tenantId, table.userId, table.id),
    index("collections_deleted").on(table.deletedAt).where(sql`${table.deletedAt} is not null`),
    unique("collections_whose").on(table.id, table.userId, table.tenantId),
    unique("collections_number_whose").on(table.id, table.number, table.userId, table.tenantId),
  ],
);

/** One row for each change of what can be found in a collection. */
export const collectionVersions = pgTable(
  "collection_versions",
  {
    collectionId: uuid("collection_id").notNull(),
    number: integer("number").notNull(),
    tenantId: tenantId(),
    userId: uuid("user_id").notNull(),
    cause: text("cause").$type<VersionCause>().notNull(),
    /** Which document changed; null for a restoration, and where a collection is read again. */
    documentId: uuid("document_id"),
    restoredFrom: integer("restored_from"),
    /** The one with which the collection was read again: all its documents go into this version. */
    reindexId: uuid("reindex_id"),
    /** When a restoration took the place of this one, which was the newest: it is kept for a while then. */
    leftAt: moment("left_at"),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.collectionId, table.number] }),
    foreignKey({
      name: "collection_versions_collection",
      columns: [table.collectionId, table.userId, table.tenantId],
      foreignColumns: [collections.id, collections.userId, collections.tenantId],
    }).onDelete("cascade"),
    check(
      "collection_versions_cause",
      sql`${table.cause} in ('document_added', 'document_replaced', 'document_deleted', 'restored', 'reindexed')`,
    ),
  ],
);

export const documents = pgTable(
  "documents",
  {
    id: id(),
    tenantId: tenantId().references(() => tenants.id, { onDelete: "cascade" }),
    userId: userId(),
    collectionId: uuid("collection_id").notNull(),
    /** `collections.number`. */
    collection: integer("collection").notNull(),
    /** Enveloped: the title. With type, size, chunks and terms, that of the upload that can be found. */
    body: bytes("body").notNull(),
    /** Enveloped: what its owner says of it; null for nothing. */
    metadata: bytes("metadata"),
    /** Keyed hashes of each key with its value, for filters. */
    tags: bigint("tags", { mode: "bigint" }).array().notNull().default(sql`'{}'`),
    type: text("type").$type<DocumentType>().notNull(),
    size: integer("size").notNull(),
    /** The newest in `document_versions`; status, progress and problem are its own. */
    upload: integer("upload").notNull().default(1),
    status: text("status").$type<DocumentStatus>().notNull().default("queued"),
    progress: real("progress").notNull().default(0),
    /** Enveloped: why it could not be read. */
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
    foreignKey({
      name: "documents_of_collection",
      columns: [table.collectionId, table.collection, table.userId, table.tenantId],
      foreignColumns: [collections.id, collections.number, collections.userId, collections.tenantId],
    }).onDelete("cascade"),
    unique("documents_whose").on(table.id, table.collection, table.userId, table.tenantId),
    index("documents_user").on(table.tenantId, table.userId, table.id),
    index("documents_collection").on(table.collectionId, table.id),
    index("documents_due").on(table.dueAt).where(sql`${table.dueAt} is not null`),
    check(
      "documents_status",
      sql`${table.status} in ('queued', 'parsing', 'embedding', 'ready', 'failed', 'cancelled')`,
    ),
  ],
);

/** A document as it was sent once; it can be found in the content versions of the collection that `versions` has. */
export const documentVersions = pgTable(
  "document_versions",
  {
    documentId: uuid("document_id").notNull(),
    /** From 1. */
    number: integer("number").notNull(),
    /** Names its bytes. */
    uploadId: uuid("upload_id").notNull().unique(),
    /** The upload whose bytes it has as well: they are read again, under another title or with other settings. */
    copyOf: uuid("copy_of"),
    /** With which the whole collection was read again, and it too. */
    reindexId: uuid("reindex_id"),
    tenantId: tenantId(),
    userId: uuid("user_id").notNull(),
    /** `collections.number`. */
    collection: integer("collection").notNull(),
    /** The envelope of `documents.body`: it can be put in that one's place. */
    body: bytes("body").notNull(),
    type: text("type").$type<DocumentType>().notNull(),
    size: integer("size").notNull(),
    /** The collection's settings when it was sent: read again, it gives the same chunks. */
    chunkTokens: integer("chunk_tokens").notNull(),
    overlapTokens: integer("overlap_tokens").notNull(),
    chunks: integer("chunks").notNull().default(0),
    /** Terms of all its chunks. */
    terms: integer("terms").notNull().default(0),
    versions: versionRanges("versions").notNull().default(sql`'{}'::int4multirange`),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.documentId, table.number] }),
    foreignKey({
      name: "document_versions_document",
      columns: [table.documentId, table.collection, table.userId, table.tenantId],
      foreignColumns: [documents.id, documents.collection, documents.userId, documents.tenantId],
    }).onDelete("cascade"),
    unique("document_versions_whose").on(table.documentId, table.number, table.collection, table.tenantId),
    index("document_versions_collection").on(table.collection),
    // A search sums up the newest version's chunks and terms: from the index alone.
    index("document_versions_newest")
      .on(table.collection, table.chunks, table.terms, table.tenantId, table.userId)
      .where(sql`upper_inf(${table.versions})`),
  ],
);
