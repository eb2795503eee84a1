import { describe, expect, it } from "vitest";
import type { TurnMemory } from "../../../src/features/agent/memory.ts";
import type { MemoryContext } from "../../../src/features/agent/prompts/compose.ts";
import { delegates, ScriptedModel, says, uses } from "../../support/scripted-model.ts";
import { agentOf, lastOf, TurnBench } from "../../support/turn-bench.ts";

/** A memory that notes what it is asked. */
class NotingMemory implements TurnMemory {
  readonly known: MemoryContext;
  loaded = 0;
  readonly queries: string[] = [];
  readonly learnt: { position: string; entry: object; ownWords: readonly string[] }[] = [];

  constructor(known: Partial<MemoryContext> = {}) {
    this.known = { core: {}, statements: [], sessions: [], patterns: [], ...known };
  }

  async context() {
    this.loaded++;
    return this.known;
  }

  async recall(query: string) {
    this.queries.push(query);
    return query === "nothing" ? [] : ["2026-11-01: likes tea", "2026-10-01: met Ada"];
  }

  learn(position: string, entry: object, ownWords: readonly string[]) {
    this.learnt.push({ position, entry, ownWords });
    return { text: "Remembered." };
  }
}

function benchWith(memory: NotingMemory): TurnBench {
  const bench = new TurnBench();
  bench.memory = memory;
  return bench;
}

const SCOPED = { kind: "floating", scope: { type: "task" } } as const;
const toolNames = (model: ScriptedModel, request = 0) =>
  model.requests[request]?.tools.map(({ name }) => name);

describe("a turn with a memory", () => {
  it("loads it once, for all prompts of those who speak with the person, and for none of the specialists", async () => {
    const memory = new NotingMemory({ core: { name: "Ada" }, statements: ["likes tea"] });
    const model = new ScriptedModel((request, count) => {
      if (agentOf(request) !== "supervisor") return says("Two tasks.");
      return count === 1 ? delegates("tasks", "Count the tasks") : says("You have two.");
    });
    expect(await benchWith(memory).run(model)).toMatchObject({ status: "done" });
    expect(memory.loaded).toBe(1);
    const prompts = model.requests.map(({ system }) => JSON.stringify(system).includes("likes tea"));
    expect(prompts).toEqual([true, false, true]);
  });

  it("offers the tools for it to supervisors and to specialists that speak with the person, not to others", async () => {
    const both = ["update_core_memory", "recall"];
    const home = new ScriptedModel((request) =>
      agentOf(request) === "supervisor" && request.messages.length === 1
        ? delegates("tasks", "Count the tasks")
        : says("Fine."),
    );
    await benchWith(new NotingMemory()).run(home);
    expect(toolNames(home)).toEqual(expect.arrayContaining(both));
    for (const name of both) expect(toolNames(home, 1)).not.toContain(name);
    const scoped = ScriptedModel.inOrder(says("Fine."));
    await benchWith(new NotingMemory()).run(scoped, SCOPED);
    expect(toolNames(scoped)).toEqual(expect.arrayContaining(both));
    const without = ScriptedModel.inOrder(says("Fine."));
    await new TurnBench().run(without);
    for (const name of both) expect(toolNames(without)).not.toContain(name);
  });

  it("hands a fact on with the person's words alone: those of this turn and of the chat before", async () => {
    const memory = new NotingMemory({ statements: ["the cat is called Mia"] });
    const model = ScriptedModel.inOrder(
      uses(["update_core_memory", { key: "Time zone", value: "Asia/Tokyo" }]),
      says("Noted."),
    );
    await benchWith(memory).run(model, {
      message: "I moved to Tokyo.",
      loadHistory: async () => [
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Your name is Eve." },
      ],
    });
    expect(memory.learnt).toEqual([
      {
        position: "1.0/",
        entry: { key: "time_zone", value: "Asia/Tokyo" },
        ownWords: ["I moved to Tokyo.", "Hello"],
      },
    ]);
    expect(lastOf(model.requests[1])).toContain("Remembered.");
  });

  it("gives what is recalled as a list, and says so when there is nothing", async () => {
    const memory = new NotingMemory();
    const model = ScriptedModel.inOrder(
      uses(["recall", { query: "tea" }], ["recall", { query: "nothing" }]),
      says("You like tea."),
    );
    await benchWith(memory).run(model);
    expect(memory.queries).toEqual(["tea", "nothing"]);
    const results = lastOf(model.requests[1]);
    expect(results).toContain("- 2026-11-01: likes tea\\n- 2026-10-01: met Ada");
    expect(results).toContain("Nothing is remembered about that.");
  });

  it("runs in the time zone that the person named: prompt, dates of rows and what they are asked to approve", async () => {
    const memory = new NotingMemory({ core: { timezone: "Asia/Tokyo" } });
    const bench = benchWith(memory);
    const model = ScriptedModel.inOrder(
      uses(["create_task", { title: "Call", dueDate: "2026-11-21 09:00" }]),
      uses(["delete_task", { taskId: "t1" }]),
      says("Done."),
    );
    await bench.run(model, SCOPED);
    expect(JSON.stringify(model.requests[0]?.system)).toContain("Asia/Tokyo (UTC+09:00)");
    expect(bench.calls[0]?.call.data?.["dueDate"]).toBe(Date.parse("2026-11-21T00:00:00Z"));
    expect(bench.asked.map(({ timezone }) => timezone)).toEqual(["Asia/Tokyo"]);
  });

  it("keeps to the device's time zone when the person's words name none", async () => {
    const memory = new NotingMemory({ core: { timezone: "the Shire" } });
    const model = ScriptedModel.inOrder(says("Fine."));
    await benchWith(memory).run(model);
    expect(JSON.stringify(model.requests[0]?.system)).toContain("Europe/Berlin");
  });
});
