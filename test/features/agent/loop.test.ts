import { describe, expect, it } from "vitest";
import { TurnBudget } from "../../../src/features/agent/budget.ts";
import { type AgentRun, runAgent } from "../../../src/features/agent/loop.ts";
import type { ToolOutput } from "../../../src/features/tools/types.ts";
import { AppError } from "../../../src/lib/errors.ts";
import type { ResponseBlock } from "../../../src/platform/model-port.ts";
import { CHANGE, DELETION, gate, LoopBench, resultsOf, settled } from "../../support/loop-bench.ts";
import { responds, ScriptedModel, says, uses } from "../../support/scripted-model.ts";

describe("an agent that needs no tool", () => {
  it("answers with the response's words and why it ended", async () => {
    const end = await new LoopBench().run(ScriptedModel.inOrder(says("It is done.", "stop_sequence")));
    expect(end).toEqual({ kind: "answer", text: "It is done.", stopReason: "stop_sequence" });
  });

  it("joins the words of all text blocks and leaves reasoning out", async () => {
    const blocks: ResponseBlock[] = [
      { type: "reasoning", raw: { thinking: "hm" } },
      { type: "text", text: "One, " },
      { type: "text", text: "two." },
    ];
    const end = await new LoopBench().run(ScriptedModel.inOrder(responds(blocks, "end_turn")));
    expect(end).toMatchObject({ text: "One, two." });
  });

  it("is asked once, with its role, prompt, tools and messages", async () => {
    const model = ScriptedModel.inOrder(says("Yes."));
    await new LoopBench().tool("look").run(model);
    expect(model.requests).toEqual([
      {
        role: "worker",
        system: [{ text: "stable", cache: true }],
        tools: [
          {
            name: "look",
            description: "Does look.",
            inputSchema: expect.objectContaining({ type: "object" }),
          },
        ],
        messages: [{ role: "user", content: "the request" }],
        maxTokens: 777,
      },
    ]);
  });
});

describe("a request to the model", () => {
  it("waits for a place, which it gives back before tools run", async () => {
    const bench = new LoopBench().tool("look", {}, async () => {
      (await bench.modelSlots.acquire())();
      return { text: "seen" };
    });
    const release = await bench.modelSlots.acquire();
    const model = ScriptedModel.inOrder(uses(["look"]), says("Seen."));
    const run = bench.run(model);
    await settled();
    expect(model.requests).toHaveLength(0);
    release();
    await expect(run).resolves.toMatchObject({ text: "Seen." });
  });
});

