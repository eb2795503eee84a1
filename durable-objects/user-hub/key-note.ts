import { allow } from "../../src/features/auth/policy.ts";
import { recordHubKey } from "../../src/features/users/service.ts";
import type { Ctx } from "../../src/platform/context.ts";
import type { HubParts } from "./parts.ts";

/** Off the path of the first turn. */
const NOTED_WITHIN_MS = 60_000;
const RETRY_MS = 60_000;
const DUE_AT = "key_note_due_at";

type NoteParts = Pick<HubParts, "storage" | "vault" | "clock" | "log" | "armAt">;

/**
 * Tells the database, once in the hub's life, that it holds a copy of the data key. From then on the schedule keeps that copy
 * under the current master key, and none is taken for retired that it needs.
 */
export class KeyNote {
  readonly #parts: NoteParts;
  readonly #createCtx: () => Ctx;

  constructor(parts: NoteParts, createCtx: () => Ctx) {
    this.#parts = parts;
    this.#createCtx = createCtx;
  }

  /** Part of the commit that stores the first copy. */
  owe(): void {
    this.#dueAt(this.#parts.clock.now() + NOTED_WITHIN_MS);
  }

  nextDueAt(): number | null {
    const at = this.#parts.storage.find(DUE_AT);
    return at === undefined ? null : Number(at);
  }

  async flush(): Promise<void> {
    const { storage, vault, clock, log } = this.#parts;
    if (this.nextDueAt() === null) return;
    try {
      await recordHubKey(this.#createCtx(), allow("hubs", "note"), vault.masterKeyId);
      storage.commit(() => storage.run("DELETE FROM meta WHERE name = ?", DUE_AT));
    } catch (cause) {
      log.warn({ event: "hub_key.not_noted" }, cause);
      storage.commit(() => this.#dueAt(clock.now() + RETRY_MS));
    }
  }

  #dueAt(at: number): void {
    this.#parts.storage.put(DUE_AT, String(at));
    this.#parts.armAt(at);
  }
}
