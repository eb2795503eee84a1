/** Items as rows and back. */
import type { Memory, MemoryItem, MemoryVector, OwedMemory } from "./schema.ts";
import type { memories } from "./tables.ts";
import { textOf } from "./text.ts";
import type { MemoryVault } from "./vault.ts";

export type MemoryRow = typeof memories.$inferSelect;
/** Vectors are left out of reads that do not need them: they are by far the largest part. */
export type WordsRow = Omit<MemoryRow, "embedding">;

export function toRow(
  vault: MemoryVault,
  userId: string,
  { item, embedding }: OwedMemory,
): typeof memories.$inferInsert {
  const { body, provenance } = item;
  return {
    id: item.id,
    userId,
    tier: body.tier,
    body: vault.seal(item),
    embedding: embedding?.vector ?? null,
    embedder: embedding?.embedder ?? null,
    strength: item.strength,
    confidence: item.confidence,
    validFrom: new Date(item.validFrom),
    validTo: dateOf(item.validTo),
    lastUsedAt: dateOf(item.lastUsedAt),
    dismissedAt: dateOf(item.dismissedAt),
    source: provenance.source,
    requestId: provenance.requestId,
    keyHash: vault.keyHash(body),
    contentHash: vault.contentHash(body),
    createdAt: new Date(item.createdAt),
    updatedAt: new Date(item.updatedAt),
    version: item.version,
  };
}

export function toItem(vault: MemoryVault, row: WordsRow): MemoryItem {
  const { body, ...words } = vault.open(row.id, row.body);
  return {
    id: row.id,
    body,
    strength: row.strength,
    confidence: row.confidence,
    validFrom: row.validFrom.getTime(),
    validTo: row.validTo?.getTime() ?? null,
    lastUsedAt: row.lastUsedAt?.getTime() ?? null,
    dismissedAt: row.dismissedAt?.getTime() ?? null,
    provenance: { source: row.source, requestId: row.requestId, ...words },
    createdAt: row.createdAt.getTime(),
    updatedAt: row.updatedAt.getTime(),
    version: row.version,
  };
}

export function vectorOf({ embedding, embedder }: MemoryRow): MemoryVector | null {
  return embedding && embedder !== null ? { embedder, vector: embedding } : null;
}

/** @param chats By turn, as far as they are known. */
export function toAnswer(item: MemoryItem, chats: ReadonlyMap<string, string>): Memory {
  const { body, provenance } = item;
  const { requestId } = provenance;
  const ownChat = body.tier === "episodic" ? body.chatId : undefined;
  const chatOf = (turn: string) => chats.get(turn) ?? null;
  return {
    id: item.id,
    tier: body.tier,
    key: body.tier === "core" ? body.key : null,
    text: textOf(body),
    entity: (body.tier === "associative" && body.entity) || null,
    strength: item.strength,
    confidence: item.confidence,
    valid_from: instantOf(item.validFrom),
    valid_to: item.validTo === null ? null : instantOf(item.validTo),
    last_used_at: item.lastUsedAt === null ? null : instantOf(item.lastUsedAt),
    dismissed_at: item.dismissedAt === null ? null : instantOf(item.dismissedAt),
    provenance: {
      source: provenance.source,
      request_id: requestId,
      chat_id: ownChat ?? (requestId === null ? null : chatOf(requestId)),
      quote: provenance.quote,
      turns: (provenance.turns ?? []).map((turn) => ({ request_id: turn, chat_id: chatOf(turn) })),
    },
    version: item.version,
    created_at: instantOf(item.createdAt),
    updated_at: instantOf(item.updatedAt),
  };
}

function instantOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function dateOf(timeMs: number | null): Date | null {
  return timeMs === null ? null : new Date(timeMs);
}
