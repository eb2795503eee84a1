/**
 * An envelope for what is too long to be held as a whole: a stream of segments, each sealed and checked by itself (the
 * STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, as in age and Tink).
 *
 *     version (1) | length of the key id (1) | key id, ASCII | salt (32) | bytes of a segment (4) | segments
 *
 * Each segment is AES-256-GCM ciphertext and tag (16); all but the last are full. The key is made anew for each envelope,
 * from salt, header and context: segments of another one, or of the same at another place, do not open. The nonce is the
 * segment's number and whether it is the last: segments that are missing, doubled or in another order do not open either.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { AppError } from "../lib/errors.ts";
import { type Bytes, contextBytes, type EnvelopeContext } from "./envelope.ts";
import type { DataKey } from "./keyring.ts";

/** `keyring.ts` has version 1. */
const VERSION = 2;
const SEGMENT_BYTES = 256 * 1024;
/** Of what is read: a header decides how much memory is taken. */
const SEGMENT_BYTES_MAX = 1024 * 1024;
const CIPHER = "aes-256-gcm";
const KEY_PURPOSE = "sealed segments";
const [SALT_BYTES, KEY_BYTES, NONCE_BYTES, TAG_BYTES, SIZE_BYTES] = [32, 32, 12, 16, 4];
const NOTHING: Uint8Array = new Uint8Array();

/** Bytes of the envelope of so many. */
export function sealedLength(plainBytes: number, { id }: Pick<DataKey, "id">): number {
  const segments = Math.max(1, Math.ceil(plainBytes / SEGMENT_BYTES));
  return headerLength(id.length) + plainBytes + segments * TAG_BYTES;
}

export function sealStream(key: DataKey, context: EnvelopeContext): TransformStream<Uint8Array, Bytes> {
  const header = newHeader(key.id);
  const cipher = new SegmentCipher(key, header, context);
  const segments = new Segmenter(SEGMENT_BYTES);
  return new TransformStream<Uint8Array, Bytes>({
    start: (controller) => controller.enqueue(header),
    transform(chunk, controller) {
      for (const segment of segments.push(chunk)) controller.enqueue(cipher.seal(segment, false));
    },
    flush: (controller) => controller.enqueue(cipher.seal(segments.rest(), true)),
  });
}

/** Bytes in an envelope of so many, of which `head` is the beginning. Throws `internal` for one that is none. */
export function plainLength(sealedBytes: number, head: Uint8Array, { id }: Pick<DataKey, "id">): number {
  const header = headerOf(head, id);
  if (!header) throw unreadable("it is cut short");
  const length = sealedBytes - header.bytes.length;
  return Math.max(0, length - Math.ceil(length / (header.segmentBytes + TAG_BYTES)) * TAG_BYTES);
}

/**
 * Passes on what is genuine, segment by segment; that nothing is missing is known at its end. Throws `internal` when the
 * envelope was altered, cut, moved, or sealed with another key.
 */
export function openStream(key: DataKey, context: EnvelopeContext): TransformStream<Uint8Array, Bytes> {
  let opening: { cipher: SegmentCipher; segments: Segmenter } | undefined;
  let start = NOTHING;
  return new TransformStream<Uint8Array, Bytes>({
    transform(chunk, controller) {
      let fresh = chunk;
      if (!opening) {
        start = Buffer.concat([start, chunk]);
        const header = headerOf(start, key.id);
        if (!header) return;
        opening = {
          cipher: new SegmentCipher(key, header.bytes, context),
          segments: new Segmenter(header.segmentBytes + TAG_BYTES),
        };
        fresh = start.subarray(header.bytes.length);
        start = NOTHING;
      }
      const { cipher, segments } = opening;
      for (const segment of segments.push(fresh)) controller.enqueue(cipher.open(segment, false));
    },
    flush(controller) {
      if (!opening) throw unreadable("it is cut short");
      controller.enqueue(opening.cipher.open(opening.segments.rest(), true));
    },
  });
}

