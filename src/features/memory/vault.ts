import { createHmac } from "node:crypto";
import type { z } from "zod";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import type { Bytes, DataKey } from "../../platform/keyring.ts";
import { userDataKey } from "../users/service.ts";
import { MemoryBody, type MemoryItem, Provenance } from "./schema.ts";
import { textOf } from "./text.ts";

/** What one envelope holds: all that is words. */
const Sealed = Provenance.pick({ quote: true, turns: true, replaced: true }).extend({ body: MemoryBody });
type Sealed = z.infer<typeof Sealed>;

const KEY_HASH_PURPOSE = "memory core keys";
const CONTENT_HASH_PURPOSE = "memory contents";

/** Seals and opens what is remembered of one user: each envelope opens in its own row only. */
export class MemoryVault {
  readonly #key: DataKey;
  readonly #ownerId: string;

  constructor(key: DataKey, ownerId: string) {
    this.#key = key;
    this.#ownerId = ownerId;
  }

  seal({ id, body, provenance: { quote, turns, replaced } }: MemoryItem): Bytes {
    return this.#key.sealJson({ body, quote, turns, replaced } satisfies Sealed, this.#bodyOf(id));
  }

  open(id: string, stored: Uint8Array): Sealed {
    return this.#key.openJson(stored, this.#bodyOf(id), Sealed.parse);
  }

  /** Null for what has no key. */
  keyHash(body: MemoryBody): Uint8Array | null {
    return body.tier === "core" ? this.#hash(KEY_HASH_PURPOSE, body.key) : null;
  }

  /** Alike for texts that differ in case, accents and punctuation only. */
  contentHash(body: MemoryBody): Uint8Array {
    return this.#hash(CONTENT_HASH_PURPOSE, `${body.tier} ${plain(textOf(body))}`);
  }

  #hash(purpose: string, text: string): Uint8Array {
    return new Uint8Array(createHmac("sha256", this.#key.derive(purpose)).update(text).digest());
  }

  #bodyOf(id: string) {
    return { table: "memories", column: "body", rowId: id, ownerId: this.#ownerId };
  }
}

/** Words are not stemmed: their hash must outlive the stemmer, since a vector is dropped when it differs. */
function plain(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, " ")
    .trim();
}

/** @param key Saves a round trip when the caller holds the user's data key. */
export async function openVault(ctx: Ctx, key?: DataKey): Promise<MemoryVault> {
  return new MemoryVault(key ?? (await userDataKey(ctx)), userIdOf(ctx));
}
