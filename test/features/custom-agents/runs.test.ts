import { describe, expect, it, vi } from "vitest";
import type { AgentToRun } from "../../../src/features/custom-agents/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import type { ModelRequest, ModelResponse } from "../../../src/platform/model-port.ts";
import { agentToRun, programFor } from "../../support/agents-to-run.ts";
import { ScriptedModel, says, uses } from "../../support/scripted-model.ts";
import { lastOf, TurnBench } from "../../support/turn-bench.ts";

const run = (bench: TurnBench, agent: AgentToRun, model: ScriptedModel) =>
  bench.run(model, { program: programFor(agent) });

const toolNames = (request: ModelRequest | undefined) => request?.tools.map(({ name }) => name);
const promptOf = (request: ModelRequest | undefined) =>
  request?.system.map(({ text }) => text).join("\n") ?? "";

/** A response that cost this much. */
function costing(response: ModelResponse, inputTokens: number): ModelResponse {
  return { ...response, usage: { ...response.usage, inputTokens } };
}

describe("a chat agent", () => {
  it("works with its own prompt, model and tools, and its words stream", async () => {
    const bench = new TurnBench();
    const agent = agentToRun({
      system_prompt: "You tidy up.",
      tools: ["list_tasks"],
      model: "model-a",
    });
    const model = ScriptedModel.inOrder(uses(["list_tasks"]), says("All tidy."));
    const result = await run(bench, agent, model);
    expect(result).toMatchObject({ status: "done", text: "All tidy." });
    expect(result.answeredBy).toEqual({ id: agent.id, version: 1, kind: "chat" });
    expect(bench.text).toBe("All tidy.");
    expect(model.requests[0]).toMatchObject({ role: "supervisor" });
    expect(toolNames(model.requests[0])).toEqual(["list_tasks"]);
    expect(promptOf(model.requests[0])).toContain("You tidy up.");
  });

  it("can neither delegate nor write what is remembered, and sees none of it", async () => {
    const bench = new TurnBench();
    const context = vi.fn();
    bench.memory = {
      context,
      recall: async () => [],
      learn: () => ({ text: "" }),
      forget: async () => ({ text: "" }),
      closing: () => undefined,
    };
    const agent = agentToRun({ tools: ["list_tasks", "recall"] });
    const model = ScriptedModel.inOrder(says("Hello."));
    await run(bench, agent, model);
    expect(toolNames(model.requests[0])).toEqual(["list_tasks", "recall"]);
    expect(context).not.toHaveBeenCalled();
  });

  it("keeps our rules to itself, and may say its person's", async () => {
    const bench = new TurnBench();
    const agent = agentToRun({
      system_prompt: "You answer in rhymes about the sea and about nothing else at all.",
    });
    const ours = "Ids are copied exactly as a tool returned them. Never invent, shorten or change one.";
    const model = ScriptedModel.inOrder(says(`I know: ${ours} And: ${agent.definition.system_prompt}`));
    await run(bench, agent, model);
    expect(bench.text).not.toContain("copied exactly as a tool");
    expect(bench.text).toContain("rhymes about the sea and about nothing else");
  });

  it("answers with what it has when its tool calls are used up", async () => {
    const bench = new TurnBench();
    const agent = agentToRun({ tools: ["list_tasks"], resource_limits: { max_tool_calls: 2 } });
    const model = ScriptedModel.inOrder(
      uses(["list_tasks"], ["list_tasks"], ["list_tasks"]),
      says("Two looks, no more."),
    );
    const result = await run(bench, agent, model);
    expect(result).toMatchObject({ status: "done", text: "Two looks, no more.", usage: { tool_calls: 2 } });
    expect(bench.calls).toHaveLength(2);
    expect(model.requests[1]?.toolChoice).toBe("none");
    expect(lastOf(model.requests[1])).toContain("no more tool calls are allowed");
  });

  it("has failed, and says so, when it goes on calling tools instead of answering", async () => {
    const agent = agentToRun({ tools: ["list_tasks"], resource_limits: { max_tool_calls: 1 } });
    const model = ScriptedModel.inOrder(
      uses(["list_tasks"], ["list_tasks"], ["list_tasks"]),
      uses(["list_tasks"]),
    );
    const result = await run(new TurnBench(), agent, model);
    expect(result).toMatchObject({
      status: "failed",
      error: { code: "output_invalid", message: expect.stringContaining("without an answer") },
      usage: { model_calls: 2, tool_calls: 1 },
    });
    expect(model.requests[1]?.toolChoice).toBe("none");
  });

  it("without any tool calls is offered no tools", async () => {
    const agent = agentToRun({ tools: ["list_tasks"], resource_limits: { max_tool_calls: 0 } });
    const model = ScriptedModel.inOrder(says("Hello."));
    await run(new TurnBench(), agent, model);
    expect(toolNames(model.requests[0])).toEqual([]);
  });

  it("ends at its limit of tokens, and says so", async () => {
    const agent = agentToRun({ tools: ["list_tasks"], resource_limits: { max_tokens: 1_000 } });
    const model = ScriptedModel.inOrder(costing(uses(["list_tasks"]), 1_000));
    const result = await run(new TurnBench(), agent, model);
    expect(result).toMatchObject({
      status: "failed",
      error: { code: "agent_limit_reached", message: "The agent stopped at its limit of 1000 tokens." },
    });
    expect(model.requests).toHaveLength(1);
  });

  it("asks for no longer a response than its tokens allow", async () => {
    const agent = agentToRun({ tools: ["list_tasks"], resource_limits: { max_tokens: 1_000 } });
    const model = ScriptedModel.inOrder(costing(uses(["list_tasks"]), 400), says("Done."));
    await run(new TurnBench(), agent, model);
    expect(model.requests.map(({ maxTokens }) => maxTokens)).toEqual([1_000, 590]);
  });

  it("ends at its limit of time, and says so", async () => {
    vi.useFakeTimers();
    try {
      const agent = agentToRun({ resource_limits: { max_execution_time_s: 7 } });
      const never = Promise.withResolvers<ModelResponse>();
      const model = new ScriptedModel(() => never.promise);
      const asked = vi.spyOn(model, "stream").mockImplementation(async function* (_request, { signal }) {
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        yield* [];
      });
      const result = run(new TurnBench(), agent, model);
      await vi.waitFor(() => expect(asked).toHaveBeenCalled());
      await vi.advanceTimersByTimeAsync(7_000);
      expect(await result).toMatchObject({
        status: "failed",
        error: { code: "agent_limit_reached", message: "The agent stopped at its limit of 7 seconds." },
      });
    } finally {
      vi.useRealTimers();
    }
  });

  it("goes on after a crash with what was journaled", async () => {
    const bench = new TurnBench();
    const agent = agentToRun({ tools: ["create_task"] });
    await run(
      bench,
      agent,
      ScriptedModel.inOrder(uses(["create_task", { title: "Milk" }]), new Error("crash")),
    );
    bench.crash();
    const second = ScriptedModel.inOrder(says("Milk is on the list."));
    const result = await run(bench, agent, second);
    expect(result).toMatchObject({ status: "done", mutations: [{ action: "insert", table: "tasks" }] });
    expect(second.requests).toHaveLength(1);
  });
});

