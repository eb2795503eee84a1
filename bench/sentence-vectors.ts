/** Vectors by their text, kept in a file: a record is the text's hash and the vector. */
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";

const HASH_BYTES = 32;

export class VectorCache {
  readonly #file: string;
  readonly #vectors = new Map<string, Float32Array>();

  constructor(file: string, dimensions: number) {
    this.#file = file;
    if (!existsSync(file)) return;
    const bytes = readFileSync(file);
    const recordBytes = HASH_BYTES + dimensions * Float32Array.BYTES_PER_ELEMENT;
    const end = bytes.length - (bytes.length % recordBytes);
    for (let at = 0; at < end; at += recordBytes) {
      const [from, to] = [at + HASH_BYTES, at + recordBytes];
      this.#vectors.set(
        bytes.toString("hex", at, from),
        new Float32Array(Uint8Array.from(bytes.subarray(from, to)).buffer),
      );
    }
    // A run that was stopped may have left half a record.
    truncateSync(file, end);
  }

  get(text: string): Float32Array | undefined {
    return this.#vectors.get(hashOf(text).toString("hex"));
  }

  add(text: string, vector: Float32Array): void {
    const hash = hashOf(text);
    this.#vectors.set(hash.toString("hex"), vector);
    appendFileSync(this.#file, Buffer.concat([hash, new Uint8Array(vector.buffer)]));
  }
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
