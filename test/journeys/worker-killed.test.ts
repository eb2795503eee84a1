/** The Worker's process dies in the middle of turns, is started again on its state, and they end as if nothing had happened. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FaultInput } from "../../dev/model/faults.ts";
import { newId } from "../../src/lib/ids.ts";
import {
  ANSWERS,
  answeredSteps,
  type Errand,
  expectGroceries,
  expectKept,
  GROCERIES,
  says,
  scriptGroceries,
  uses,
} from "../support/groceries.ts";
import { StackPerson, until } from "../support/stack-person.ts";
import { holdDatabase, startTestStack, type TestStack } from "../support/test-stack.ts";

let stack: TestStack;
const people: StackPerson[] = [];

afterAll(async () => {
  for (const person of people) await person.leave();
  await stack.close();
});

async function arrive(): Promise<StackPerson> {
  const person = await StackPerson.arrive(stack);
  people.push(person);
  return person;
}

/** The model's answer number `skip` + 1 to this person hangs, or stops after its first words. */
function breakModel({ word }: StackPerson, kind: "hang" | "stall", skip = 0, times = 1): void {
  const fault: FaultInput = kind === "hang" ? { kind } : { kind, afterChars: 5 };
  stack.model.addFaults({ ...fault, match: word, skip, times });
}

function requestCount({ word }: StackPerson): number {
  return stack.model.requests(word).filter(({ purpose }) => purpose === "turn").length;
}

interface Moment {
  when: string;
  arrange(person: StackPerson): void;
  isReached(errand: Errand): boolean;
  /** Where it differs: a specialist's last words are journaled with the next response, and asked for again until then. */
  answers?: Partial<typeof ANSWERS>;
}

const MOMENTS: Moment[] = [
  {
    when: "before the model has answered",
    arrange: (person) => breakModel(person, "hang"),
    isReached: ({ person }) => requestCount(person) === 1,
  },
  {
    when: "while the first words stream",
    arrange: (person) => breakModel(person, "stall"),
    isReached: ({ asked }) => asked.watch.text !== "",
  },
  {
    when: "with calls sent and nothing done yet",
    arrange: ({ store }) => store.hold("before_commit"),
    isReached: ({ person }) => person.store.held > 0,
  },
  {
    when: "with a change made and not told",
    arrange: ({ store }) => store.hold("before_answer"),
    isReached: ({ person }) => person.store.held > 0,
  },
  {
    when: "with results that no response has committed",
    arrange: (person) => breakModel(person, "hang", 2),
    isReached: ({ person }) => requestCount(person) === 3,
  },
  {
    when: "while the last words stream",
    arrange: (person) => breakModel(person, "stall", 4),
    isReached: ({ asked }) => asked.watch.text.includes("\n\nAll"),
    answers: { "tasks 2": 2 },
  },
];

/** Brings a turn to its moment. */
async function begin({ when, arrange, isReached }: Moment): Promise<Errand> {
  const person = await arrive();
  scriptGroceries(stack, person.word);
  arrange(person);
  const errand = { person, asked: person.ask(GROCERIES.message) };
  await until(`the moment ${when}`, () => isReached(errand));
  return errand;
}

interface Removal extends Errand {
  approvalId: string;
}

/** Brings a turn to where it waits for the person's word on a deletion. */
async function beginRemoval(): Promise<Removal> {
  const person = await arrive();
  const taskId = person.ownTask("Old news");
  const { word } = person;
  stack.model.loadScript({
    match: word,
    strict: true,
    exchanges: [
      { when: { toolResult: "removed" }, reply: says("It is ", "gone.") },
      { when: { userText: "delete it" }, reply: uses("delete_task", { taskId }), times: 1 },
      { when: { userText: "delete it" }, reply: says("Removed.") },
      { when: { body: word }, reply: uses("task", { agent: "tasks", instruction: `Delete it. ${word}` }) },
    ],
  });
  const asked = person.ask("Throw the old news away");
  await until("the question", () => asked.watch.approval !== undefined);
  return { person, asked, approvalId: asked.watch.approval?.approval_id ?? "" };
}

async function expectRemoval({ person, asked }: Removal): Promise<void> {
  const end = await asked.turn.done;
  expect(end).toMatchObject({ status: "done", text: "It is gone." });
  expect(end.mutations).toEqual([expect.objectContaining({ action: "delete", table: "tasks" })]);
  expect(await asked.shown).toBe("It is gone.");
  expect(asked.watch.faults).toEqual([]);
  expect(person.file.titles()).toEqual([]);
  expect(answeredSteps(stack, person.word)).toEqual({ "home 0": 1, "tasks 0": 1, "tasks 1": 1, "home 1": 1 });
  await expectKept(person, "Throw the old news away", "It is gone.");
}

