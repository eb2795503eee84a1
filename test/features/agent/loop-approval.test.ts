import { describe, expect, it } from "vitest";
import { type ToolOutput, TurnSuspended } from "../../../src/features/tools/types.ts";
import { CHANGE, DELETION, gate, LoopBench, resultsOf, settled } from "../../support/loop-bench.ts";
import { ScriptedModel, says, uses } from "../../support/scripted-model.ts";

describe("an approval", () => {
  it("is asked for what destroys, with the place and the input, and the tool runs when it is given", async () => {
    const bench = new LoopBench().tool("wipe", DELETION).tool("look");
    await bench.run(ScriptedModel.inOrder(uses(["look"], ["wipe", { id: "t1" }]), says("Gone.")));
    expect(bench.asked).toEqual([{ position: "1.1/", tool: "wipe", input: { id: "t1" } }]);
    expect(bench.ran.map(({ tool, position }) => [tool, position])).toContainEqual(["wipe", "1.1/"]);
  });

  it("that is declined is read with its reason, and nothing runs", async () => {
    const bench = new LoopBench().tool("wipe", DELETION);
    bench.decide = async () => ({ kind: "declined", reason: "The person said no." });
    const model = ScriptedModel.inOrder(uses(["wipe"]), says("All right."));
    await bench.run(model);
    expect(resultsOf(model.requests[1])).toEqual([
      { type: "tool_result", tool_use_id: "u0", content: "The person said no.", is_error: true },
    ]);
    expect(bench.ran).toEqual([]);
    expect(bench.progress).toEqual([]);
  });

  it("is not asked for when the client answers for its person", async () => {
    const bench = new LoopBench().tool("wipe", DELETION);
    bench.autoApprove = true;
    await bench.run(ScriptedModel.inOrder(uses(["wipe"]), says("Gone.")));
    expect(bench.asked).toEqual([]);
    expect(bench.ran).toHaveLength(1);
  });

  it("is not asked for input that the tool would not take", async () => {
    const bench = new LoopBench().tool("wipe", DELETION);
    const model = ScriptedModel.inOrder(uses(["wipe", { wrong: 1 }]), says("Sorry."));
    await bench.run(model);
    expect(bench.asked).toEqual([]);
    expect(resultsOf(model.requests[1])).toMatchObject([
      { is_error: true, content: expect.stringContaining("wrong") },
    ]);
  });

  it("is asked for every change after the tenth of the turn, over all its agents and steps", async () => {
    const bench = new LoopBench().tool("add", CHANGE).tool("look");
    bench.journal.record("1.0/", 1, says("by another agent"), { mutations: 6, durable: true });
    const three = uses(["add"], ["look"], ["add"], ["fly"], ["add"]);
    await bench.run(ScriptedModel.inOrder(three, uses(["add"], ["add"]), says("Done.")));
    expect(bench.asked.map(({ position }) => position)).toEqual(["2.1/"]);
    expect(bench.journal.steps.map(({ mutationsBefore, mutations }) => [mutationsBefore, mutations])).toEqual(
      [
        [0, 6],
        [6, 3],
        [9, 2],
        [11, 0],
      ],
    );
  });

  it("is asked for again at a replay exactly where it was, whatever the other agents did meanwhile", async () => {
    const bench = new LoopBench().tool("add", CHANGE);
    bench.journal.record("", 1, uses(["add"]), { mutations: 1, durable: true });
    bench.journal.record("1.0/", 1, says("by another agent"), { mutations: 20, durable: true });
    await bench.run(ScriptedModel.inOrder(says("Done.")));
    expect(bench.asked).toEqual([]);
  });

  it("that takes longer than memory holds suspends the run, after the other tools have finished", async () => {
    const other = gate<ToolOutput>();
    const bench = new LoopBench().tool("wipe", DELETION).tool("slow", {}, () => other.promise);
    bench.decide = () => Promise.reject(new TurnSuspended());
    const model = ScriptedModel.inOrder(uses(["wipe"], ["slow"]));
    let outcome = "running";
    const run = bench.run(model).catch((error: unknown) => {
      outcome = error instanceof TurnSuspended ? "suspended" : "broken";
    });
    await settled();
    expect(outcome).toBe("running");
    other.resolve({ text: "finished" });
    await run;
    expect(outcome).toBe("suspended");
    expect(model.requests).toHaveLength(1);
  });

  it("given while the turn was away lets the replay go on without asking the model again", async () => {
    const bench = new LoopBench().tool("wipe", DELETION);
    bench.decide = () => Promise.reject(new TurnSuspended());
    await expect(bench.run(ScriptedModel.inOrder(uses(["wipe"])))).rejects.toThrow(TurnSuspended);
    bench.decide = async () => ({ kind: "approved" });
    const model = ScriptedModel.inOrder(says("Gone."));
    await expect(bench.run(model)).resolves.toMatchObject({ text: "Gone." });
    expect(bench.asked.map(({ position }) => position)).toEqual(["1.0/", "1.0/"]);
    expect(model.requests).toHaveLength(1);
  });
});

describe("a failure to ask", () => {
  it("outranks a suspension: the turn is broken, not waiting", async () => {
    const bench = new LoopBench().tool("wipe", DELETION);
    const failure = new Error("storage is gone");
    bench.decide = ({ position }) => Promise.reject(position === "1.0/" ? new TurnSuspended() : failure);
    await expect(bench.run(ScriptedModel.inOrder(uses(["wipe"], ["wipe"])))).rejects.toBe(failure);
  });
});

describe("an abort", () => {
  const reason = new Error("cancelled by the person");

  it("before the model is asked keeps it from being asked", async () => {
    const bench = new LoopBench();
    bench.abort.abort(reason);
    const model = ScriptedModel.inOrder(says("Never."));
    await expect(bench.run(model, { speaker: bench.speaker() })).rejects.toBe(reason);
    expect([model.requests, bench.events]).toEqual([[], []]);
  });

  it("while the model answers ends the run and journals nothing", async () => {
    const bench = new LoopBench();
    const model = new ScriptedModel(() => {
      bench.abort.abort(reason);
      return says("Too late.");
    });
    await expect(bench.run(model)).rejects.toBe(reason);
    expect(bench.journal.steps).toEqual([]);
  });

  it("outranks a suspension, so that a cancelled turn is not parked", async () => {
    const bench = new LoopBench().tool("wipe", DELETION).tool("slow", {}, async () => {
      await settled();
      bench.abort.abort(reason);
      throw reason;
    });
    bench.decide = () => Promise.reject(new TurnSuspended());
    await expect(bench.run(ScriptedModel.inOrder(uses(["wipe"], ["slow"])))).rejects.toBe(reason);
  });

  it("outranks a suspension even when the other tools end as if nothing had happened", async () => {
    const bench = new LoopBench().tool("wipe", DELETION).tool("slow", {}, async () => {
      await settled();
      bench.abort.abort(reason);
      return { text: "The device is offline." };
    });
    bench.decide = () => Promise.reject(new TurnSuspended());
    await expect(bench.run(ScriptedModel.inOrder(uses(["wipe"], ["slow"])))).rejects.toBe(reason);
  });
});
