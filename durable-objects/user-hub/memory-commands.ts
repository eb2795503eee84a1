import { hasRoomFor } from "../../src/features/memory/core-facts.ts";
import { dismissed, edited, writtenCore } from "../../src/features/memory/item.ts";
import type {
  MemoryChange,
  MemoryCommand,
  MemoryItem,
  MemoryOutcome,
} from "../../src/features/memory/schema.ts";
import { textOf } from "../../src/features/memory/text.ts";
import type { Ctx } from "../../src/platform/context.ts";
import type { HubMemory } from "./memory.ts";
import { EVERYTHING, MemoryForgetting } from "./memory-forgetting.ts";

const OWN = { source: "user", requestId: null, quote: null } as const;

type CommandOf<Kind extends MemoryCommand["kind"]> = Extract<MemoryCommand, { kind: Kind }>;

/** What a person asks for themselves, over REST. When it is answered with `done`, every store agrees. */
export class MemoryCommands {
  readonly #memory: HubMemory;
  readonly #forgetting: MemoryForgetting;

  constructor(memory: HubMemory) {
    this.#memory = memory;
    this.#forgetting = new MemoryForgetting(memory);
  }

  /** @param ctx The person's own: what is erased is recorded as theirs. */
  async run(command: MemoryCommand, ctx: Ctx): Promise<MemoryOutcome> {
    await this.#memory.loading.whole();
    switch (command.kind) {
      case "put_core":
        return this.#putCore(command, ctx);
      case "delete_core":
        return this.#deleteCore(command, ctx);
      case "edit":
        return this.#edit(command, ctx);
      case "delete":
        return this.#delete(command, ctx);
      case "dismiss":
        return this.#dismiss(command);
      case "delete_all":
        return toOutcome(await this.#forgetting.forget(EVERYTHING, ctx));
    }
  }

  async #putCore({ entry, ifMatch }: CommandOf<"put_core">, ctx: Ctx): Promise<MemoryOutcome> {
    const { store, questions } = this.#memory;
    const known = this.#fact(entry.key);
    if (ifMatch && !(known && ifMatch.includes(known.version))) return { kind: "stale" };
    if (!hasRoomFor(store.core(this.#memory.now), entry)) return { kind: "full" };
    const changes = writtenCore(known, entry, OWN, this.#memory.making());
    const write = () => {
      questions.drop(entry.key);
      this.#memory.apply(changes);
    };
    const isStored = await this.#reword(known, entry.value, write, ctx);
    return this.#settled(changes, store.find(changes.at(-1)?.item.id ?? ""), isStored);
  }

  /** With the fact goes what was known by its key before: nobody who deletes their address means to keep the old one. */
  async #deleteCore({ key, ifMatch }: CommandOf<"delete_core">, ctx: Ctx): Promise<MemoryOutcome> {
    const known = this.#fact(key);
    if (!known) return { kind: "not_found" };
    if (ifMatch && !ifMatch.includes(known.version)) return { kind: "stale" };
    const facts = this.#memory.store.ofTier("core");
    const ofKey = facts.filter(({ body }) => body.tier === "core" && body.key === key);
    return toOutcome(await this.#forgetting.forget(this.#forgetting.deletionOf(ofKey), ctx));
  }

  async #edit({ tier, id, text, ifMatch }: CommandOf<"edit">, ctx: Ctx): Promise<MemoryOutcome> {
    const { store, questions } = this.#memory;
    // Before anything is read: what is checked must still hold when it is written.
    const vectors = await this.#memory.embedding.vectorsOf(
      tier === "associative" || tier === "episodic" ? [text] : [],
    );
    const item = this.#item(tier, id);
    if (!item) return { kind: "not_found" };
    if (ifMatch && !ifMatch.includes(item.version)) return { kind: "stale" };
    const { key } = item.body.tier === "core" ? item.body : { key: undefined };
    if (key !== undefined && this.#fact(key)?.id !== id) return { kind: "not_found" };
    if (key !== undefined && !hasRoomFor(store.core(this.#memory.now), { key, value: text }))
      return { kind: "full" };
    const change = edited(item, text, this.#memory.now);
    const vector = vectors.get(textOf(change.item.body));
    const write = () => {
      if (key !== undefined) questions.drop(key);
      this.#memory.apply([change], new Map(vector ? [[id, vector]] : []));
    };
    const isStored = await this.#reword(item, text, write, ctx);
    return this.#settled([change], store.find(id), isStored);
  }

  async #delete({ tier, id, ifMatch }: CommandOf<"delete">, ctx: Ctx): Promise<MemoryOutcome> {
    const item = this.#item(tier, id);
    if (!item) return { kind: "not_found" };
    if (ifMatch && !ifMatch.includes(item.version)) return { kind: "stale" };
    return toOutcome(await this.#forgetting.forget(this.#forgetting.deletionOf([item]), ctx));
  }

  async #dismiss({ id }: CommandOf<"dismiss">): Promise<MemoryOutcome> {
    const item = this.#item("proactive", id);
    if (!item) return { kind: "not_found" };
    if (item.dismissedAt !== null) return this.#settled([], item);
    const change = dismissed(item, this.#memory.now);
    this.#memory.change(() => this.#memory.apply([change]));
    return this.#settled([change], change.item);
  }

  /** Other words in place of what an item says: what was derived from those goes. True when Postgres has forgotten it. */
  async #reword(item: MemoryItem | undefined, text: string, write: () => void, ctx: Ctx): Promise<boolean> {
    if (item && textOf(item.body) !== text)
      return this.#forgetting.forget(this.#forgetting.rewordingOf(item), ctx, write);
    this.#memory.change(write);
    return true;
  }

  /** @param isForgotten Whether Postgres has forgotten what went with the change. */
  async #settled(
    changes: readonly MemoryChange[],
    item: MemoryItem | undefined,
    isForgotten = true,
  ): Promise<MemoryOutcome> {
    const isSaved = await this.#memory.outbox.isSettled(changes.map((change) => change.item.id));
    return toOutcome(isSaved && isForgotten, item);
  }

  #fact(key: string): MemoryItem | undefined {
    const { store, now } = this.#memory;
    return store.core(now).find(({ body }) => body.tier === "core" && body.key === key);
  }

  /** An item as the API shows it: what is history cannot be changed, but it can be forgotten. */
  #item(tier: string, id: string): MemoryItem | undefined {
    const item = this.#memory.store.find(id);
    return item?.body.tier === tier ? item : undefined;
  }
}

function toOutcome(isStored: boolean, item?: MemoryItem): MemoryOutcome {
  return isStored ? { kind: "done", item: item ?? null } : { kind: "postponed" };
}
