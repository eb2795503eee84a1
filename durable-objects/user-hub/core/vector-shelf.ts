/**
 * One-bit copies of a user's memory vectors, scanned for those that may be near; which of them are is decided on int8
 * copies, read for these few only. 10,000 vectors of 1,024 dimensions take 1.3 MB here and half a millisecond a scan.
 */
import { Rotation } from "../../../src/platform/rotation.ts";

/** Rows of a block: what is read and written of the bits at once. */
export const BLOCK_ROWS = 256;
/** Of one hub's bits: 32,512 vectors of 1,024 dimensions. */
const BYTES_MAX = 4 * 1024 * 1024;
const INT8_MAX = 127;
const SCALE_BYTES = 4;
const FREE = 0;

/** A vector cut down to int8, and the words of its signs. */
export interface FlatVector {
  /** Four bytes of scale, little-endian, then a byte a component. */
  body: Uint8Array<ArrayBuffer>;
  signs: Uint32Array;
}

export interface Hit {
  slot: number;
  /** Cosine, -1 to 1. */
  score: number;
}

interface Block {
  /** What lies in each row: `FREE`, or a number of the caller's. */
  kinds: Uint8Array;
  signs: Uint32Array;
}

export class VectorShelf {
  readonly slotsMax: number;
  readonly #rotation: Rotation;
  readonly #words: number;
  readonly #blocks: Block[] = [];
  #count = 0;

  constructor(dimensions: number, key: Uint8Array) {
    this.#rotation = new Rotation(dimensions, key);
    this.#words = Math.ceil(this.#rotation.dimensions / 32);
    const blockBytes = BLOCK_ROWS * (this.#words * 4 + 1);
    this.slotsMax = Math.floor(BYTES_MAX / blockBytes) * BLOCK_ROWS;
  }

  /** Vectors on the shelf. */
  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count >= this.slotsMax;
  }

  get blocks(): number {
    return this.#blocks.length;
  }

