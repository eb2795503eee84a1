import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { derivedId, isUuid, newId } from "../../src/lib/ids.ts";

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const V8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME_MAX = 2 ** 48 - 1;

const part = fc.oneof(fc.string({ unit: "grapheme" }), fc.integer());
/** Few and short, so that two lists of them often run together to the same text. */
const crumb = fc.constantFrom("", "a", "aa", "1", "1:", ";", "1:a;", 1, 11);

describe("a new id", () => {
  it("is a UUIDv7 that holds its time", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: TIME_MAX }), (now) => {
        const id = newId(now);
        expect(id).toMatch(V7);
        expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(now);
      }),
    );
  });

  it("sorts by its time", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: TIME_MAX - 1 }), (now) => {
        expect(newId(now) < newId(now + 1)).toBe(true);
      }),
    );
  });

  it("takes the present time when none is given", () => {
    const before = Date.now();
    const time = Number.parseInt(newId().replaceAll("-", "").slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it("differs from every other one of the same millisecond", () => {
    const ids = Array.from({ length: 1000 }, () => newId(0));
    expect(new Set(ids).size).toBe(1000);
  });
});

describe("a derived id", () => {
  it("is the same UUIDv8 for the same parts", () => {
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        expect(derivedId(...parts)).toMatch(V8);
        expect(derivedId(...parts)).toBe(derivedId(...parts));
      }),
    );
  });

  it("stays what it is over versions, since devices hold results under it", () => {
    expect(derivedId("turn", "1.0/", 0, 1)).toBe("e0099055-2959-8241-865d-496436ff1301");
    expect(derivedId("turn", "1.0/2.1/", 3, 2)).toBe("89481c4c-a026-8b65-a240-3a98399eb1d6");
  });

  it("takes a number for its digits", () => {
    expect(derivedId("turn", 1)).toBe(derivedId("turn", "1"));
  });

  it("differs when the parts do, wherever they are cut", () => {
    fc.assert(
      fc.property(fc.array(crumb, { maxLength: 4 }), fc.array(crumb, { maxLength: 4 }), (left, right) => {
        const areSame = JSON.stringify(left.map(String)) === JSON.stringify(right.map(String));
        expect(derivedId(...left) === derivedId(...right)).toBe(areSame);
      }),
      { numRuns: 2000 },
    );
    expect(derivedId("ab", "c")).not.toBe(derivedId("a", "bc"));
    expect(derivedId("a", "")).not.toBe(derivedId("a"));
    expect(derivedId("a1:b;")).not.toBe(derivedId("a", "b"));
  });
});

describe("a UUID", () => {
  it("is known by its form, in either case", () => {
    expect(isUuid("0193b3a0-7c1e-7abc-8def-0123456789ab")).toBe(true);
    expect(isUuid("0193B3A0-7C1E-7ABC-8DEF-0123456789AB")).toBe(true);
    expect(isUuid(newId())).toBe(true);
    expect(isUuid(derivedId("a"))).toBe(true);
  });

  it.each([
    "",
    "0193b3a07c1e7abc8def0123456789ab",
    "0193b3a0-7c1e-7abc-8def-0123456789a",
    "0193b3a0-7c1e-7abc-8def-0123456789abc",
    "0193b3a0-7c1e-7abc-8def-0123456789ag",
    "{0193b3a0-7c1e-7abc-8def-0123456789ab}",
    "0193b3a0-7c1e-7abc-8def-0123456789ab\n",
  ])("is not %j", (text) => {
    expect(isUuid(text)).toBe(false);
  });
});
