/**
 * Envelope encryption (spec 6). A data key per owner seals what the owner wrote; a master key, which lives only in
 * secrets, wraps the data key. Everything is synchronous, so that in a Durable Object no event comes between a decision
 * and the journal entry that holds it.
 *
 * Bytes of an envelope and of a wrapped key alike:
 *
 *     version (1) | length of the key id (1) | key id, ASCII | nonce (12) | ciphertext | tag (16)
 *
 * The header and the context are associated data: an envelope opens only under the key, table, column, row and owner it
 * was sealed for. AES-256-GCM with random 96-bit nonces is safe for 2^32 messages a key (NIST SP 800-38D, 8.3). A user
 * who makes 1,000 turns of 100 envelopes a day stays below that for a century, so data keys need no message counter.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { AppError } from "../lib/errors.ts";

export const ENVELOPE_VERSION = 1;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCES_AT_ONCE = 64;
const DATA_KEY_ID_BYTES = 9;
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const CIPHER = "aes-256-gcm";
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export type Bytes = Uint8Array<ArrayBuffer>;
/** Durable Object SQLite gives blobs as `ArrayBuffer`, Postgres and R2 as views: both can be opened. */
export type StoredBytes = Uint8Array | ArrayBuffer;

/** Where an envelope lives. It cannot be opened anywhere else. */
export interface EnvelopeContext {
  table: string;
  column: string;
  rowId: string;
  /** The user or tenant whose data key sealed it. */
  ownerId: string;
}

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
    const parts = parse(envelope);
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
    const parts = parse(wrapped);
    const content = decrypt(parts, this.#key(parts.keyId), Buffer.from(wrapContext(owner.ownerId), "utf8"));
    return new DataKey(
      Buffer.from(content.subarray(KEY_BYTES)).toString("ascii"),
      content.slice(0, KEY_BYTES),
    );
  }

  /** The id of the master key that wraps it. */
  wrapperOf(wrapped: StoredBytes): string {
    return parse(wrapped).keyId;
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

interface EnvelopeParts {
  keyId: string;
  header: Uint8Array;
  nonce: Uint8Array;
  ciphertext: Uint8Array;
  tag: Uint8Array;
}

/** A key object is imported once; raw bytes are imported at each use. */
type CipherKey = KeyObject | Uint8Array;

function encrypt(keyId: string, key: CipherKey, plaintext: string | Uint8Array, context: string): Bytes {
  const header = headerText(keyId);
  const associated = Buffer.from(header + context, "utf8");
  const nonce = freshNonce();
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated);
  const body = typeof plaintext === "string" ? cipher.update(plaintext, "utf8") : cipher.update(plaintext);
  return joined([associated.subarray(0, header.length), nonce, body, cipher.final(), cipher.getAuthTag()]);
}

/** Random bytes are had in bulk, since asking costs far more than the bytes. None is given out twice. */
let randomness = new Uint8Array(0);

function freshNonce(): Uint8Array {
  if (randomness.length < NONCE_BYTES) randomness = new Uint8Array(randomBytes(NONCES_AT_ONCE * NONCE_BYTES));
  const nonce = randomness.subarray(0, NONCE_BYTES);
  randomness = randomness.subarray(NONCE_BYTES);
  return nonce;
}

function decrypt(parts: EnvelopeParts, key: CipherKey, context: Uint8Array): Bytes {
  const decipher = createDecipheriv(CIPHER, key, parts.nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([parts.header, context]));
  decipher.setAuthTag(parts.tag);
  const body = decipher.update(parts.ciphertext);
  try {
    return joined([body, decipher.final()]);
  } catch {
    throw unreadable("it was altered or does not belong here");
  }
}

function parse(stored: StoredBytes): EnvelopeParts {
  const bytes = stored instanceof Uint8Array ? stored : new Uint8Array(stored);
  if (bytes.length === 0) throw unreadable("it is empty");
  if (bytes[0] !== ENVELOPE_VERSION) throw unreadable("its version is unknown");
  const headerEnd = 2 + (bytes[1] ?? 0);
  if (bytes.length < headerEnd + NONCE_BYTES + TAG_BYTES) throw unreadable("it is cut short");
  const keyId = Buffer.from(bytes.subarray(2, headerEnd)).toString("latin1");
  if (!KEY_ID.test(keyId)) throw unreadable("its key id is malformed");
  const nonceEnd = headerEnd + NONCE_BYTES;
  return {
    keyId,
    header: bytes.subarray(0, headerEnd),
    nonce: bytes.subarray(headerEnd, nonceEnd),
    ciphertext: bytes.subarray(nonceEnd, bytes.length - TAG_BYTES),
    tag: bytes.subarray(bytes.length - TAG_BYTES),
  };
}

/** All of it is ASCII: as many bytes as characters. */
function headerText(keyId: string): string {
  return String.fromCharCode(ENVELOPE_VERSION, keyId.length) + keyId;
}

export function contextBytes(context: EnvelopeContext): Uint8Array {
  return Buffer.from(contextText(context), "utf8");
}

/** Length-prefixed, so that no two contexts share their bytes. */
function contextText({ table, column, rowId, ownerId }: EnvelopeContext): string {
  return `envelope;${part(table)}${part(column)}${part(rowId)}${part(ownerId)}`;
}

function part(text: string): string {
  return `${text.length}:${text};`;
}

function wrapContext(ownerId: string): string {
  return `data key;${part(ownerId)}`;
}

function derived(secret: Uint8Array, info: string): Bytes {
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), info, KEY_BYTES));
}

function joined(parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function unreadable(reason: string): AppError {
  return new AppError("internal", { detail: `Encrypted data cannot be read: ${reason}.` });
}

function misconfigured(problem: string): AppError {
  return new AppError("misconfigured", { detail: `MASTER_KEYS: ${problem}.` });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
