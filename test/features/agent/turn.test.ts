import { describe, expect, it, vi } from "vitest";
import type { TurnRequest } from "../../../src/features/agent/types.ts";
import {
  delegates,
  responds,
  ScriptedModel,
  says,
  type ToolUse,
  uses,
} from "../../support/scripted-model.ts";
import { agentOf, stepOf, TurnBench } from "../../support/turn-bench.ts";

const FLOATING = { kind: "floating" } as const satisfies Partial<TurnRequest>;
const SCOPED = {
  kind: "floating",
  scope: { type: "task", id: "t1" },
} as const satisfies Partial<TurnRequest>;

describe("a home turn", () => {
  it("opens before anything else, with its chat, and is answered by the supervisor", async () => {
    const bench = new TurnBench();
    const model = ScriptedModel.inOrder(says("You have none."));
    const result = await bench.run(model, {
      chatId: "c1",
      loadHistory: async () => {
        expect(bench.frames).toMatchObject([{ type: "stream_start", chat_id: "c1", seq: 1 }]);
        return [
          { role: "user", content: "Hello" },
          { role: "assistant", content: "Hi" },
        ];
      },
    });
    expect(result).toEqual({
      status: "done",
      text: "You have none.",
      mutations: [],
      usage: { input_tokens: 100, output_tokens: 10, cache_read_tokens: 50, model_calls: 1, tool_calls: 0 },
    });
    expect(model.requests).toHaveLength(1);
    expect(model.requests[0]).toMatchObject({
      role: "supervisor",
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Hi" },
        { role: "user", content: "the message" },
      ],
    });
    expect(bench.text).toBe("You have none.");
  });

  it("offers the supervisor the tools that are there, none of a domain's, and no hand-over", async () => {
    const model = ScriptedModel.inOrder(says("Hi."));
    await new TurnBench().run(model);
    expect(model.requests[0]?.tools.map(({ name }) => name)).toEqual(["task", "write_todos"]);
  });

  it("marks the prompt's stable part for the cache and puts what belongs to this turn behind it", async () => {
    const model = ScriptedModel.inOrder(says("Hi."));
    await new TurnBench().run(model, { clientContext: { screen: "calendar" } });
    const [stable, volatile, ...rest] = model.requests[0]?.system ?? [];
    expect(stable?.cache).toBe(true);
    expect(volatile).toEqual({ text: expect.stringContaining("2026-11-20 11:00") });
    expect(volatile?.text).toContain('{"screen":"calendar"}');
    expect(rest).toEqual([]);
  });

  it("goes to the supervisor whatever the person looks at", async () => {
    const model = ScriptedModel.inOrder(says("Hi."));
    await new TurnBench().run(model, { scope: { type: "task" } });
    expect(model.requests.map(agentOf)).toEqual(["supervisor"]);
  });

  it.each([true, false])("tells the supervisor when no device is there (%s)", async (deviceOnline) => {
    const model = ScriptedModel.inOrder(says("Hi."));
    await new TurnBench().run(model, { deviceOnline });
    const volatile = model.requests[0]?.system[1]?.text ?? "";
    expect(volatile.includes("device is offline")).toBe(!deviceOnline);
  });

  it("shows the supervisor's plan as it goes on", async () => {
    const bench = new TurnBench();
    const plan = (first: string, second: string): ToolUse => [
      "write_todos",
      {
        todos: [
          { text: "Look", status: first },
          { text: "Write", status: second },
        ],
      },
    ];
    const model = ScriptedModel.inOrder(
      uses(plan("pending", "pending")),
      uses(plan("completed", "in_progress")),
      says("Done."),
    );
    await bench.run(model);
    const labels = bench.frames.flatMap((frame) => (frame.type === "stream_status" ? [frame.label] : []));
    expect(labels).toEqual(["Planning", "Look", "Planning", "Write"]);
  });

  it("separates what several responses say, to the client and in the chat", async () => {
    const bench = new TurnBench();
    const model = ScriptedModel.inOrder(
      responds(
        [{ type: "text", text: "I look." }, ...uses(["write_todos", { todos: [] }]).content],
        "tool_use",
      ),
      says("There are two."),
    );
    const result = await bench.run(model);
    expect(result.text).toBe("I look.\n\nThere are two.");
    expect(bench.text).toBe("I look.\n\nThere are two.");
  });
});

