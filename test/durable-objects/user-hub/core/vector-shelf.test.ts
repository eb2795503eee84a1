import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import {
  BLOCK_ROWS,
  blockOf,
  type FlatVector,
  VectorShelf,
} from "../../../../durable-objects/user-hub/core/vector-shelf.ts";
import { HashingEmbedder } from "../../../../src/platform/embedder-hashing.ts";
import { normalise } from "../../../../src/platform/vector-math.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
const KIND = 1;
const DIMENSIONS = 128;

/** What a hub does around the shelf: keeps the int8 copies by slot. */
class Cupboard {
  shelf: VectorShelf;
  readonly #dimensions: number;
  readonly copies = new Map<number, FlatVector["body"]>();

  constructor(dimensions = DIMENSIONS) {
    this.#dimensions = dimensions;
    this.shelf = new VectorShelf(dimensions, KEY);
  }

  /** As after an eviction. */
  reload(): void {
    const blocks = Array.from({ length: this.shelf.blocks }, (_, block) => this.shelf.blockBytes(block));
    this.shelf = new VectorShelf(this.#dimensions, KEY);
    for (const block of blocks) this.shelf.load(block);
  }

  add(vector: ArrayLike<number>, kind = KIND): number {
    const flat = this.shelf.flatten(vector);
    const slot = this.shelf.add(kind, flat);
    if (slot === undefined) throw new Error("the shelf is full");
    this.copies.set(slot, flat.body);
    return slot;
  }

  remove(slot: number): void {
    this.shelf.remove(slot);
    this.copies.delete(slot);
  }

  /** Rounding may take the score of an opposite below -1. */
  search(vector: ArrayLike<number>, { limit = 8, candidates = 192, scoreMin = -2, kind = KIND } = {}) {
    const query = this.shelf.flatten(vector);
    const slots = this.shelf.candidates(query, kind, candidates);
    const copies = slots.map((slot) => ({ slot, body: this.copies.get(slot)! }));
    return this.shelf.rank(query, copies, { limit, scoreMin });
  }
}

const vectors = fc
  .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: DIMENSIONS, maxLength: DIMENSIONS })
  .filter((values) => values.some((value) => Math.abs(value) > 0.1))
  .map((values) => normalise(Float32Array.from(values)));

test("with few vectors the search is the exact one: same order, scores within a hundredth", () => {
  fc.assert(
    fc.property(fc.array(vectors, { minLength: 1, maxLength: 40 }), vectors, (shelved, query) => {
      const cupboard = new Cupboard();
      for (const vector of shelved) cupboard.add(vector);
      const hits = cupboard.search(query, { limit: shelved.length });
      expect(hits).toHaveLength(shelved.length);
      for (const { slot, score } of hits) expect(score).toBeCloseTo(cosine(shelved[slot]!, query), 1);
      const scores = hits.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((left, right) => right - left));
    }),
    { numRuns: 50 },
  );
});

test("whatever was added and removed, with reloads between, exactly what is still there is found", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.integer({ min: 1, max: 3 }), vector: vectors }) },
    { weight: 2, arbitrary: fc.record({ removes: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ reloads: fc.constant(true) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const cupboard = new Cupboard();
      const kept = new Map<number, { kind: number; vector: Float32Array }>();
      for (const each of steps) {
        if ("reloads" in each) cupboard.reload();
        else if ("vector" in each) kept.set(cupboard.add(each.vector, each.kind), each);
        else {
          const slot = [...kept.keys()][each.removes % Math.max(1, kept.size)];
          if (slot === undefined) continue;
          kept.delete(slot);
          cupboard.remove(slot);
        }
      }
      expect(cupboard.shelf.count).toBe(kept.size);
      for (const kind of [1, 2, 3]) {
        const expected = [...kept].filter(([, each]) => each.kind === kind);
        const query = expected[0]?.[1].vector ?? new Float32Array(DIMENSIONS).fill(1);
        const found = cupboard.search(query, { limit: 1_000, candidates: 1_000, kind });
        const slots = found.map(({ slot }) => slot).toSorted((a, b) => a - b);
        expect(slots).toEqual(expected.map(([slot]) => slot).toSorted((a, b) => a - b));
        if (expected[0]) expect(found[0]?.score).toBeCloseTo(1, 1);
      }
    }),
    { numRuns: 100 },
  );
});

test("a freed slot is used again, and holds nothing of what was there", () => {
  const cupboard = new Cupboard();
  const first = normalise(new Float32Array(DIMENSIONS).fill(1));
  const second = normalise(Float32Array.from({ length: DIMENSIONS }, (_, at) => (at % 2 ? 1 : -1)));
  const slot = cupboard.add(first);
  cupboard.add(second);
  cupboard.remove(slot);
  expect(cupboard.shelf.blockBytes(0).subarray(BLOCK_ROWS, BLOCK_ROWS + DIMENSIONS / 8)).toEqual(
    new Uint8Array(DIMENSIONS / 8),
  );
  expect(cupboard.add(second)).toBe(slot);
});

