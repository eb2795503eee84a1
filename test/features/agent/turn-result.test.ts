import { describe, expect, it } from "vitest";
import type { TurnRequest } from "../../../src/features/agent/types.ts";
import type { DeviceOutcome } from "../../../src/features/tools/types.ts";
import { AppError } from "../../../src/lib/errors.ts";
import { responds, ScriptedModel, says, uses } from "../../support/scripted-model.ts";
import { agentOf, Cancelled, lastOf, stepOf, TurnBench } from "../../support/turn-bench.ts";

const SCOPED = { kind: "floating", scope: { type: "task" } } as const satisfies Partial<TurnRequest>;
const NOTES = { kind: "floating", scope: { type: "note" } } as const satisfies Partial<TurnRequest>;

const TIMEOUT: DeviceOutcome = {
  kind: "error",
  code: "tool_timeout",
  message: "The device did not answer in time.",
};

describe("the changes of a turn", () => {
  it("are listed as they were sent, under the ids that the device gave", async () => {
    const model = ScriptedModel.inOrder(
      uses(["create_task", { title: "Paint" }], ["update_task", { taskId: "t2", status: "done" }]),
      uses(["delete_task", { taskId: "t3" }]),
      says("Done."),
    );
    const { mutations } = await new TurnBench().run(model, SCOPED);
    expect(mutations).toEqual([
      {
        action: "insert",
        table: "tasks",
        id: "made at 1.0/",
        data: expect.objectContaining({ title: "Paint", status: "todo" }),
      },
      { action: "update", table: "tasks", id: "t2", data: { id: "t2", updates: { status: "done" } } },
      { action: "delete", table: "tasks", id: "t3", data: { id: "t3" } },
    ]);
  });

  it("include those of specialists", async () => {
    const model = new ScriptedModel((request) => {
      if (agentOf(request) === "supervisor") {
        const task = { agent: "projects", instruction: "Create it." };
        return stepOf(request) === 1 ? uses(["task", task]) : says("Done.");
      }
      return stepOf(request) === 1 ? uses(["create_project", { name: "Shed" }]) : says("Created.");
    });
    const { mutations } = await new TurnBench().run(model);
    expect(mutations).toMatchObject([{ action: "insert", table: "projects", id: "made at 1.0/1.0/" }]);
  });

  it("include neither what failed, nor what is unknown, nor the vectors of notes", async () => {
    const bench = new TurnBench();
    const outcomes: Record<string, DeviceOutcome> = {
      Full: { kind: "error", code: "disk_full", message: "No space is left." },
      Lost: { kind: "unknown" },
      Away: { kind: "offline" },
    };
    bench.device = (call) => {
      if (call.action === "vector_upsert") return { kind: "ok", ok: true };
      return outcomes[String(call.data?.["title"])] ?? { kind: "row", row: { id: "n1" } };
    };
    const notes = ["Full", "Lost", "Away", "Kept"].map((title): [string, Record<string, unknown>] => [
      "create_note",
      { title, content: "text" },
    ]);
    const { mutations } = await bench.run(ScriptedModel.inOrder(uses(...notes), says("Done.")), NOTES);
    expect(mutations).toMatchObject([
      { action: "insert", table: "notes", id: "n1", data: { title: "Kept" } },
    ]);
    expect(mutations).toHaveLength(1);
    expect(bench.calls.map(({ call }) => call.action)).toContain("vector_upsert");
  });
});

describe("the usage of a turn", () => {
  it("adds up all of its agents", async () => {
    const model = new ScriptedModel((request) => {
      if (agentOf(request) !== "supervisor") {
        return stepOf(request) === 1 ? uses(["list_tasks"], ["list_tasks"]) : says("None.");
      }
      const task = { agent: "tasks", instruction: "List them." };
      return stepOf(request) === 1 ? uses(["task", task]) : says("None.");
    });
    const { usage } = await new TurnBench().run(model);
    expect(usage).toEqual({
      input_tokens: 400,
      output_tokens: 40,
      cache_read_tokens: 200,
      model_calls: 4,
      tool_calls: 3,
    });
  });
});

