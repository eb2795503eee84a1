import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { MemoryVault } from "../../../src/features/memory/vault.ts";
import { DataKey } from "../../../src/platform/keyring.ts";
import { fact, statement } from "./items.ts";

const key = new DataKey("key", randomBytes(32));
const vault = new MemoryVault(key, "ada");

function hashOf(text: string, of = vault): string {
  return Buffer.from(of.contentHash(statement(text).body)).toString("hex");
}

test("texts that differ in case, accents and punctuation only have one hash", () => {
  expect(hashOf("Lives in Málaga.")).toBe(hashOf("lives in  malaga!"));
});

test.each([
  ["Likes tea", "Likes teas"],
  ["The rent is 900", "The rent is 950"],
  ["कि", "का"],
])("%s and %s have different hashes", (one, other) => {
  expect(hashOf(one)).not.toBe(hashOf(other));
});

test("hashes of two people cannot be compared, nor those of keys with those of contents", () => {
  const other = new MemoryVault(new DataKey("key", randomBytes(32)), "bob");
  expect(hashOf("Likes tea", other)).not.toBe(hashOf("Likes tea"));
  const { body } = fact("tea", "tea");
  expect(vault.keyHash(body)).not.toEqual(vault.contentHash(body));
  expect(vault.keyHash(statement("tea").body)).toBeNull();
});

test("an envelope opens in its own row only", () => {
  const item = statement("Likes tea");
  const sealed = vault.seal(item);
  expect(vault.open(item.id, sealed)).toEqual({ body: item.body, quote: "my own words" });
  expect(() => vault.open(statement("x").id, sealed)).toThrow();
});
