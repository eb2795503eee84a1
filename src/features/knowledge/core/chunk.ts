import { createHmac } from "node:crypto";
import type { ParsedDocument } from "./parse/document.ts";
import { BORDER, type Unit, unitsOf } from "./units.ts";

export interface ChunkSettings {
  /** As `countTokens` counts; at least 16. */
  tokensMax: number;
  /** Repeated from the end of the chunk before, within a section; at most half of `tokensMax`. */
  overlapTokens: number;
}

export interface Position {
  /** Into the document's text. */
  start: number;
  end: number;
  page?: number;
  /** What stands above where the chunk begins: headings from the highest, then the columns of the table. */
  heading: string[];
}

export interface Chunk {
  /** `document.text.slice(position.start, position.end)`. */
  text: string;
  tokens: number;
  position: Position;
  /** Keyed, of text and headings, not of the position: a chunk that only moved keeps it. */
  contentHash: string;
}

/** Embedding models of 512 tokens take a chunk with its headings; measured by `npm run bench:retrieval`. */
export const CHUNK_SETTINGS: ChunkSettings = { tokensMax: 384, overlapTokens: 48 };

const TOKENS_MIN = 16;

/**
 * Cuts along the structure: before a heading once there is a quarter of a chunk, else at the best border in the second
 * half of the budget. Of equal borders the text itself decides which, not what came before it: after an insertion the
 * cuts soon fall where they fell before, and those chunks keep their content hash.
 */
export function chunkDocument(document: ParsedDocument, settings: ChunkSettings, key: Uint8Array): Chunk[] {
  const tokensMax = Math.max(TOKENS_MIN, Math.floor(settings.tokensMax));
  const overlapTokens = Math.min(Math.max(0, settings.overlapTokens), Math.floor(tokensMax / 2));
  const row = new UnitRow(unitsOf(document, tokensMax), document.text);
  const headings = headingsAbove(row.units);
  const chunks: Chunk[] = [];
  let fresh = 0;
  while (fresh < row.units.length) {
    const first = fresh - row.overlapBefore(fresh, overlapTokens, tokensMax);
    const end = row.endOf(first, fresh, tokensMax);
    const heading = headings[first]!;
    const [start, stop] = [row.units[first]!.start, row.units[end - 1]!.end];
    const text = document.text.slice(start, stop);
    const { page } = row.units[first]!.block;
    chunks.push({
      text,
      tokens: row.cost(first, end),
      position: { start, end: stop, ...(page !== undefined && { page }), heading },
      contentHash: createHmac("sha256", key)
        .update(JSON.stringify([heading, text]))
        .digest("base64url"),
    });
    fresh = end;
  }
  return chunks;
}

/** What a chunk is embedded and indexed as: its words with those it stands under. */
export function searchableText({ text, position }: Chunk, title?: string): string {
  const above = [title, ...position.heading].filter((line) => line && !text.startsWith(line));
  return [...new Set(above), text].join("\n");
}

/** Units with the sums that tell what a run of them costs. */
class UnitRow {
  readonly units: readonly Unit[];
  readonly #text: string;
  /** Of all units and gaps before each. */
  readonly #before: number[] = [0];

  constructor(units: readonly Unit[], text: string) {
    this.units = units;
    this.#text = text;
    for (const { tokens, gapTokens } of units) this.#before.push(this.#before.at(-1)! + tokens + gapTokens);
  }

  /** Of the units from `first` up to, not including, `end`. */
  cost(first: number, end: number): number {
    return this.#before[end]! - this.#before[first]! - this.units[end - 1]!.gapTokens;
  }

  /** How many units before `fresh` are repeated: none over a heading, and never so many that nothing new has room. */
  overlapBefore(fresh: number, overlapTokens: number, tokensMax: number): number {
    let count = 0;
    while (fresh - count > 0 && this.units[fresh - count]!.border !== BORDER.heading) {
      const first = fresh - count - 1;
      if (this.units[first]!.border === BORDER.heading) break;
      if (this.cost(first, fresh) > overlapTokens || this.cost(first, fresh + 1) > tokensMax) break;
      count++;
    }
    return count;
  }

  /** Where a chunk ends that begins at `first` and has something new from `fresh` on. */
  endOf(first: number, fresh: number, tokensMax: number): number {
    let limit = fresh + 1;
    const isSection = () =>
      this.units[limit]!.border === BORDER.heading && this.cost(first, limit) >= tokensMax / 4;
    while (limit < this.units.length && this.cost(first, limit + 1) <= tokensMax && !isSection()) limit++;
    if (limit === this.units.length) return limit;
    let end = limit;
    for (let cut = limit - 1; cut > fresh && this.cost(first, cut) >= tokensMax / 2; cut--) {
      if (this.#isBetter(cut, end)) end = cut;
    }
    return this.#withoutLastHeadings(fresh, end);
  }

  /** A heading goes with what it heads, unless there is nothing else. */
  #withoutLastHeadings(fresh: number, end: number): number {
    let kept = end;
    while (kept > fresh && this.units[kept - 1]!.border === BORDER.heading) kept--;
    return kept > fresh ? kept : end;
  }

  #isBetter(cut: number, other: number): boolean {
    const difference = this.units[cut]!.border - this.units[other]!.border;
    return difference === 0 ? this.#lot(cut) < this.#lot(other) : difference > 0;
  }

  /** A number that depends on the words of a unit alone (FNV-1a). */
  #lot(index: number): number {
    const { start, end } = this.units[index]!;
    let hash = 0x811c9dc5;
    for (let at = start; at < Math.min(end, start + 64); at++) {
      hash = Math.imul(hash ^ this.#text.charCodeAt(at), 0x01000193);
    }
    return hash >>> 0;
  }
}

/** For each unit what stands above it. */
function headingsAbove(units: readonly Unit[]): string[][] {
  let path: { level: number; text: string }[] = [];
  let above: string[] = [];
  return units.map(({ block, border, start }) => {
    if (border === BORDER.heading) {
      const level = block.level ?? 1;
      path = [...path.filter((one) => one.level < level), { level, text: block.text }];
      above = path.map(({ text }) => text);
    }
    const hasHead = start === block.start && block.head && block.text.startsWith(block.head);
    return block.head && !hasHead ? [...above, block.head] : above;
  });
}