test("a flattened vector comes back but for rounding, whatever its length", () => {
  for (const dimensions of [3, 128, 300, 1024, 1536]) {
    const shelf = new VectorShelf(dimensions, KEY);
    const vector = normalise(Float32Array.from({ length: dimensions }, (_, at) => Math.sin(at * at + 1)));
    const back = shelf.unflatten(shelf.flatten(vector).body);
    expect(back).toHaveLength(dimensions);
    expect(cosine(vector, back)).toBeGreaterThan(0.999);
  }
});

test("the shelf takes no more than four megabytes of bits, and says when it is full", () => {
  const shelf = new VectorShelf(16_384, KEY);
  const flat = shelf.flatten(new Float32Array(16_384).fill(1));
  for (let number = 0; number < shelf.slotsMax; number++) expect(shelf.add(KIND, flat)).toBe(number);
  expect(shelf.isFull).toBe(true);
  expect(shelf.add(KIND, flat)).toBeUndefined();
  expect(shelf.blocks * shelf.blockBytes(0).byteLength).toBeLessThanOrEqual(4 * 1024 * 1024);
  shelf.remove(5);
  expect(shelf.add(KIND, flat)).toBe(5);
  expect(new VectorShelf(1024, KEY).slotsMax).toBeGreaterThan(32_000);
});

test("a block of another size is refused", () => {
  const shelf = new VectorShelf(256, KEY);
  expect(() => shelf.load(new Uint8Array(BLOCK_ROWS * 9))).toThrow(RangeError);
  expect(blockOf(BLOCK_ROWS)).toBe(1);
});

/** Short statements over a small vocabulary: many are alike, as memories of one person are. */
function statements(count: number): string[] {
  const subjects = [
    "Anna",
    "the garden",
    "our budget",
    "the Berlin office",
    "my bicycle",
    "the report",
    "Tom",
    "yoga",
  ];
  const verbs = ["needs", "likes", "moved to", "is paid by", "was planned with", "depends on", "replaced"];
  const objects = [
    "mornings",
    "the north wall",
    "a new supplier",
    "Lisbon",
    "quarterly reviews",
    "tea",
    "spare parts",
  ];
  const times = ["on Mondays", "in spring", "since March", "every week", "after lunch", "by the end of June"];
  let state = 42;
  const pick = (words: string[]) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return words[(state >>> 8) % words.length]!;
  };
  return Array.from(
    { length: count },
    (_, number) => `${pick(subjects)} ${pick(verbs)} ${pick(objects)} ${pick(times)}, note ${number}`,
  );
}

let embedded: { vectors: Float32Array[]; queries: Float32Array[] };

beforeAll(async () => {
  const embedder = new HashingEmbedder();
  embedded = {
    vectors: await embedder.embed(statements(3_000), { key: KEY }),
    queries: await embedder.embed(
      [
        "What does Anna drink in the morning?",
        "Who pays for the Berlin office?",
        "note 17 about yoga",
        "the garden's north wall in spring",
      ],
      { key: KEY },
    ),
  };
});

test("of 3,000 statements in the embedded embedder's space, the eight nearest are found as an exact search finds them", () => {
  const cupboard = new Cupboard(1024);
  for (const vector of embedded.vectors) cupboard.add(vector);
  for (const query of embedded.queries) {
    const exact = embedded.vectors.map((vector) => cosine(vector, query)).toSorted((a, b) => b - a);
    const hits = cupboard.search(query);
    // Ties make more than one right answer: the scores are compared, not the slots.
    for (const [place, { score }] of hits.entries())
      expect(Math.abs(score - exact[place]!)).toBeLessThan(0.01);
  }
});

test("what is not alike enough is left out", () => {
  const cupboard = new Cupboard(1024);
  for (const vector of embedded.vectors.slice(0, 300)) cupboard.add(vector);
  const [query] = embedded.queries;
  const hits = cupboard.search(query!, { limit: 300, candidates: 300, scoreMin: 0.2 });
  const expected = embedded.vectors.slice(0, 300).filter((vector) => cosine(vector, query!) >= 0.2);
  expect(hits.length).toBeGreaterThan(0);
  expect(Math.abs(hits.length - expected.length)).toBeLessThanOrEqual(1);
});

function cosine(left: ArrayLike<number>, right: ArrayLike<number>): number {
  let [product, lefts, rights] = [0, 0, 0];
  for (let at = 0; at < left.length; at++) {
    product += left[at]! * right[at]!;
    lefts += left[at]! ** 2;
    rights += right[at]! ** 2;
  }
  return product / Math.sqrt(lefts * rights);
}
