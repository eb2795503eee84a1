import fc from "fast-check";
import { expect, test } from "vitest";
import { titleFrom } from "../../../src/features/chat/title.ts";

test("a short message is its own title, on one line", () => {
  expect(titleFrom("  What is due\n today? ")).toBe("What is due today?");
});

test("a long message is cut between words", () => {
  const title = titleFrom("Please look through all of my open tasks and tell me which of them are overdue");
  expect(title).toBe("Please look through all of my open tasks and tell me which…");
});

test("any message gives a title that is short, whole and not empty", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 300 }), (message) => {
      const title = titleFrom(message);
      expect([...title].length).toBeLessThanOrEqual(61);
      expect(title.length).toBeGreaterThan(0);
      expect(title).not.toMatch(/\n/);
      if (message.isWellFormed()) expect(title.isWellFormed()).toBe(true);
    }),
  );
});
