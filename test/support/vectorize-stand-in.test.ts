import { expect, test } from "vitest";
import { VectorizeStandIn } from "./vectorize-stand-in.ts";

const vector = (id: string, more: Partial<VectorizeVector> = {}) => ({ id, values: [1, 0], ...more });
const many = (count: number) => Array.from({ length: count }, (_, at) => String(at));

test("the stand-in shows changes in the order they were taken, and says how far it is", async () => {
  const index = new VectorizeStandIn({ dimensions: 2 });
  const first = await index.upsert([vector("a")]);
  const second = await index.deleteByIds(["a"]);
  expect((await index.query([1, 0])).count).toBe(0);
  index.show(1);
  expect((await index.query([1, 0])).matches.map(({ id }) => id)).toEqual(["a"]);
  expect(await index.describe()).toMatchObject({ vectorCount: 1, processedUpToMutation: first.mutationId });
  index.show();
  expect((await index.query([1, 0])).count).toBe(0);
  expect(await index.describe()).toMatchObject({ processedUpToMutation: second.mutationId });
});

test("the stand-in answers with five matches, without values and metadata, unless told otherwise", async () => {
  const index = new VectorizeStandIn({ dimensions: 2 });
  await index.upsert(many(9).map((id) => vector(id, { metadata: { word: "x" } })));
  index.show();
  const { matches } = await index.query([1, 0]);
  expect(matches).toHaveLength(5);
  expect(Object.keys(matches[0] ?? {}).toSorted()).toEqual(["id", "namespace", "score"]);
  const [full] = (await index.query([1, 0], { returnValues: true, returnMetadata: "all" })).matches;
  expect(full).toMatchObject({ values: [1, 0], metadata: { word: "x" } });
});

test("the stand-in filters by indexed properties only, and by those that were indexed in time", async () => {
  const index = new VectorizeStandIn({ dimensions: 2, metadataIndexes: ["kind"] });
  await index.upsert([
    vector("a", { metadata: { kind: 1, other: 1 } }),
    vector("b", { metadata: { kind: 2 } }),
  ]);
  index.show();
  const found = async (filter: VectorizeVectorMetadataFilter) =>
    (await index.query([1, 0], { filter })).matches.map(({ id }) => id);
  expect(await found({ kind: 2 })).toEqual(["b"]);
  expect(await found({ other: 1 })).toEqual([]);
});

test.each<[string, (index: VectorizeStandIn) => Promise<unknown>]>([
  ["more than 1000 vectors", (index) => index.upsert(many(1001).map((id) => vector(id)))],
  ["more than 100 removals", (index) => index.deleteByIds(many(101))],
  ["more than 20 ids", (index) => index.getByIds(many(21))],
  ["more than 100 results", (index) => index.query([1, 0], { topK: 101 })],
  ["more than 50 results with values", (index) => index.query([1, 0], { topK: 51, returnValues: true })],
  ["more than 50 results with metadata", (index) => index.query([1, 0], { topK: 51, returnMetadata: "all" })],
  ["other dimensions", (index) => index.query([1, 0, 0])],
  ["vectors of other dimensions", (index) => index.upsert([vector("a", { values: [1] })])],
  ["an id of more than 64 bytes", (index) => index.upsert([vector("ä".repeat(33))])],
  [
    "a namespace of more than 64 bytes",
    (index) => index.upsert([vector("a", { namespace: "n".repeat(65) })]),
  ],
  [
    "more than 10 KiB of metadata",
    (index) => index.upsert([vector("a", { metadata: { a: "x".repeat(10_240) } })]),
  ],
  ["a metadata key with a dot", (index) => index.upsert([vector("a", { metadata: { "a.b": 1 } })])],
  ["an empty filter", (index) => index.query([1, 0], { filter: {} })],
  [
    "more namespaces than it takes",
    (index) => index.upsert(many(3).map((id) => vector(id, { namespace: `n${id}` }))),
  ],
])("the stand-in refuses %s", async (_, ask) => {
  const index = new VectorizeStandIn({ dimensions: 2, namespacesMax: 2 });
  await expect(ask(index)).rejects.toThrow(/^VECTOR_\w+_ERROR \(code = 4\d{4}\): /);
});
