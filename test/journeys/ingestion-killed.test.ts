/**
 * The processes of the Worker die while they read documents, at moments nobody chose, and the collection ends as if nothing
 * had happened. What the queue held is lost with each: the schedule finds what was accepted.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@neondatabase/serverless";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCron } from "../../dev/cron.ts";
import { Library, type LibraryFile, ownFiles, realFiles } from "../support/library.ts";
import { connectAsAdmin, startTestStack, type TestStack } from "../support/test-stack.ts";

const CRASHES = process.env["ADJUTANT_LONG"] ? 40 : 10;
const SEED = Number(process.env["ADJUTANT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const SWEEP = "*/5 * * * *";
/** A document that was begun so often is waited for: after its sixth attempt it has failed, and rightly. */
const ATTEMPTS_MAX = 4;
const PATIENCE_MS = 120_000;
const QUERIES = [
  "how many birds did the keeper of Lundy count on day 42",
  "Great Saltee",
  "counts of Unst",
  "week 12",
  "Heligoland day 200",
];

let stack: TestStack;
let database: Client;
/** Of the Worker, for when it goes wrong. */
const complaints: string[] = [];

beforeAll(async () => {
  stack = await startTestStack({
    onLine: (line) => {
      if (line.includes('"level":"error"')) complaints.push(line);
    },
  });
  database = await connectAsAdmin(stack);
});
afterAll(async () => {
  await database?.end();
  await stack?.close();
});

test("documents whose readers were killed ten times are, in the end, each read once and whole", {
  timeout: 600_000,
}, async () => {
  console.log(`ADJUTANT_SEED=${SEED}`);
  const files = [...ownFiles(), ...(await realFiles())];
  const calm = await Library.found(stack);
  const times = await readCalmly(calm, files);
  const disturbed = await calm.another();
  const crashes = await readDisturbed(disturbed, times);
  const hint = `ADJUTANT_SEED=${SEED}; killed ${crashes}; ${complaints.slice(-5).join("\n")}`;

  const [expected, found] = [await calm.holdings(database), await disturbed.holdings(database)];
  expect(expected.documents.filter((each) => !isReady(each))).toEqual([]);
  expect(expected.chunks.length, hint).toBeGreaterThan(files.length * 5);
  expect(found.documents, hint).toEqual(expected.documents);
  expect(found.chunks, hint).toEqual(expected.chunks);
  expect(found.versions, hint).toEqual(expected.versions);
  for (const query of QUERIES) {
    const answers = await calm.search(query);
    expect(answers, query).not.toEqual([]);
    expect(await disturbed.search(query), `${query}; ${hint}`).toEqual(answers);
  }
  // Else this test would say nothing.
  expect(await interrupted(disturbed), hint).toBeGreaterThan(0);
});

function isReady(document: unknown): boolean {
  return (
    typeof document === "object" && document !== null && "status" in document && document.status === "ready"
  );
}

/** How long each document takes on this machine, today, in ms. */
async function readCalmly(
  library: Library,
  files: readonly LibraryFile[],
): Promise<Map<LibraryFile, number>> {
  const times = new Map<LibraryFile, number>();
  for (const file of files) {
    const begunAt = performance.now();
    await library.add(file);
    await library.settled(PATIENCE_MS);
    times.set(file, performance.now() - begunAt);
  }
  return times;
}

/** Sends the documents bit by bit and kills the Worker while it reads each bit; answers when, in words. */
async function readDisturbed(library: Library, times: Map<LibraryFile, number>): Promise<string> {
  const random = randomFrom(SEED);
  const crashes: string[] = [];
  const files = [...times.keys()];
  for (let crash = 0; crash < CRASHES; crash++) {
    const [from, to] = [crash, crash + 1].map((bit) => Math.floor((bit * files.length) / CRASHES));
    const bit = files.slice(from, to);
    for (const file of bit) await library.add(file);
    if (await wasBegunTooOften(library)) await library.settled(PATIENCE_MS);
    const waitMs = Math.round(random() * bit.reduce((sum, file) => sum + (times.get(file) ?? 0), 0));
    await delay(waitMs);
    await stack.worker.kill();
    crashes.push(`${waitMs} ms after ${bit.at(-1)?.title ?? "the last one"}`);
    await stack.worker.start();
    await sweep();
  }
  await library.settled(PATIENCE_MS);
  // What is left to do after a document is ready, such as tidying up, is the schedule's too.
  await sweep();
  return crashes.join(", ");
}

/** Time passes until the schedule looks after what is unfinished, and it does. */
async function sweep(): Promise<void> {
  await database.query("UPDATE documents SET due_at = now() - interval '1 second' WHERE due_at IS NOT NULL");
  await runCron(stack.apiUrl, SWEEP);
}

async function wasBegunTooOften({ id }: Library): Promise<boolean> {
  const { rows } = await database.query(
    "SELECT id FROM documents WHERE collection_id = $1 AND attempts >= $2 AND status NOT IN ('ready', 'failed')",
    [id, ATTEMPTS_MAX],
  );
  return rows.length > 0;
}

/** Attempts that came to nothing. */
async function interrupted({ id }: Library): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    "SELECT coalesce(sum(attempts - 1), 0)::integer AS count FROM documents WHERE collection_id = $1",
    [id],
  );
  return rows[0]?.count ?? 0;
}

/** Mulberry32 (Tommy Ettinger, public domain): the same numbers from the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