interface Call {
  person: StackPerson;
  key: string;
  answer: Promise<Response | Error>;
}

/** Asks over REST and brings the turn to where the model should answer. */
async function beginCall(message: string, script: (word: string) => void): Promise<Call> {
  const person = await arrive();
  const key = newId();
  script(person.word);
  breakModel(person, "hang");
  const answer = person.askByRest(message, key).catch((error: Error) => error);
  await until("the request to the model", () => requestCount(person) === 1);
  return { person, key, answer };
}

const errands = new Map<Moment, Promise<Errand>>();
let approvedLater: Promise<Removal>;
let approvedMeanwhile: Promise<Removal>;
let askedMeanwhile: Errand;
let repeated: Promise<Call>;
let abandoned: Promise<Call>;

/** One crash in the middle of many turns. */
beforeAll(async () => {
  stack = await startTestStack();
  for (const moment of MOMENTS) errands.set(moment, begin(moment));
  [approvedLater, approvedMeanwhile] = [beginRemoval(), beginRemoval()];
  repeated = beginCall(GROCERIES.message, (word) => scriptGroceries(stack, word));
  abandoned = beginCall("Are you there?", (match) =>
    stack.model.loadScript({ match, strict: true, exchanges: [{ reply: says("I am ", "here.") }] }),
  );
  const later = await arrive();
  await Promise.allSettled([...errands.values(), approvedLater, approvedMeanwhile, repeated, abandoned]);
  await (await abandoned).person.client.close();
  await stack.worker.kill();
  const meanwhile = await approvedMeanwhile;
  meanwhile.person.client.approve(meanwhile.approvalId);
  scriptGroceries(stack, later.word);
  askedMeanwhile = { person: later, asked: later.ask(GROCERIES.message) };
  await stack.worker.start();
  for (const { store } of people) store.release();
});

test.each(MOMENTS)("a turn that was killed $when ends once and whole", async (moment) => {
  const errand = await errands.get(moment);
  if (!errand) throw new Error("not begun");
  await expectGroceries(errand);
  expect(answeredSteps(stack, errand.person.word)).toEqual({ ...ANSWERS, ...moment.answers });
});

test("a turn that waits for the person's word goes on waiting, and does what they say", async () => {
  const removal = await approvedLater;
  await removal.person.client.online();
  expect(removal.person.file.titles()).toEqual(["Old news"]);
  expect(removal.asked.watch.end).toBeUndefined();
  removal.person.client.approve(removal.approvalId);
  await expectRemoval(removal);
});

test("a word that the person gave while the Worker was down is heard", async () => {
  await expectRemoval(await approvedMeanwhile);
});

test("what was asked while the Worker was down is answered", async () => {
  await expectGroceries(askedMeanwhile);
  expect(answeredSteps(stack, askedMeanwhile.person.word)).toEqual(ANSWERS);
});

test("a REST caller who repeats the request gets the answer of the same turn", async () => {
  const { person, key, answer } = await repeated;
  expect(await answer).toBeInstanceOf(Error);
  const again = await person.askByRest(GROCERIES.message, key);
  expect(again.status).toBe(200);
  expect(await again.json()).toMatchObject({ status: "done", response: GROCERIES.text });
  expect(person.file.titles()).toEqual(GROCERIES.titles);
  expect(answeredSteps(stack, person.word)).toEqual(ANSWERS);
  await expectKept(person, GROCERIES.message, GROCERIES.text);
});

test("a turn that is killed again while it is being taken up ends once and whole", async () => {
  const person = await arrive();
  scriptGroceries(stack, person.word);
  breakModel(person, "stall", 2, 2);
  const asked = person.ask(GROCERIES.message);
  for (const count of [3, 4]) {
    await until(`request ${count} to the model`, () => requestCount(person) === count);
    await stack.worker.kill();
    await stack.worker.start();
  }
  await expectGroceries({ person, asked });
  expect(answeredSteps(stack, person.word)).toEqual(ANSWERS);
});

test("a turn that is killed between its end and the saving of its chat is saved once", async () => {
  const person = await arrive();
  scriptGroceries(stack, person.word);
  const database = await holdDatabase(stack);
  const asked = person.ask(GROCERIES.message);
  await asked.turn.done;
  await stack.worker.kill();
  await database.release();
  await stack.worker.start();
  await expectGroceries({ person, asked });
  expect(answeredSteps(stack, person.word)).toEqual(ANSWERS);
});

// Last: the alarm rings half a minute after the turn began.
test("a turn that nobody comes back to is ended by its alarm, and kept", async () => {
  const { person } = await abandoned;
  await expectKept(person, "Are you there?", "I am here.");
  expect(requestCount(person)).toBe(2);
});