  flatten(vector: ArrayLike<number>): FlatVector {
    const turned = this.#rotation.turn(vector);
    const signs = new Uint32Array(this.#words);
    let largest = 0;
    for (let at = 0; at < turned.length; at++) {
      const value = turned[at]!;
      largest = Math.max(largest, Math.abs(value));
      if (value > 0) signs[at >> 5] = signs[at >> 5]! | (1 << (at & 31));
    }
    const scale = largest === 0 ? 1 : largest / INT8_MAX;
    const body = new Uint8Array(SCALE_BYTES + turned.length);
    new DataView(body.buffer).setFloat32(0, scale, true);
    const components = componentsOf(body);
    for (let at = 0; at < turned.length; at++) components[at] = Math.round(turned[at]! / scale);
    return { body, signs };
  }

  /** The vector that was flattened, but for what was rounded off. */
  unflatten(body: Uint8Array | ArrayBuffer): Float32Array {
    const bytes = bytesOf(body);
    const scale = scaleOf(bytes);
    return this.#rotation.turnBack(Float32Array.from(componentsOf(bytes), (value) => value * scale));
  }

  /** Puts a vector into a free slot and gives the slot; undefined when the shelf is full. `kind` is 1 to 255. */
  add(kind: number, { signs }: FlatVector): number | undefined {
    const slot = this.#freeSlot();
    if (slot === undefined) return undefined;
    const block = this.#blocks[blockOf(slot)]!;
    block.kinds[slot % BLOCK_ROWS] = kind;
    block.signs.set(signs, (slot % BLOCK_ROWS) * this.#words);
    this.#count++;
    return slot;
  }

  remove(slot: number): void {
    const block = this.#blocks[blockOf(slot)];
    const row = slot % BLOCK_ROWS;
    if (!block || block.kinds[row] === FREE) return;
    block.kinds[row] = FREE;
    block.signs.fill(0, row * this.#words, (row + 1) * this.#words);
    this.#count--;
  }

  /** A block as it is stored: its kinds, then its signs. */
  blockBytes(index: number): Uint8Array<ArrayBuffer> {
    const { kinds, signs } = this.#blocks[index]!;
    const bytes = new Uint8Array(BLOCK_ROWS + signs.byteLength);
    bytes.set(kinds);
    bytes.set(new Uint8Array(signs.buffer, signs.byteOffset, signs.byteLength), BLOCK_ROWS);
    return bytes;
  }

  /** Takes up stored blocks, in the order of their numbers. */
  load(bytes: Uint8Array | ArrayBuffer): void {
    const own = Uint8Array.from(bytesOf(bytes));
    const kinds = own.subarray(0, BLOCK_ROWS);
    const signs = new Uint32Array(own.buffer, BLOCK_ROWS);
    if (signs.length !== BLOCK_ROWS * this.#words) throw new RangeError("A block is of another size.");
    this.#blocks.push({ kinds, signs });
    for (const kind of kinds) if (kind !== FREE) this.#count++;
  }

  /** The `count` slots of one kind whose signs differ least from the query's; the nearest need not come first. */
  candidates({ signs }: FlatVector, kind: number, count: number): number[] {
    const distances = this.#distances(signs, kind);
    const dimensions = this.#words * 32;
    const histogram = new Uint32Array(dimensions + 1);
    for (const distance of distances) {
      if (distance <= dimensions) histogram[distance] = histogram[distance]! + 1;
    }
    let most = -1;
    let within = 0;
    while (most < dimensions && within < count) within += histogram[++most]!;
    const found: number[] = [];
    const onTheEdge: number[] = [];
    for (let slot = 0; slot < distances.length; slot++) {
      if (distances[slot]! < most) found.push(slot);
      else if (distances[slot] === most) onTheEdge.push(slot);
    }
    return found.concat(onTheEdge.slice(0, count - found.length));
  }

  /** Compares the query with int8 copies: those of at least `scoreMin`, the nearest first, `limit` at most. */
  rank(
    query: FlatVector,
    copies: Iterable<{ slot: number; body: Uint8Array | ArrayBuffer }>,
    { limit, scoreMin }: { limit: number; scoreMin: number },
  ): Hit[] {
    const wanted = componentsOf(query.body);
    const queryScale = scaleOf(query.body);
    const hits: Hit[] = [];
    for (const { slot, body } of copies) {
      const bytes = bytesOf(body);
      const score = dot(wanted, componentsOf(bytes)) * queryScale * scaleOf(bytes);
      if (score >= scoreMin) hits.push({ slot, score });
    }
    return hits.sort((left, right) => right.score - left.score).slice(0, limit);
  }

  /** By slot; beyond any real distance where there is no vector of this kind. */
  #distances(signs: Uint32Array, kind: number): Uint16Array {
    const words = this.#words;
    const distances = new Uint16Array(this.#blocks.length * BLOCK_ROWS).fill(0xffff);
    for (const [index, block] of this.#blocks.entries()) {
      for (let row = 0, at = 0; row < BLOCK_ROWS; row++) {
        if (block.kinds[row] !== kind) {
          at += words;
          continue;
        }
        let distance = 0;
        for (let word = 0; word < words; word++, at++) distance += bitsSet(block.signs[at]! ^ signs[word]!);
        distances[index * BLOCK_ROWS + row] = distance;
      }
    }
    return distances;
  }

  #freeSlot(): number | undefined {
    if (this.isFull) return undefined;
    for (const [index, { kinds }] of this.#blocks.entries()) {
      const row = kinds.indexOf(FREE);
      if (row >= 0) return index * BLOCK_ROWS + row;
    }
    this.#blocks.push({
      kinds: new Uint8Array(BLOCK_ROWS),
      signs: new Uint32Array(BLOCK_ROWS * this.#words),
    });
    return (this.#blocks.length - 1) * BLOCK_ROWS;
  }
}

export function blockOf(slot: number): number {
  return Math.floor(slot / BLOCK_ROWS);
}

function bytesOf(body: Uint8Array | ArrayBuffer): Uint8Array {
  return body instanceof Uint8Array ? body : new Uint8Array(body);
}

function scaleOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
}

function componentsOf(bytes: Uint8Array): Int8Array {
  return new Int8Array(bytes.buffer, bytes.byteOffset + SCALE_BYTES, bytes.length - SCALE_BYTES);
}

function dot(left: Int8Array, right: Int8Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += left[at]! * right[at]!;
  return sum;
}

/** Of a 32-bit word; after Warren, "Hacker's Delight", 5-1. */
function bitsSet(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  bits = (bits + (bits >>> 4)) & 0x0f0f0f0f;
  return Math.imul(bits, 0x01010101) >>> 24;
}
