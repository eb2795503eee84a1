/**
 * What a search of one content version of a collection sees. Conditions take the place of lists: a version may have a
 * hundred thousand chunks, and nearly all of them are in the newest.
 */
import { type SQL, sql } from "drizzle-orm";
import type { CollectionRow } from "./collection-rows.ts";
import { isOfDocuments } from "./filters.ts";
import { chunkPlaces, chunks, documents, documentVersions } from "./tables.ts";

export interface Visible {
  collection: Pick<CollectionRow, "id" | "number">;
  /** Null for the newest. */
  version: number | null;
  /** On documents: of others nothing is found. */
  filter?: SQL | undefined;
}

/** Of the filter; counts and lengths for the ranking are those of the whole version. */
export function isAmongFiltered({ collection, filter }: Visible, column: SQL, by: "id" | "number"): SQL {
  if (!filter) return sql`true`;
  return isOfDocuments(
    sql`select ${documents.id} from ${documents} where ${documents.collectionId} = ${collection.id}::uuid and ${filter}`,
    column,
    by,
  );
}

/** For rows of `document_versions`. */
export function isVisibleUpload({ collection, version }: Visible): SQL {
  const range = documentVersions.versions;
  const isThere = version === null ? sql`upper_inf(${range})` : sql`${range} @> ${version}::integer`;
  return sql`(${documentVersions.collection} = ${collection.number}::integer and ${isThere})`;
}

/** @param column With what `by` of chunks names. */
export function isVisibleChunk(visible: Visible, column: SQL, by: "id" | "number"): SQL {
  const name = by === "id" ? chunks.id : chunks.number;
  if (visible.version === null) {
    const hidden = sql`${chunks} where ${chunks.collection} = ${visible.collection.number}::integer and ${chunks.hidden}`;
    // Hashed, whatever the planner makes of the number of chunks that were scored, which it cannot know.
    return by === "number"
      ? sql`${column} not in (select ${name} from ${hidden})`
      : sql`not exists (select from ${hidden} and ${name} = ${column})`;
  }
  const places = sql`${chunkPlaces} join ${documentVersions}
    on ${documentVersions.documentId} = ${chunkPlaces.documentId} and ${documentVersions.number} = ${chunkPlaces.upload}`;
  return by === "number"
    ? sql`${column} in (select ${chunkPlaces.chunk} from ${places} where ${isVisibleUpload(visible)})`
    : sql`${column} in (select ${chunks.id} from ${places} join ${chunks} on ${chunks.number} = ${chunkPlaces.chunk}
        where ${isVisibleUpload(visible)})`;
}
