import type { DataKey } from "./keyring.ts";

const TABLE = "objects";

/** Objects in R2 as envelopes: one that is moved to another name, or into another owner's hands, cannot be opened. */
export class SealedObjects {
  readonly #bucket: R2Bucket;
  readonly #key: DataKey;
  readonly #ownerId: string;

  /** @param ownerId Whose data key it is. */
  constructor(bucket: R2Bucket, key: DataKey, ownerId: string) {
    this.#bucket = bucket;
    this.#key = key;
    this.#ownerId = ownerId;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#bucket.put(name, this.#key.seal(bytes, this.#contextOf(name)));
  }

  /** Null when there is none. Throws `internal` when it was altered. */
  async get(name: string): Promise<Uint8Array | null> {
    const object = await this.#bucket.get(name);
    return object && this.#key.open(await object.arrayBuffer(), this.#contextOf(name));
  }

  #contextOf(name: string) {
    return { table: TABLE, column: "bytes", rowId: name, ownerId: this.#ownerId };
  }
}