describe("an answer that shows a row", () => {
  const answer = () =>
    new ScriptedModel((request) => {
      if (agentOf(request) === "tasks")
        return stepOf(request) === 1 ? uses(["list_tasks"]) : says("Task t1.");
      return stepOf(request) === 1 ? delegates("tasks") : says("Here: <task>[t1,made-up]</task>");
    });
  const shown = async (request: Partial<TurnRequest>) => {
    const bench = new TurnBench();
    bench.device = () => ({ kind: "rows", rows: [{ id: "t1", title: "Paint", status: "todo" }] });
    const result = await bench.run(answer(), request);
    const blocks = bench.frames.filter((frame) => frame.type === "stream_block");
    return { text: bench.text, blocks, kept: result.text };
  };

  it("names it in a tag, without ids that no tool returned", async () => {
    const { text, blocks, kept } = await shown({});
    expect([text, blocks, kept]).toEqual(["Here: <task>[t1]</task>", [], "Here: <task>[t1]</task>"]);
  });

  it("gives the row itself to a client that shows blocks, and the tag to the chat", async () => {
    const { text, blocks, kept } = await shown({ blocks: true });
    expect(text.trim()).toBe("Here:");
    expect(blocks).toMatchObject([{ block_type: "entity_ref", data: { id: "t1", title: "Paint" } }]);
    expect(kept).toBe("Here: <task>[t1]</task>");
  });

  it("is text alone in a floating turn, whatever the client shows", async () => {
    const { text, blocks, kept } = await shown({ kind: "floating", blocks: true });
    expect([text.trim(), blocks, kept.trim()]).toEqual(["Here:", [], "Here:"]);
  });
});

describe("words that the model took back", () => {
  const broken = () =>
    ScriptedModel.inOrder([
      { type: "text", text: "It is wrong" },
      { type: "retry", attempt: 1, delayMs: 0, partial: true, reason: "cut" },
      { type: "text", text: "It is right." },
      { type: "response", response: says("It is right.") },
    ]);

  it("are forgotten, and the turn opens anew when its opening was forgotten with them", async () => {
    const bench = new TurnBench();
    await bench.run(broken());
    expect(bench.types.filter((type) => type !== "stream_text")).toEqual(["stream_start", "stream_status"]);
    expect(bench.frames[0]).toMatchObject({ type: "stream_start", gen: 2, seq: 1 });
    expect(bench.text).toBe("It is right.");
  });

  it("are never shown when they waited for the turn to open", async () => {
    const bench = new TurnBench();
    await bench.run(broken(), FLOATING);
    expect(bench.frames[0]).toMatchObject({ type: "floating_domain", gen: 1 });
    expect(bench.text).toBe("It is right.");
  });
});

describe("time in a turn", () => {
  it("is the time at which it began, in the person's zone, whenever it is run", async () => {
    const requestsAt = async (now: string) => {
      vi.setSystemTime(new Date(now));
      const bench = new TurnBench();
      const model = ScriptedModel.inOrder(uses(["list_tasks_due_today"]), says("Nothing."));
      await bench.run(model, { ...SCOPED, now: Date.parse("2026-03-01T23:30:00Z"), timezone: "Asia/Tokyo" });
      return { requests: model.requests, calls: bench.calls };
    };
    vi.useFakeTimers({ toFake: ["Date"] });
    const first = await requestsAt("2026-03-01T23:30:01Z");
    const replay = await requestsAt("2031-12-24T00:00:00Z");
    vi.useRealTimers();
    expect(replay).toEqual(first);
    expect(first.calls[1]?.call.filters).toMatchObject({
      dueDateFrom: Date.parse("2026-03-02T00:00:00+09:00"),
    });
    expect(JSON.stringify(first.requests[0]?.system)).toContain("2026-03-02 08:30");
  });
});
