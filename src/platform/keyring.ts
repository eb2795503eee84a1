/**
 * Envelope encryption (spec 6). A data key per owner seals what the owner wrote; a master key, which lives only in
 * secrets, wraps the data key. Everything is synchronous, so that in a Durable Object no event comes between a decision
 * and the journal entry that holds it. `envelope.ts` has the form of the bytes.
 */
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto";
import { AppError } from "../lib/errors.ts";
import {
  type Bytes,
  contextBytes,
  contextText,
  decrypt,
  type EnvelopeContext,
  encrypt,
  KEY_ID,
  parseEnvelope,
  type StoredBytes,
  unreadable,
  wrapContext,
} from "./envelope.ts";

export type { Bytes, EnvelopeContext, StoredBytes } from "./envelope.ts";

const KEY_BYTES = 32;
const DATA_KEY_ID_BYTES = 9;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The key of one user or tenant. Keep it in memory only; store what `Keyring.wrap` returns. */
export class DataKey {
  readonly id: string;
  readonly #secret: Uint8Array;
  /** Sealing uses a key derived from the secret, so that no `derive` purpose can ever yield it. */
  #sealingKey: KeyObject | undefined;

  constructor(id: string, secret: Uint8Array) {
    if (!KEY_ID.test(id) || secret.length !== KEY_BYTES) {
      throw new AppError("internal", { detail: "A data key is malformed." });
    }
    this.id = id;
    this.#secret = secret;
  }

  /** The result owns its whole buffer, so `.buffer` can be bound as a blob. */
  seal(plaintext: string | Uint8Array, context: EnvelopeContext): Bytes {
    return encrypt(this.id, this.#sealing(), plaintext, contextText(context));
  }

  /** Throws `internal` when the envelope was altered, cut, moved, or sealed with another key. */
  open(envelope: StoredBytes, context: EnvelopeContext): Bytes {
    const parts = parseEnvelope(envelope);
    if (parts.keyId !== this.id) throw unreadable("it was sealed with another data key");
    return decrypt(parts, this.#sealing(), contextBytes(context));
  }

  openText(envelope: StoredBytes, context: EnvelopeContext): string {
    return UTF8.decode(this.open(envelope, context));
  }

  sealJson(value: unknown, context: EnvelopeContext): Bytes {
    const text = JSON.stringify(value);
    if (text === undefined) throw new AppError("internal", { detail: "Only JSON values can be sealed." });
    return this.seal(text, context);
  }

  /** `parse` says what the value must be (a zod schema's `parse`); what it throws passes through. */
  openJson<Value>(envelope: StoredBytes, context: EnvelopeContext, parse: (value: unknown) => Value): Value {
    return parse(JSON.parse(this.openText(envelope, context)));
  }

  /** A 32-byte key for one purpose (HKDF-SHA-256), such as keyed hashing. The same for every copy of this data key. */
  derive(purpose: string): Bytes {
    return derived(this.#secret, `adjutant derive ${purpose}`);
  }

  /** For `Keyring.wrap` alone: what must be kept to make this key again. */
  exportSecret(): Uint8Array {
    return this.#secret;
  }

  #sealing(): KeyObject {
    this.#sealingKey ??= createSecretKey(derived(this.#secret, "adjutant envelope"));
    return this.#sealingKey;
  }
}

/** The master keys by id. New data keys are wrapped by the current one; older ones still unwrap. */
export class Keyring {
  readonly currentId: string;
  readonly #keys: ReadonlyMap<string, Uint8Array>;

  constructor(currentId: string, keys: ReadonlyMap<string, Uint8Array>) {
    for (const [id, key] of keys) {
      if (!KEY_ID.test(id)) throw misconfigured("a key id is not 1 to 32 letters, digits, - or _");
      if (key.length !== KEY_BYTES) throw misconfigured(`key ${id} is not 32 bytes of base64`);
    }
    if (!keys.has(currentId)) throw misconfigured("`current` names a key that is not in `keys`");
    this.currentId = currentId;
    this.#keys = keys;
  }

  /** Reads `{"current": "<id>", "keys": {"<id>": "<base64 of 32 bytes>"}}`; throws `misconfigured`. */
  static fromJson(masterKeys: string): Keyring {
    let value: unknown;
    try {
      value = JSON.parse(masterKeys);
    } catch {
      throw misconfigured("it is not JSON");
    }
    if (!isRecord(value) || typeof value["current"] !== "string" || !isRecord(value["keys"])) {
      throw misconfigured('it must be {"current": "<id>", "keys": {"<id>": "<base64 of 32 bytes>"}}');
    }
    const keys = new Map<string, Uint8Array>();
    for (const [id, encoded] of Object.entries(value["keys"])) {
      if (typeof encoded !== "string") throw misconfigured("every key must be a string of base64");
      keys.set(id, new Uint8Array(Buffer.from(encoded, "base64")));
    }
    return new Keyring(value["current"], keys);
  }

  newDataKey(): DataKey {
    return new DataKey(
      randomBytes(DATA_KEY_ID_BYTES).toString("base64url"),
      new Uint8Array(randomBytes(KEY_BYTES)),
    );
  }

  /** Bound to its owner: another owner's row cannot hold it. */
  wrap(dataKey: DataKey, owner: { ownerId: string }): Bytes {
    const content = Buffer.concat([dataKey.exportSecret(), Buffer.from(dataKey.id, "ascii")]);
    return encrypt(this.currentId, this.#key(this.currentId), content, wrapContext(owner.ownerId));
  }

  /** Throws `misconfigured` when the master key is not in the keyring, `internal` when the bytes are not genuine. */
  unwrap(wrapped: StoredBytes, owner: { ownerId: string }): DataKey {
    const parts = parseEnvelope(wrapped);
    const content = decrypt(parts, this.#key(parts.keyId), Buffer.from(wrapContext(owner.ownerId), "utf8"));
    return new DataKey(
      Buffer.from(content.subarray(KEY_BYTES)).toString("ascii"),
      content.slice(0, KEY_BYTES),
    );
  }

  /** The id of the master key that wraps it. */
  wrapperOf(wrapped: StoredBytes): string {
    return parseEnvelope(wrapped).keyId;
  }

  /** True when an older master key wraps it. */
  needsRewrap(wrapped: StoredBytes): boolean {
    return this.wrapperOf(wrapped) !== this.currentId;
  }

  /** The same data key under the current master key: nothing that it sealed has to change. */
  rewrap(wrapped: StoredBytes, owner: { ownerId: string }): Bytes {
    return this.wrap(this.unwrap(wrapped, owner), owner);
  }

  #key(id: string): Uint8Array {
    const key = this.#keys.get(id);
    if (!key) throw misconfigured(`it lacks key ${id}, which wraps stored data`);
    return key;
  }
}

function derived(secret: Uint8Array, info: string): Bytes {
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), info, KEY_BYTES));
}

function misconfigured(problem: string): AppError {
  return new AppError("misconfigured", { detail: `MASTER_KEYS: ${problem}.` });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