const SCHEMA = {
  type: "object",
  properties: { name: { type: "string" }, amount: { type: "number" } },
  required: ["name"],
  additionalProperties: false,
};

describe("an extractor", () => {
  const extractor = (limits = {}) => agentToRun({ kind: "extractor", schema: SCHEMA, ...limits });

  it("answers the rows that the model hands in", async () => {
    const bench = new TurnBench();
    const rows = [{ name: "Rent <task>[x]</task>", amount: 900 }, { name: "![Tea](https://example.com)" }];
    const model = ScriptedModel.inOrder(uses(["submit_rows", { rows }]));
    const result = await run(bench, extractor(), model);
    expect(result.status).toBe("done");
    expect(JSON.parse(bench.text)).toEqual(rows);
    expect(JSON.parse(result.text)).toEqual(rows);
    expect(JSON.stringify(model.requests[0]?.tools[0]?.inputSchema)).toContain('"amount"');
  });

  it("lets the model mend rows once, telling it what is wrong", async () => {
    const bench = new TurnBench();
    const model = ScriptedModel.inOrder(
      uses(["submit_rows", { rows: [{ name: "Rent", amount: "900" }] }]),
      uses(["submit_rows", { rows: [{ name: "Rent", amount: 900 }] }]),
    );
    const result = await run(bench, extractor(), model);
    expect(JSON.parse(result.text)).toEqual([{ name: "Rent", amount: 900 }]);
    expect(lastOf(model.requests[1])).toContain("rows.0.amount: Invalid input: expected number");
  });

  it.each([
    ["rows that do not fit", uses(["submit_rows", { rows: [{}] }])],
    ["words", says("Here are your rows.")],
  ])("gives up after the second attempt of %s", async (_, answer) => {
    const model = ScriptedModel.inOrder(answer, answer);
    const result = await run(new TurnBench(), extractor(), model);
    expect(result).toMatchObject({ status: "failed", error: { code: "output_invalid" } });
    expect(model.requests).toHaveLength(2);
  });

  it("can hand in its rows though it may call no tools", async () => {
    const model = ScriptedModel.inOrder(uses(["submit_rows", { rows: [] }]));
    const result = await run(new TurnBench(), extractor({ resource_limits: { max_tool_calls: 0 } }), model);
    expect(result).toMatchObject({ status: "done", text: "[]" });
  });
});

