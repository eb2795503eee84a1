import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BM25,
  CANDIDATES_MAX,
  diversify,
  fuse,
  fusionWeightsOf,
  likenessOf,
  rarityOf,
  type Scored,
  scoreKeywords,
} from "../../../../src/features/knowledge/core/rank.ts";

const posting = (id: string, frequency: number, length: number) => ({ id, frequency, length });
const size = { chunks: 10, averageLength: 100 };

describe("keywords", () => {
  test("score as BM25 is written in the books", () => {
    const [found] = scoreKeywords([[posting("a", 3, 50), posting("b", 1, 100)]], size);
    const idf = Math.log(1 + (10 - 2 + 0.5) / (2 + 0.5));
    const { saturation: k1, lengthShare: b } = BM25;
    expect(found).toEqual({
      id: "a",
      score: expect.closeTo((idf * 3 * (k1 + 1)) / (3 + k1 * (1 - b + (b * 50) / 100)), 10),
    });
  });

  test("a rare word tells more than a frequent one, and no word tells less than nothing", () => {
    expect(rarityOf(1, 1_000)).toBeGreaterThan(rarityOf(500, 1_000));
    expect(rarityOf(1_000, 1_000)).toBeGreaterThan(0);
  });

  test("repetition counts less each time, and a long chunk less than a short one", () => {
    const score = (frequency: number, length: number) =>
      scoreKeywords([[posting("a", frequency, length)]], size)[0]!.score;
    expect(score(2, 100)).toBeGreaterThan(score(1, 100));
    expect(score(2, 100) - score(1, 100)).toBeGreaterThan(score(3, 100) - score(2, 100));
    expect(score(1, 100)).toBeGreaterThan(score(1, 200));
  });

  test("the alternatives of a word share their rarity: a form that is rare by chance has no advantage", () => {
    const common = Array.from({ length: 8 }, (_, index) => posting(`c${index}`, 1, 100));
    const [first, ...others] = scoreKeywords([[posting("rare", 1, 100), ...common]], size);
    expect(others.every(({ score }) => score === first!.score)).toBe(true);
  });

  describe("of words that are more than the effort allows", () => {
    const many = (count: number, frequency = 1) =>
      Array.from({ length: count }, (_, id) => ({ id, frequency, length: 9 }));
    const corpus = { chunks: 1_000, averageLength: 9 };
    const rare = [7, 8, 9].map((id) => ({ id, frequency: 1, length: 9 }));

    test("the rare ones choose, and all of them weigh", () => {
      const common = many(100).filter(({ id }) => id !== 7);
      const found = scoreKeywords([common, rare], corpus, { choosing: 50, reading: 200, candidates: 2 });
      const whole = new Map(scoreKeywords([common, rare], corpus).map(({ id, score }) => [id, score]));
      expect(found.map(({ id }) => id)).toEqual([8, 7]);
      for (const { id, score } of found) expect(score).toBeCloseTo(whole.get(id)!, 10);
    });

    test("those beyond what may be read count for nothing", () => {
      const effort = { choosing: 50, reading: 90, candidates: 400 };
      expect(scoreKeywords([many(100), rare], corpus, effort)).toEqual(scoreKeywords([rare], corpus));
    });

    test("the rarest is read, whatever it costs", () => {
      const effort = { choosing: 5, reading: 9, candidates: 400 };
      expect(scoreKeywords([many(100)], corpus, effort)).toHaveLength(100);
    });
  });
});

const list = (...ids: string[]): Scored<string>[] => ids.map((id, rank) => ({ id, score: 10 - rank }));
const weights = { keywords: 0.7, vectors: 0.3 };

