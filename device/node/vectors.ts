/** Vectors of notes and the search for the nearest: an exact scan, which a person's own notes allow. */
import { and, eq, inArray, type SQL } from "drizzle-orm";
import * as z from "zod";
import type { SearchHit } from "../journal-core.ts";
import type { Database } from "./database.ts";
import { badInput, Rejection } from "./rejection.ts";
import { vectors } from "./tables.ts";

const DIMENSIONS_MAX = 8192;

const Vector = z.array(z.number()).min(1).max(DIMENSIONS_MAX);

export const VectorData = z.strictObject({
  id: z.string().min(1).max(200),
  projectId: z.string().min(1).max(200).nullish(),
  content: z.string(),
});
export type VectorData = z.infer<typeof VectorData>;

const VectorFilters = z.strictObject({ projectId: z.string().nullish() });

export interface Stamp {
  embedder: string;
  now: number;
}

export function upsertVector(
  db: Database,
  data: VectorData,
  vector: unknown,
  { embedder, now }: Stamp,
): void {
  const row = {
    projectId: data.projectId ?? null,
    content: data.content,
    vector: unitBlob(parseVector(vector)),
    embedder,
    updatedAt: now,
  };
  db.insert(vectors)
    .values({ id: data.id, ...row })
    .onConflictDoUpdate({ target: vectors.id, set: row })
    .run();
}

export interface Nearest {
  vector: unknown;
  filters: Record<string, unknown>;
  limit: number;
  embedder: string;
}

/** Best first, by cosine. Vectors of another embedder are left out until they are made anew. */
export function nearest(db: Database, search: Nearest): SearchHit[] {
  const query = floatsOf(unitBlob(parseVector(search.vector)));
  const parsed = VectorFilters.safeParse(search.filters);
  if (!parsed.success) throw new Rejection("bad_filter", badInput(parsed.error).message);
  const where: SQL[] = [eq(vectors.embedder, search.embedder)];
  if (typeof parsed.data.projectId === "string") where.push(eq(vectors.projectId, parsed.data.projectId));
  const best = db
    .select({ id: vectors.id, vector: vectors.vector })
    .from(vectors)
    .where(and(...where))
    .all()
    .map((row) => ({ id: row.id, floats: floatsOf(row.vector) }))
    .filter((row) => row.floats.length === query.length)
    .map((row) => ({ id: row.id, score: dot(query, row.floats) }))
    .sort((left, right) => right.score - left.score || (left.id < right.id ? -1 : 1))
    .slice(0, search.limit);
  const contents = contentsOf(
    db,
    best.map((hit) => hit.id),
  );
  return best.map(({ id, score }) => ({ id, content: contents.get(id) ?? "", score }));
}

function contentsOf(db: Database, ids: string[]): Map<string, string> {
  const rows = db
    .select({ id: vectors.id, content: vectors.content })
    .from(vectors)
    .where(inArray(vectors.id, ids))
    .all();
  return new Map(rows.map((row) => [row.id, row.content]));
}

function parseVector(vector: unknown): number[] {
  const parsed = Vector.safeParse(vector);
  if (parsed.success) return parsed.data;
  throw new Rejection("bad_input", `vector: ${badInput(parsed.error).message}`);
}

/** A vector without length stays as it is: it is like nothing. */
function unitBlob(vector: number[]): Buffer {
  const length = Math.hypot(...vector);
  const floats = Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
  return Buffer.from(floats.buffer);
}

function floatsOf(blob: Buffer): Float32Array {
  // A view needs an offset that is a multiple of four, which a slice of a pooled buffer may not have.
  const bytes = blob.byteOffset % 4 === 0 ? blob : Buffer.from(new Uint8Array(blob).buffer);
  return new Float32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4));
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!;
  return Math.max(-1, Math.min(1, sum));
}
