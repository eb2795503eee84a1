/** Message kind → what is done about it. A message is `{kind, …}`; its other fields are the kind's own. */
import * as z from "zod";
import { ingestDocument } from "./features/knowledge/ingest.ts";
import { IngestMessage } from "./features/knowledge/schema.ts";
import { newId } from "./lib/ids.ts";
import { log } from "./lib/logger.ts";
import { createJobCtx } from "./platform/context.ts";
import { type IngestEnv, type RawEnv, readIngestEnv } from "./platform/env.ts";
import { portsOf } from "./ports.ts";

type Step = (body: unknown, env: IngestEnv) => Promise<void>;

interface Work {
  run: Step;
  /** After the last try: tells whoever waits for it. */
  giveUp: Step;
}

/** Each feature adds its kind, `noun.verb`, with the first one it sends. */
export const KINDS: ReadonlyMap<string, Work> = new Map([
  [
    "document.ingest",
    { run: (body, env) => ingest(body, env, false), giveUp: (body, env) => ingest(body, env, true) },
  ],
]);

const Kinded = z.object({ kind: z.string() });
/** As the configuration names those queues. */
export const DEAD_LETTERS = /-dead(-dev)?$/;

const RETRY_BASE_S = 5;
const RETRY_MAX_S = 600;

/**
 * Each message is settled by itself: one that fails is tried again, later each time, and in the end comes back from the
 * dead-letter queue, to be given up.
 */
export async function handleBatch(batch: MessageBatch<unknown>, raw: RawEnv): Promise<void> {
  const env = readIngestEnv(raw);
  const isLast = DEAD_LETTERS.test(batch.queue);
  for (const message of batch.messages) {
    const { queue } = batch;
    try {
      await (isLast ? giveUp(message, queue, env) : workOf(message).run(message.body, env));
      message.ack();
    } catch (cause) {
      log.error({ event: "message.failed", queue, attempts: message.attempts }, cause);
      message.retry({ delaySeconds: Math.min(RETRY_MAX_S, RETRY_BASE_S * 2 ** (message.attempts - 1)) });
    }
  }
}

/** Of a message that nobody knows there is nothing but this line. */
async function giveUp(message: Message<unknown>, queue: string, env: IngestEnv): Promise<void> {
  const work = findWork(message);
  log.error({ event: "message.given_up", queue, kind: work ? kindOf(message) : null });
  await work?.giveUp(message.body, env);
}

function workOf(message: Message<unknown>): Work {
  const work = findWork(message);
  if (!work) throw new TypeError("No handler knows this kind of message.");
  return work;
}

function findWork(message: Message<unknown>): Work | undefined {
  return KINDS.get(kindOf(message) ?? "");
}

function kindOf({ body }: Message<unknown>): string | undefined {
  return Kinded.safeParse(body).data?.kind;
}

async function ingest(body: unknown, env: IngestEnv, isExhausted: boolean): Promise<void> {
  const {
    tenant_id: tenantId,
    user_id: userId,
    document_id: documentId,
    version,
  } = IngestMessage.parse(body);
  const pending: Promise<unknown>[] = [];
  const ctx = createJobCtx(env, {
    actor: { kind: "system", job: "document.ingest", userId },
    tenantId,
    ports: portsOf(env),
    requestId: newId(),
    log,
    waitUntil: (work) => pending.push(work),
  });
  await ingestDocument(ctx, { documentId, version, isExhausted });
  await Promise.all(pending);
}
