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

/** @param column With ids of chunks. */
export function isVisibleId(visible: Visible, column: SQL): SQL {
  if (visible.version === null) {
    return sql`not exists (select from ${hiddenChunks(visible)} and ${chunks.id} = ${column})`;
  }
  return sql`${column} in (select ${chunks.id} from ${placesIn()}
    join ${chunks} on ${chunks.number} = ${chunkPlaces.chunk} where ${isVisibleUpload(visible)})`;
}

/** Of an earlier version. @param column With numbers of chunks. */
export function isPlaced(visible: Visible, column: SQL): SQL {
  return sql`${column} in (select ${chunkPlaces.chunk} from ${placesIn()} where ${isVisibleUpload(visible)})`;
}

/** In the newest version, where nearly all chunks are. */
export function hiddenChunks({ collection }: Visible): SQL {
  return sql`${chunks} where ${chunks.collection} = ${collection.number}::integer and ${chunks.hidden}`;
}

/**
 * For the newest version: looked up for each row that is reached, and for no other (the offset keeps the planner from
 * asking it of all). @param column With numbers of chunks.
 */
export function isShown(column: SQL): SQL {
  return sql`exists (select from ${chunks} where ${chunks.number} = ${column} and not ${chunks.hidden} offset 0)`;
}

function placesIn(): SQL {
  return sql`${chunkPlaces} join ${documentVersions}
    on ${documentVersions.documentId} = ${chunkPlaces.documentId} and ${documentVersions.number} = ${chunkPlaces.upload}`;
}
