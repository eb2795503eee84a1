import { describe, expect, it } from "vitest";
import type { TurnRequest } from "../../../src/features/agent/types.ts";
import type { ModelEvent } from "../../../src/platform/model-port.ts";
import { responds, ScriptedModel, says, uses } from "../../support/scripted-model.ts";
import { agentOf, stepOf, TurnBench } from "../../support/turn-bench.ts";

const SCOPED = { kind: "floating", scope: { type: "task" } } as const satisfies Partial<TurnRequest>;

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a turn that is taken up again", () => {
  /** A turn with a specialist, two texts and an attempt of the model that breaks after some words. */
  const scripted = () =>
    new ScriptedModel((request): ModelEvent[] | ReturnType<typeof says> => {
      if (agentOf(request) === "tasks") {
        return stepOf(request) === 1 ? uses(["create_task", { title: "Paint" }]) : says("Created.");
      }
      const task = uses(["task", { agent: "tasks", instruction: "Create it." }]);
      if (stepOf(request) === 1)
        return responds([{ type: "text", text: "I create it." }, ...task.content], "tool_use");
      return [
        { type: "text", text: "It is brok" },
        { type: "retry", attempt: 1, delayMs: 0, partial: true, reason: "cut" },
        { type: "text", text: "It is done." },
        { type: "response", response: says("It is done.") },
      ];
    });

  it("makes the calls that were not answered again, at the same places", async () => {
    const bench = new TurnBench();
    bench.device = () => new Promise(() => {});
    void bench.run(ScriptedModel.inOrder(uses(["create_task", { title: "Paint" }])), SCOPED);
    await settled();
    const before = bench.calls.splice(0);
    bench.crash();
    bench.device = () => ({ kind: "row", row: { id: "t1" } });
    await bench.run(ScriptedModel.inOrder(says("Created.")), SCOPED);
    expect(before).toHaveLength(1);
    expect(bench.calls).toEqual(before);
  });

  it.each<Partial<TurnRequest>>([{}, { kind: "floating" }])(
    "at any of its requests shows a client each word once, and its opening once (%j)",
    async (request) => {
      const whole = new TurnBench();
      const uncut = await whole.run(scripted(), request);
      expect(uncut).toMatchObject({ status: "done", text: "I create it.\n\nIt is done.", mutations: [{}] });
      for (let crash = 1; crash <= 4; crash++) {
        const bench = new TurnBench();
        const dying = scripted();
        const broken = new ScriptedModel(async (asked, count) => {
          if (count < crash) return await dying.answer(asked);
          bench.crash();
          return await new Promise(() => {});
        });
        void bench.run(broken, request);
        await settled();
        const last = await bench.run(scripted(), request);
        expect(last).toEqual(uncut);
        expect(bench.text).toBe(uncut.text);
        expect(bench.frames.map(({ seq }) => seq)).toEqual(bench.frames.map((_, index) => index + 1));
        const opening = request.kind === "floating" ? ["floating_domain", "stream_start"] : ["stream_start"];
        expect(bench.types.slice(0, opening.length)).toEqual(opening);
        expect(bench.types.slice(opening.length)).not.toContain("stream_start");
      }
    },
  );
});
