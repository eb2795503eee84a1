/** How the quality of the hybrid follows from the vectors' share in it, and what a share chosen elsewhere would give. */
import { fuse, type Scored } from "../src/features/knowledge/core/rank.ts";

type Found = Scored<number>[];

export const SHARES = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] as const;

/** For each share what each owner gains over keywords alone, in one collection by one embedder. */
export type Gains = Map<number, number[]>;

export function noGains(): Gains {
  return new Map(SHARES.map((share) => [share, []]));
}

/** Adds one owner's. */
export function addGains(
  gains: Gains,
  keywords: readonly Found[],
  vectors: readonly Found[],
  ndcgOf: (found: Found[]) => number,
): void {
  const base = ndcgOf([...keywords]);
  for (const share of SHARES) {
    const weights = { keywords: 1 - share, vectors: share };
    const fused = keywords.map((found, query) => fuse(found, vectors[query]!, weights));
    gains.get(share)!.push(ndcgOf(fused) - base);
  }
}

export interface ShareRow {
  embedder: string;
  collection: string;
  share: number;
  mean: number;
  worst: number;
}

export function shareRows(embedder: string, collection: string, gains: Gains): ShareRow[] {
  return [...gains].map(([share, owners]) => ({
    embedder,
    collection,
    share,
    mean: meanOf(owners),
    worst: Math.min(...owners),
  }));
}

/** For each collection the share that is best on the others, and what it gives on this one, which had no say in it. */
export function heldOut(all: readonly ShareRow[]): ShareRow[] {
  return [...new Set(all.map(({ embedder }) => embedder))].flatMap((embedder) =>
    heldOutOf(all.filter((row) => row.embedder === embedder)),
  );
}

function heldOutOf(rows: readonly ShareRow[]): ShareRow[] {
  const collections = [...new Set(rows.map(({ collection }) => collection))];
  if (collections.length < 2) return [];
  return collections.map((collection) => {
    const others = rows.filter((row) => row.collection !== collection);
    const best = SHARES.toSorted((one, other) => gainOf(others, other) - gainOf(others, one))[0]!;
    return rows.find((row) => row.collection === collection && row.share === best)!;
  });
}

function gainOf(rows: readonly ShareRow[], share: number): number {
  return meanOf(rows.filter((row) => row.share === share).map(({ mean }) => mean));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
