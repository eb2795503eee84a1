import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Process, World } from "../../support/replay-world.ts";

const LONG = process.env["ADJUTANT_LONG"] !== undefined;

/** The tool uses of all durable responses, as `tool at position with input`. */
function journaledUses(world: World): string[] {
  return world.journal.steps.flatMap(({ path, step, response }) =>
    response.content
      .filter((block) => block.type === "tool_use")
      .map((use, index) => `${use.name} at ${path}${step}.${index}/ with ${JSON.stringify(use.input)}`),
  );
}

function effectsOf(world: World): string[] {
  return [...world.effects.values()].map(
    ({ tool, position, input }) => `${tool} at ${position} with ${JSON.stringify(input)}`,
  );
}

/** What must hold of a world in which a process came to its end, however many were killed before. */
function expectWhole(world: World, last: Process): void {
  expect(world.askedAgain).toEqual([]);
  // What ran, and what it changed, is what the journal says: at the same places, with the same input, each once.
  expect(last.ran.toSorted()).toEqual(journaledUses(world).toSorted());
  const changes = journaledUses(world).filter((use) => /^(add|wipe) /.test(use));
  expect(effectsOf(world).toSorted()).toEqual(changes.toSorted());
  expect(last.budget.usage).toEqual({
    input_tokens: 800,
    output_tokens: 80,
    cache_read_tokens: 400,
    model_calls: 8,
    tool_calls: 10,
  });
}

describe("a turn that is broken off and taken up again over its journal", () => {
  it("comes to the same end, at the same places, wherever it is broken off", async () => {
    const whole = new World({ drifts: false });
    const uncut = await whole.process();
    expect(uncut.end).toEqual({ kind: "answer", text: "All is done.", stopReason: "end_turn" });
    expectWhole(whole, uncut);
    expect(uncut.touches).toBeGreaterThan(60);
    for (let killAt = 1; killAt <= uncut.touches; killAt++) {
      const world = new World({ drifts: false });
      const killed = await world.process(killAt);
      expect(killed.end).toBeUndefined();
      const last = await world.process();
      expect(last.end).toEqual(uncut.end);
      expectWhole(world, last);
      expect(effectsOf(world).toSorted()).toEqual(effectsOf(whole).toSorted());
      expect(last.ran.toSorted()).toEqual(uncut.ran.toSorted());
    }
  });

  it("asks the model once for each response that it keeps, and again only for what was lost", async () => {
    const uncut = await new World({ drifts: true }).process();
    for (let killAt = 1; killAt <= uncut.touches; killAt++) {
      const world = new World({ drifts: true });
      await world.process(killAt);
      const kept = world.journal.steps.map(({ path, step }) => `${path || "top"} ${step}`);
      const askedBefore = [...world.asked];
      const last = await world.process();
      const askedAfter = world.asked.slice(askedBefore.length);
      expect(askedAfter.filter((step) => kept.includes(step))).toEqual([]);
      expect([...kept, ...askedAfter].toSorted()).toEqual(uncut.world.asked.toSorted());
      expectWhole(world, last);
    }
  });

  it("does each thing once though it is killed again and again, and whatever comes back first", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 4 }),
        async (scheduler, kills) => {
          const world = new World({ drifts: true, pause: () => scheduler.schedule(Promise.resolve()) });
          for (const killAt of kills) await scheduler.waitFor(world.process(killAt));
          const last = await scheduler.waitFor(world.process());
          expect(last.end).toMatchObject({
            kind: "answer",
            text: expect.stringMatching(/^All is done\.#\d$/),
          });
          expectWhole(world, last);
        },
      ),
      { numRuns: LONG ? 2000 : 200 },
    );
  });
});
