/** In Postgres the nearest are looked for by their signs first, and compared exactly afterwards. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeAll, expect, test } from "vitest";
import { allow } from "../../src/features/auth/policy.ts";
import { openVectorIndex, type VectorIndex } from "../../src/platform/vectors.ts";
import { connectAs } from "../support/database.ts";
import { newUser, type TestUser, userCtx } from "../support/users.ts";
import { newChunks } from "../support/vectors.ts";

const EMBEDDER = "nearest-256";
const DIMENSIONS = 256;
const COUNT = 600;
const FEATURES = 6;

let user: TestUser;
let index: VectorIndex;
let collection: number;
let ids: string[];

/** Few components that are not 0, as of a short text's hashed words; the same for the same number. */
function sparse(seed: number): number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0);
  for (let at = 0, state = seed + 1; at < FEATURES; at++) {
    state = (state * 48_271) % 2_147_483_647;
    vector[state % DIMENSIONS] = at % 2 ? -1 : 1;
  }
  return vector;
}

const cosine = (one: number[], other: number[]) =>
  one.reduce((sum, value, at) => sum + value * other[at]!, 0) / (Math.hypot(...one) * Math.hypot(...other));

async function nearest(vector: number[], limit: number): Promise<string[]> {
  return (await index.query({ collection, embedder: EMBEDDER }, vector, limit)).map(({ id }) => id);
}

beforeAll(async () => {
  user = await newUser(env);
  const ctx = userCtx(env, user, { actor: { kind: "system", job: "document.ingest", userId: user.userId } });
  index = openVectorIndex(ctx, allow("documents", "ingest"));
  ({ collection, ids } = await newChunks(user, COUNT));
  await index.upsert(
    { collection, embedder: EMBEDDER },
    ids.map((id, seed) => ({ id, vector: sparse(seed) })),
  );
});

test("of many vectors, the nearest come with their exact cosines, in their order", async () => {
  for (const seed of [3, 77, 401]) {
    const query = sparse(seed).map((value, at) => value + (at % 5 === 0 ? 0.1 : 0));
    const [first, ...others] = await index.query({ collection, embedder: EMBEDDER }, query, 8);
    expect(first?.id).toBe(ids[seed]);
    for (const { id, score } of [first!, ...others]) {
      expect(score).toBeCloseTo(cosine(query, sparse(ids.indexOf(id))), 2);
    }
    const scores = others.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((one, other) => other - one));
  }
});

test("signs tell which are compared, and a vector without any is compared as well", async () => {
  const id = ids[123]!;
  const withSigns = (signs: string) =>
    connectAs(env, "postgres").execute(
      sql`update chunk_vectors set signs = ${sql.raw(signs)} where chunk_id = ${id}::uuid`,
    );
  expect(await nearest(sparse(123), 3)).toContain(id);
  await withSigns("~signs");
  expect(await nearest(sparse(123), 3)).not.toContain(id);
  await withSigns("null");
  expect(await nearest(sparse(123), 3)).toContain(id);
});