describe("an agent that uses tools", () => {
  it("reads what they said in its next request, and leaves the caller's messages alone", async () => {
    const model = ScriptedModel.inOrder(uses(["look", { a: 1 }]), says("Seen."));
    const messages = [{ role: "user" as const, content: "the request" }];
    await new LoopBench().tool("look").run(model, { messages });
    expect(model.requests[1]?.messages).toEqual([
      { role: "user", content: "the request" },
      { role: "assistant", content: [{ type: "tool_use", id: "u0", name: "look", input: { a: 1 } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "u0", content: "look is done" }] },
    ]);
    expect(messages).toHaveLength(1);
  });

  it("gets its reasoning back in its place, and no empty text", async () => {
    const reasoning: ResponseBlock = { type: "reasoning", raw: { thinking: "hm", signature: "s" } };
    const use: ResponseBlock = { type: "tool_use", id: "u0", name: "look", input: {} };
    const model = ScriptedModel.inOrder(
      responds([reasoning, { type: "text", text: "" }, { type: "text", text: "I look." }, use], "tool_use"),
      says("Seen."),
    );
    await new LoopBench().tool("look").run(model);
    expect(model.requests[1]?.messages[1]).toEqual({
      role: "assistant",
      content: [reasoning, { type: "text", text: "I look." }, use],
    });
  });

  it("runs those of one response side by side, and reads their results in the order of the uses", async () => {
    const gates = new Map(["a", "b", "c"].map((name) => [name, gate<ToolOutput>()]));
    const bench = new LoopBench();
    for (const [name, { promise }] of gates) bench.tool(name, {}, () => promise);
    const model = ScriptedModel.inOrder(uses(["a"], ["b"], ["c"]), says("Done."));
    const run = bench.run(model);
    await settled();
    expect(bench.ran.map(({ tool, position }) => `${tool} at ${position}`)).toEqual([
      "a at 1.0/",
      "b at 1.1/",
      "c at 1.2/",
    ]);
    for (const name of ["c", "a", "b"]) {
      gates.get(name)?.resolve({ text: `${name} said` });
      await settled();
    }
    await run;
    expect(resultsOf(model.requests[1])).toEqual([
      { type: "tool_result", tool_use_id: "u0", content: "a said" },
      { type: "tool_result", tool_use_id: "u1", content: "b said" },
      { type: "tool_result", tool_use_id: "u2", content: "c said" },
    ]);
  });

  it("gives each use a position of its own, below its own path, in every step", async () => {
    const bench = new LoopBench().tool("look");
    const model = ScriptedModel.inOrder(uses(["look"], ["look"]), uses(["look"]), says("Seen."));
    await bench.run(model, { path: "1.0/" });
    expect(bench.ran.map(({ position }) => position)).toEqual(["1.0/1.0/", "1.0/1.1/", "1.0/2.0/"]);
  });

  it("reads that a tool it made up does not exist", async () => {
    const bench = new LoopBench().tool("look");
    const model = ScriptedModel.inOrder(uses(["fly"], ["look"]), says("Sorry."));
    await bench.run(model);
    expect(resultsOf(model.requests[1])).toEqual([
      { type: "tool_result", tool_use_id: "u0", content: 'There is no tool named "fly".', is_error: true },
      { type: "tool_result", tool_use_id: "u1", content: "look is done" },
    ]);
    expect(bench.ran.map(({ tool }) => tool)).toEqual(["look"]);
  });

  it("reads that its input was no JSON, which is sent back as an empty object, and nothing was run", async () => {
    const broken: ResponseBlock = {
      type: "tool_use",
      id: "u0",
      name: "add",
      input: {},
      invalidJson: '{"a":',
    };
    const bench = new LoopBench().tool("add", DELETION);
    const model = ScriptedModel.inOrder(responds([broken], "tool_use"), says("Again."));
    await bench.run(model);
    expect(model.requests[1]?.messages[1]?.content).toEqual([
      { type: "tool_use", id: "u0", name: "add", input: {} },
    ]);
    expect(resultsOf(model.requests[1])).toEqual([
      {
        type: "tool_result",
        tool_use_id: "u0",
        content: expect.stringContaining("not valid JSON"),
        is_error: true,
      },
    ]);
    expect([bench.ran, bench.asked]).toEqual([[], []]);
  });

  it("reads a tool's failure as a sentence, and the failure is reported when it is ours", async () => {
    const bench = new LoopBench()
      .tool("ours", {}, () => Promise.reject(new Error("a bug")))
      .tool("theirs", {}, () => Promise.reject(new AppError("not_found")));
    const model = ScriptedModel.inOrder(uses(["ours"], ["theirs"]), says("Sorry."));
    await bench.run(model);
    expect(resultsOf(model.requests[1])).toMatchObject([{ is_error: true }, { is_error: true }]);
    expect(JSON.stringify(model.requests[1])).not.toContain("a bug");
    expect(bench.reported).toEqual(["internal"]);
  });

  it("shows a person what is being done", async () => {
    const bench = new LoopBench().tool("look").tool("task");
    await bench.run(ScriptedModel.inOrder(uses(["look"], ["task"], ["fly"]), says("Done.")));
    expect(bench.progress).toEqual(["tool: Doing look", "delegating: Doing task"]);
  });
});

describe("the step limit", () => {
  it("is followed by one last request that asks for words, with the tools still described", async () => {
    const bench = new LoopBench().tool("look");
    const model = ScriptedModel.inOrder(uses(["look"]), uses(["look"]), says("As far as I got."));
    const end = await bench.run(model, { stepLimit: 2 });
    expect(end).toMatchObject({ kind: "answer", text: "As far as I got." });
    expect(model.requests.map(({ toolChoice }) => toolChoice)).toEqual([undefined, undefined, "none"]);
    expect(model.requests[2]?.tools).toEqual(model.requests[0]?.tools);
  });

  it("holds even when the model uses a tool in its last response", async () => {
    const bench = new LoopBench().tool("add", CHANGE);
    const last = responds(
      [
        { type: "text", text: "One more:" },
        { type: "tool_use", id: "u0", name: "add", input: {} },
      ],
      "tool_use",
    );
    const end = await bench.run(ScriptedModel.inOrder(uses(["add"]), last), { stepLimit: 1 });
    expect(end).toMatchObject({ kind: "answer", text: "One more:" });
    expect(bench.ran).toHaveLength(1);
    expect(bench.journal.steps.map(({ mutations, durable }) => ({ mutations, durable }))).toEqual([
      { mutations: 1, durable: true },
      { mutations: 0, durable: false },
    ]);
  });

  it("asks an agent without tools for nothing that it could not do", async () => {
    const model = ScriptedModel.inOrder(says("Words."));
    await new LoopBench().run(model, { stepLimit: 0 });
    expect(model.requests[0]).not.toHaveProperty("toolChoice");
  });
});

