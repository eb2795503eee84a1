import { describe, expect, it } from "vitest";
import { TurnSuspended } from "../../../src/features/tools/types.ts";
import { delegates, ScriptedModel, says, type ToolUse, uses } from "../../support/scripted-model.ts";
import { agentOf, lastOf, stepOf, TurnBench } from "../../support/turn-bench.ts";

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a delegation", () => {
  it("runs a specialist in a context of its own, whose answer only the supervisor reads", async () => {
    const bench = new TurnBench();
    const model = new ScriptedModel((request) => {
      if (agentOf(request) === "tasks") return says("SPECIALIST REPORT");
      const task: ToolUse = ["task", { agent: "tasks", instruction: "List them.", context: "All of them." }];
      return stepOf(request) === 1 ? uses(task) : says("You have none.");
    });
    const result = await bench.run(model);
    const [, specialist, supervisor] = model.requests;
    expect(specialist).toMatchObject({
      role: "worker",
      messages: [{ role: "user", content: "List them.\n\nContext:\nAll of them." }],
    });
    expect(specialist?.tools.map(({ name }) => name)).not.toContain("task");
    expect(lastOf(supervisor)).toContain("SPECIALIST REPORT");
    expect(bench.text).toBe("You have none.");
    expect(result.text).toBe("You have none.");
    expect(bench.journal.steps.map(({ path, step }) => `${path}${step}`)).toEqual(["1", "1.0/1", "2"]);
  });

  it("leaves every answer, the specialist's too, the room that the operator set", async () => {
    const model = new ScriptedModel((request) =>
      agentOf(request) === "supervisor" && stepOf(request) === 1 ? delegates("tasks") : says("None."),
    );
    await new TurnBench().run(model, { responseTokensMax: 1234 });
    expect(model.requests.map(({ maxTokens }) => maxTokens)).toEqual([1234, 1234, 1234]);
  });

  it("is shown to the person as work on their rows", async () => {
    const bench = new TurnBench();
    const model = new ScriptedModel((request) => {
      if (agentOf(request) === "notes") return stepOf(request) === 1 ? uses(["list_notes"]) : says("None.");
      return stepOf(request) === 1 ? delegates("notes") : says("None.");
    });
    await bench.run(model);
    const statuses = bench.frames.flatMap((frame) =>
      frame.type === "stream_status" ? [`${frame.phase}: ${frame.label}`] : [],
    );
    expect(statuses).toEqual([
      "delegating: Asking a specialist",
      "delegating: Working on your notes",
      "tool: Looking through your notes",
    ]);
  });

  it("is one of three at most that run side by side", async () => {
    const bench = new TurnBench();
    const waiting: (() => void)[] = [];
    let most = 0;
    const model = new ScriptedModel(async (request) => {
      if (agentOf(request) === "supervisor") {
        return stepOf(request) === 1
          ? delegates("tasks", "notes", "tasks", "projects", "notes")
          : says("Done.");
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
      return says("Report.");
    });
    const run = bench.run(model);
    for (let round = 0; round < 5; round++) {
      await settled();
      most = Math.max(most, waiting.length);
      waiting.shift()?.();
    }
    await expect(run).resolves.toMatchObject({ status: "done" });
    expect(most).toBe(3);
    expect(model.requests).toHaveLength(7);
  });

  it("that gives no answer is told as an error", async () => {
    const model = new ScriptedModel((request) => {
      if (agentOf(request) !== "supervisor") return says(" ");
      return stepOf(request) === 1 ? delegates("tasks") : says("I could not find out.");
    });
    await new TurnBench().run(model);
    expect(model.requests.at(-1)?.messages.at(-1)?.content).toMatchObject([
      { is_error: true, content: expect.stringContaining("gave no answer") },
    ]);
  });

  it("gets as many steps as a specialist has, and then a last one for words", async () => {
    const model = new ScriptedModel((request) => {
      if (agentOf(request) === "tasks")
        return request.toolChoice === "none" ? says("Half.") : uses(["list_tasks"]);
      return stepOf(request) === 1 ? delegates("tasks") : says("Half of it.");
    });
    await new TurnBench().run(model);
    const specialist = model.requests.filter((request) => agentOf(request) === "tasks");
    expect(specialist.map(({ toolChoice }) => toolChoice ?? "any")).toEqual([
      ...Array(5).fill("any"),
      "none",
    ]);
  });

  it("that must ask the person suspends the whole turn", async () => {
    const bench = new TurnBench();
    bench.decide = () => Promise.reject(new TurnSuspended());
    const model = new ScriptedModel((request) =>
      agentOf(request) === "tasks" ? uses(["delete_task", { taskId: "t1" }]) : delegates("tasks"),
    );
    await expect(bench.run(model)).rejects.toThrow(TurnSuspended);
    expect(bench.asked).toMatchObject([{ position: "1.0/1.0/", input: { taskId: "t1" } }]);
  });
});
