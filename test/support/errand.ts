/** One turn for a test of the hub: a person, their device, and what the model will say. */
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { ScriptInput } from "../../dev/model/scripts.ts";
import { newId } from "../../src/lib/ids.ts";
import { JournalingDevice } from "./journaling-device.ts";
import { type ModelReply, modelRequests, scriptModelBy } from "./model.ts";
import type { SocketOptions } from "./socket.ts";
import { newUser, type TestUser } from "./users.ts";

export interface Errand {
  user: TestUser;
  device: JournalingDevice;
  /** In the turn's message and so in all its model requests: tells them from others. */
  word: string;
}

type Exchange = ScriptInput["exchanges"][number];
type Exchanges = Exchange[] | ((word: string) => Exchange[]);

/** The first exchange that fits answers; one without a condition always fits. */
export async function startErrand(exchanges: Exchanges, options: SocketOptions = {}): Promise<Errand> {
  const user = await newUser(env);
  const device = await JournalingDevice.start(user, options);
  return { user, device, word: await scriptWord(exchanges) };
}

/** Loads a script of its own for one more turn and gives its word. */
export async function scriptWord(exchanges: Exchanges): Promise<string> {
  const word = newId();
  const script = typeof exchanges === "function" ? exchanges(word) : exchanges;
  await scriptModelBy(
    word,
    script.map((exchange) => ({ when: { body: word }, ...exchange })),
  );
  return word;
}

/** Adds one task and says how that went. */
export const MILK: Exchange[] = [
  { when: { toolResult: "may have happened" }, reply: says("I cannot tell.") },
  { when: { toolResult: "offline" }, reply: says("Your device is away.") },
  { when: { toolResult: "failed" }, reply: says("That failed.") },
  { when: { toolResult: "milk" }, reply: says("Milk is on your list.") },
  { reply: uses(creates("Milk")) },
];

export function says(text: string): ModelReply {
  return { content: [{ type: "text", text }] };
}

export function uses(...content: ModelReply["content"]): ModelReply {
  return { content };
}

export function tool(name: string, input: Record<string, unknown> = {}): ModelReply["content"][number] {
  return { type: "tool_use", name, input };
}

export function creates(title: string): ModelReply["content"][number] {
  return tool("create_task", { title });
}

/** Waits until this many requests of the turn have reached the model. */
export async function modelAsked(word: string, count: number): Promise<void> {
  const isAsked = async () => (await modelRequests(word)).length >= count;
  await vi.waitUntil(isAsked, { timeout: 10_000, interval: 20 });
}
