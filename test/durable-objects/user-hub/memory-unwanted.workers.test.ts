/** A habit that a person deleted is not found again, though nothing of its words is kept. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { Memory } from "../../../src/features/memory/schema.ts";
import { textOf } from "../../../src/features/memory/text.ts";
import { episode } from "../../features/memory/items.ts";
import { call, callFor } from "../../support/api.ts";
import { scriptWord } from "../../support/errand.ts";
import { hubStub, inHub } from "../../support/hub.ts";
import { current, inPostgres, leaveBehind } from "../../support/memory.ts";
import { useSettings } from "../../support/settings.ts";
import { newUser } from "../../support/users.ts";

useSettings({ MEMORY_EXTRACTION: "model" });

const DAY_MS = 86_400_000;

const noting = (when: { body?: string }, ...patterns: string[]) => ({
  when: { purpose: "memory" as const, ...when },
  reply: {
    content: [
      {
        type: "tool_use" as const,
        name: "note_patterns",
        input: {
          patterns: patterns.map((pattern) => ({ pattern, summaries: [1, 2, 3], confidence: 0.9 })),
        },
      },
    ],
  },
});

test("a deleted habit is not found again, in other words neither, and another one is", async () => {
  const user = await newUser(env);
  const word = await scriptWord([
    noting(
      { body: "Bakes bread" },
      "Waters the orchids",
      "Cares for the orchids each week",
      "Gießt jeden Freitag die Orchideen",
      "Reads the news",
    ),
    noting({}, "Waters the orchids", "Bakes bread"),
  ]);
  const days = [1, 2, 3].map((day) =>
    episode(`Watered the orchids. ${word}`, { createdAt: Date.now() - day * DAY_MS }),
  );
  await leaveBehind(user, ...days);
  // The person's own request makes their hub known.
  await callFor(Memory, "PUT", "/memory/core/city", { as: user, body: { value: "Lund" } });
  const consolidated = () => hubStub(user).consolidateMemory();
  await consolidated();
  expect(await current(user, "proactive")).toEqual(["Bakes bread", "Waters the orchids"]);
  const habit = (await inPostgres(user)).find(({ body }) => textOf(body) === "Waters the orchids");
  await callFor(Memory, "POST", `/memory/proactive/${habit?.id}/dismiss`, { as: user });
  expect((await call("DELETE", `/api/v1/memory/proactive/${habit?.id}`, { as: user })).status).toBe(204);
  expect(await current(user, "proactive")).toEqual(["Bakes bread"]);
  const kept = await inHub(user, ({ storage }) =>
    JSON.stringify(storage.sql.exec("SELECT * FROM meta").toArray()),
  );
  expect(kept).toContain("memory_deleted_habits");
  for (const left of [/orchid/i, ...days.map(({ provenance }) => new RegExp(String(provenance.requestId)))]) {
    expect(kept).not.toMatch(left);
  }
  for (let day = 0; day < 2; day++) {
    await consolidated();
    expect(await current(user, "proactive")).toEqual(["Bakes bread", "Reads the news"]);
  }
  expect((await call("DELETE", "/api/v1/memory", { as: user })).status).toBe(204);
  const left = await inHub(user, ({ storage }) =>
    storage.sql.exec("SELECT value FROM meta WHERE name = 'memory_deleted_habits'").toArray(),
  );
  expect(left).toEqual([{ value: "[]" }]);
});