describe("the model's failure", () => {
  it("ends the run and gives its place to the next request", async () => {
    const bench = new LoopBench();
    const ports = bench.ports(ScriptedModel.inOrder(new AppError("model_unavailable"), says("Back.")));
    const run: AgentRun = {
      path: "",
      role: "worker",
      system: [],
      tools: new Map(),
      messages: [],
      stepLimit: 1,
      maxTokens: 1,
    };
    await expect(runAgent(run, ports)).rejects.toMatchObject({ code: "model_unavailable" });
    await expect(runAgent(run, ports)).resolves.toMatchObject({ text: "Back." });
  });

  it("is told when its stream ends without a response", async () => {
    await expect(new LoopBench().run(ScriptedModel.inOrder([]))).rejects.toThrow("without a response");
  });
});

describe("the budget", () => {
  it("that is spent ends the run before the next request", async () => {
    const bench = new LoopBench().tool("look");
    bench.budget = new TurnBudget(110);
    const model = ScriptedModel.inOrder(uses(["look"]));
    await expect(bench.run(model)).resolves.toEqual({ kind: "out_of_tokens" });
    expect(model.requests).toHaveLength(1);
    expect(bench.ran).toHaveLength(1);
  });

  it("counts every response once, journaled or not", async () => {
    const bench = new LoopBench().tool("look");
    bench.journal.record("", 1, uses(["look"]), { mutations: 0, durable: true });
    await bench.run(ScriptedModel.inOrder(says("Seen.")));
    expect(bench.budget.usage).toMatchObject({
      model_calls: 2,
      tool_calls: 1,
      input_tokens: 200,
      output_tokens: 20,
    });
  });

  it("takes back no journaled step, in whatever order a replay adds up what agents used side by side", async () => {
    const bench = new LoopBench().tool("add", CHANGE);
    bench.budget = new TurnBudget(1);
    bench.budget.add(says("by another agent"));
    bench.journal.record("1.0/", 1, uses(["add"]), { mutations: 1, durable: true });
    const end = await bench.run(ScriptedModel.inOrder(), { path: "1.0/" });
    expect(end).toEqual({ kind: "out_of_tokens" });
    expect(bench.ran.map(({ position }) => position)).toEqual(["1.0/1.0/"]);
  });
});

describe("a tool that ends the run", () => {
  it("hands its input to the caller; the response is journaled and none of its tools run", async () => {
    const bench = new LoopBench().tool("pass_on").tool("look");
    const response = uses(["look"], ["pass_on", { to: "another" }]);
    const end = await bench.run(ScriptedModel.inOrder(response), { endsOn: "pass_on" });
    expect(end).toEqual({ kind: "ended_by_tool", input: { to: "another" } });
    expect(bench.ran).toEqual([]);
    expect(bench.journal.committed).toMatchObject([{ path: "", step: 1, durable: true }]);
  });

  it("is unknown to an agent that was not offered it", async () => {
    const bench = new LoopBench().tool("look");
    const model = ScriptedModel.inOrder(uses(["pass_on"]), says("Then I answer."));
    await expect(bench.run(model, { endsOn: "pass_on" })).resolves.toMatchObject({ text: "Then I answer." });
    expect(resultsOf(model.requests[1])).toMatchObject([{ content: 'There is no tool named "pass_on".' }]);
  });
});

describe("what is heard and kept of a response", () => {
  it("is spoken, ended, and journaled before a tool runs", async () => {
    const bench = new LoopBench().tool("look");
    const first = responds(
      [
        { type: "text", text: "I look" },
        { type: "tool_use", id: "u0", name: "look", input: {} },
      ],
      "tool_use",
    );
    await bench.run(ScriptedModel.inOrder(first, says("Seen")), { speaker: bench.speaker() });
    expect(bench.events).toEqual([
      ...["begin", "text I lo", "text ok", "end", "record 1", "run look"],
      ...["begin", "text Seen", "end", "record 2"],
    ]);
    expect(bench.journal.steps.map(({ durable }) => durable)).toEqual([true, false]);
  });

  it("is not spoken again when it comes from the journal", async () => {
    const bench = new LoopBench().tool("look");
    bench.journal.record("", 1, uses(["look"]), { mutations: 0, durable: true });
    await bench.run(ScriptedModel.inOrder(says("Seen")), { speaker: bench.speaker() });
    expect(bench.events).toEqual(["replayed", "run look", "begin", "text Seen", "end", "record 2"]);
  });

  it("is taken back when the attempt broke after some text, and a person is told of the wait", async () => {
    const bench = new LoopBench();
    const retry = { type: "retry", attempt: 1, delayMs: 0, reason: "overloaded" } as const;
    const model = ScriptedModel.inOrder([
      { ...retry, partial: false },
      { type: "text", text: "Wro" },
      { ...retry, attempt: 2, partial: true },
      { type: "text", text: "Right" },
      { type: "response", response: says("Right") },
    ]);
    await bench.run(model, { speaker: bench.speaker() });
    expect(bench.events).toEqual(["begin", "text Wro", "retract", "text Right", "end", "record 1"]);
    expect(bench.progress).toEqual(Array(2).fill("retrying: The model is busy, trying again"));
  });
});
