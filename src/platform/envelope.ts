/**
 * The bytes of an envelope and of a wrapped key alike:
 *
 *     version (1) | length of the key id (1) | key id, ASCII | nonce (12) | ciphertext | tag (16)
 *
 * The header and the context are associated data: an envelope opens only under the key, table, column, row and owner it
 * was sealed for. AES-256-GCM with random 96-bit nonces is safe for 2^32 messages a key (NIST SP 800-38D, 8.3). A user
 * who makes 1,000 turns of 100 envelopes a day stays below that for a century, so data keys need no message counter.
 */
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from "node:crypto";
import { AppError } from "../lib/errors.ts";

export const ENVELOPE_VERSION = 1;
/** Of a key's name. */
export const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCES_AT_ONCE = 64;
const CIPHER = "aes-256-gcm";

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

export interface EnvelopeParts {
  keyId: string;
  header: Uint8Array;
  nonce: Uint8Array;
  ciphertext: Uint8Array;
  tag: Uint8Array;
}

/** A key object is imported once; raw bytes are imported at each use. */
type CipherKey = KeyObject | Uint8Array;

export function encrypt(
  keyId: string,
  key: CipherKey,
  plaintext: string | Uint8Array,
  context: string,
): Bytes {
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

export function decrypt(parts: EnvelopeParts, key: CipherKey, context: Uint8Array): Bytes {
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

export function parseEnvelope(stored: StoredBytes): EnvelopeParts {
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
export function contextText({ table, column, rowId, ownerId }: EnvelopeContext): string {
  return `envelope;${part(table)}${part(column)}${part(rowId)}${part(ownerId)}`;
}

/** Of a wrapped data key. */
export function wrapContext(ownerId: string): string {
  return `data key;${part(ownerId)}`;
}

function part(text: string): string {
  return `${text.length}:${text};`;
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

export function unreadable(reason: string): AppError {
  return new AppError("internal", { detail: `Encrypted data cannot be read: ${reason}.` });
}