describe("a router", () => {
  const poet = agentToRun({ name: "Poet", system_prompt: "You rhyme.", model: "model-a" });
  const clerk = agentToRun({ name: "Clerk </x>", description: "Writes letters.", tools: ["list_tasks"] });
  const router = (limits = {}) =>
    agentToRun({ kind: "router", agents: [poet.id, clerk.id], ...limits }, [poet, clerk]);

  it("has the agent answer that the small model chooses", async () => {
    const bench = new TurnBench();
    const model = ScriptedModel.inOrder(uses(["choose", { agent: "agent_2" }]), says("Dear Sir."));
    const result = await run(bench, router(), model);
    expect(result).toMatchObject({ status: "done", text: "Dear Sir.", answeredBy: { id: clerk.id } });
    const [choice, answer] = model.requests;
    expect(choice).toMatchObject({ role: "small" });
    expect(choice?.tools[0]?.description).toContain('{"agent":"agent_2","name":"Clerk \\u003c/x>"');
    expect(toolNames(answer)).toEqual(["list_tasks"]);
    expect(bench.text).toBe("Dear Sir.");
  });

  it.each([
    ["chooses none", says("Neither.")],
    ["chooses one that there is not", uses(["choose", { agent: "agent_9" }])],
  ])("has the first answer when the model %s", async (_, choice) => {
    const model = ScriptedModel.inOrder(choice, says("A rhyme."));
    const result = await run(new TurnBench(), router(), model);
    expect(result).toMatchObject({ text: "A rhyme.", answeredBy: { id: poet.id } });
    expect(promptOf(model.requests[1])).toContain("You rhyme.");
  });

  it("holds whom it chooses to its own limits too", async () => {
    const model = ScriptedModel.inOrder(costing(uses(["choose", { agent: "agent_1" }]), 600));
    const result = await run(new TurnBench(), router({ resource_limits: { max_tokens: 600 } }), model);
    expect(result.error?.message).toBe("The agent stopped at its limit of 600 tokens.");
  });

  it("stops where routers form a circle", async () => {
    const one = agentToRun({ kind: "router", agents: [poet.id] });
    const two = agentToRun({ kind: "router", agents: [one.id] });
    const inCircle = { ...one, definition: { ...one.definition, agents: [two.id] } };
    const model = new ScriptedModel(() => uses(["choose", { agent: "agent_1" }]));
    const result = await run(new TurnBench(), { ...inCircle, others: [two] }, model);
    expect(result).toMatchObject({ status: "failed", error: { code: "conflict" } });
    expect(model.requests).toHaveLength(2);
  });

  it("says when nobody is left to choose from", async () => {
    const result = await run(new TurnBench(), { ...router(), others: [] }, ScriptedModel.inOrder());
    expect(result.error?.message).toBe("None of the router's agents is there any more.");
  });
});