describe("fusion", () => {
  test("what both lists have first is first", () => {
    expect(fuse(list("a", "b", "c"), list("a", "c", "b"), weights).map(({ id }) => id)).toEqual([
      "a",
      "b",
      "c",
    ]);
  });

  test("one list alone keeps its order, whichever it is", () => {
    expect(fuse(list("a", "b", "c"), [], weights).map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(fuse([], list("c", "b", "a"), weights).map(({ id }) => id)).toEqual(["c", "b", "a"]);
  });

  test("does not depend on the scale of either score", () => {
    const scaled = list("a", "b", "c").map(({ id, score }) => ({ id, score: score * 1_000 + 7 }));
    const vectors = list("c", "a", "b");
    expect(fuse(scaled, vectors, weights)).toEqual(fuse(list("a", "b", "c"), vectors, weights));
  });

  test("equal scores are equal, and what was found counts more than what was not", () => {
    const [found, other] = fuse([{ id: "a", score: 2 }], list("b"), weights);
    expect(found).toMatchObject({ id: "a", score: expect.closeTo(0.7) });
    expect(other).toMatchObject({ id: "b", score: expect.closeTo(0.3) });
    const last = fuse(list("a", "b"), [], weights).at(-1);
    expect(last!.score).toBeGreaterThan(0);
  });

  test("takes the best of each list only", () => {
    const long = Array.from({ length: 3 * CANDIDATES_MAX }, (_, id) => ({ id, score: -id }));
    expect(fuse(long, [], weights)).toHaveLength(CANDIDATES_MAX);
  });

  test("the embedded embedder weighs less than its words, others more", () => {
    const hashing = fusionWeightsOf("adjutant-hash-1024-v1");
    expect(hashing.keywords).toBeGreaterThan(hashing.vectors);
    expect(fusionWeightsOf("bge-m3-1024").vectors).toBeGreaterThan(hashing.vectors);
  });

  test("gives every candidate once, best first, with shares between 0 and 1", () => {
    const scored = fc.array(
      fc.record({ id: fc.nat(30), score: fc.double({ min: -5, max: 5, noNaN: true }) }),
    );
    const ranked = scored.map((items) =>
      [...new Map(items.map((item) => [item.id, item])).values()].sort((a, b) => b.score - a.score),
    );
    fc.assert(
      fc.property(ranked, ranked, (keywords, vectors) => {
        const fused = fuse(keywords, vectors, weights);
        const ids = [...keywords, ...vectors].map(({ id }) => id);
        expect(fused.map(({ id }) => id).sort()).toEqual([...new Set(ids)].sort());
        for (const [index, { score, keywords: words, vectors: likeness }] of fused.entries()) {
          expect(score).toBeLessThanOrEqual(fused[index - 1]?.score ?? 1.000001);
          expect(Math.min(words, likeness)).toBeGreaterThanOrEqual(0);
          expect(Math.max(words, likeness)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe("diversity", () => {
  const items = [
    { id: 1, score: 1, topic: "a" },
    { id: 2, score: 0.95, topic: "a" },
    { id: 3, score: 0.9, topic: "b" },
    { id: 4, score: 0, topic: "c" },
  ];
  const likeness = (one: { topic: string }, other: { topic: string }) => (one.topic === other.topic ? 1 : 0);

  test("prefers what says something else", () => {
    const chosen = diversify(items, { limit: 2, relevanceShare: 0.5, likeness });
    expect(chosen.map(({ id }) => id)).toEqual([1, 3]);
  });

  test("keeps the order where only relevance counts, and gives no more than there is", () => {
    const chosen = diversify(items, { limit: 9, relevanceShare: 1, likeness });
    expect(chosen.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });

  test("the likeness of terms is 1 for the same, 0 for nothing in common", () => {
    const one = new Set(["cat", "dog"]);
    expect(likenessOf(one, one)).toBeCloseTo(1);
    expect(likenessOf(one, new Set(["dog", "bird"]))).toBeCloseTo(0.5);
    expect(likenessOf(one, new Set(["bird"]))).toBe(0);
    expect(likenessOf(one, new Set())).toBe(0);
  });
});
