import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type AgentDefinition,
  type DelegableAgent,
  HOME_SUPERVISOR,
} from "../../../src/features/agent/agents.ts";
import { secret } from "../../../src/features/agent/prompts/fragment.ts";
import type { Tool } from "../../../src/features/tools/types.ts";
import { delegates, ScriptedModel, says, uses } from "../../support/scripted-model.ts";
import { lastOf, stepOf, TurnBench } from "../../support/turn-bench.ts";

const TRAVEL: AgentDefinition = {
  name: "travel",
  role: "worker",
  prompt: { stable: [secret("You plan journeys.")], volatile: [] },
  tools: ["list_tasks", "task", "hand_over", "search_knowledge"],
  delegates: [],
  stepLimit: 3,
  streams: true,
};
const DELEGABLE: DelegableAgent = {
  name: "travel",
  works: { definition: TRAVEL },
  purpose: "Plans journeys.",
  label: "Planning a journey",
};

function tool(name: string, asked: unknown[] = []): Tool {
  return {
    name,
    description: `The tool ${name}, handed in.`,
    input: z.strictObject({ query: z.string() }),
    readOnly: true,
    idempotent: true,
    destructive: false,
    label: "Reading your documents",
    run: async (input) => {
      asked.push(input);
      return { text: "THE DOCUMENT SAYS SO" };
    },
  };
}

describe("a tool that is handed in", () => {
  it("is offered to the agents that name it, and runs", async () => {
    const bench = new TurnBench();
    const asked: unknown[] = [];
    bench.extraTools = [tool("search_knowledge", asked), tool("nobody_names_this")];
    const model = ScriptedModel.inOrder(uses(["search_knowledge", { query: "rent" }]), says("It says so."));
    const result = await bench.run(model);
    expect(result).toMatchObject({ status: "done", text: "It says so." });
    expect(model.requests[0]?.tools.map(({ name }) => name)).toEqual([
      "task",
      "write_todos",
      "search_knowledge",
    ]);
    expect(asked).toEqual([{ query: "rent" }]);
    expect(lastOf(model.requests[1])).toContain("THE DOCUMENT SAYS SO");
  });

  it("takes the place of no other tool", async () => {
    const bench = new TurnBench();
    const asked: unknown[] = [];
    bench.extraTools = [tool("write_todos", asked)];
    const model = ScriptedModel.inOrder(uses(["write_todos", { todos: [] }]), says("Planned."));
    await bench.run(model);
    expect(asked).toEqual([]);
    expect(lastOf(model.requests[1])).toContain("Noted.");
  });
});

describe("an agent that is handed in", () => {
  it("can be delegated to beside the domains, and delegates no further", async () => {
    const bench = new TurnBench();
    const model = ScriptedModel.inOrder(
      delegates("travel"),
      says("A TRAIN AT NINE"),
      says("Take the train."),
    );
    await bench.run(model, { extraAgents: [DELEGABLE] });
    const [supervisor, specialist, answer] = model.requests;
    const task = supervisor?.tools.find(({ name }) => name === "task");
    expect(task?.description).toContain("travel: Plans journeys.");
    expect(JSON.stringify(task?.inputSchema)).toContain('["tasks","projects","timelines","notes","travel"]');
    expect(specialist?.tools.map(({ name }) => name)).toEqual(["list_tasks"]);
    expect(specialist?.messages).toEqual([{ role: "user", content: "Ask travel." }]);
    expect(lastOf(answer)).toContain("A TRAIN AT NINE");
    expect(bench.frames).toContainEqual(
      expect.objectContaining({ type: "stream_status", label: "Planning a journey" }),
    );
  });

  it("is unknown to a turn that it was not handed to", async () => {
    const model = ScriptedModel.inOrder(delegates("travel"), says("I cannot."));
    await new TurnBench().run(model);
    expect(model.requests).toHaveLength(2);
    expect(model.requests[1]?.messages.at(-1)?.content).toMatchObject([{ is_error: true }]);
  });

  it("is asked for again after a crash in the middle of its work, and not from its beginning", async () => {
    const bench = new TurnBench();
    const crash = new Error("crash");
    const script = (fails: boolean) =>
      new ScriptedModel((request) => {
        if (request.role === "supervisor")
          return stepOf(request) === 1 ? delegates("travel") : says("Take the train.");
        if (stepOf(request) === 1) return uses(["list_tasks"]);
        return fails ? crash : says("A TRAIN AT NINE");
      });
    await bench.run(script(true), { extraAgents: [DELEGABLE] });
    bench.crash();
    const second = script(false);
    const result = await bench.run(second, { extraAgents: [DELEGABLE] });
    expect(result.text).toBe("Take the train.");
    expect(second.requests.map(({ role }) => role)).toEqual(["worker", "supervisor"]);
  });

  it("answers the person in the supervisor's place, and keeps its prompt to itself", async () => {
    const bench = new TurnBench();
    const prompt = "You plan journeys by rail alone and never by air, whatever the person may wish.";
    const topAgent = {
      ...TRAVEL,
      prompt: { stable: [secret(prompt)], volatile: [] },
      tools: ["task", "recall"],
    };
    const model = ScriptedModel.inOrder(says(`Gladly. ${prompt} Take the train.`));
    await bench.run(model, { topAgent });
    expect(model.requests[0]?.system[0]?.text).toBe(prompt);
    expect(model.requests[0]?.system[0]?.text).not.toBe(HOME_SUPERVISOR.prompt.stable[0]?.text);
    expect(model.requests[0]?.tools.map(({ name }) => name)).toEqual(["task"]);
    expect(bench.text).toContain("Gladly.");
    expect(bench.text).not.toContain("by rail alone");
  });
});
