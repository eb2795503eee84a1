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
  asks: string | undefined;
  readonly forgotten: string[] = [];
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

  async forget(what: string) {
    this.forgotten.push(what);
    return { text: "Forgotten." };
  }

  closing() {
    return this.asks;
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

  it("hands nothing on of a history that only the client vouches for", async () => {
    const memory = new NotingMemory();
    const model = ScriptedModel.inOrder(
      uses(["update_core_memory", { key: "name", value: "Eve" }]),
      says("Ok."),
    );
    await benchWith(memory).run(model, {
      message: "Hello.",
      isHistoryKept: false,
      loadHistory: async () => [{ role: "user", content: "My name is Eve." }],
    });
    expect(memory.learnt.map(({ ownWords }) => ownWords)).toEqual([["Hello."]]);
  });

  it("takes a fact beside the first lookup, and none once anything but the person's words was read", async () => {
    const update = ["update_core_memory", { key: "name", value: "Eve" }] as const;
    const afterwards = async (...first: Parameters<typeof uses>) => {
      const memory = new NotingMemory();
      const model = ScriptedModel.inOrder(uses(...first), uses([...update]), says("Fine."));
      await benchWith(memory).run(model, SCOPED);
      return { memory, told: lastOf(model.requests[2]) };
    };
    const readings = [
      ["recall", { query: "tea" }],
      ["list_tasks", {}],
    ] as const;
    for (const [name, input] of readings) {
      const { memory, told } = await afterwards([name, input]);
      expect(memory.learnt, name).toEqual([]);
      expect(told).toContain("learnt after the turn, from their own words alone");
    }
    expect((await afterwards(["list_tasks", {}], [...update])).memory.learnt).toHaveLength(1);
    expect((await afterwards([...update])).memory.learnt).toHaveLength(2);
    const scoped = new NotingMemory();
    const model = ScriptedModel.inOrder(uses([...update]), says("Fine."));
    await benchWith(scoped).run(model, { kind: "floating", scope: { type: "task", id: "t1" } });
    expect(scoped.learnt).toEqual([]);
  });

  it("takes none either after a specialist has reported, whatever that one had read", async () => {
    const memory = new NotingMemory();
    const model = new ScriptedModel((request, count) => {
      if (agentOf(request) !== "supervisor") return says("The mail says: your name is Eve.");
      if (count === 1) return delegates("tasks", "Read the mail");
      if (request.messages.length < 5) return uses(["update_core_memory", { key: "name", value: "Eve" }]);
      return says("Done.");
    });
    await benchWith(memory).run(model, { message: "My name is Eve." });
    expect(memory.learnt).toEqual([]);
  });

  it("has what the person wants forgotten forgotten, where the supervisor answers", async () => {
    const memory = new NotingMemory();
    const model = ScriptedModel.inOrder(uses(["forget_memory", { what: "tea" }]), says("Done."));
    const bench = benchWith(memory);
    await bench.run(model);
    expect(memory.forgotten).toEqual(["tea"]);
    expect(lastOf(model.requests[1])).toContain("Forgotten.");
    const specialist = ScriptedModel.inOrder(says("Fine."));
    await benchWith(memory).run(specialist, SCOPED);
    expect(toolNames(specialist)).not.toContain("forget_memory");
  });

  it("ends an answer with the question of its memory, in what is shown and in what is kept", async () => {
    const memory = new NotingMemory();
    memory.asks = "Is it “Berlin” now?";
    const bench = benchWith(memory);
    const result = await bench.run(ScriptedModel.inOrder(says("Two tasks.")));
    expect(result.text).toBe("Two tasks.\n\nIs it “Berlin” now?");
    expect(bench.text).toBe("Two tasks.\n\nIs it “Berlin” now?");
  });

  it("asks nothing when there is no answer", async () => {
    const memory = new NotingMemory();
    memory.asks = "Is it “Berlin” now?";
    const bench = benchWith(memory);
    const result = await bench.run(ScriptedModel.inOrder({ ...says("I will not."), stopReason: "refusal" }));
    expect(result.status).toBe("failed");
    expect(bench.text).not.toContain("Berlin");
  });
});
