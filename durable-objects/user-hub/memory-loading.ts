import type { MemoryItem } from "../../src/features/memory/schema.ts";
import { loadMemory } from "../../src/features/memory/service.ts";
import { textOf } from "../../src/features/memory/text.ts";
import { within } from "../../src/lib/time.ts";
import type { Ctx } from "../../src/platform/context.ts";
import type { MemoryStore } from "./memory-store.ts";
import type { HubParts } from "./parts.ts";

/** Items of a trip: vectors of 1,024 dimensions take some 10 KB each on the wire. */
const PAGE = 100;
const EMBEDDED_AT_ONCE = 32;
/** How long a turn waits for what the hub does not hold yet; it then runs with what there is. */
const WAIT_MS = 2_000;

export interface MemoryLoadingPorts {
  parts: Pick<HubParts, "storage" | "clock" | "log" | "vault">;
  store: MemoryStore;
  embedder: string;
  embed(texts: readonly string[]): Promise<ArrayLike<number>[]>;
  createCtx(): Ctx;
  /** Lets work go on that nobody waits for. */
  goOn(work: Promise<unknown>): void;
}

/** Fills the replica of a hub that never held the memory, and gives vectors to what has none in the embedder's space. */
export class MemoryLoading {
  readonly #ports: MemoryLoadingPorts;
  #loading: Promise<void> | undefined;
  #shelving: Promise<void> | undefined;
  /** Something may lie without a vector: not known before it was looked for once. */
  #mayLackVectors = true;

  constructor(ports: MemoryLoadingPorts) {
    this.#ports = ports;
  }

  /** Resolves once the replica is whole. Throws what the database throws. */
  async whole(): Promise<void> {
    if (this.#ports.store.isLoaded) return;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    await this.#loading;
  }

  /** Begins what a turn will wait for, so that it can be asked for along with something else. */
  begin(): Promise<void> | undefined {
    const { store, parts, goOn } = this.#ports;
    if (store.isLoaded) return undefined;
    const loaded = this.whole().catch((cause: unknown) =>
      parts.log.warn({ event: "memory.not_loaded" }, cause),
    );
    goOn(loaded);
    return loaded;
  }

  /** As `whole`, for a turn: waits a little, never fails, and lets the rest come while the turn runs. */
  async enough(): Promise<void> {
    const loaded = this.begin();
    if (!loaded) return;
    await within(WAIT_MS, (signal) => {
      const timeUp = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => timeUp.resolve());
      return Promise.race([loaded, timeUp.promise]);
    });
  }

  /** The embedder could not be had for some item. */
  noteMissing(): void {
    this.#mayLackVectors = true;
  }

  /**
   * Embeds what lies without a vector: after another embedder was configured, or when it could not be reached. The changed
   * items are owed to Postgres like any change. Throws what the embedder throws.
   */
  async shelve(): Promise<void> {
    if (!this.#mayLackVectors || !this.#ports.store.isLoaded) return;
    this.#shelving ??= this.#shelveAll().finally(() => {
      this.#shelving = undefined;
    });
    await this.#shelving;
    this.#mayLackVectors = false;
  }

  async #load(): Promise<void> {
    const { store, parts, embedder, createCtx } = this.#ports;
    const ctx = createCtx();
    for (let after: string | null | undefined; after !== null; ) {
      const page = await loadMemory(
        ctx,
        { limit: PAGE, ...(after === undefined ? {} : { after }) },
        parts.vault.dataKey,
      );
      after = page.next;
      parts.storage.commit(() => {
        store.keepLoaded(page.memories, embedder);
        if (page.next === null) store.markLoaded();
      });
    }
  }

  async #shelveAll(): Promise<void> {
    const { store, parts, embed } = this.#ports;
    for (;;) {
      const items = store.withoutVector(parts.clock.now(), EMBEDDED_AT_ONCE);
      if (items.length === 0) return;
      const vectors = await embed(items.map(({ body }) => textOf(body)));
      const byId = new Map(items.map(({ id }, at) => [id, vectors[at]!]));
      parts.storage.commit(() => {
        const changed = items.filter((item) => isSame(store.find(item.id), item));
        const changes = changed.map((item) => ({
          kind: "edit" as const,
          item: { ...item, version: item.version + 1 },
        }));
        store.apply(changes, byId, parts.clock.now());
      });
    }
  }
}

function isSame(now: MemoryItem | undefined, before: MemoryItem): boolean {
  return now?.version === before.version;
}
