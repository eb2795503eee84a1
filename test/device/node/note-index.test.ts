import { afterEach, beforeEach, expect, it } from "vitest";
import { type Embed, indexNotes, indexNotesPatiently } from "../../../device/node/note-index.ts";
import { seedStore } from "../../../device/node/seed.ts";
import { SEED_NOTES } from "../../../device/node/seed-notes.ts";
import { SqliteStore } from "../../../device/node/store.ts";
import { notes, vectors } from "../../../device/node/tables.ts";
import { ServiceProblem } from "../../../device/session.ts";

let store: SqliteStore;
let embedded: string[];
const { signal } = new AbortController();

beforeEach(() => {
  store = new SqliteStore({ path: ":memory:" });
  store.useEmbedder("one");
  seedStore(store, 0);
  embedded = [];
});
afterEach(() => store.close());

const embedAs =
  (embedder: string): Embed =>
  async (text) => {
    embedded.push(text);
    return { vector: [text.length, 1], embedder };
  };

it("gives every note a vector, title and text together, and then rests", async () => {
  expect(await indexNotes(store, embedAs("one"), signal)).toBe(SEED_NOTES.length);
  expect(embedded).toContain(`${SEED_NOTES[0]?.title}\n\n${SEED_NOTES[0]?.content}`);
  expect(await indexNotes(store, embedAs("one"), signal)).toBe(0);
  expect(embedded).toHaveLength(SEED_NOTES.length);
});

it("makes all vectors anew when the embedder changes", async () => {
  await indexNotes(store, embedAs("one"), signal);
  store.useEmbedder("two");
  expect(await indexNotes(store, embedAs("two"), signal)).toBe(SEED_NOTES.length);
  const kept = store.db.select({ embedder: vectors.embedder }).from(vectors).all();
  expect(new Set(kept.map((row) => row.embedder))).toEqual(new Set(["two"]));
});

it("keeps no vector of a note that was changed or deleted meanwhile", async () => {
  const embed: Embed = async (text) => {
    store.db.update(notes).set({ content: "other" }).run();
    if (embedded.length === 2) store.db.delete(notes).run();
    embedded.push(text);
    return { vector: [1], embedder: "one" };
  };
  expect(await indexNotes(store, embed, signal)).toBe(0);
  expect(store.db.select().from(vectors).all()).toEqual([]);
});

it("tries again while the service is out of order, and not when it refuses", async () => {
  let failures = 2;
  const flaky: Embed = (text, at) => {
    if (failures-- > 0) return Promise.reject(new ServiceProblem(503, "database_unavailable", "Later."));
    return embedAs("one")(text, at);
  };
  expect(await indexNotesPatiently(store, flaky, signal, [1, 1])).toBe(SEED_NOTES.length);
  store.useEmbedder("two");
  let tries = 0;
  const refused: Embed = () => {
    tries++;
    return Promise.reject(new ServiceProblem(404, "not_found", "No such route."));
  };
  await expect(indexNotesPatiently(store, refused, signal, [1, 1])).rejects.toThrow("No such route.");
  expect(tries).toBe(1);
});
