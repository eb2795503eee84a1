/** The Worker's process dies at moments nobody chose, over and over: `npm run test:long` makes it eighty times. */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answeredSteps, expectGroceries, GROCERIES, scriptGroceries } from "../support/groceries.ts";
import { StackPerson } from "../support/stack-person.ts";
import { startTestStack, type TestStack } from "../support/test-stack.ts";

const ROUNDS = process.env["ADJUTANT_LONG"] ? 40 : 2;
const PEOPLE = 3;
const CRASHES = 2;
/** A little more than a turn takes. */
const TURN_MS = 700;

let stack: TestStack;

beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack.close());

test.each(Array.from({ length: ROUNDS }, (_, index) => index + 1))(
  "turns that were killed at any moment end once and whole, round %i",
  { timeout: 180_000 },
  async () => {
    const people = await Promise.all(Array.from({ length: PEOPLE }, () => StackPerson.arrive(stack)));
    const errands = people.map((person) => {
      scriptGroceries(stack, person.word, { secondThoughts: false });
      return { person, asked: person.ask(GROCERIES.message) };
    });
    const waitsMs = Array.from({ length: CRASHES }, () => Math.random() * TURN_MS);
    for (const waitMs of waitsMs) {
      await delay(waitMs);
      await stack.worker.kill();
      await stack.worker.start();
    }
    for (const errand of errands) {
      await expectGroceries(errand);
      const answers = Object.values(answeredSteps(stack, errand.person.word));
      const hint = `killed after ${waitsMs.join(" and ")} ms`;
      expect(answers, hint).toHaveLength(GROCERIES.modelCalls);
      // A crash loses one response at most, and the specialist's report that waited to be journaled with it.
      expect(Math.max(...answers), hint).toBeLessThanOrEqual(1 + CRASHES);
      expect(sum(answers), hint).toBeLessThanOrEqual(GROCERIES.modelCalls + 2 * CRASHES);
      await errand.person.leave();
    }
  },
);

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