describe("a call to the device", () => {
  const placesOf = async (bench: TurnBench, model: ScriptedModel, request: Partial<TurnRequest> = SCOPED) => {
    await bench.run(model, request);
    return bench.calls.map(
      ({ place, call }) => `${call.action} ${place.position}${place.sub} ${place.attempt}`,
    );
  };

  it("has a place of its own: the tool use, the how manieth call of it, and the attempt", async () => {
    const model = ScriptedModel.inOrder(
      uses(["create_note", { title: "a", content: "text" }], ["list_notes"]),
      uses(["list_notes"]),
      says("Done."),
    );
    expect((await placesOf(new TurnBench(), model, NOTES)).toSorted()).toEqual([
      "insert 1.0/0 1",
      "select 1.1/0 1",
      "select 2.0/0 1",
      "vector_upsert 1.0/1 1",
    ]);
  });

  it("that reads and is not answered is made once more, as a second attempt", async () => {
    const bench = new TurnBench();
    bench.device = (_call, { attempt }) =>
      attempt === 1 ? TIMEOUT : { kind: "rows", rows: [{ id: "t1", title: "Paint" }] };
    const model = ScriptedModel.inOrder(uses(["list_tasks"]), says("One."));
    expect(await placesOf(bench, model)).toEqual(["select 1.0/0 1", "select 1.0/0 2"]);
    expect(lastOf(model.requests[1])).toContain("Paint");
  });

  it("is not made a third time", async () => {
    const bench = new TurnBench();
    bench.device = () => TIMEOUT;
    const model = ScriptedModel.inOrder(uses(["list_tasks"]), says("I do not know."));
    expect(await placesOf(bench, model)).toHaveLength(2);
    expect(lastOf(model.requests[1])).toContain("did not answer in time");
  });

  it.each<[string, DeviceOutcome]>([
    ["is unknown", { kind: "unknown" }],
    ["timed out on the device, as that says", TIMEOUT],
    ["failed", { kind: "error", code: "disk_full", message: "No space is left." }],
    ["found no device", { kind: "offline" }],
  ])("that changes something and %s is made once", async (_name, outcome) => {
    const bench = new TurnBench();
    bench.device = () => outcome;
    const model = ScriptedModel.inOrder(uses(["create_task", { title: "Paint" }]), says("I do not know."));
    expect(await placesOf(bench, model)).toEqual(["insert 1.0/0 1"]);
  });

  it.each<[string, DeviceOutcome]>([
    ["failed", { kind: "error", code: "no_such_column", message: "No such column." }],
    ["found no device", { kind: "offline" }],
  ])("that reads and %s is not made again", async (_name, outcome) => {
    const bench = new TurnBench();
    bench.device = () => outcome;
    expect(await placesOf(bench, ScriptedModel.inOrder(uses(["list_tasks"]), says("No.")))).toHaveLength(1);
  });

  it("whose outcome is unknown is told to the model as something to look up", async () => {
    const bench = new TurnBench();
    bench.device = () => ({ kind: "unknown" });
    const model = ScriptedModel.inOrder(uses(["create_task", { title: "Paint" }]), says("I am not sure."));
    await bench.run(model, SCOPED);
    expect(lastOf(model.requests[1])).toContain("look it up before trying again");
  });
});

