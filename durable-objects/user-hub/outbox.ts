import { saveExchange } from "../../src/features/chat/service.ts";
import type { PublishedEvent } from "../../src/features/hub/schema.ts";
import type { Ctx } from "../../src/platform/context.ts";
import type { OwedExchange } from "./chat-store.ts";
import type { HubParts } from "./parts.ts";

const BATCH = 20;
const RETRY_BASE_MS = 1_000;
const RETRY_MAX_MS = 3_600_000;

/** How long to wait after a try failed that had this many before it. */
export function retryWaitMs(tries: number): number {
  return Math.min(RETRY_BASE_MS * 2 ** tries, RETRY_MAX_MS);
}

export interface OutboxPorts {
  createCtx(): Ctx;
  /** Tells the person's devices and readers, with one commit, which `also` is part of. */
  announce(events: readonly PublishedEvent[], also: () => void): void;
}

/** Brings finished exchanges to Postgres, off the path of any turn; what fails is owed until it succeeds. */
export class Outbox {
  readonly #parts: HubParts;
  readonly #ports: OutboxPorts;
  #flushing: Promise<void> | undefined;

  constructor(parts: HubParts, ports: OutboxPorts) {
    this.#parts = parts;
    this.#ports = ports;
  }

  /** Saves what is due. One flush at a time; a second caller waits for one that begins after it asked. */
  async flush(): Promise<void> {
    await this.#flushing;
    this.#flushing ??= this.#flushDue().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #flushDue(): Promise<void> {
    const { chats, clock } = this.#parts;
    const owed = chats.owed(clock.now(), BATCH);
    if (owed.length === 0) return;
    const ctx = this.#ports.createCtx();
    for (const each of owed) await this.#save(ctx, each);
  }

  async #save(ctx: Ctx, { requestId, tries, read }: OwedExchange): Promise<void> {
    const { chats, storage, clock, log, vault } = this.#parts;
    try {
      const exchange = read();
      const text = (role: "user" | "assistant") =>
        exchange.messages.find((each) => each.role === role)?.content ?? "";
      const isSaved = await saveExchange(
        ctx,
        {
          chatId: exchange.chatId,
          requestId,
          userMessage: text("user"),
          assistantMessage: text("assistant"),
          status: exchange.status,
          usage: exchange.usage,
          startedAt: exchange.createdAt,
          endedAt: exchange.endedAt,
        },
        vault.dataKey,
      );
      if (!isSaved) log.warn({ event: "exchange.refused", request_id: requestId });
      const told = { topic: "chats", data: { id: exchange.chatId, change: "messages" } } as const;
      this.#ports.announce(isSaved ? [told] : [], () => chats.markSaved(requestId));
    } catch (cause) {
      const waitMs = retryWaitMs(tries);
      log.warn({ event: "exchange.postponed", request_id: requestId, tries, wait_ms: waitMs }, cause);
      const dueAt = clock.now() + waitMs;
      storage.commit(() => {
        chats.postpone(requestId, dueAt);
        this.#parts.armAt(dueAt);
      });
    }
  }
}
