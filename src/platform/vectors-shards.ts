/** Which index of Vectorize holds a tenant's vectors. */
import * as z from "zod";
import type { VectorizeBinding } from "./vectors-binding.ts";

/** From a day on, new tenants go to these indexes, by binding name. */
export interface ShardEpoch {
  fromMs: number;
  indexes: readonly string[];
}

/** As the operator writes it: `[{"from": "2027-03-01", "indexes": ["VECTORS_2", "VECTORS_3"]}]`. */
export const ShardEpochs = z
  .array(
    z
      .object({ from: z.iso.date(), indexes: z.array(z.string().min(1)).min(1) })
      .transform(({ from, indexes }): ShardEpoch => ({ fromMs: Date.parse(from), indexes })),
  )
  .min(1)
  .refine(
    (epochs) => epochs.every(({ fromMs }, at) => at === 0 || fromMs > epochs[at - 1]!.fromMs),
    "each must begin after the one before it",
  );

/**
 * An index takes 50,000 namespaces, so tenants are spread over several. A tenant's place follows from when it was made,
 * which its id tells (UUIDv7), and from the id's random part: adding indexes from a day to come moves nobody. What must
 * never change is an epoch that has begun.
 */
export class ShardMap {
  readonly #epochs: readonly ShardEpoch[];
  readonly #indexes: ReadonlyMap<string, VectorizeBinding>;

  /** Throws for an index that is not bound. */
  constructor(epochs: readonly ShardEpoch[], indexes: ReadonlyMap<string, VectorizeBinding>) {
    for (const name of epochs.flatMap((epoch) => epoch.indexes)) {
      if (!indexes.has(name)) throw new TypeError(`No index is bound as ${name}.`);
    }
    this.#epochs = epochs;
    this.#indexes = indexes;
  }

  get names(): string[] {
    return [...this.#indexes.keys()];
  }

  shardOf(tenantId: string): string {
    const madeMs = timeOf(tenantId);
    const epoch = this.#epochs.findLast(({ fromMs }) => fromMs <= madeMs) ?? this.#epochs[0];
    const random = Number.parseInt(tenantId.slice(-8), 16);
    const name = epoch?.indexes[random % epoch.indexes.length];
    if (name === undefined) throw new TypeError("A map without indexes.");
    return name;
  }

  index(name: string): VectorizeBinding {
    const index = this.#indexes.get(name);
    if (!index) throw new TypeError(`No index is bound as ${name}, though vectors are kept there.`);
    return index;
  }
}

/** Unix ms in the first 48 bits of a UUIDv7; 0 for an id of another kind. */
function timeOf(id: string): number {
  return id[14] === "7" ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : 0;
}
