/** Keeps every note findable by meaning: embeds those without a vector, and all of them when the embedder changes. */
import { eq, isNull, ne } from "drizzle-orm";
import * as z from "zod";
import { indexedText } from "../../src/features/workspace/schema.ts";
import { sleep } from "../../src/lib/time.ts";
import { ServiceProblem, type Session } from "../session.ts";
import type { SqliteStore } from "./store.ts";
import { notes, vectors } from "./tables.ts";
import { upsertVector, type VectorData } from "./vectors.ts";

export interface Embedding {
  vector: number[];
  embedder: string;
}

export type Embed = (text: string, signal: AbortSignal) => Promise<Embedding>;

const EmbedAnswer = z.object({
  vector: z.array(z.number()),
  embedder: z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]),
});

/** Embeds by the service, in the person's own keyed space; it keeps nothing of the text. */
export function embedBy(session: Session): Embed {
  return async (text, signal) =>
    EmbedAnswer.parse(
      await session.request("/storage/vectors/embed", { method: "POST", body: { text }, signal }),
    );
}

/** Waits between tries, so that a service that is still starting does not leave the notes out of reach. */
const RETRY_AFTER_MS = [2000, 10_000, 60_000];

/** Like `indexNotes`, but tries again while the service is out of order. A refusal is thrown at once. */
export async function indexNotesPatiently(
  store: SqliteStore,
  embed: Embed,
  signal: AbortSignal,
  waitsMs: readonly number[] = RETRY_AFTER_MS,
): Promise<number> {
  for (const waitMs of waitsMs) {
    try {
      return await indexNotes(store, embed, signal);
    } catch (cause) {
      if (signal.aborted || (cause instanceof ServiceProblem && cause.status < 500)) throw cause;
      await sleep(waitMs, signal);
    }
  }
  return indexNotes(store, embed, signal);
}

/** Brings the vectors up to date with the store's present embedder; resolves with how many it made. */
export async function indexNotes(store: SqliteStore, embed: Embed, signal: AbortSignal): Promise<number> {
  let made = 0;
  for (const stale of [...staleVectors(store), ...notesWithoutVector(store)]) {
    signal.throwIfAborted();
    const { vector, embedder } = await embed(stale.content, signal);
    if (keepVector(store, stale, { vector, embedder })) made++;
  }
  return made;
}

function staleVectors({ db, embedder }: SqliteStore): VectorData[] {
  return db
    .select({ id: vectors.id, projectId: vectors.projectId, content: vectors.content })
    .from(vectors)
    .where(ne(vectors.embedder, embedder))
    .all();
}

function notesWithoutVector({ db }: SqliteStore): VectorData[] {
  return db
    .select({ id: notes.id, projectId: notes.projectId, title: notes.title, content: notes.content })
    .from(notes)
    .leftJoin(vectors, eq(vectors.id, notes.id))
    .where(isNull(vectors.id))
    .all()
    .map((note) => ({ id: note.id, projectId: note.projectId, content: indexedText(note) }));
}

/** The note may have been changed or deleted, and its vector replaced, while the service was asked. */
function keepVector({ db }: SqliteStore, stale: VectorData, made: Embedding): boolean {
  return db.transaction(
    (tx) => {
      const current = tx.select().from(vectors).where(eq(vectors.id, stale.id)).get();
      const note = tx.select().from(notes).where(eq(notes.id, stale.id)).get();
      const isSuperseded =
        current === undefined
          ? note === undefined || indexedText(note) !== stale.content
          : current.content !== stale.content || current.embedder === made.embedder;
      if (isSuperseded) return false;
      upsertVector(tx, stale, made.vector, { embedder: made.embedder, now: Date.now() });
      return true;
    },
    { behavior: "immediate" },
  );
}
