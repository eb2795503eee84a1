import type { PublishedEvent } from "../../src/features/hub/schema.ts";
import type { MemoryChange, MemoryVector, OwedMemory } from "../../src/features/memory/schema.ts";
import { eraseMemories, saveMemories } from "../../src/features/memory/service.ts";
import type { Ctx } from "../../src/platform/context.ts";
import { DatabaseError } from "../../src/platform/db-error.ts";
import { forgottenEvents, savedEvents } from "./memory-events.ts";
import { ALL, type OwedMemories, type OwedMemory as OwedRow } from "./memory-owed.ts";
import type { MemoryStore } from "./memory-store.ts";
import type { MemoryVectors } from "./memory-vectors.ts";
import { retryWaitMs } from "./outbox.ts";
import type { HubParts } from "./parts.ts";

const BATCH = 100;

export interface MemoryOutboxPorts {
  parts: Pick<HubParts, "storage" | "clock" | "log" | "vault" | "armAt">;
  store: Pick<MemoryStore, "find">;
  owed: OwedMemories;
  vectors: Pick<MemoryVectors, "find">;
  createCtx(): Ctx;
  /** Tells the person's devices and readers, with one commit, which `also` is part of. */
  announce(events: readonly PublishedEvent[], also: () => void): void;
}

/**
 * Brings changes of the memory to Postgres, off the path of any turn. Trips are made one at a time, erasures before
 * changes: nothing that was forgotten can be written again by a save that was under way.
 */
export class MemoryOutbox {
  readonly #ports: MemoryOutboxPorts;
  #trips: Promise<unknown> = Promise.resolve();

  constructor(ports: MemoryOutboxPorts) {
    this.#ports = ports;
  }

  /** Saves what is due. */
  flush(): Promise<void> {
    return this.#next(() => this.#flushDue());
  }

  /**
   * Makes Postgres forget what the hub has just forgotten, as `ctx`. True when it has; false when it cannot be reached and
   * is owed it.
   */
  erase(ids: readonly string[] | typeof ALL, ctx: Ctx): Promise<boolean> {
    return this.#next(async () => {
      const rows = (ids === ALL ? [ALL] : ids).map((memoryId) => ({ memoryId, version: 0, tries: 0 }));
      return this.#erase(rows, ctx);
    });
  }

  /** Saves what is due; true when Postgres has every change of these items. */
  async isSettled(memoryIds: readonly string[]): Promise<boolean> {
    await this.flush();
    return !memoryIds.some((id) => this.#ports.owed.has(id));
  }

  #next<Result>(trip: () => Promise<Result>): Promise<Result> {
    const made = this.#trips.then(trip);
    this.#trips = made.catch(() => {});
    return made;
  }

  async #flushDue(): Promise<void> {
    const { owed, parts, createCtx } = this.#ports;
    for (let goesOn = true; goesOn; ) {
      const due = owed.due(parts.clock.now(), BATCH);
      const erased = due.filter(({ kind }) => kind === "erase");
      if (erased.length > 0) goesOn = await this.#erase(erased, createCtx());
      else goesOn = due.length > 0 && (await this.#save(due));
    }
  }

  async #erase(rows: readonly Pick<OwedRow, "memoryId" | "version" | "tries">[], ctx: Ctx): Promise<boolean> {
    const { owed, announce } = this.#ports;
    const ids = rows.map(({ memoryId }) => memoryId);
    try {
      const isAll = ids.includes(ALL);
      await eraseMemories(ctx, isAll ? "all" : ids);
      announce(forgottenEvents(isAll ? null : ids), () => {
        for (const row of rows) owed.settle(row);
      });
      return true;
    } catch (cause) {
      this.#postpone(rows, cause);
      return false;
    }
  }

  /** False when the database cannot be had. */
  async #save(rows: readonly OwedRow[]): Promise<boolean> {
    const { owed, parts, createCtx, announce } = this.#ports;
    try {
      const changes = rows.flatMap((row) => this.#changeOf(row));
      await saveMemories(createCtx(), changes, parts.vault.dataKey);
      announce(savedEvents(changes), () => {
        for (const row of rows) owed.settle(row);
      });
      return true;
    } catch (cause) {
      // The fault is in one of them: alone, it keeps no other from being saved.
      const isOurs = cause instanceof DatabaseError;
      if (isOurs && rows.length > 1) {
        for (const row of rows) await this.#save([row]);
      } else this.#postpone(rows, cause);
      return isOurs;
    }
  }

  /** The item as it is now. One that cannot be read is given up: it would never be. */
  #changeOf({ memoryId, kind }: OwedRow): OwedMemory[] {
    const { store, vectors, parts } = this.#ports;
    try {
      const item = store.find(memoryId);
      if (!item || kind === "erase") return [];
      const embedding: MemoryVector | undefined = hasNewWords(kind) ? vectors.find(memoryId) : undefined;
      return [{ kind, item, ...(embedding ? { embedding } : {}) }];
    } catch (cause) {
      parts.log.error({ event: "memory.unreadable", memory_id: memoryId }, cause);
      return [];
    }
  }

  #postpone(rows: readonly Pick<OwedRow, "memoryId" | "tries">[], cause: unknown): void {
    const { owed, parts } = this.#ports;
    parts.log.warn({ event: "memory.postponed", count: rows.length }, cause);
    const now = parts.clock.now();
    parts.storage.commit(() => {
      for (const row of rows) {
        const dueAt = now + retryWaitMs(row.tries);
        owed.postpone(row, dueAt);
        parts.armAt(dueAt);
      }
    });
  }
}

/** The database keeps the vector of words that stay. */
function hasNewWords(kind: MemoryChange["kind"]): boolean {
  return kind !== "use" && kind !== "decay" && kind !== "dismiss" && kind !== "unquote";
}
