/** The product's own knowledge verbs on a PostgreSQL server of their own, as one person. */
import { ingestDocument } from "../src/features/knowledge/ingest.ts";
import { CreateCollection, CreateDocument } from "../src/features/knowledge/schema.ts";
import { createCollection, createDocument } from "../src/features/knowledge/service.ts";
import { newId } from "../src/lib/ids.ts";
import type { Ctx } from "../src/platform/context.ts";
import { type RealService, startRealService } from "../test/support/real-service.ts";
import { newUser, userCtx } from "../test/support/users.ts";

export interface Service {
  /** The person, and the same as the queue's consumer has them. */
  ctx: Ctx;
  adminUrl: string;
  wsProxy: string;
  admin: RealService["admin"];
  /** A collection's id. */
  makeCollection(): Promise<string>;
  ingest(collectionId: string, text: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startService(bin: string): Promise<Service> {
  const { env, admin, adminUrl, wsProxy, stop } = await startRealService(bin);
  const user = await newUser(env);
  const ctx = userCtx(env, user);
  const worker = userCtx(env, user, {
    actor: { kind: "system", job: "document.ingest", userId: user.userId },
  });
  return {
    ctx,
    adminUrl,
    wsProxy,
    admin,
    makeCollection: async () => {
      return (await createCollection(ctx, CreateCollection.parse({ name: "Scale" }), newId())).id;
    },
    ingest: async (collection_id, content) => {
      const input = CreateDocument.parse({ collection_id, content });
      const document = await createDocument(ctx, input, newId());
      await ingestDocument(worker, { documentId: document.id, version: document.version });
    },
    stop,
  };
}
