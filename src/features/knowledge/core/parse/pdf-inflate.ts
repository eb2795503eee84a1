/** What can be inflated of damaged data: readers of PDF take all up to the damage, where a library gives nothing. */

const LENGTH_BASES = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const CODE_BITS_MAX = 15;

/** Raw deflate data (RFC 1951). Null where there would be more than `bytesMax`. */
export function inflateDamaged(packed: Uint8Array, bytesMax: number): Uint8Array | null {
  const inflater = new Inflater(packed, bytesMax);
  try {
    while (inflater.block());
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
  }
  return inflater.result();
}

/** How many codes there are of each length, and what they stand for, in order. */
interface Codes {
  counts: Uint16Array;
  symbols: number[];
}

function codesOf(lengths: readonly number[]): Codes {
  const counts = new Uint16Array(CODE_BITS_MAX + 1);
  for (const length of lengths) counts[length]!++;
  const symbols = lengths
    .map((length, symbol) => ({ length, symbol }))
    .filter(({ length }) => length > 0)
    .sort((one, other) => one.length - other.length || one.symbol - other.symbol)
    .map(({ symbol }) => symbol);
  return { counts, symbols };
}

const FIXED = {
  letters: codesOf(Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8))),
  distances: codesOf(Array.from({ length: 30 }, () => 5)),
};

/** Throws `RangeError` at the damage, or where there is too much. */
class Inflater {
  readonly #packed: Uint8Array;
  readonly #bytesMax: number;
  #at = 0;
  #bit = 0;
  #bytes = new Uint8Array(4_096);
  #length = 0;

  constructor(packed: Uint8Array, bytesMax: number) {
    this.#packed = packed;
    this.#bytesMax = bytesMax;
  }

  result(): Uint8Array | null {
    return this.#length > this.#bytesMax ? null : this.#bytes.subarray(0, this.#length);
  }

  /** False after the last. */
  block(): boolean {
    const isLast = this.#bits(1) === 1;
    const type = this.#bits(2);
    if (type === 0) this.#stored();
    else if (type === 1) this.#coded(FIXED.letters, FIXED.distances);
    else if (type === 2) this.#dynamic();
    else throw new RangeError("no kind of block");
    return !isLast;
  }

  #stored(): void {
    if (this.#bit > 0) this.#at++;
    this.#bit = 0;
    const length = this.#bits(16);
    this.#bits(16);
    for (let index = 0; index < length; index++) this.#write(this.#bits(8));
  }

  #dynamic(): void {
    const [letters, distances, orders] = [this.#bits(5) + 257, this.#bits(5) + 1, this.#bits(4) + 4];
    const own = Array.from({ length: 19 }, () => 0);
    for (const place of ORDER.slice(0, orders)) own[place] = this.#bits(3);
    const codes = codesOf(own);
    const lengths: number[] = [];
    while (lengths.length < letters + distances) {
      const symbol = this.#symbol(codes);
      if (symbol < 16) lengths.push(symbol);
      else {
        const repeated = symbol === 16 ? (lengths.at(-1) ?? 0) : 0;
        const times =
          symbol === 16 ? 3 + this.#bits(2) : symbol === 17 ? 3 + this.#bits(3) : 11 + this.#bits(7);
        for (let index = 0; index < times; index++) lengths.push(repeated);
      }
    }
    this.#coded(codesOf(lengths.slice(0, letters)), codesOf(lengths.slice(letters, letters + distances)));
  }

  #coded(letters: Codes, distances: Codes): void {
    for (let symbol = this.#symbol(letters); symbol !== 256; symbol = this.#symbol(letters)) {
      if (symbol < 256) {
        this.#write(symbol);
        continue;
      }
      const length = LENGTH_BASES[symbol - 257]! + this.#bits(LENGTH_BITS[symbol - 257]!);
      const place = this.#symbol(distances);
      const distance = DISTANCE_BASES[place]! + this.#bits(place < 2 ? 0 : (place >> 1) - 1);
      if (!(distance <= this.#length)) throw new RangeError("before the beginning");
      for (let index = 0; index < length; index++) this.#write(this.#bytes[this.#length - distance]!);
    }
  }

  #symbol({ counts, symbols }: Codes): number {
    let [code, first, index] = [0, 0, 0];
    for (let bits = 1; bits <= CODE_BITS_MAX; bits++) {
      code |= this.#bits(1);
      const count = counts[bits]!;
      if (code - count < first) return symbols[index + code - first] ?? 256;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new RangeError("no code");
  }

  #bits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) {
      if (this.#at >= this.#packed.length) throw new RangeError("the end");
      value |= ((this.#packed[this.#at]! >> this.#bit) & 1) << index;
      if (++this.#bit === 8) [this.#bit, this.#at] = [0, this.#at + 1];
    }
    return value;
  }

  #write(byte: number): void {
    if (this.#length > this.#bytesMax) throw new RangeError("too much");
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = byte;
  }
}
