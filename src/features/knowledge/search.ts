import { and, eq, inArray, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import { createEmbedder } from "../../platform/embedder.ts";
import { openVectorIndex } from "../../platform/vectors.ts";
import { VectorIndexError } from "../../platform/vectors-binding.ts";
import { allow } from "../auth/policy.ts";
import { type CollectionRow, isFor, selectCollection } from "./collection-rows.ts";
import { highlight } from "./core/highlight.ts";
import {
  CANDIDATES_MAX,
  diversify,
  type Fused,
  fuse,
  fusionWeightsOf,
  likenessOf,
  type Scored,
} from "./core/rank.ts";
import { isFitting } from "./filters.ts";
import { byKeywords } from "./keywords.ts";
import type { SearchAnswer, SearchHit, SearchRequest } from "./schema.ts";
import { chunkPlaces, chunks, collectionVersions, documentVersions } from "./tables.ts";
import { type KnowledgeVault, openVault } from "./vault.ts";
import { isAmongFiltered, isVisibleId, isVisibleUpload, type Visible } from "./visibility.ts";

const HIGHLIGHT_CHARS_MAX = 320;
/** What is compared for diversity, for each that is wanted. */
const CHOICE = 3;
/** Half of a token tells it from the few others here. To cut up their texts again would cost more than all else does. */
const TOKENS = sql<number[]>`array(select token::bit(32)::integer from unnest(${chunks.tokens}) as token)`;

/** The chunks of a collection that fit a query best: by keywords and by vectors, both together, without repetitions. */
export async function searchKnowledge(
  ctx: Ctx,
  { collection_id, query, limit, diversity, version, filter }: SearchRequest,
): Promise<SearchAnswer> {
  const vault = await openVault(ctx, allow("collections", "search"));
  const seeing = findSeen(ctx, collection_id, version);
  const place = (version === undefined && placeOf(collection_id)) || (await seeing);
  const visible = { ...place, filter: filter && isFitting(vault, filter) };
  const [{ collection }, keywords, vectors] = await Promise.all([
    seeing,
    byKeywords(ctx, vault, visible, query),
    byVectors(ctx, vault, visible, query).catch((cause: unknown) => withoutVectors(ctx, cause)),
  ]);
  const fused = fuse(keywords, vectors, fusionWeightsOf(collection.embedder));
  const found = await openFound(ctx, vault, visible, fused.slice(0, limit * CHOICE));
  const chosen = diversify(found, {
    limit,
    relevanceShare: 1 - diversity,
    likeness: (one, other) => likenessOf(one.tokens, other.tokens),
  });
  return {
    data: chosen.map((one) => toHit(one, query)),
    version: visible.version ?? collection.contentVersion,
  };
}

const VERSION_MISSING =
  "This version is not kept. Earlier versions are for the owner and for those who may write into the collection.";

interface Seen extends Visible {
  collection: CollectionRow;
}

/** Collections' numbers, which never change: a search of one that is known need not wait to be told. Grants nothing. */
const numbers = new Map<string, number>();
const NUMBERS_MAX = 10_000;

function placeOf(id: string): Visible | undefined {
  const number = numbers.get(id);
  return number === undefined ? undefined : { collection: { id, number }, version: null };
}

/** Throws `not_found` for a version that is not kept, or is an earlier one and the person only reads the collection. */
async function findSeen(ctx: Ctx, id: string, version: number | undefined): Promise<Seen> {
  const [[collection], kept] = await ctx.db.run(allow("collections", "search"), (queries) => [
    selectCollection(queries, ctx, id),
    queries
      .select({ number: collectionVersions.number })
      .from(collectionVersions)
      .where(
        and(
          eq(collectionVersions.collectionId, id),
          eq(collectionVersions.number, version ?? 0),
          isFor(ctx, collectionVersions.userId, collectionVersions.collectionId, "write"),
        ),
      ),
  ]);
  if (!collection) throw new AppError("not_found");
  if (numbers.size >= NUMBERS_MAX) numbers.clear();
  numbers.set(id, collection.number);
  if (version === undefined || version === collection.contentVersion) return { collection, version: null };
  if (kept.length === 0) throw new AppError("not_found", { detail: VERSION_MISSING });
  return { collection, version };
}

/** None when the collection was made with another embedder than the service has now. */
export async function byVectors(
  ctx: Ctx,
  vault: KnowledgeVault,
  visible: Visible,
  query: string,
): Promise<Scored<string>[]> {
  const embedder = createEmbedder(ctx.config.embedder);
  const [vector] = await embedder.embed([query], { key: vault.embedderKey });
  if (!vector) throw new AppError("internal", { detail: "The embedder gave no vector." });
  const permission = allow("collections", "search");
  const index = openVectorIndex(ctx, permission);
  const id = sql`chunk_vectors.chunk_id`;
  const near = await index.query(
    { collection: visible.collection.number, embedder: embedder.id },
    vector,
    CANDIDATES_MAX,
    sql`${isVisibleId(visible, id)} and ${isAmongFiltered(visible, id, "id")}`,
  );
  return near.filter(({ score }) => score > 0);
}

/** Keywords find most of it alone. */
function withoutVectors(ctx: Ctx, cause: unknown): Scored<string>[] {
  const isOutside = cause instanceof VectorIndexError;
  if (!isOutside && !(cause instanceof AppError && cause.code === "model_unavailable")) throw cause;
  ctx.log.warn({ event: "search.vectors_missing" }, cause);
  return [];
}

interface Found extends Scored<string> {
  text: string;
  position: SearchHit["position"];
  document: SearchHit["document"];
  tokens: ReadonlySet<number>;
}

/** In the order they came; what is not visible, or no more, is left out. */
async function openFound(
  ctx: Ctx,
  vault: KnowledgeVault,
  visible: Visible,
  fused: readonly Fused<string>[],
): Promise<Found[]> {
  if (fused.length === 0) return [];
  const ids = fused.map(({ id }) => id);
  const [rows] = await ctx.db.run(allow("collections", "search"), (queries) => [
    queries
      .select({
        id: chunks.id,
        body: chunks.body,
        tokens: TOKENS,
        start: chunkPlaces.start,
        page: chunkPlaces.page,
        document: { id: documentVersions.documentId, body: documentVersions.body },
      })
      .from(chunks)
      .innerJoin(chunkPlaces, eq(chunkPlaces.chunk, chunks.number))
      .innerJoin(
        documentVersions,
        and(
          eq(documentVersions.documentId, chunkPlaces.documentId),
          eq(documentVersions.number, chunkPlaces.upload),
        ),
      )
      .where(and(inArray(chunks.id, ids), isVisibleUpload(visible))),
  ]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return fused.flatMap(({ id, score }) => {
    const row = byId.get(id);
    if (!row) return [];
    const { text, heading } = vault.openChunk(id, row.body);
    const position = {
      start: row.start,
      end: row.start + text.length,
      ...(row.page !== null && { page: row.page }),
      heading,
    };
    const document = { id: row.document.id, title: vault.openTitle(row.document) };
    return [{ id, score, text, position, document, tokens: new Set(row.tokens) }];
  });
}

function toHit({ id, score, text, position, document }: Found, query: string): SearchHit {
  const { text: part, marks } = highlight(text, query, { charsMax: HIGHLIGHT_CHARS_MAX });
  return { chunk_id: id, score, document, position, text, highlight: { text: part, marks } };
}
