/** The stand-in as the model that answers from documents: asked as the product asks it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ModelServer, startModelServer } from "../../../dev/model/server.ts";
import { AnswerReader, answerRequest } from "../../../src/features/knowledge/core/answer.ts";
import { readOrder, rerankRequest } from "../../../src/features/knowledge/core/rerank.ts";
import { createModelClient } from "../../../src/platform/model.ts";
import type { ModelRequest, ModelResponse } from "../../../src/platform/model-port.ts";

const MODELS = { supervisor: "stand-in", worker: "stand-in", small: "stand-in" };
const SOURCES = [
  "Bicycles are parked in the yard.",
  "# Holidays\nEmployees have thirty days of paid holiday a year. Unused days expire in March.",
  "Der Hecht lebt in Seen und Flüssen.",
].map((text) => ({ text, document: { title: "Handbook" }, position: { heading: [] } }));

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.close());

async function respond(request: ModelRequest): Promise<ModelResponse> {
  const model = createModelClient({ baseUrl: server.url, models: MODELS });
  for await (const event of model.stream(request, { signal: new AbortController().signal })) {
    if (event.type === "response") return event.response;
  }
  throw new Error("no response");
}

async function answer(question: string) {
  const { content } = await respond(answerRequest({ question, sources: SOURCES, tokensMax: 1_000 }));
  const reader = new AnswerReader(question, SOURCES.length);
  for (const block of content) if (block.type === "text") reader.push(block.text);
  return reader.end();
}

it("answers with the sentence that has the question's words, and its source", async () => {
  const { isAnswered, text, cited } = await answer("How many days of paid holiday are there?");
  expect({ isAnswered, text, cited }).toEqual({
    isAnswered: true,
    text: "Employees have thirty days of paid holiday a year [1].",
    cited: [2],
  });
  expect((await answer("Wo lebt der Hecht?")).cited).toEqual([3]);
});

it("says that the sources do not say", async () => {
  const { isAnswered, text } = await answer("Who won the championship in 1974?");
  expect({ isAnswered, text }).toEqual({ isAnswered: false, text: "The sources do not say." });
});

it("orders sources by the words they share with the question", async () => {
  const response = await respond(rerankRequest("When do unused days expire?", SOURCES));
  expect(readOrder(response, SOURCES.length)).toEqual([1, 0, 2]);
});
