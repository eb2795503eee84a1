/** The turn that journeys kill and take up again: a supervisor has the tasks agent add three tasks, and says so. */
import { expect } from "vitest";
import type { LoggedRequest } from "../../dev/model/log.ts";
import type { ScriptInput } from "../../dev/model/scripts.ts";
import { type StackPerson, type StackUser, until, type WatchedTurn } from "./stack-person.ts";
import type { TestStack } from "./test-stack.ts";

type ModelReply = ScriptInput["exchanges"][number]["reply"];

export const GROCERIES = {
  message: "Put the groceries on my list",
  text: "Let me see to it.\n\nAll three are on your list.",
  titles: ["Bread", "Eggs", "Milk"],
  modelCalls: 5,
  toolCalls: 4,
};

/** A turn, and who asked for it. */
export interface Errand {
  person: StackPerson;
  asked: WatchedTurn;
}

/** How often the model answers each step: the agent, and how many responses came before. */
export const ANSWERS = { "home 0": 1, "tasks 0": 1, "tasks 1": 1, "tasks 2": 1, "home 1": 1 };

const DELTA_DELAY_MS = 20;

/**
 * The model has `secondThoughts` about what it is asked again, so that it would be seen; without them it always answers
 * the same.
 */
export function scriptGroceries(
  { model }: TestStack,
  word: string,
  { secondThoughts } = { secondThoughts: true },
): void {
  const asksTasks = uses("task", { agent: "tasks", instruction: `Add milk, eggs and bread. ${word}` });
  const once = secondThoughts ? { times: 1 } : {};
  model.loadScript({
    match: word,
    strict: true,
    exchanges: [
      { when: { toolResult: "all added" }, reply: says("All three ", "are on ", "your list.") },
      { when: { toolResult: "bread" }, reply: says("All added.") },
      { when: { toolResult: "milk" }, reply: creates("Bread"), ...once },
      { when: { toolResult: "milk" }, reply: creates("Rye bread") },
      { when: { userText: "add milk" }, reply: creates("Milk", "Eggs"), ...once },
      { when: { userText: "add milk" }, reply: creates("Oat milk", "Quail eggs") },
      { when: { body: word }, reply: both(says("Let me ", "see ", "to it."), asksTasks), ...once },
      { when: { body: word }, reply: both(says("Once more."), asksTasks) },
    ],
  });
}

/** The end came once, the words are whole, and every change is told once. */
export async function expectAnswer({ turn, watch, shown }: WatchedTurn): Promise<void> {
  const end = await turn.done;
  expect(end).toMatchObject({ status: "done", text: GROCERIES.text });
  expect(await shown).toBe(GROCERIES.text);
  expect(watch.faults).toEqual([]);
  expect(watch.text).toBe(GROCERIES.text);
  expect(end.mutations.map(({ data }) => data["title"]).toSorted()).toEqual(GROCERIES.titles);
  expect(end.usage).toMatchObject({ model_calls: GROCERIES.modelCalls, tool_calls: GROCERIES.toolCalls });
}

/** Besides, every change happened once, the hub has all results, and the chat is in Postgres. */
export async function expectGroceries({ person, asked }: Errand): Promise<void> {
  await expectAnswer(asked);
  expect(person.file.titles()).toEqual(GROCERIES.titles);
  await until("the acknowledgement of all results", () => person.file.journal().length === 0);
  await expectKept(person, GROCERIES.message, GROCERIES.text);
}

/** The user's only chat is in Postgres, with one question and one answer. */
export async function expectKept(user: StackUser, question: string, answer: string): Promise<void> {
  await until("the chat", async () => (await user.chats()).length > 0);
  const chats = await user.chats();
  expect(chats).toHaveLength(1);
  const messages = await user.messages(chats[0] ?? "");
  expect(messages.map(({ role, content }) => ({ role, content }))).toEqual([
    { role: "user", content: `${question} ${user.word}` },
    { role: "assistant", content: answer },
  ]);
}

/** How often the model answered each step of a user's turn in full. */
export function answeredSteps({ model }: TestStack, word: string): Record<string, number> {
  const steps: Record<string, number> = {};
  for (const logged of model.requests(word)) {
    if (logged.outcome !== "answered" || logged.purpose !== "turn") continue;
    const step = stepOf(logged);
    steps[step] = (steps[step] ?? 0) + 1;
  }
  return steps;
}

function stepOf({ request }: LoggedRequest): string {
  const isHome = request?.tools?.some(({ name }) => name === "task") ?? false;
  const before = request?.messages.filter(({ role }) => role === "assistant").length ?? 0;
  return `${isHome ? "home" : "tasks"} ${before}`;
}

export function says(...chunks: string[]): ModelReply {
  return { content: [{ type: "text", chunks }], deltaDelayMs: DELTA_DELAY_MS };
}

export function uses(name: string, input: Record<string, unknown>): ModelReply {
  return { content: [{ type: "tool_use", name, input }] };
}

function both(first: ModelReply, second: ModelReply): ModelReply {
  return { ...first, content: [...first.content, ...second.content] };
}

function creates(...titles: string[]): ModelReply {
  return { content: titles.flatMap((title) => uses("create_task", { title }).content) };
}
