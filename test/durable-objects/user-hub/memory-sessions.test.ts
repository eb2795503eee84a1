import fc from "fast-check";
import { expect, test } from "vitest";
import { sessionsOf } from "../../../durable-objects/user-hub/memory-sessions.ts";
import type { MemoryItem } from "../../../src/features/memory/schema.ts";
import { episode, statement } from "../../features/memory/items.ts";

function episodeOf(chatId: string | undefined, summary: string, at: number): MemoryItem {
  const body = { tier: "episodic" as const, summary, ...(chatId === undefined ? {} : { chatId }) };
  return { ...episode(summary, { createdAt: at, validFrom: at }), body };
}

test("turns of one chat are one session, told in their order; a turn without a chat is its own", () => {
  const items = [
    episodeOf("a", "Chose blue.", 5),
    episodeOf(undefined, "Asked the time.", 4),
    episodeOf("a", "Wanted paint.", 3),
    episodeOf("b", "Said hello.", 2),
  ];
  expect(sessionsOf(items, { exceptChat: undefined, limit: 5 }).map(({ text, at }) => [at, text])).toEqual([
    [5, "Wanted paint. Chose blue."],
    [4, "Asked the time."],
    [2, "Said hello."],
  ]);
});

test("the chat that is going on is left out, and so is what is no episode", () => {
  const items = [episodeOf("a", "Now.", 2), statement("likes tea"), episodeOf("b", "Then.", 1)];
  expect(sessionsOf(items, { exceptChat: "a", limit: 5 }).map(({ text }) => text)).toEqual(["Then."]);
});

test("there are never more sessions than wanted, and none is longer than a few lines", () => {
  const episodes = fc.array(
    fc.tuple(fc.option(fc.constantFrom("a", "b", "c", "d")), fc.string({ minLength: 1, maxLength: 900 })),
  );
  fc.assert(
    fc.property(episodes, fc.nat(6), (made, limit) => {
      const items = made.map(([chat, text], at) => episodeOf(chat ?? undefined, text, 1_000 - at));
      const sessions = sessionsOf(items, { exceptChat: "d", limit });
      expect(sessions.length).toBeLessThanOrEqual(limit);
      for (const { text, items: shown } of sessions) {
        expect(text.length).toBeLessThanOrEqual(600);
        expect(shown.length).toBeLessThanOrEqual(3);
      }
    }),
  );
});
