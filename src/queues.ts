/** Message kind → handler. A message is `{kind, …}`; its other fields are the kind's own. */
import { z } from "zod";
import { ingestDocument } from "./features/knowledge/ingest.ts";
import { IngestMessage } from "./features/knowledge/schema.ts";
import { newId } from "./lib/ids.ts";
import { log } from "./lib/logger.ts";
import { createCtx } from "./platform/context.ts";
import { type IngestEnv, type RawEnv, readIngestEnv } from "./platform/env.ts";
import { portsOf } from "./ports.ts";

type Handler = (body: unknown, env: IngestEnv) => Promise<void>;

/** Each feature adds its kind, `noun.verb`, with the first one it sends. */
export const KINDS: ReadonlyMap<string, Handler> = new Map([["document.ingest", ingest]]);

const Message = z.object({ kind: z.string() });

const RETRY_BASE_S = 5;
const RETRY_MAX_S = 600;

/** Each message is settled by itself: one that fails is tried again, later each time, and ends in the dead-letter queue. */
export async function handleBatch(batch: MessageBatch<unknown>, raw: RawEnv): Promise<void> {
  const env = readIngestEnv(raw);
  for (const message of batch.messages) {
    const { data } = Message.safeParse(message.body);
    const handler = data && KINDS.get(data.kind);
    try {
      if (!handler) throw new TypeError("No handler knows this kind of message.");
      await handler(message.body, env);
      message.ack();
    } catch (cause) {
      log.error({ event: "message.failed", queue: batch.queue, attempts: message.attempts }, cause);
      message.retry({ delaySeconds: Math.min(RETRY_MAX_S, RETRY_BASE_S * 2 ** (message.attempts - 1)) });
    }
  }
}

async function ingest(body: unknown, env: IngestEnv): Promise<void> {
  const {
    tenant_id: tenantId,
    user_id: userId,
    document_id: documentId,
    version,
  } = IngestMessage.parse(body);
  const pending: Promise<unknown>[] = [];
  const ctx = createCtx(env, {
    actor: { kind: "system", job: "document.ingest", userId },
    tenantId,
    ports: portsOf(env),
    requestId: newId(),
    log,
    waitUntil: (work) => pending.push(work),
  });
  await ingestDocument(ctx, { documentId, version });
  await Promise.all(pending);
}
