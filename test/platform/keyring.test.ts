import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/lib/errors.ts";
import { type EnvelopeContext, Keyring } from "../../src/platform/keyring.ts";

const masterKey = (fill: number) => Buffer.alloc(32, fill).toString("base64");
const keyring = Keyring.fromJson(JSON.stringify({ current: "one", keys: { one: masterKey(1) } }));
const rotated = Keyring.fromJson(
  JSON.stringify({ current: "two", keys: { one: masterKey(1), two: masterKey(2) } }),
);
const owner = { ownerId: "user-1" };
const place: EnvelopeContext = { table: "messages", column: "body", rowId: "row-1", ownerId: "user-1" };
const places = fc.record({
  table: fc.string(),
  column: fc.string(),
  rowId: fc.string(),
  ownerId: fc.string(),
});

function failureOf(action: () => unknown): AppError {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("expected a failure");
}

describe("an envelope", () => {
  const key = keyring.newDataKey();

  test("opens to the bytes that were sealed, in the place they were sealed for", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), places, (bytes, context) => {
        expect(key.open(key.seal(bytes, context), context)).toEqual(bytes);
      }),
    );
  });

  test("opens to the text that was sealed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(key.openText(key.seal(text, place), place)).toBe(text);
      }),
    );
    expect(key.openText(key.seal("\ufeffmarked", place), place)).toBe("\ufeffmarked");
  });

  test("opens to the JSON value that was sealed, through the caller's check", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const sealed = key.sealJson(value, place);
        expect(key.openJson(sealed, place, (opened) => opened)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    const refuse = () => {
      throw new TypeError("not that shape");
    };
    expect(() => key.openJson(key.sealJson(1, place), place, refuse)).toThrow(TypeError);
    expect(failureOf(() => key.sealJson(undefined, place)).code).toBe("internal");
  });

  test("does not open in any other place", () => {
    fc.assert(
      fc.property(places, places, (here, there) => {
        fc.pre(JSON.stringify(here) !== JSON.stringify(there));
        const sealed = key.seal("text", here);
        expect(failureOf(() => key.open(sealed, there)).code).toBe("internal");
      }),
    );
  });

  test("does not open where the same characters are cut into other parts", () => {
    const sealed = key.seal("text", { ...place, table: "ab", column: "c" });
    expect(failureOf(() => key.open(sealed, { ...place, table: "a", column: "bc" })).code).toBe("internal");
  });

  test("does not open with any bit flipped", () => {
    const sealed = key.seal("a short secret", place);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const bent = sealed.slice();
      bent[bit >> 3] = bent[bit >> 3]! ^ (1 << (bit & 7));
      expect(failureOf(() => key.open(bent, place)).code).toBe("internal");
    }
  });

  test("does not open cut short or lengthened", () => {
    const sealed = key.seal("a short secret", place);
    for (let length = 0; length < sealed.length; length++) {
      expect(failureOf(() => key.open(sealed.slice(0, length), place)).code).toBe("internal");
    }
    expect(failureOf(() => key.open(Uint8Array.of(...sealed, 0), place)).code).toBe("internal");
  });

  test("fails on arbitrary bytes with a known error, never another", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(failureOf(() => key.open(bytes, place)).code).toBe("internal");
      }),
    );
  });

  test("names an unknown version and a foreign key, and never the content", () => {
    const sealed = key.seal("CANARY", place);
    expect(failureOf(() => key.open(Uint8Array.of(2, ...sealed.slice(1)), place)).message).toContain(
      "version",
    );
    expect(failureOf(() => keyring.newDataKey().open(sealed, place)).message).toContain("another data key");
    expect(failureOf(() => key.open(sealed, { ...place, rowId: "CANARY" })).message).not.toContain("CANARY");
  });

  test("holds nothing readable, and differs each time", () => {
    const first = key.seal("CANARY", place);
    expect(Buffer.from(first).includes("CANARY")).toBe(false);
    expect(Buffer.from(first).equals(Buffer.from(key.seal("CANARY", place)))).toBe(false);
  });

  test("opens from an ArrayBuffer, and owns its buffer", () => {
    const sealed = key.seal("text", place);
    expect(sealed.buffer.byteLength).toBe(sealed.length);
    expect(key.openText(sealed.buffer, place)).toBe("text");
  });
});

describe("a data key", () => {
  test("comes back from its wrapping, with its id, for its owner only", () => {
    const key = keyring.newDataKey();
    const wrapped = keyring.wrap(key, owner);
    const back = keyring.unwrap(wrapped, owner);
    expect(back.id).toBe(key.id);
    expect(back.openText(key.seal("text", place), place)).toBe("text");
    expect(failureOf(() => keyring.unwrap(wrapped, { ownerId: "user-2" })).code).toBe("internal");
  });

  test("is wrapped anew when the master key changed, and opens what it sealed before", () => {
    const key = keyring.newDataKey();
    const sealed = key.seal("text", place);
    const wrapped = keyring.wrap(key, owner);
    expect(keyring.needsRewrap(wrapped)).toBe(false);
    expect(rotated.needsRewrap(wrapped)).toBe(true);
    const rewrapped = rotated.rewrap(wrapped, owner);
    expect(rotated.needsRewrap(rewrapped)).toBe(false);
    expect(rotated.unwrap(rewrapped, owner).openText(sealed, place)).toBe("text");
    expect(failureOf(() => keyring.unwrap(rewrapped, owner)).code).toBe("misconfigured");
  });

  test("does not come back when any bit of its wrapping is flipped", () => {
    const wrapped = keyring.wrap(keyring.newDataKey(), owner);
    for (let bit = 0; bit < wrapped.length * 8; bit++) {
      const bent = wrapped.slice();
      bent[bit >> 3] = bent[bit >> 3]! ^ (1 << (bit & 7));
      expect(failureOf(() => keyring.unwrap(bent, owner)).code).toMatch(/internal|misconfigured/);
    }
  });

  test("derives one key a purpose, the same after unwrapping, unlike any other", () => {
    const key = keyring.newDataKey();
    const back = keyring.unwrap(keyring.wrap(key, owner), owner);
    expect(key.derive("embedder")).toHaveLength(32);
    expect(back.derive("embedder")).toEqual(key.derive("embedder"));
    expect(key.derive("index")).not.toEqual(key.derive("embedder"));
    expect(keyring.newDataKey().derive("embedder")).not.toEqual(key.derive("embedder"));
  });

  test("shows no secret when logged or serialised", () => {
    const key = keyring.newDataKey();
    expect(JSON.stringify(key)).toBe(JSON.stringify({ id: key.id }));
    expect(JSON.stringify(keyring)).toBe('{"currentId":"one"}');
  });
});

describe("the configuration of master keys", () => {
  test.each([
    ["text that is not JSON", "nonsense"],
    ["no current key", JSON.stringify({ keys: { one: masterKey(1) } })],
    ["a current key that is missing", JSON.stringify({ current: "two", keys: { one: masterKey(1) } })],
    ["a key that is too short", JSON.stringify({ current: "one", keys: { one: "c2hvcnQ=" } })],
    ["a key that is not text", JSON.stringify({ current: "one", keys: { one: 7 } })],
    ["an id with a blank", JSON.stringify({ current: "a b", keys: { "a b": masterKey(1) } })],
  ])("is refused with %s", (_case, json) => {
    const failure = failureOf(() => Keyring.fromJson(json));
    expect(failure.code).toBe("misconfigured");
    expect(failure.message).toMatch(/^MASTER_KEYS: /);
    expect(failure.message).not.toContain(masterKey(1));
  });
});
