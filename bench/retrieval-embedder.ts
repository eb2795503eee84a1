/**
 * How well the embedded embedder alone finds relevant documents: nDCG@10 on SciFact and Cranfield, the mean over several
 * owners' keys, next to the floor of spec 6; and how long one note of 500 words takes.
 *
 *     node bench/retrieval-embedder.ts [directory with scifact/ and cranfield/] [number of keys]
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HashingEmbedder } from "../src/platform/embedder-hashing.ts";
import { type Collection, type Item, qualityOf, readCollection } from "./retrieval-collection.ts";
import { documentsOf, searchVectors } from "./retrieval-index.ts";

const FLOORS: Record<string, number> = { scifact: 0.485, cranfield: 0.328 };

async function meanNdcg(collection: Collection, key: Uint8Array): Promise<number> {
  const pieces = collection.documents.map(({ id, text }) => ({ document: id, text }));
  const found = await searchVectors(pieces, collection.queries, new HashingEmbedder(), key);
  return qualityOf(collection, (query) => documentsOf(found[query]!, pieces)).ndcg;
}

/** The median of single notes, each embedded with nothing cached: what a `create_note` pays. */
async function noteMs(documents: Item[], key: Uint8Array): Promise<number> {
  const words = documents.flatMap((document) => document.text.split(/\s+/));
  const times: number[] = [];
  for (let start = 0; start + 500 <= words.length && times.length < 200; start += 500) {
    const note = words.slice(start, start + 500).join(" ");
    const before = performance.now();
    await new HashingEmbedder().embed([note], { key });
    times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

const directory = process.argv[2] ?? join("..", "shared", "data", "retrieval");
const keyCount = Number(process.argv[3] ?? 4);
if (!existsSync(directory)) {
  console.error(`There is no directory ${directory}. Pass the one that holds scifact/ and cranfield/.`);
  process.exit(1);
}
const keys = Array.from({ length: keyCount }, (_, index) =>
  createHash("sha256").update(`key ${index}`).digest(),
);
const results: object[] = [];
for (const [name, floor] of Object.entries(FLOORS)) {
  const collection = readCollection(join(directory, name));
  const perKey: number[] = [];
  for (const key of keys) perKey.push(await meanNdcg(collection, key));
  const mean = perKey.reduce((sum, score) => sum + score, 0) / perKey.length;
  const rounded = (value: number) => Number(value.toFixed(3));
  results.push({
    collection: name,
    "nDCG@10": rounded(mean),
    worst: rounded(Math.min(...perKey)),
    best: rounded(Math.max(...perKey)),
    floor,
    ratio: rounded(mean / floor),
    "ms a 500-word note": rounded(await noteMs(collection.documents, keys[0]!)),
  });
}
console.table(results);
console.log(JSON.stringify({ embedder: new HashingEmbedder().id, keys: keyCount, results }));
