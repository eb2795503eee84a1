/** The database ranks as the core does, which the bench measures: in each version, whatever was done before. */
import { env } from "cloudflare:workers";
import { type SQL, sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { allow } from "../../../src/features/auth/policy.ts";
import { selectCollection } from "../../../src/features/knowledge/collection-rows.ts";
import {
  CANDIDATES_MAX,
  EFFORT,
  type Effort,
  scoreKeywords,
  type TermPosting,
} from "../../../src/features/knowledge/core/rank.ts";
import { queryTermsOf } from "../../../src/features/knowledge/core/terms.ts";
import { byKeywords } from "../../../src/features/knowledge/keywords.ts";
import { Collection } from "../../../src/features/knowledge/schema.ts";
import { documents } from "../../../src/features/knowledge/tables.ts";
import { openVault } from "../../../src/features/knowledge/vault.ts";
import { call, callFor } from "../../support/api.ts";
import { connectAs } from "../../support/database.ts";
import { ingested, newCollection, replaced } from "../../support/knowledge.ts";
import { EACH_POSTING } from "../../support/postings.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

const SETTINGS = { chunk_tokens: 64, overlap_tokens: 0 };
const NAMES = ["otters", "herons", "swans", "geese", "cranes", "larks", "newts", "voles"];
const QUERIES = [
  "geese at the lake",
  "swans and cranes in the reeds of the weir",
  "who left",
  "newts and voles",
];
const SCORE_DIGITS = 6;

let user: TestUser;

beforeAll(async () => {
  user = await newUser(env);
});

/** Each day has its birds: many chunks are alike, and so are their scores. */
function diary(days: number, place: string, first = 0): string {
  return Array.from({ length: days }, (_, index) => {
    const day = first + index;
    const names = Array.from({ length: 1 + (day % 5) }, (_, at) => NAMES[(day + at * at) % NAMES.length]);
    return `Day ${day} at the ${place}: ${names.join(", ")} in the reeds.`;
  }).join("\n\n");
}

const send = (collectionId: string, content: string) =>
  ingested(user, { collection_id: collectionId, content });

interface SeenPosting extends Record<string, unknown> {
  id: string;
  number: string;
  token: string;
  frequency: number;
  length: number;
}

/** Those of a version, the newest if none is named. */
async function postingsIn(collection: { number: number }, version: number | null): Promise<SeenPosting[]> {
  const isSeen =
    version === null
      ? sql`not c.hidden`
      : sql`exists (select from chunk_places l join document_versions v on v.document_id = l.document_id
          and v.number = l.upload where l.chunk = c.number and v.versions @> ${version}::integer)`;
  const { rows } = await connectAs(env, "postgres").execute<SeenPosting>(sql`
    select c.id, c.number::text, p.token::text, p.frequency::integer, p.length::integer
    from ${sql.raw(EACH_POSTING)} p join chunks c on c.number = p.chunk
    where p.collection = ${collection.number} and ${isSeen}`);
  return rows;
}

async function opened(id: string) {
  const ctx = userCtx(env, user);
  const permission = allow("collections", "search");
  const vault = await openVault(ctx, permission);
  const [[collection]] = await ctx.db.run(permission, (queries) => [selectCollection(queries, ctx, id)]);
  if (!collection) throw new Error("the collection is not there");
  return { ctx, vault, collection };
}

/** Small enough for each way a word can go: chooses, adds, is left out. Among equals it is chance who is a candidate. */
const EFFORTS: readonly Effort[] = [EFFORT, { ...EFFORT, choosing: 60, reading: 260 }];

/** @param version Null for the newest. */
async function expectCoreScores(id: string, version: number | null): Promise<void> {
  for (const effort of EFFORTS) await expectCoreScoresWith(id, version, effort);
}

async function expectCoreScoresWith(id: string, version: number | null, effort: Effort): Promise<void> {
  const { ctx, vault, collection } = await opened(id);
  const postings = await postingsIn(collection, version);
  const lengths = new Map(postings.map(({ id: chunk, length }) => [chunk, length]));
  const numbers = new Map(postings.map(({ id: chunk, number }) => [chunk, BigInt(number)]));
  const sum = [...lengths.values()].reduce((total, length) => total + length, 0);
  const size = { chunks: lengths.size, averageLength: sum / lengths.size };
  for (const query of QUERIES) {
    const terms = queryTermsOf(query, 32).map((alternatives): TermPosting<string>[] => {
      const tokens = new Set(vault.index.tokens(alternatives).map(String));
      return postings.filter(({ token }) => tokens.has(token));
    });
    const expected = scoreKeywords(terms, size, effort);
    const scoreOf = new Map(expected.map((one) => [one.id, one.score]));
    const found = await byKeywords(ctx, vault, { collection, version }, query, effort);
    // The same sum in another order differs in the last place: there equals may change places.
    const rounded = (list: readonly { score: number }[]) =>
      list.map(({ score }) => score.toFixed(SCORE_DIGITS));
    const where = `${query} in version ${version}`;
    expect(rounded(found), where).toEqual(rounded(expected.slice(0, CANDIDATES_MAX)));
    expect(rounded(found), where).toEqual(
      rounded(found.map(({ id: chunk }) => ({ score: scoreOf.get(chunk)! }))),
    );
    const inOrder = found.toSorted(
      (one, other) => other.score - one.score || Number(numbers.get(one.id)! - numbers.get(other.id)!),
    );
    expect(found, where).toEqual(inOrder);
  }
}

test("through uploads, replacements, deletions and restorations each version scores as the core does", async () => {
  const { id } = await newCollection(user, { settings: SETTINGS });
  const lake = await send(id, diary(160, "lake"));
  const weir = await send(id, `${diary(90, "weir")}\n\nThe geese left.`);
  await expectCoreScores(id, null);
  await replaced(user, weir, { content: diary(60, "weir", 40) });
  await send(id, diary(170, "moor", 7));
  await expectCoreScores(id, null);
  await callFor(Collection, "POST", `/rag/collections/${id}/restore`, { as: user, body: { version: 2 } });
  await expectCoreScores(id, null);
  expect((await call("DELETE", `/api/v1/rag/documents/${lake.id}`, { as: user })).status).toBe(204);
  await expectCoreScores(id, null);
  for (const version of [2, 3, 4]) await expectCoreScores(id, version);
});

test("how common a word is is known from its count: the rarest is read first, and what is beyond the effort not at all", async () => {
  const { id } = await newCollection(user, { settings: SETTINGS });
  await send(id, diary(40, "lake"));
  const { ctx, vault, collection } = await opened(id);
  const search = (query: string) => byKeywords(ctx, vault, { collection, version: null }, query);
  const herons = await search("herons");
  expect(await search("geese and herons")).not.toEqual(herons);
  const [token] = vault.index.tokens(queryTermsOf("geese", 1)[0]!);
  await connectAs(env, "postgres").execute(sql`
    update token_counts set chunks = ${EFFORT.reading}
    where collection = ${collection.number} and token = ${String(token)}::bigint`);
  expect(await search("geese and herons")).toEqual(herons);
  expect(await search("geese")).not.toEqual([]);
});

test("the best by rare words get the weight of the common ones, and no others do", async () => {
  const { id } = await newCollection(user, { settings: SETTINGS });
  await send(id, `${diary(40, "lake")}\n\nHerons, herons, herons.\n\nGeese and more geese.`);
  const { ctx, vault, collection } = await opened(id);
  const search = (query: string, effort: Partial<Effort> = {}) =>
    byKeywords(ctx, vault, { collection, version: null }, query, { ...EFFORT, ...effort });
  const [best] = await search("herons");
  const found = await search("herons at the lake", { choosing: 1, candidates: 3 });
  const whole = new Map((await search("herons at the lake")).map(({ id: chunk, score }) => [chunk, score]));
  expect(found).toHaveLength(3);
  expect(found.map(({ id: chunk }) => chunk)).toContain(best!.id);
  for (const { id: chunk, score } of found) expect(score).toBeCloseTo(whole.get(chunk)!, SCORE_DIGITS);
});

test("of the documents that are asked for all words choose: the rare ones may be in others", async () => {
  const { id } = await newCollection(user, { settings: SETTINGS });
  await send(id, "Herons stood at the lake.");
  const wanted = await send(id, "Nobody was at the lake.");
  const { ctx, vault, collection } = await opened(id);
  const filter = sql`${documents.id} = ${wanted.id}::uuid`;
  const search = (visible: { filter?: SQL }) =>
    byKeywords(ctx, vault, { collection, version: null, ...visible }, "herons at the lake", {
      ...EFFORT,
      choosing: 1,
    });
  const [found, ...others] = await search({ filter });
  expect(found?.score).toBeGreaterThan(0);
  expect(others).toEqual([]);
  expect((await search({})).map(({ id: chunk }) => chunk)).not.toContain(found!.id);
});
