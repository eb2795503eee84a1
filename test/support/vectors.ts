/** Chunks for vectors to belong to. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { chunks, collections, documents } from "../../src/features/knowledge/tables.ts";
import { newId } from "../../src/lib/ids.ts";
import { connectAs } from "./database.ts";
import type { TestUser } from "./users.ts";

const NO_BYTES = new Uint8Array([1]);

/** A collection's number, and ids of chunks of one document in it. */
export async function newChunks(
  { tenantId, userId }: TestUser,
  count: number,
): Promise<{ collection: number; documentId: string; ids: string[] }> {
  const admin = connectAs(env, "postgres");
  const owner = { tenantId, userId };
  const [home] = await admin
    .insert(collections)
    .values({ id: newId(), ...owner, body: NO_BYTES, chunkTokens: 64, overlapTokens: 0, embedder: "test" })
    .returning();
  if (!home) throw new Error("The collection was not made.");
  const documentId = newId();
  await admin.insert(documents).values({
    id: documentId,
    ...owner,
    collectionId: home.id,
    collection: home.number,
    body: NO_BYTES,
    type: "text",
    size: 1,
  });
  const ids = Array.from({ length: count }, () => newId());
  for (let at = 0; at < count; at += 500) {
    await admin.insert(chunks).values(
      ids.slice(at, at + 500).map((id) => ({
        id,
        ...owner,
        collection: home.number,
        documentId,
        body: NO_BYTES,
        contentHash: NO_BYTES,
      })),
    );
  }
  return { collection: home.number, documentId, ids };
}

/** Deletes a document as the service does in the end: by its row, which takes chunks and vectors along. */
export async function dropDocument(id: string): Promise<void> {
  await connectAs(env, "postgres").execute(sql`delete from documents where id = ${id}::uuid`);
}
