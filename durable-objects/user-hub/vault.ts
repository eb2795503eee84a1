/** Whose hub this is, and the data key that seals everything it stores. */
import { z } from "zod";
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

export class Vault {
  readonly #storage: HubStorage;
  readonly #keyring: Keyring;
  #principal: Principal | undefined;
  #dataKey: DataKey | undefined;

  constructor(storage: HubStorage, keyring: Keyring) {
    this.#storage = storage;
    this.#keyring = keyring;
    const stored = storage.find("principal");
    if (stored) this.#principal = Principal.parse(JSON.parse(stored));
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
   * `wrappedKey` may be a re-wrapped form of the same data key. `also` is written along with a user it did not know.
   */
  admit(principal: Principal, wrappedKey: Uint8Array, also?: () => void): void {
    const known = this.#principal;
    if (known && (known.userId !== principal.userId || known.tenantId !== principal.tenantId)) {
      throw new AppError("internal", { detail: "The hub belongs to another user." });
    }
    if (known && JSON.stringify(known) === JSON.stringify(principal) && this.#holdsKey(wrappedKey)) return;
    this.#storage.commit(() => {
      this.#storage.put("principal", JSON.stringify(principal));
      this.#storage.run(
        "INSERT INTO keys VALUES ('data', ?) ON CONFLICT DO UPDATE SET body = excluded.body",
        wrappedKey,
      );
      if (!known) also?.();
    });
    this.#principal = principal;
    this.#dataKey = undefined;
  }

  get dataKey(): DataKey {
    if (!this.#dataKey) {
      const row = this.#storage.row<{ body: ArrayBuffer }>("SELECT body FROM keys WHERE name = 'data'");
      if (!row) throw new AppError("internal", { detail: "The hub holds no data key." });
      this.#dataKey = this.#keyring.unwrap(row.body, { ownerId: this.principal.userId });
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

  #context(table: string, rowId: string) {
    return { table: `hub.${table}`, column: "body", rowId, ownerId: this.principal.userId };
  }

  #holdsKey(wrappedKey: Uint8Array): boolean {
    const row = this.#storage.row<{ body: ArrayBuffer }>("SELECT body FROM keys WHERE name = 'data'");
    return row !== undefined && Buffer.from(row.body).equals(wrappedKey);
  }
}
