import fc from "fast-check";
import { expect, test } from "vitest";
import { KeyedHash } from "../../src/platform/keyed-hash.ts";

const hash = new KeyedHash(Uint8Array.from({ length: 32 }, (_, index) => index * 7));

test("a part of a text hashes as that part alone", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(20), fc.nat(20), (text, a, b) => {
      const [from, to] = [Math.min(a, b, text.length), Math.min(Math.max(a, b), text.length)];
      expect(hash.text(text, 1, from, to)).toBe(hash.text(text.slice(from, to), 1));
    }),
  );
});

test("length, domain, order and key all change the hash", () => {
  expect(hash.text("a", 1)).not.toBe(hash.text("a\0", 1));
  expect(hash.text("a", 1)).not.toBe(hash.text("a", 2));
  expect(hash.pair(1, 2, 1)).not.toBe(hash.pair(2, 1, 1));
  for (let byte = 0; byte < 20; byte++) {
    const key = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
    key[byte] = key[byte]! ^ 1;
    expect(new KeyedHash(key).text("word", 1)).not.toBe(hash.text("word", 1));
  }
});

test("the low bits, which choose positions, are spread evenly over similar texts", () => {
  const buckets = new Uint32Array(256);
  for (let index = 0; index < 25_600; index++) buckets[hash.text(`word ${index}`, 1) & 255]!++;
  expect(Math.min(...buckets)).toBeGreaterThan(50);
  expect(Math.max(...buckets)).toBeLessThan(150);
});
