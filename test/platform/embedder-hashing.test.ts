import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HashingEmbedder } from "../../src/platform/embedder-hashing.ts";

const embedder = new HashingEmbedder();
const key = new Uint8Array(32).fill(7);
const otherKey = new Uint8Array(32).fill(8);

async function vectorOf(text: string, of = key): Promise<Float32Array> {
  const [vector] = await embedder.embed([text], { key: of });
  return vector!;
}

async function likeness(left: string, right: string): Promise<number> {
  const [a, b] = await embedder.embed([left, right], { key });
  return dot(a!, b!);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}

describe("the embedded embedder", () => {
  test("gives every text a vector of length 1 in its own dimensions, the same each time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
        const vector = await vectorOf(text);
        expect(vector).toHaveLength(embedder.dimensions);
        expect(Math.sqrt(dot(vector, vector))).toBeCloseTo(1, 4);
        expect(await vectorOf(text)).toEqual(vector);
      }),
      { examples: [["𓦩"], [""]] },
    );
  });

  test("gives a text the same vector alone and among others", async () => {
    const texts = ["Budget for Q3", "", "Grocery list", "Budget for Q3"];
    const together = await embedder.embed(texts, { key });
    expect(together).toEqual(await Promise.all(texts.map((text) => vectorOf(text))));
  });

  test("ranks the note that is meant first", async () => {
    const notes = [
      "Quarterly budget: marketing spend goes up by ten percent, hiring is frozen until June.",
      "Recipe for lentil soup with carrots, cumin and a squeeze of lemon.",
      "Minutes of the design review: the onboarding screens need fewer steps.",
    ];
    const vectors = await embedder.embed(notes, { key });
    const best = async (query: string) => {
      const wanted = await vectorOf(query);
      const scores = vectors.map((vector) => dot(vector, wanted));
      return scores.indexOf(Math.max(...scores));
    };
    expect(await best("what did we decide about the marketing budgets?")).toBe(0);
    expect(await best("how do I cook lentils")).toBe(1);
    expect(await best("onbording review")).toBe(2);
  });

  test("sees through case, accents and compatibility forms", async () => {
    expect(await likeness("CAFÉ Zürich", "cafe zurich")).toBeCloseTo(1, 4);
    expect(await likeness("ﬁnance ２０２６", "finance 2026")).toBeCloseTo(1, 4);
  });

  test("finds words inside text without spaces", async () => {
    const note = "明天下午三点开会讨论预算";
    expect(await likeness(note, "讨论预算")).toBeGreaterThan((await likeness(note, "周末去爬山")) + 0.2);
  });

  test("hears word order a little, and what words are about far more", async () => {
    const sentence = "dog bites postman";
    expect(await likeness(sentence, "postman bites dog")).toBeLessThan(0.999);
    expect(await likeness(sentence, "postman bites dog")).toBeGreaterThan(0.8);
    expect(await likeness(sentence, "of the and with")).toBeLessThan(0.2);
  });

  test("puts two owners' vectors of the same text into unrelated spaces", async () => {
    const text = "Quarterly budget: marketing spend goes up by ten percent, hiring is frozen until June.";
    expect(Math.abs(dot(await vectorOf(text), await vectorOf(text, otherKey)))).toBeLessThan(0.2);
  });

  test("refuses a key too short to protect anything", async () => {
    await expect(embedder.embed(["text"], { key: new Uint8Array(8) })).rejects.toThrow(RangeError);
  });
});
