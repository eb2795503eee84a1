/** The adapter in the runtime that it is made for: its fetch, streams and timers are not Node's. */
import { expect, inject, it } from "vitest";
import { createModelClient } from "../../src/platform/model.ts";
import type { ModelTimeouts } from "../../src/platform/model-connection.ts";
import type { ModelEvent } from "../../src/platform/model-port.ts";
import { breakModel, modelRequests, scriptModel } from "../support/model.ts";

const MODELS = { supervisor: "stand-in-supervisor", worker: "stand-in-worker", small: "stand-in-small" };
/** Each test speaks of its own mark, for the server is shared. */
function mark(): string {
  return `mark-${crypto.randomUUID()}`;
}

function stream(match: string, signal = new AbortController().signal, timeouts: Partial<ModelTimeouts> = {}) {
  const client = createModelClient({
    baseUrl: inject("modelUrl"),
    models: MODELS,
    random: () => 0,
    timeouts,
  });
  const messages = [{ role: "user" as const, content: match }];
  return client.stream({ role: "worker", system: [], tools: [], messages, maxTokens: 100 }, { signal });
}

function script(match: string, chunks: string[], deltaDelayMs = 0): Promise<void> {
  return scriptModel(match, [{ content: [{ type: "text", chunks }], deltaDelayMs }]);
}

async function collect(events: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  const collected: ModelEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

it("streams text as it comes, then the response", async () => {
  const match = mark();
  await script(match, ["Grüße ", "aus ", "dem Worker 👋"], 40);
  const events = await collect(stream(match));
  expect(events.filter((event) => event.type === "text").length).toBeGreaterThan(1);
  expect(events.at(-1)).toMatchObject({
    type: "response",
    response: { content: [{ type: "text", text: "Grüße aus dem Worker 👋" }], stopReason: "end_turn" },
  });
});

it.each([
  [{ kind: "overloaded" }, "overloaded"],
  [{ kind: "disconnect" }, "connection"],
  [{ kind: "cut", afterChars: 5 }, "cut_stream"],
  [{ kind: "hang" }, "timeout"],
  [{ kind: "stall", afterChars: 5 }, "timeout"],
] as const)("repeats a call after %j", async (fault, reason) => {
  const match = mark();
  await script(match, ["Hello ", "again ", "friend"]);
  await breakModel([{ ...fault, match }]);
  const events = await collect(stream(match, undefined, { firstByteMs: 500, idleMs: 500 }));
  expect(events.find((event) => event.type === "retry")).toMatchObject({ attempt: 1, reason });
  expect(events.at(-1)).toMatchObject({ response: { content: [{ text: "Hello again friend" }] } });
});

it("closes the connection when the turn is cancelled", async () => {
  const match = mark();
  await script(
    match,
    Array.from({ length: 400 }, () => "word "),
    5,
  );
  const controller = new AbortController();
  const reason = new Error("cancelled");
  const reading = (async () => {
    for await (const event of stream(match, controller.signal))
      if (event.type === "text") controller.abort(reason);
  })();
  await expect(reading).rejects.toBe(reason);
  await expect.poll(async () => (await modelRequests(match))[0]?.outcome).toBe("aborted");
});

it("ends a wait for a retry when the turn is cancelled", async () => {
  const match = mark();
  await script(match, ["never given"]);
  await breakModel([{ kind: "rate_limit", retryAfter: "50", match }]);
  const controller = new AbortController();
  const reading = (async () => {
    for await (const event of stream(match, controller.signal))
      if (event.type === "retry") controller.abort();
  })();
  await expect(reading).rejects.toMatchObject({ name: "AbortError" });
});
