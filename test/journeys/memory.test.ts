/** What a person says is remembered, used, shown and forgotten, with the memory as the product has it and a Worker that dies. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Memory } from "../../src/features/memory/schema.ts";
import { StackPerson, until, type WatchedTurn } from "../support/stack-person.ts";
import { startTestStack, type TestStack } from "../support/test-stack.ts";

/** As a prompt holds it, within the JSON of a request. */
const FACT = JSON.stringify('facts: {"name":"Wilhelmina"}').slice(1, -1);

let stack: TestStack;
let person: StackPerson;

beforeAll(async () => {
  stack = await startTestStack({ vars: { MEMORY_EXTRACTION: "model" } });
  person = await StackPerson.arrive(stack);
});
afterAll(async () => {
  await person.leave();
  await stack.close();
});

/** Asks, waits for the end, and gives what the model read for this turn. */
async function ask(message: string): Promise<string> {
  const before = turnRequests().length;
  const asked: WatchedTurn = person.ask(message);
  await until("the turn's end", () => asked.watch.end !== undefined);
  expect(asked.watch.end).toMatchObject({ status: "done" });
  return turnRequests().slice(before).join("\n");
}

function turnRequests(): string[] {
  return stack.model
    .requests(person.word)
    .filter(({ purpose }) => purpose === "turn")
    .map(({ rawBody }) => rawBody);
}

/** The model was asked what these turns teach, and has answered. */
async function learnt(turns: number): Promise<void> {
  await until("what the turns teach", () => {
    const lessons = stack.model.requests(person.word).filter(({ purpose }) => purpose === "memory");
    return lessons.filter(({ outcome }) => outcome === "answered").length >= turns;
  });
}

async function remembered(tier: Memory["tier"]): Promise<Memory | undefined> {
  return (await person.remembered()).find((item) => item.tier === tier);
}

test("a fact that a person says is used in the next turn, shown with its origin, and gone for good once it is forgotten", async () => {
  await ask("Hello! My name is Wilhelmina. I prefer oolong in the afternoon.");
  await until("the memory in Postgres", async () => (await remembered("associative")) !== undefined);
  expect(await remembered("core")).toMatchObject({
    key: "name",
    text: "Wilhelmina",
    provenance: { quote: "My name is Wilhelmina", request_id: expect.any(String) },
  });
  const statement = await remembered("associative");
  expect(statement).toMatchObject({
    text: expect.stringContaining("oolong"),
    provenance: { quote: expect.stringContaining("I prefer oolong"), request_id: expect.any(String) },
  });

  const informed = await ask("What do I prefer in the afternoon?");
  expect(informed).toContain(FACT);
  expect(informed).toContain("oolong");
  await learnt(2);

  await person.forget({ tier: "core", key: "name", id: "" });
  const nameless = await ask("What do I prefer in the afternoon, again?");
  // What else was said in that turn stays until it is forgotten too; the turn's summary is gone.
  expect(nameless).toContain("oolong");
  expect(nameless).not.toContain("Wilhelmina");
  await learnt(3);

  await person.forget();
  expect(await person.remembered()).toEqual([]);
  await stack.worker.kill();
  await stack.worker.start();
  const forgotten = await ask("And what do I prefer now?");
  expect(forgotten).not.toContain("Wilhelmina");
  expect(forgotten).not.toContain("oolong");
  await learnt(4);
  expect(JSON.stringify(await person.remembered())).not.toMatch(/Wilhelmina|oolong/);
});

test("a change of it is asked about by the hub, made on a plain yes, and forgotten where the person says so", async () => {
  const answer = async (message: string) => {
    const asked: WatchedTurn = person.ask(message);
    await until("the turn's end", () => asked.watch.end !== undefined);
    return asked.watch.text;
  };
  const isCalled = (name: string | undefined) =>
    until(`the name ${name}`, async () => (await remembered("core"))?.text === name);
  await answer("My name is Anna.");
  await isCalled("Anna");
  await answer("My name is Bertha.");
  await learnt(6);
  expect(await answer("Good morning!")).toContain("(name): is it “Bertha” now, instead of “Anna”?");
  expect(await answer("Yes.")).toBe("I will remember that.");
  await isCalled("Bertha");
  expect(await answer("Forget my name.")).toContain("Forgotten");
  await isCalled(undefined);
});
