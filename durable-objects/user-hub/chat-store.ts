/**
 * The hub's replica of its user's recent chats, and the outbox of what Postgres has not got yet: an exchange is written
 * once, with the end of its turn, and is both until it is saved.
 */
import * as z from "zod";
import type { ChatHistory } from "../../src/features/chat/service.ts";
import { HistoryMessage, TurnStatus, TurnUsage } from "../../src/features/hub/protocol.ts";
import { MayHold } from "./may-hold.ts";
import type { HubStorage } from "./storage.ts";
import type { Vault } from "./vault.ts";

export const Exchange = z.object({
  chatId: z.string(),
  requestId: z.string(),
  messages: z.array(HistoryMessage),
  /** Unix ms. */
  createdAt: z.number(),
  endedAt: z.number(),
  status: TurnStatus,
  usage: TurnUsage,
});
export type Exchange = z.infer<typeof Exchange>;

export interface OwedExchange {
  requestId: string;
  tries: number;
  /** Throws when it cannot be opened, which must not keep others from being saved. */
  read(): Exchange;
}

/** Messages of a chat from before the hub held it, as one entry. */
const Loaded = z.object({ messages: z.array(HistoryMessage) });

/** Chats the replica holds; older ones are loaded again when they are used. */
const CHATS_MAX = 20;
/** Exchanges of one chat the replica holds: far more than a turn's token budget takes. */
const EXCHANGES_MAX = 40;

export class ChatStore {
  readonly #storage: HubStorage;
  readonly #vault: Vault;
  readonly #owed: MayHold;

  constructor(storage: HubStorage, vault: Vault) {
    this.#storage = storage;
    this.#vault = vault;
    this.#owed = new MayHold(storage, "exchanges WHERE saved = 0");
  }

  holds(chatId: string): boolean {
    return this.#storage.row("SELECT 1 FROM chats WHERE chat_id = ?", chatId) !== undefined;
  }

  /** Marks the chat as held and most recently used. Part of the caller's commit. */
  touch(chatId: string, now: number): void {
    this.#storage.run(
      "INSERT INTO chats VALUES (?, ?) ON CONFLICT DO UPDATE SET used_at = excluded.used_at",
      chatId,
      now,
    );
  }

  /** The person's own agent that answers in a chat that is held; undefined where the assistant does. */
  agentOf(chatId: string): string | undefined {
    return this.#storage.row<{ agent_id: string }>(
      "SELECT agent_id FROM chat_agents WHERE chat_id = ?",
      chatId,
    )?.agent_id;
  }

  /** A finished exchange, owed to Postgres from now on. */
  add(exchange: Exchange): void {
    this.#owed.note();
    this.#insert(exchange.requestId, exchange.chatId, exchange.createdAt, { isSaved: false }, exchange);
  }

  /** What Postgres had of a chat; older than everything the hub adds. Part of the caller's commit. */
  keepLoaded(chatId: string, { messages, agentId }: ChatHistory): void {
    if (agentId !== null)
      this.#storage.run("INSERT OR REPLACE INTO chat_agents VALUES (?, ?)", chatId, agentId);
    // No client's request_id holds a space.
    this.#insert(`loaded ${chatId}`, chatId, 0, { isSaved: true }, { messages });
  }

  #insert(rowId: string, chatId: string, at: number, { isSaved }: { isSaved: boolean }, body: unknown): void {
    this.#storage.run(
      "INSERT OR REPLACE INTO exchanges VALUES (?, ?, ?, ?, 0, ?, ?)",
      rowId,
      chatId,
      at,
      isSaved ? 1 : 0,
      at,
      this.#vault.seal("exchanges", rowId, body),
    );
  }

  /** What was said in a chat before a time, oldest first: the newest whole exchanges up to about `charsMax` characters. */
  history(chatId: string, before: number, charsMax: number): HistoryMessage[] {
    const rows = this.#storage.rows<{ request_id: string; body: ArrayBuffer }>(
      "SELECT request_id, body FROM exchanges WHERE chat_id = ? AND created_at < ? ORDER BY created_at DESC LIMIT ?",
      chatId,
      before,
      EXCHANGES_MAX,
    );
    const newestFirst: HistoryMessage[][] = [];
    let chars = 0;
    for (const row of rows) {
      const { messages } = this.#vault.open("exchanges", row.request_id, row.body, Loaded.parse);
      chars += messages.reduce((sum, message) => sum + message.content.length, 0);
      if (chars > charsMax && newestFirst.length > 0) break;
      newestFirst.push(messages);
    }
    return newestFirst.reverse().flat();
  }

  /** Exchanges that Postgres lacks and that are due, oldest first. */
  owed(now: number, limit: number): OwedExchange[] {
    const read = () =>
      this.#storage.rows<{ request_id: string; tries: number; body: ArrayBuffer }>(
        "SELECT request_id, tries, body FROM exchanges WHERE saved = 0 AND due_at <= ? ORDER BY created_at LIMIT ?",
        now,
        limit,
      );
    return this.#owed.rows(read).map(({ request_id: requestId, tries, body }) => ({
      requestId,
      tries,
      read: () => this.#vault.open("exchanges", requestId, body, Exchange.parse),
    }));
  }

  nextOwedAt(): number | null {
    return (
      this.#storage.row<{ at: number | null }>("SELECT min(due_at) AS at FROM exchanges WHERE saved = 0")
        ?.at ?? null
    );
  }

  markSaved(requestId: string): void {
    this.#storage.run("UPDATE exchanges SET saved = 1 WHERE request_id = ?", requestId);
  }

  postpone(requestId: string, dueAt: number): void {
    this.#storage.run(
      "UPDATE exchanges SET tries = tries + 1, due_at = ? WHERE request_id = ?",
      dueAt,
      requestId,
    );
  }

  /** Drops the replica of a chat that changed elsewhere; what Postgres still lacks stays. */
  forget(chatId: string): void {
    this.#storage.run("DELETE FROM exchanges WHERE chat_id = ? AND saved = 1", chatId);
    this.#storage.run("DELETE FROM chat_agents WHERE chat_id = ?", chatId);
    this.#storage.run("DELETE FROM chats WHERE chat_id = ?", chatId);
  }

  /** Keeps the replica small: the newest chats, and of each the newest exchanges. */
  prune(): void {
    this.#storage.run(
      `DELETE FROM chats WHERE chat_id NOT IN (SELECT chat_id FROM chats ORDER BY used_at DESC LIMIT ${CHATS_MAX})`,
    );
    this.#storage.run("DELETE FROM chat_agents WHERE chat_id NOT IN (SELECT chat_id FROM chats)");
    this.#storage.run(
      `DELETE FROM exchanges WHERE saved = 1 AND (chat_id NOT IN (SELECT chat_id FROM chats) OR request_id IN (
         SELECT request_id FROM (SELECT request_id, row_number() OVER (PARTITION BY chat_id ORDER BY created_at DESC) AS place
         FROM exchanges) WHERE place > ${EXCHANGES_MAX}))`,
    );
  }
}
