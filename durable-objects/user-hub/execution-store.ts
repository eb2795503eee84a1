/** Ended turns whose device calls Postgres lacks. The calls themselves are in the journal, which stays until they are saved. */
import type { HubStorage } from "./storage.ts";

export interface OwedTurn {
  requestId: string;
  chatId: string | null;
  tries: number;
}

export class ExecutionStore {
  readonly #storage: HubStorage;

  constructor(storage: HubStorage) {
    this.#storage = storage;
  }

  /** Part of the commit that ends the turn. */
  owe(requestId: string, chatId: string | null, dueAt: number): void {
    this.#storage.run(
      "INSERT OR REPLACE INTO owed_executions (request_id, chat_id, tries, due_at) VALUES (?, ?, 0, ?)",
      requestId,
      chatId,
      dueAt,
    );
  }

  /** When the calls of this turn are tried again; 0 when the next alarm takes them, undefined when Postgres has them. */
  nextTryAt(requestId: string): number | undefined {
    return this.#storage.row<{ at: number }>(
      "SELECT iif(tries = 0, 0, due_at) AS at FROM owed_executions WHERE request_id = ?",
      requestId,
    )?.at;
  }

  /** Those never tried, due or not, and those whose next try is due. */
  owed(now: number, limit: number): OwedTurn[] {
    return this.#storage
      .rows<{ request_id: string; chat_id: string | null; tries: number }>(
        "SELECT request_id, chat_id, tries FROM owed_executions WHERE tries = 0 OR due_at <= ? LIMIT ?",
        now,
        limit,
      )
      .map((row) => ({ requestId: row.request_id, chatId: row.chat_id, tries: row.tries }));
  }

  nextDueAt(): number | null {
    return (
      this.#storage.row<{ at: number | null }>("SELECT min(due_at) AS at FROM owed_executions")?.at ?? null
    );
  }

  settle(requestIds: readonly string[]): void {
    this.#storage.run(
      "DELETE FROM owed_executions WHERE request_id IN (SELECT value FROM json_each(?))",
      JSON.stringify(requestIds),
    );
  }

  postpone(requestId: string, dueAt: number): void {
    this.#storage.run(
      "UPDATE owed_executions SET tries = tries + 1, due_at = ? WHERE request_id = ?",
      dueAt,
      requestId,
    );
  }
}
