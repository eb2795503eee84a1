import * as z from "zod";
import { BlindIndex } from "../../platform/blind-index.ts";
import type { JobCtx } from "../../platform/context.ts";
import type { Permission } from "../../platform/db.ts";
import { EMBEDDER_KEY_PURPOSE } from "../../platform/embedder.ts";
import type { Bytes, DataKey, EnvelopeContext } from "../../platform/keyring.ts";
import { SealedObjects } from "../../platform/objects.ts";
import { tenantDataKey } from "../users/service.ts";
import { type Collection, type Document, Metadata } from "./schema.ts";
import type { collections, documents } from "./tables.ts";

type CollectionRow = typeof collections.$inferSelect;
type DocumentRow = typeof documents.$inferSelect;

const CollectionBody = z.object({ name: z.string(), description: z.string() });
type CollectionBody = z.infer<typeof CollectionBody>;
const DocumentBody = z.object({
  /** Empty for none yet. */
  title: z.string(),
  /** What the sender, or the server it was fetched from, says of the bytes. */
  claim: z.object({ type: z.string().optional(), name: z.string().optional() }).optional(),
  url: z.string().optional(),
  /** What was left out, a sentence each. */
  notes: z.array(z.string()).default([]),
});
export type DocumentBody = z.input<typeof DocumentBody>;
const ChunkBody = z.object({ text: z.string(), heading: z.array(z.string()) });
type ChunkBody = z.infer<typeof ChunkBody>;

const INDEX_KEY_PURPOSE = "knowledge index";
const CHUNK_KEY_PURPOSE = "knowledge chunks";
const TAG_KEY_PURPOSE = "knowledge metadata";

/** Seals and opens what one tenant's collections hold: each envelope opens in its own row only. */
export class KnowledgeVault {
  readonly #key: DataKey;
  readonly #tenantId: string;
  #index: BlindIndex | undefined;
  #tags: BlindIndex | undefined;

  constructor(key: DataKey, tenantId: string) {
    this.#key = key;
    this.#tenantId = tenantId;
  }

  /** The terms of all collections. */
  get index(): BlindIndex {
    this.#index ??= new BlindIndex(this.#key.derive(INDEX_KEY_PURPOSE));
    return this.#index;
  }

  /** Metadata of all documents, a key with its value. */
  get tags(): BlindIndex {
    this.#tags ??= new BlindIndex(this.#key.derive(TAG_KEY_PURPOSE));
    return this.#tags;
  }

  get embedderKey(): Bytes {
    return this.#key.derive(EMBEDDER_KEY_PURPOSE);
  }

  /** For the content hashes of chunks and what they are indexed as. */
  get chunkKey(): Bytes {
    return this.#key.derive(CHUNK_KEY_PURPOSE);
  }

  objects(bucket: R2Bucket): SealedObjects {
    return new SealedObjects(bucket, this.#key, this.#tenantId);
  }

  sealCollection(id: string, body: CollectionBody): Bytes {
    return this.#key.sealJson(body, this.#at("collections", id));
  }

  openCollectionBody({ id, body }: Pick<CollectionRow, "id" | "body">): CollectionBody {
    return this.#key.openJson(body, this.#at("collections", id), CollectionBody.parse);
  }

  openCollection(row: CollectionRow): Collection {
    return {
      id: row.id,
      ...this.openCollectionBody(row),
      settings: { chunk_tokens: row.chunkTokens, overlap_tokens: row.overlapTokens },
      versions_kept: row.versionsKept,
      content_version: row.contentVersion,
      embedder: row.embedder,
      version: row.version,
      created_at: row.createdAt.toISOString(),
      updated_at: row.updatedAt.toISOString(),
      deleted_at: row.deletedAt?.toISOString() ?? null,
    };
  }

  sealDocument(id: string, body: DocumentBody): Bytes {
    return this.#key.sealJson(body, this.#at("documents", id));
  }

  openDocumentBody({ id, body }: Pick<DocumentRow, "id" | "body">): z.output<typeof DocumentBody> {
    return this.#key.openJson(body, this.#at("documents", id), DocumentBody.parse);
  }

  openTitle(row: Pick<DocumentRow, "id" | "body">): string {
    return this.openDocumentBody(row).title;
  }

  sealMetadata(id: string, metadata: Metadata): Bytes {
    return this.#key.sealJson(metadata, this.#at("documents", id, "metadata"));
  }

  sealProblem(id: string, reason: string): Bytes {
    return this.#key.seal(reason, this.#at("documents", id, "problem"));
  }

  openDocument(row: DocumentRow): Document {
    const { id, problem, metadata } = row;
    const { title, url, notes, claim } = this.openDocumentBody(row);
    return {
      id,
      collection_id: row.collectionId,
      title: title || claim?.name || "",
      url: url ?? null,
      metadata: metadata
        ? this.#key.openJson(metadata, this.#at("documents", id, "metadata"), Metadata.parse)
        : {},
      type: row.type,
      size: row.size,
      status: row.status,
      progress: row.progress,
      reason: problem && this.#key.openText(problem, this.#at("documents", id, "problem")),
      notes,
      chunks: row.chunks,
      status_url: `/api/v1/rag/documents/${id}`,
      version: row.version,
      created_at: row.createdAt.toISOString(),
      updated_at: row.updatedAt.toISOString(),
    };
  }

  sealChunk(id: string, chunk: ChunkBody): Bytes {
    return this.#key.sealJson(chunk, this.#at("chunks", id));
  }

  openChunk(id: string, body: Uint8Array): ChunkBody {
    return this.#key.openJson(body, this.#at("chunks", id), ChunkBody.parse);
  }

  #at(table: string, rowId: string, column = "body"): EnvelopeContext {
    return { table, column, rowId, ownerId: this.#tenantId };
  }
}

/** @param permission Of the verb that asks. */
export async function openVault(ctx: JobCtx, permission: Permission): Promise<KnowledgeVault> {
  return new KnowledgeVault(await tenantDataKey(ctx, permission), ctx.tenantId);
}