describe("a turn that fails", () => {
  it.each<[string, Partial<TurnRequest>, ScriptedModel, string, RegExp]>([
    [
      "the model cannot be reached",
      {},
      ScriptedModel.inOrder(new AppError("model_unavailable")),
      "model_unavailable",
      /try again in a moment/,
    ],
    ["the model declines", {}, ScriptedModel.inOrder(says("", "refusal")), "model_refused", /declined/],
    ["its tokens are spent", { tokensMax: 0 }, ScriptedModel.inOrder(), "turn_too_large", /smaller steps/],
    [
      "there is no such chat",
      { loadHistory: () => Promise.reject(new AppError("not_found", { detail: "There is no such chat." })) },
      ScriptedModel.inOrder(),
      "not_found",
      /^There is no such chat\.$/,
    ],
    [
      "of a fault of ours",
      { loadHistory: () => Promise.reject(new TypeError("cannot read secret of undefined")) },
      ScriptedModel.inOrder(),
      "internal",
      /on our side/,
    ],
  ])("since %s says so in words, after its opening", async (_why, request, model, code, words) => {
    const bench = new TurnBench();
    const result = await bench.run(model, { kind: "floating", ...request });
    expect(result).toMatchObject({
      status: "failed",
      mutations: [],
      error: { code, message: expect.stringMatching(words) },
    });
    expect(JSON.stringify([result, bench.logged])).not.toContain("secret");
    expect(bench.types.slice(0, 2)).toEqual(["floating_domain", "stream_start"]);
  });

  it("keeps what was said and changed before", async () => {
    const bench = new TurnBench();
    const model = ScriptedModel.inOrder(
      responds(
        [{ type: "text", text: "I create it." }, ...uses(["create_task", { title: "Paint" }]).content],
        "tool_use",
      ),
      new AppError("model_unavailable"),
    );
    const result = await bench.run(model, SCOPED);
    expect(result).toMatchObject({
      status: "failed",
      text: "I create it.",
      mutations: [{ action: "insert", table: "tasks" }],
      usage: { model_calls: 1 },
    });
    expect(bench.logged).toMatchObject([{ level: "warn", event: "turn.failed", code: "model_unavailable" }]);
  });

  it("at its deadline says so", async () => {
    const bench = new TurnBench();
    const model = new ScriptedModel(() => {
      bench.abort.abort(new AppError("timeout"));
      return says("Too late.");
    });
    const result = await bench.run(model);
    expect(result).toMatchObject({ status: "failed", error: { code: "timeout" } });
  });

  it("at its deadline says so whatever broke on the way", async () => {
    const bench = new TurnBench();
    const loadHistory = () => {
      bench.abort.abort(new AppError("timeout"));
      return Promise.reject(new Error("the connection was closed"));
    };
    const result = await bench.run(ScriptedModel.inOrder(), { loadHistory });
    expect(result).toMatchObject({ status: "failed", error: { code: "timeout" } });
  });

  it("is not one whose answer was cut at its length: that is told behind it", async () => {
    const bench = new TurnBench();
    const result = await bench.run(ScriptedModel.inOrder(says("First, second,", "max_tokens")));
    expect(result.status).toBe("done");
    expect(result.text).toMatch(/^First, second,\s+\(The answer was cut here/);
    expect(bench.text).toMatch(/^First, second,\s+\(The answer was cut here/);
  });
});

describe("a turn that is cancelled", () => {
  it("ends without an error, with what it had changed by then", async () => {
    const bench = new TurnBench();
    const model = new ScriptedModel((_request, count) => {
      if (count === 1) return uses(["create_task", { title: "Paint" }]);
      bench.abort.abort(new Cancelled());
      return says("Too late.");
    });
    const result = await bench.run(model, SCOPED);
    expect(result).toMatchObject({
      status: "cancelled",
      mutations: [{ action: "insert" }],
      usage: { model_calls: 1 },
    });
    expect(result).not.toHaveProperty("error");
    expect(bench.logged).toEqual([]);
  });

  it("before it began still opens, so that its end has something to end", async () => {
    const bench = new TurnBench();
    bench.abort.abort(new Cancelled());
    const model = ScriptedModel.inOrder();
    expect(await bench.run(model, { kind: "floating" })).toMatchObject({ status: "cancelled", text: "" });
    expect(bench.types).toEqual(["floating_domain", "stream_start"]);
  });
});
