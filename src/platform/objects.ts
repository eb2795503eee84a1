import { peek, readBounded } from "../lib/bounded-stream.ts";
import { AppError } from "../lib/errors.ts";
import { ENVELOPE_VERSION } from "./envelope.ts";
import type { DataKey } from "./keyring.ts";
import { HEADER_BYTES_MAX, openStream, plainLength, sealedLength, sealStream } from "./sealed-segments.ts";

const TABLE = "objects";
/** R2 wants parts of one size, at least 5 MiB, but for the last. */
const PART_BYTES = 5 * 1024 * 1024;

export interface StreamedBytes {
  bytes: ReadableStream<Uint8Array>;
  /** How many there are, where that is known. */
  size?: number | undefined;
}

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

  /**
   * Holds a segment at a time, or a part where the size is not known. Answers how many bytes there were. What the stream
   * throws passes through, `bad_request` says that there were more or less than told; nothing is stored then.
   */
  async putStream(name: string, { bytes, size }: StreamedBytes): Promise<number> {
    let count = 0;
    const counter = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        count += chunk.byteLength;
        controller.enqueue(chunk);
      },
    });
    const sealed = bytes.pipeThrough(counter).pipeThrough(sealStream(this.#key, this.#contextOf(name)));
    if (size === undefined) await this.#putParts(name, sealed);
    else await this.#putWhole(name, sealed, sealedLength(size, this.#key));
    return count;
  }

  /** Null when there is none. Throws `internal` when it was altered. */
  async get(name: string): Promise<Uint8Array | null> {
    const object = await this.getStream(name);
    if (!object) return null;
    // Exactly as many as there are: readers copy what is part of something larger.
    const bytes = new Uint8Array(object.size);
    let length = 0;
    for await (const chunk of object.bytes) {
      bytes.set(chunk, length);
      length += chunk.length;
    }
    return bytes;
  }

  /** As `get`, a segment at a time: what was altered breaks the stream off. */
  async getStream(name: string): Promise<(StreamedBytes & { size: number }) | null> {
    const object = await this.#bucket.get(name);
    if (!object) return null;
    const context = this.#contextOf(name);
    const { head, stream } = await peek(object.body, HEADER_BYTES_MAX);
    if (head[0] === ENVELOPE_VERSION) {
      const sealed = await readBounded({ body: stream }, object.size);
      const opened = this.#key.open(sealed ?? head, context);
      return { bytes: new Blob([opened]).stream(), size: opened.length };
    }
    const size = plainLength(object.size, head, this.#key);
    return { bytes: stream.pipeThrough(openStream(this.#key, context)), size };
  }

  async #putWhole(name: string, sealed: ReadableStream<Uint8Array>, length: number): Promise<void> {
    const fixed = new FixedLengthStream(length);
    const [piped, put] = await Promise.allSettled([
      sealed.pipeTo(fixed.writable),
      this.#bucket.put(name, fixed.readable),
    ]);
    // A pipe that breaks breaks the other end as well, where less is known of the cause.
    for (const end of [piped, put]) if (end.status === "rejected") throw told(end.reason);
  }

  async #putParts(name: string, sealed: ReadableStream<Uint8Array>): Promise<void> {
    const parts = partsOf(sealed);
    const first = await parts.next();
    if (first.done) return;
    if (first.value.length < PART_BYTES) return void (await this.#bucket.put(name, first.value));
    const upload = await this.#bucket.createMultipartUpload(name);
    try {
      const uploaded = [await upload.uploadPart(1, first.value)];
      for await (const part of parts) uploaded.push(await upload.uploadPart(uploaded.length + 1, part));
      await upload.complete(uploaded);
    } catch (error) {
      // What is not taken back here goes by itself after seven days.
      await upload.abort().catch(() => undefined);
      throw error;
    }
  }

  #contextOf(name: string) {
    return { table: TABLE, column: "bytes", rowId: name, ownerId: this.#ownerId };
  }
}

/** Full parts, and the rest, each good until the next one is asked for. */
async function* partsOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const part = new Uint8Array(PART_BYTES);
  let filled = 0;
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + PART_BYTES - filled);
      part.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled < PART_BYTES) continue;
      yield part;
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

/** The runtime's own word for a length that is not as told is a `TypeError`. */
function told(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  return new AppError("bad_request", {
    detail: "The body is not as long as Content-Length says.",
    cause: error,
  });
}