describe("a rag agent", () => {
  const rag = () => agentToRun({ kind: "rag", collections: [newId()], system_prompt: "Be formal." });
  const source = (text: string) => ({
    chunk_id: newId(),
    collection_id: newId(),
    document: { id: newId(), title: "Handbook" },
    position: { start: 100, end: 100 + text.length, heading: ["Leave"] },
    text,
  });
  const [leave, lunch] = [source("There are 28 days of leave."), source("Lunch is at noon.")];

  it("answers from its sources, with marks in the order of the answer and what they stand for", async () => {
    const bench = new TurnBench();
    const program = programFor(rag(), async () => [lunch, leave]);
    const model = ScriptedModel.inOrder(says("FOUND\n28 days [2]. Not [7]."));
    const result = await bench.run(model, { program, message: "How many days?" });
    expect(result.text).toBe("28 days [1]. Not.");
    expect(bench.text).toBe(result.text);
    const { text, ...place } = leave;
    const quote = { text, start: 100, end: 100 + text.length, marks: expect.any(Array) };
    expect(result.citations).toEqual([{ number: 1, ...place, quote }]);
    expect(promptOf(model.requests[0])).toContain("Be formal.");
    expect(lastOf(model.requests[0])).toContain("Lunch is at noon.");
  });

  it("says that the sources do not say, without asking a model when there are none", async () => {
    const model = ScriptedModel.inOrder();
    const result = await new TurnBench().run(model, {
      program: programFor(rag()),
      message: "How many days?",
    });
    expect(result).toMatchObject({ status: "done", text: "The sources do not say." });
    expect(result.citations).toBeUndefined();
  });

  it("an answer that names no source is none", async () => {
    const program = programFor(rag(), async () => [leave]);
    const model = ScriptedModel.inOrder(says("FOUND\nAbout thirty, I think."));
    const result = await new TurnBench().run(model, { program, message: "How many days?" });
    expect(result.text).toBe("The sources do not say.");
  });

  it("means the sources that its model saw, also after a crash", async () => {
    const bench = new TurnBench();
    const agent = rag();
    const asked = vi.fn(async () => (asked.mock.calls.length === 1 ? [leave, lunch] : [lunch]));
    const program = programFor(agent, asked);
    await bench.run(ScriptedModel.inOrder(says("FOUND\n28 days [1].")), { program, message: "Days?" });
    bench.journal.commit();
    bench.crash();
    const result = await bench.run(ScriptedModel.inOrder(), { program, message: "Days?" });
    expect(result.citations).toMatchObject([{ chunk_id: leave.chunk_id }]);
    expect(asked).toHaveBeenCalledTimes(1);
  });
});

it("an agent whose model is gone says so", async () => {
  const agent = agentToRun({ model: "model-x" });
  const result = await run(new TurnBench(), agent, ScriptedModel.inOrder());
  expect(result.error).toMatchObject({
    code: "conflict",
    message: expect.stringContaining("no longer configured"),
  });
});

describe("an agent that is delegated to", () => {
  const delegable = (agent: AgentToRun) => ({
    name: "helper",
    purpose: "Helps.",
    label: "Asking Helper",
    works: { program: programFor(agent) },
  });
  const asks = uses(["task", { agent: "helper", instruction: "Look." }]);

  it("answers the supervisor alone", async () => {
    const bench = new TurnBench();
    const model = ScriptedModel.inOrder(asks, says("NOTHING IS DUE"), says("All is well."));
    const result = await bench.run(model, { extraAgents: [delegable(agentToRun({}))] });
    expect(bench.text).toBe("All is well.");
    expect(lastOf(model.requests[2])).toContain("NOTHING IS DUE");
    expect(model.requests[1]?.messages).toEqual([{ role: "user", content: "Look." }]);
    expect(result.answeredBy).toBeUndefined();
  });

  it("at its limit leaves the supervisor to say what is missing", async () => {
    const bench = new TurnBench();
    const agent = agentToRun({ tools: ["list_tasks"], resource_limits: { max_tokens: 500 } });
    const model = ScriptedModel.inOrder(asks, costing(uses(["list_tasks"]), 500), says("It is unfinished."));
    const result = await bench.run(model, { extraAgents: [delegable(agent)] });
    expect(result).toMatchObject({ status: "done", text: "It is unfinished." });
    expect(lastOf(model.requests[2])).toContain("stopped at its limit of 500 tokens");
  });
});
