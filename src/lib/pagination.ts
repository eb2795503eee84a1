/** Lists come in pages: `?limit` and an opaque `?cursor`, answered as `{data, next_cursor}`. */
import * as z from "zod";
import { AppError } from "./errors.ts";

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;

/** The query of a list; extend it with a feature's own filters. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT).describe("Items in a page"),
  cursor: z.string().min(1).max(500).optional().describe("`next_cursor` of the page before"),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** The schema of a page of `item`. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    next_cursor: z.string().nullable().describe("Send it as `cursor` for the next page; null at the end"),
  });
}

/** A position in a list. Opaque, not secret: it holds sort keys and ids, never text a person wrote. */
export function encodeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** Reads a cursor of this shape; anything else throws `bad_request`. */
export function decodeCursor<Position extends z.ZodType>(
  cursor: string,
  position: Position,
): z.output<Position> {
  try {
    return position.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
  } catch (cause) {
    throw new AppError("bad_request", { detail: "The cursor is not one that this list gave.", cause });
  }
}

/**
 * Cuts a page out of rows that were fetched one over the limit: the extra row says that there is a next page, and the
 * last row kept is its position.
 */
export function cutPage<Row>(
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => readonly (string | number)[],
): { data: Row[]; next_cursor: string | null } {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, next_cursor: rows.length > limit && last ? encodeCursor(position(last)) : null };
}