/** Cuts a stream into pieces of one size. The last one, which may be full too, is known when nothing more comes. */
class Segmenter {
  readonly #buffer: Bytes;
  #filled = 0;

  constructor(size: number) {
    this.#buffer = new Uint8Array(size);
  }

  /** Each piece is good until the next one is asked for. */
  *push(chunk: Uint8Array): Generator<Bytes> {
    for (let at = 0; at < chunk.length; ) {
      if (this.#filled === this.#buffer.length) {
        yield this.#buffer;
        this.#filled = 0;
      }
      const part = chunk.subarray(at, at + this.#buffer.length - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
    }
  }

  rest(): Bytes {
    return this.#buffer.subarray(0, this.#filled);
  }
}

class SegmentCipher {
  readonly #key: Uint8Array;
  #number = 0;

  constructor(key: DataKey, header: Uint8Array, context: EnvelopeContext) {
    const salt = header.subarray(-SALT_BYTES - SIZE_BYTES, -SIZE_BYTES);
    const info = Buffer.concat([header, contextBytes(context)]);
    this.#key = new Uint8Array(hkdfSync("sha256", key.derive(KEY_PURPOSE), salt, info, KEY_BYTES));
  }

  seal(segment: Uint8Array, isLast: boolean): Bytes {
    const cipher = createCipheriv(CIPHER, this.#key, this.#nonce(isLast), { authTagLength: TAG_BYTES });
    return new Uint8Array(Buffer.concat([cipher.update(segment), cipher.final(), cipher.getAuthTag()]));
  }

  open(segment: Uint8Array, isLast: boolean): Bytes {
    if (segment.length < TAG_BYTES) throw unreadable("it is cut short");
    const decipher = createDecipheriv(CIPHER, this.#key, this.#nonce(isLast), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(segment.subarray(-TAG_BYTES));
    try {
      return new Uint8Array(
        Buffer.concat([decipher.update(segment.subarray(0, -TAG_BYTES)), decipher.final()]),
      );
    } catch {
      throw unreadable("it was altered, is cut short or does not belong here");
    }
  }

  #nonce(isLast: boolean): Uint8Array {
    const nonce = Buffer.alloc(NONCE_BYTES);
    nonce.writeUInt32BE(this.#number++, NONCE_BYTES - 1 - 4);
    nonce.writeUInt8(isLast ? 1 : 0, NONCE_BYTES - 1);
    return nonce;
  }
}

/** A header is not longer. */
export const HEADER_BYTES_MAX = headerLength(0xff);

function headerLength(keyIdLength: number): number {
  return 2 + keyIdLength + SALT_BYTES + SIZE_BYTES;
}

function newHeader(keyId: string): Bytes {
  const size = Buffer.alloc(SIZE_BYTES);
  size.writeUInt32BE(SEGMENT_BYTES);
  const id = Buffer.from(keyId, "ascii");
  return new Uint8Array(
    Buffer.concat([Uint8Array.of(VERSION, id.length), id, randomBytes(SALT_BYTES), size]),
  );
}

/** Null until all of it is there. */
function headerOf(bytes: Uint8Array, keyId: string): { bytes: Uint8Array; segmentBytes: number } | null {
  if (bytes.length < 2) return null;
  if (bytes[0] !== VERSION) throw unreadable("its version is unknown");
  const length = headerLength(bytes[1] ?? 0);
  if (bytes.length < length) return null;
  const header = Buffer.from(bytes.subarray(0, length));
  if (header.toString("latin1", 2, 2 + (bytes[1] ?? 0)) !== keyId) {
    throw unreadable("it was sealed with another data key");
  }
  const segmentBytes = header.readUInt32BE(length - SIZE_BYTES);
  if (segmentBytes < 1 || segmentBytes > SEGMENT_BYTES_MAX) throw unreadable("its header is malformed");
  return { bytes: header, segmentBytes };
}

function unreadable(reason: string): AppError {
  return new AppError("internal", { detail: `Encrypted data cannot be read: ${reason}.` });
}
