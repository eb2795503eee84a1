/** What ended turns leave to be learnt from, sealed, until that is done. */
import * as z from "zod";
import { MayHold } from "./may-hold.ts";
import type { HubStorage } from "./storage.ts";
import type { Vault } from "./vault.ts";

export const LearningJob = z.object({
  version: z.literal(1),
  requestId: z.string(),
  chatId: z.string().optional(),
  /** When the turn began, Unix ms. */
  beganAt: z.number(),
  said: z.string(),
  /** Changes that the person approved, a line each. */
  confirmed: z.array(z.string()),
  /** Ids of what went into the turn. */
  used: z.array(z.string()),
});
export type LearningJob = z.infer<typeof LearningJob>;

export interface DueJob {
  requestId: string;
  tries: number;
  /** Throws when it cannot be opened. */
  read(): LearningJob;
}

export class MemoryJobStore {
  readonly #storage: HubStorage;
  readonly #vault: Vault;
  readonly #rows: MayHold;

  constructor(storage: HubStorage, vault: Vault) {
    this.#storage = storage;
    this.#vault = vault;
    this.#rows = new MayHold(storage, "memory_jobs");
  }

  /** Part of the commit that ends the turn. */
  add(job: LearningJob, dueAt: number): void {
    this.#rows.note();
    this.#storage.run(
      "INSERT OR REPLACE INTO memory_jobs VALUES (?, 0, ?, ?)",
      job.requestId,
      dueAt,
      this.#vault.seal("memory_jobs", job.requestId, job),
    );
  }

  has(requestId: string): boolean {
    return this.#storage.row("SELECT 1 FROM memory_jobs WHERE request_id = ?", requestId) !== undefined;
  }

  /** The oldest that was never begun, due or not, or whose next try is due; ids of turns being theirs to choose, by time. */
  next(now: number): DueJob | undefined {
    const [row] = this.#rows.rows(() =>
      this.#storage.rows<{ request_id: string; tries: number; body: ArrayBuffer }>(
        "SELECT request_id, tries, body FROM memory_jobs WHERE tries = 0 OR due_at <= ? ORDER BY due_at LIMIT 1",
        now,
      ),
    );
    if (!row) return undefined;
    const { request_id: requestId, tries, body } = row;
    return {
      requestId,
      tries,
      read: () => this.#vault.open("memory_jobs", requestId, body, LearningJob.parse),
    };
  }

  nextDueAt(): number | null {
    return this.#storage.row<{ at: number | null }>("SELECT min(due_at) AS at FROM memory_jobs")?.at ?? null;
  }

  /** Begun: should this hub die of it, another try follows later. */
  begin(requestId: string, nextTryAt: number): void {
    this.#storage.run(
      "UPDATE memory_jobs SET tries = tries + 1, due_at = ? WHERE request_id = ?",
      nextTryAt,
      requestId,
    );
  }

  postponeAll(dueAt: number): void {
    this.#storage.run("UPDATE memory_jobs SET due_at = ?", dueAt);
  }

  remove(requestId: string): void {
    this.#storage.run("DELETE FROM memory_jobs WHERE request_id = ?", requestId);
  }
}
