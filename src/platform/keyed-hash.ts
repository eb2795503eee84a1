/**
 * A fast keyed hash of short strings to 32 bits: HalfSipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input
 * PRF") with its whole 128-bit state, and a final 32-bit mask, taken from the key.
 *
 * Whoever has only hashes, or vectors made of them, cannot test a dictionary against them without the key. It is no
 * message authentication: fewer rounds and shorter output than a MAC, chosen because a note has ten thousand features.
 */
export class KeyedHash {
  readonly #initial: readonly [number, number, number, number];
  readonly #mask: number;

  constructor(key: Uint8Array) {
    if (key.length < 20) throw new RangeError("A keyed hash needs a key of 20 bytes or more.");
    const words = new DataView(key.buffer, key.byteOffset, key.length);
    const word = (index: number) => words.getInt32(index * 4, true);
    this.#initial = [word(0), word(1), word(2), word(3)];
    this.#mask = word(4);
  }

  /** Hashes UTF-16 units `from` up to `to`. `domain` keeps hashes of different kinds of strings apart. */
  text(text: string, domain: number, from = 0, to = text.length): number {
    this.#start(domain);
    let at = from;
    for (; at + 1 < to; at += 2) absorb(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16));
    // The length in the last word keeps "a" and "a\0" apart.
    absorb((at < to ? text.charCodeAt(at) : 0) | ((to - from) << 16));
    return this.#finish();
  }

  /** Hashes two numbers in their order, such as the hashes of two neighbours. */
  pair(left: number, right: number, domain: number): number {
    this.#start(domain);
    absorb(left);
    absorb(right);
    return this.#finish();
  }

  #start(domain: number): void {
    v0 = this.#initial[0] ^ domain;
    v1 = this.#initial[1];
    v2 = this.#initial[2];
    v3 = this.#initial[3];
  }

  #finish(): number {
    v2 ^= 0xff;
    round();
    round();
    round();
    return (v1 ^ v3 ^ this.#mask) >>> 0;
  }
}

// One hash is computed at a time and without a pause, so all can share these.
let v0 = 0;
let v1 = 0;
let v2 = 0;
let v3 = 0;

function absorb(word: number): void {
  v3 ^= word;
  round();
  v0 ^= word;
}

function round(): void {
  v0 = (v0 + v1) | 0;
  v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
  v0 = (v0 << 16) | (v0 >>> 16);
  v2 = (v2 + v3) | 0;
  v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
  v0 = (v0 + v3) | 0;
  v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
  v2 = (v2 + v1) | 0;
  v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
  v2 = (v2 << 16) | (v2 >>> 16);
}
