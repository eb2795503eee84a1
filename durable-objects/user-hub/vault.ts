/** Whose hub this is, and the data key that seals everything it stores. */
import * as z from "zod";
import { AppError } from "../../src/lib/errors.ts";
import type { DataKey, Keyring, StoredBytes } from "../../src/platform/keyring.ts";
import type { HubStorage } from "./storage.ts";

/** What the hub knows of its user, as the database said when the user last connected. Ids and enums only. */
export const Principal = z.object({
  userId: z.string(),
  tenantId: z.string(),
  role: z.enum(["owner", "admin", "member", "readonly"]),
  tier: z.string(),
});
export type Principal = z.infer<typeof Principal>;

/** The name under which `meta` says that the user may do nothing here any more. */
const SHUT_OUT = "shut_out";

export class Vault {
  readonly #storage: HubStorage;
  readonly #keyring: Keyring;
  #principal: Principal | undefined;
  #isShutOut: boolean;
  #dataKey: DataKey | undefined;

  constructor(storage: HubStorage, keyring: Keyring) {
    this.#storage = storage;
    this.#keyring = keyring;
    const stored = storage.find("principal");
    if (stored) this.#principal = Principal.parse(JSON.parse(stored));
    this.#isShutOut = storage.find(SHUT_OUT) !== undefined;
  }

  get isOpen(): boolean {
    return this.#principal !== undefined;
  }

  /** Throws `internal` before the first connection has told the hub whose it is. */
  get principal(): Principal {
    if (!this.#principal) throw new AppError("internal", { detail: "The hub does not know its user yet." });
    return this.#principal;
  }

  /**
   * Takes what the database says of the user. A hub never changes its user: another one is a routing fault.
   * `wrappedKey` is the same data key in whatever form the database had it; the hub keeps its own copy once that is under
   * the current master key. `also` is written along with a user it did not know.
   */
  admit(principal: Principal, wrappedKey: Uint8Array, also?: () => void): void {
    const known = this.#principal;
    if (known && (known.userId !== principal.userId || known.tenantId !== principal.tenantId)) {
      throw new AppError("internal", { detail: "The hub belongs to another user." });
    }
    const copy = this.#hasCurrentCopy ? null : this.#current(wrappedKey, principal.userId);
    if (known && JSON.stringify(known) === JSON.stringify(principal) && !copy && !this.isShutOut) return;
    this.#storage.commit(() => {
      this.#letIn(principal);
      if (copy) this.#store(copy);
      if (!known) also?.();
    });
    this.#principal = principal;
    this.#isShutOut = false;
    if (copy) this.#dataKey = undefined;
  }

  /** What the database says of the user while they are connected. */
  changeRights(rights: Pick<Principal, "role" | "tier">): void {
    const principal = { ...this.principal, ...rights };
    this.#storage.commit(() => this.#letIn(principal));
    this.#principal = principal;
    this.#isShutOut = false;
  }

  /** The user is disabled, or no member any more: until the database lets them in again. */
  get isShutOut(): boolean {
    return this.#isShutOut;
  }

  shutOut(): void {
    this.#storage.commit(() => this.#storage.put(SHUT_OUT, "1"));
    this.#isShutOut = true;
  }

  /** Has the hub's copy, if there is one, under the current master key. Throws when its own is missing. */
  renew(): void {
    const copy = this.#copy;
    if (!copy || !this.#keyring.needsRewrap(copy)) return;
    const renewed = this.#keyring.rewrap(copy, { ownerId: this.principal.userId });
    this.#storage.commit(() => this.#store(renewed));
  }

  /** The master key that the hub's copy needs; without a copy the one that it would get. */
  get masterKeyId(): string {
    const copy = this.#copy;
    return copy ? this.#keyring.wrapperOf(copy) : this.#keyring.currentId;
  }

  get dataKey(): DataKey {
    if (!this.#dataKey) {
      const copy = this.#copy;
      if (!copy) throw new AppError("internal", { detail: "The hub holds no data key." });
      this.#dataKey = this.#keyring.unwrap(copy, { ownerId: this.principal.userId });
    }
    return this.#dataKey;
  }

  seal(table: string, rowId: string, value: unknown): Uint8Array {
    return this.dataKey.sealJson(value, this.#context(table, rowId));
  }

  /** `parse` is the reader of the stored form: entries written by the version before must still be read. */
  open<Value>(table: string, rowId: string, body: StoredBytes, parse: (value: unknown) => Value): Value {
    return this.dataKey.openJson(body, this.#context(table, rowId), parse);
  }

  #letIn(principal: Principal): void {
    this.#storage.put("principal", JSON.stringify(principal));
    if (this.#isShutOut) this.#storage.run("DELETE FROM meta WHERE name = ?", SHUT_OUT);
  }

  #context(table: string, rowId: string) {
    return { table: `hub.${table}`, column: "body", rowId, ownerId: this.principal.userId };
  }

  get #copy(): ArrayBuffer | undefined {
    return this.#storage.row<{ body: ArrayBuffer }>("SELECT body FROM keys WHERE name = 'data'")?.body;
  }

  get #hasCurrentCopy(): boolean {
    const copy = this.#copy;
    return copy !== undefined && !this.#keyring.needsRewrap(copy);
  }

  /** Under the current master key, so that a copy that was on its way while keys rotated brings no old one back. */
  #current(wrapped: Uint8Array, ownerId: string): Uint8Array {
    return this.#keyring.needsRewrap(wrapped) ? this.#keyring.rewrap(wrapped, { ownerId }) : wrapped;
  }

  #store(copy: Uint8Array): void {
    this.#storage.run(
      "INSERT INTO keys VALUES ('data', ?) ON CONFLICT DO UPDATE SET body = excluded.body",
      copy,
    );
  }
}
