import fc from "fast-check";
import { expect, test } from "vitest";
import { estimateTokens, fitHistory, newestOf } from "../../../src/features/agent/history.ts";
import type { HistoryMessage } from "../../../src/features/hub/protocol.ts";

const user = (content: string): HistoryMessage => ({ role: "user", content });
const assistant = (content: string): HistoryMessage => ({ role: "assistant", content });
const ENOUGH = { tokensMax: 1000 };

test("a history that fits goes along whole, before the message", () => {
  expect(fitHistory([user("a"), assistant("b")], "c", ENOUGH)).toEqual([
    user("a"),
    assistant("b"),
    user("c"),
  ]);
  expect(fitHistory([], "c", ENOUGH)).toEqual([user("c")]);
});

test("the newest whole exchanges are kept, never half of one", () => {
  const history = [user("old"), assistant("old answer"), user("x".repeat(40)), assistant("y".repeat(40))];
  expect(fitHistory(history, "now", { tokensMax: 20 })).toEqual([history[2], history[3], user("now")]);
  expect(fitHistory(history, "now", { tokensMax: 19 })).toEqual([user("now")]);
});

test("an older exchange is not kept when a newer one was too long", () => {
  const history = [user("a"), assistant("b"), user("x".repeat(400)), assistant("c")];
  expect(fitHistory(history, "now", { tokensMax: 50 })).toEqual([user("now")]);
});

test("neighbours of one role become one message, empty ones and a first answer are dropped", () => {
  const history = [
    assistant("hello"),
    user("a"),
    user("b"),
    assistant(" "),
    user("c"),
    assistant("d"),
    assistant("e"),
  ];
  expect(fitHistory(history, "f", ENOUGH)).toEqual([user("a\n\nb\n\nc"), assistant("d\n\ne"), user("f")]);
});

test("a question that was never answered joins the message, unless it is too long", () => {
  const history = [user("a"), assistant("b"), user("c")];
  expect(fitHistory(history, "d", ENOUGH)).toEqual([user("a"), assistant("b"), user("c\n\nd")]);
  expect(fitHistory([user("x".repeat(400))], "d", { tokensMax: 10 })).toEqual([user("d")]);
});

test("whatever the history, roles alternate from user to user, the budget holds and the message ends it", () => {
  const message = fc.record({
    role: fc.constantFrom("user" as const, "assistant" as const),
    content: fc.string({ maxLength: 60 }),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 30 }), fc.nat({ max: 80 }), (history, tokensMax) => {
      const fitted = fitHistory(history, "NOW", { tokensMax });
      for (const [index, { role }] of fitted.entries())
        expect(role).toBe(index % 2 === 0 ? "user" : "assistant");
      expect(fitted.length % 2).toBe(1);
      const last = String(fitted.at(-1)?.content);
      expect(last.endsWith("NOW")).toBe(true);
      const kept = [...fitted.slice(0, -1).map(({ content }) => String(content)), last.slice(0, -5)];
      expect(kept.reduce((sum, content) => sum + estimateTokens(content), 0)).toBeLessThanOrEqual(tokensMax);
    }),
  );
});

test("a turn is the same whether it is given all of a history or its newest part, which is small", () => {
  const message = fc.record({
    role: fc.constantFrom("user" as const, "assistant" as const),
    content: fc.nat(15_000).map((chars) => "x".repeat(chars)),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), (history) => {
      const newest = newestOf(history);
      expect(newest.reduce((chars, { content }) => chars + content.length, 0)).toBeLessThanOrEqual(64_000);
      const limit = { tokensMax: 12_000 };
      expect(fitHistory(newest, "Now", limit)).toEqual(fitHistory(history, "Now", limit));
    }),
    { numRuns: 300 },
  );
});
