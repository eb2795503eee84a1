import { expect, test } from "vitest";
import { hashPassword, verifyPassword } from "../../../src/features/auth/password.ts";

test("a password verifies against its own hash and no other", async () => {
  const hash = await hashPassword("correct horse battery");
  expect(hash).toMatch(/^scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
  expect(await verifyPassword({ hash, password: "correct horse battery" })).toBe(true);
  expect(await verifyPassword({ hash, password: "correct horse batterz" })).toBe(false);
});

test("two hashes of one password differ", async () => {
  expect(await hashPassword("correct horse")).not.toBe(await hashPassword("correct horse"));
});

test("the same password typed on another keyboard verifies", async () => {
  const hash = await hashPassword("caf\u00e9 and more");
  expect(await verifyPassword({ hash, password: "cafe\u0301 and more" })).toBe(true);
});

test("a hash made at another cost still verifies", async () => {
  // scrypt("correct horse", "0123456789abcdef", N=16, r=8, p=1)
  const hash = "scrypt$16$8$1$MDEyMzQ1Njc4OWFiY2RlZg$OAkZqUBelG6VIYdTJfYSENL5OmZRxMa3GwXn5oFliTg";
  expect(await verifyPassword({ hash, password: "correct horse" })).toBe(true);
});

test.each(["", "bcrypt$2b$10$abc", "scrypt", "scrypt$32768$8$1$c2FsdA"])(
  "a hash of another kind (%j) never verifies",
  async (hash) => {
    expect(await verifyPassword({ hash, password: "" })).toBe(false);
  },
);
