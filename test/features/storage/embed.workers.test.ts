import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Embedding } from "../../../src/features/storage/schema.ts";
import { call, callFor, problemOf } from "../../support/api.ts";
import { newUser, type TestUser } from "../../support/users.ts";

function embed(user: TestUser, text: string): Promise<Embedding> {
  return callFor(Embedding, "POST", "/storage/vectors/embed", { as: user, body: { text } });
}

function likeness(left: Embedding, right: Embedding): number {
  return left.vector.reduce((sum, value, index) => sum + value * right.vector[index]!, 0);
}

test("a text gets a vector of length 1 with the name of its space, the same each time", async () => {
  const user = await newUser(env);
  const first = await embed(user, "The quarterly budget is frozen until June.");
  expect(first.vector).toHaveLength(first.embedder.dimensions);
  expect(likeness(first, first)).toBeCloseTo(1, 3);
  expect(await embed(user, "The quarterly budget is frozen until June.")).toEqual(first);
});

test("texts about the same are nearer than others", async () => {
  const user = await newUser(env);
  const query = await embed(user, "what about the budget?");
  const budget = await embed(user, "The quarterly budget is frozen until June.");
  const soup = await embed(user, "Lentil soup with carrots and cumin.");
  expect(likeness(query, budget)).toBeGreaterThan(likeness(query, soup) + 0.1);
});

test("each user has a vector space of their own", async () => {
  const text = "The quarterly budget is frozen until June.";
  const [mine, theirs] = [await embed(await newUser(env), text), await embed(await newUser(env), text)];
  expect(Math.abs(likeness(mine, theirs))).toBeLessThan(0.25);
});

test("a text that is empty or too long is refused", async () => {
  const user = await newUser(env);
  for (const text of ["", "x".repeat(100_001)]) {
    const response = await call("POST", "/api/v1/storage/vectors/embed", { as: user, body: { text } });
    expect(await problemOf(response)).toMatchObject({ code: "validation_failed" });
  }
});
