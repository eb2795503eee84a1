import { describe, expect, it } from "vitest";
import type { TurnRequest } from "../../../src/features/agent/types.ts";
import type { Scope } from "../../../src/features/hub/protocol.ts";
import { delegates, responds, ScriptedModel, says, uses } from "../../support/scripted-model.ts";
import { agentOf, lastOf, stepOf, TurnBench } from "../../support/turn-bench.ts";

const FLOATING = { kind: "floating" } as const satisfies Partial<TurnRequest>;
const SCOPED = {
  kind: "floating",
  scope: { type: "task", id: "t1" },
} as const satisfies Partial<TurnRequest>;

describe("a floating turn with a scope", () => {
  it.each<[Scope["type"], string, string]>([
    ["task", "tasks", "tasks"],
    ["project", "projects", "projects"],
    ["client", "projects", "clients"],
    ["note", "notes", "notes"],
    ["timeline", "timelines", "timelines"],
  ])(
    "of a %s goes straight to the agent for %s, with the row of %s before it",
    async (type, domain, table) => {
      const bench = new TurnBench();
      bench.device = () => ({
        kind: "row",
        row: { id: "r1", title: "Paint the shed", name: "Paint the shed" },
      });
      const model = ScriptedModel.inOrder(says("It is due on Friday."));
      const result = await bench.run(model, { kind: "floating", scope: { type, id: "r1" } });
      expect(result).toMatchObject({ status: "done", text: "It is due on Friday." });
      expect(bench.calls).toEqual([
        {
          place: { position: "scope/", sub: 0, attempt: 1 },
          call: { action: "get", table, data: { id: "r1" } },
        },
      ]);
      expect(model.requests.map(agentOf)).toEqual([domain]);
      expect(model.requests[0]?.role).toBe("worker");
      expect(JSON.stringify(model.requests[0]?.system)).toContain("Paint the shed");
      expect(model.requests[0]?.tools.map(({ name }) => name)).toContain("hand_over");
      expect(bench.frames.slice(0, 2)).toMatchObject([
        { type: "floating_domain", domain, seq: 1 },
        { type: "stream_start", seq: 2 },
      ]);
    },
  );

  it("opens before the row is read", async () => {
    const bench = new TurnBench();
    bench.device = () => {
      expect(bench.types).toEqual(["floating_domain", "stream_start"]);
      return { kind: "offline" };
    };
    const model = ScriptedModel.inOrder(says("I cannot see it."));
    expect(await bench.run(model, SCOPED)).toMatchObject({ status: "done" });
    expect(bench.calls).toHaveLength(1);
    expect(JSON.stringify(model.requests[0]?.system)).toContain("whose row could not be read");
  });

  it("that names no row reads none", async () => {
    const bench = new TurnBench();
    const model = ScriptedModel.inOrder(says("Which one?"));
    await bench.run(model, { kind: "floating", scope: { type: "note" } });
    expect(bench.calls).toEqual([]);
    expect(model.requests.map(agentOf)).toEqual(["notes"]);
  });

  it("is handed over to the supervisor, who gets the instruction, sees the scope and speaks on", async () => {
    const bench = new TurnBench();
    const handOver = uses(["hand_over", { instruction: "Plan the whole week." }]);
    const model = ScriptedModel.inOrder(
      responds([{ type: "text", text: "One moment." }, ...handOver.content], "tool_use"),
      says("Here is the week."),
    );
    const result = await bench.run(model, SCOPED);
    expect(model.requests.map(agentOf)).toEqual(["tasks", "supervisor"]);
    expect(model.requests[1]?.messages).toEqual([{ role: "user", content: "Plan the whole week." }]);
    expect(JSON.stringify(model.requests[1]?.system)).toContain("What the person looks at");
    expect(result.text).toBe("One moment.\n\nHere is the week.");
    expect(bench.text).toBe(result.text);
    expect(bench.types.filter((type) => type !== "stream_text")).toEqual(["floating_domain", "stream_start"]);
    expect(bench.journal.steps.map(({ path, step }) => `${path}${step}`)).toEqual(["1", "h/1"]);
  });

  it("is handed over with the person's own message when the instruction is missing", async () => {
    const model = ScriptedModel.inOrder(uses(["hand_over"]), says("Here is the week."));
    await new TurnBench().run(model, SCOPED);
    expect(model.requests[1]?.messages).toEqual([{ role: "user", content: "the message" }]);
  });

  it("is handed over once: the supervisor cannot pass it on", async () => {
    const again = uses(["hand_over", { instruction: "You do it." }]);
    const model = ScriptedModel.inOrder(again, again, says("Here is the week."));
    const result = await new TurnBench().run(model, SCOPED);
    expect(result).toMatchObject({ status: "done", text: "Here is the week." });
    expect(lastOf(model.requests[2])).toContain("There is no tool named");
  });
});

describe("a floating turn without a scope", () => {
  it("opens under the domain that the supervisor asks first, before any of its words", async () => {
    const bench = new TurnBench();
    const first = responds(
      [{ type: "text", text: "I ask around." }, ...delegates("notes", "tasks").content],
      "tool_use",
    );
    const model = new ScriptedModel((request) => {
      if (agentOf(request) !== "supervisor") return says("Nothing there.");
      if (stepOf(request) === 1) expect(bench.frames).toEqual([]);
      return stepOf(request) === 1 ? first : says("I found nothing.");
    });
    await bench.run(model, FLOATING);
    expect(bench.frames.slice(0, 3)).toMatchObject([
      { type: "floating_domain", domain: "notes", seq: 1 },
      { type: "stream_start", seq: 2 },
      { type: "stream_text", seq: 3 },
    ]);
    expect(bench.text).toBe("I ask around.\n\nI found nothing.");
    expect(model.requests[0]?.role).toBe("supervisor");
  });

  it("passes over a delegation to a specialist that does not exist", async () => {
    const bench = new TurnBench();
    const model = new ScriptedModel((request) => {
      if (agentOf(request) !== "supervisor") return says("Nothing there.");
      return stepOf(request) === 1 ? delegates("weather", "projects") : says("No.");
    });
    await bench.run(model, FLOATING);
    expect(bench.frames[0]).toMatchObject({ type: "floating_domain", domain: "projects" });
  });

  it("opens under tasks when no specialist is asked", async () => {
    const bench = new TurnBench();
    await bench.run(ScriptedModel.inOrder(says("Hello.")), FLOATING);
    expect(bench.frames[0]).toMatchObject({ type: "floating_domain", domain: "tasks" });
    expect(bench.types.slice(1, 3)).toEqual(["stream_start", "stream_text"]);
    expect(bench.text).toBe("Hello.");
  });
});
