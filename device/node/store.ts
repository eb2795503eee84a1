import { hostname, platform } from "node:os";
import { count } from "drizzle-orm";
import type { ToolCall } from "../../src/features/hub/protocol.ts";
import { type CallResult, type JournalEntry, outstandingResult } from "../journal-core.ts";
import type { DeviceStore, OutstandingResult } from "../store.ts";
import { type ActionContext, mutate, read } from "./actions.ts";
import { type Database, openDatabase } from "./database.ts";
import { findEntry, forgetEntries, outstandingEntries, pruneTombstones, writeEntry } from "./journal.ts";
import { Rejection } from "./rejection.ts";
import { readMeta, type StoreName, settleStoreName, writeMeta } from "./store-name.ts";
import { vectors } from "./tables.ts";
import { workspaceSchema } from "./workspace.ts";

export interface SqliteStoreOptions {
  /** A file, made if absent, or ":memory:". */
  path: string;
  /** The file was put back from a backup together with its marker: give it a new name. */
  restored?: boolean;
  now?: () => number;
}

const EMBEDDER = "embedder";

/** The person's rows in one SQLite file, with the journal beside them so that both change in one transaction. */
export class SqliteStore implements DeviceStore {
  readonly db: Database;
  readonly #path: string;
  readonly #close: () => void;
  readonly #name: StoreName;
  readonly #now: () => number;
  #embedder: string;

  constructor(options: SqliteStoreOptions) {
    const { db, close } = openDatabase(options.path);
    this.db = db;
    this.#path = options.path;
    this.#close = close;
    this.#now = options.now ?? Date.now;
    this.#name = settleStoreName(db, options.path, options.restored ?? false);
    this.#embedder = readMeta(db, EMBEDDER) ?? "";
    pruneTombstones(db, this.#now());
  }

  get storeId(): string {
    return this.#name.storeId;
  }

  get embedder(): string {
    return this.#embedder;
  }

  /** Which embedder the hub's vectors come from now on; told at each welcome. */
  useEmbedder(id: string): void {
    if (id === this.#embedder) return;
    this.#embedder = id;
    writeMeta(this.db, EMBEDDER, id);
  }

  find(id: string): JournalEntry | undefined {
    return findEntry(this.db, id);
  }

  read(call: ToolCall, resultBytesMax: number): CallResult {
    try {
      return fitting(read(this.db, call, this.#context()), resultBytesMax);
    } catch (cause) {
      return rejectionResult(cause);
    }
  }

  commit(call: ToolCall, resultBytesMax: number): CallResult {
    try {
      return this.#durably((tx) => {
        // Another process that has this file open may have served the call meanwhile.
        const known = findEntry(tx, call.id);
        if (known !== undefined) return servedElsewhere(known);
        const result = fitting(mutate(tx, call, this.#context()), resultBytesMax);
        writeEntry(tx, call.id, { state: "committed", result }, this.#now());
        return result;
      });
    } catch (cause) {
      const result = rejectionResult(cause);
      this.record(call.id, { state: "rejected", result });
      return result;
    }
  }

  record(id: string, entry: JournalEntry): void {
    this.#durably((tx) => writeEntry(tx, id, entry, this.#now()));
  }

  forget(ids: readonly string[]): void {
    forgetEntries(this.db, ids);
  }

  outstanding(): OutstandingResult[] {
    return outstandingEntries(this.db);
  }

  describe(kind: "device_info" | "schema"): Record<string, unknown> {
    if (kind === "schema") return workspaceSchema();
    return {
      name: hostname(),
      platform: platform(),
      node: process.version,
      store_id: this.storeId,
      vectors: this.db.select({ rows: count() }).from(vectors).get()?.rows ?? 0,
      in_memory: this.#path === ":memory:",
    };
  }

  close(): void {
    this.#name.close();
    this.#close();
  }

  #durably<Value>(work: (tx: Database) => Value): Value {
    const value = this.db.transaction(work, { behavior: "immediate" });
    this.#name.advance();
    return value;
  }

  #context(): ActionContext {
    return { now: this.#now, embedder: this.#embedder };
  }
}

/** Checked before the commit: a change whose answer cannot be sent is not made. */
function fitting(result: CallResult, bytesMax: number): CallResult {
  if (Buffer.byteLength(JSON.stringify(result)) <= bytesMax) return result;
  throw new Rejection(
    "result_too_large",
    "The answer is larger than a frame; ask for fewer or smaller rows.",
  );
}

function servedElsewhere(entry: JournalEntry): CallResult {
  const result = outstandingResult(entry);
  if (result !== null) return result;
  throw new Rejection("revoked", "This call was revoked before it ran; nothing was changed.");
}

function rejectionResult(cause: unknown): CallResult {
  if (!(cause instanceof Rejection)) throw cause;
  return { error: { code: cause.code, message: cause.message } };
}
