/** The product's own knowledge verbs on a PostgreSQL server of their own, as one person. */
import { neonConfig } from "@neondatabase/serverless";
import { z } from "zod";
import { migrate } from "../dev/migrate.ts";
import { createSecrets } from "../dev/secrets.ts";
import { workerVars } from "../dev/worker-vars.ts";
import { ingestDocument } from "../src/features/knowledge/ingest.ts";
import { CreateCollection, CreateDocument } from "../src/features/knowledge/schema.ts";
import { createCollection, createDocument } from "../src/features/knowledge/service.ts";
import { newId } from "../src/lib/ids.ts";
import type { Ctx } from "../src/platform/context.ts";
import { startRealPostgres } from "../test/support/real-postgres.ts";
import { serveSql } from "../test/support/real-sql.ts";
import { newUser, userCtx } from "../test/support/users.ts";

export interface Service {
  /** The person, and the same as the queue's consumer has them. */
  ctx: Ctx;
  adminUrl: string;
  wsProxy: string;
  /** Statements in one transaction as the database's superuser; the rows of the last. */
  admin(...statements: string[]): Promise<Record<string, string>[]>;
  /** A collection's id. */
  makeCollection(): Promise<string>;
  ingest(collectionId: string, text: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startService(bin: string): Promise<Service> {
  const postgres = await startRealPostgres(bin);
  const sql = await serveSql(postgres);
  const { wsProxy } = postgres;
  await migrate({ url: postgres.url("postgres"), wsProxy });
  neonConfig.fetchEndpoint = sql.fetchEndpoint;
  const admin = adminOf(postgres.url("postgres"), sql.fetchEndpoint);
  const roles = ["adjutant_app", "adjutant_identity", "adjutant_scheduler"] as const;
  for (const role of roles) await admin(`alter role ${role} password 'local'`);
  const [app, identity, scheduler] = roles.map((role) => postgres.url(role));
  const vars = workerVars({
    environment: "test",
    publicUrl: "http://127.0.0.1:9",
    postgres: {
      urls: { admin: postgres.url("postgres"), app: app!, identity: identity!, scheduler: scheduler! },
      wsProxy,
      fetchEndpoint: sql.fetchEndpoint,
    },
    secrets: createSecrets(),
    modelUrl: "http://127.0.0.1:9",
  });
  const unused = ["ANALYTICS", "EMAIL", "MAINTENANCE", "AUTH_RATE_LIMIT", "USER_HUB"];
  const env = {
    ...vars,
    ...Object.fromEntries(unused.map((name) => [name, {}])),
    OBJECTS: memoryBucket(),
    INGEST: { send: async () => {} },
  };
  const user = await newUser(env);
  const ctx = userCtx(env, user);
  const worker = userCtx(env, user, {
    actor: { kind: "system", job: "document.ingest", userId: user.userId },
  });
  return {
    ctx,
    adminUrl: postgres.url("postgres"),
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
    stop: async () => {
      await sql.stop();
      await postgres.stop();
    },
  };
}

const Answer = z.object({
  rows: z.array(z.array(z.string().nullable())),
  fields: z.array(z.object({ name: z.string() })),
});
const Answers = z.union([z.object({ results: z.array(Answer).min(1) }), Answer]);

function lastOf(answers: z.infer<typeof Answers>): z.infer<typeof Answer> {
  return "results" in answers ? answers.results.at(-1)! : answers;
}

function adminOf(url: string, endpoint: string) {
  return async (...statements: string[]): Promise<Record<string, string>[]> => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { "neon-connection-string": url },
      body: JSON.stringify(
        statements.length === 1
          ? { query: statements[0] }
          : { queries: statements.map((query) => ({ query })) },
      ),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    const { rows, fields } = lastOf(Answers.parse(JSON.parse(text)));
    return rows.map((row) => Object.fromEntries(fields.map(({ name }, at) => [name, row[at] ?? ""])));
  };
}

/** What the verbs use of a bucket. */
function memoryBucket() {
  const objects = new Map<string, Uint8Array>();
  return {
    put: async (name: string, bytes: Uint8Array) => void objects.set(name, bytes),
    get: async (name: string) => {
      const bytes = objects.get(name);
      return bytes ? Object.assign(new Response(new Uint8Array(bytes)), { size: bytes.length }) : null;
    },
    head: async (name: string) => objects.get(name) ?? null,
    list: async () => ({ objects: [], truncated: false }),
    delete: async (name: string) => void objects.delete(name),
  };
}
