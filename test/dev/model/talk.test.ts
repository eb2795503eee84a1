import { expect, it } from "vitest";
import { answerByRule } from "../../../dev/model/rules/index.ts";
import type { MessagesRequest } from "../../../dev/model/wire.ts";

const TOOLS = ["task", "update_core_memory", "forget_memory"].map((name) => ({ name, input_schema: {} }));

/** The rules' next step for a home turn with this message, when its tool has answered so. */
function next(message: string, answered?: { tool: string; text: string; isError?: boolean }, system = "") {
  const { tool: name = "", text: content = "", isError = false } = answered ?? {};
  const round = [
    { role: "assistant", content: [{ type: "tool_use", id: "u1", name, input: {} }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "u1", content, is_error: isError }] },
  ];
  const messages = [{ role: "user", content: message }, ...(answered ? round : [])];
  const request = { model: "m", max_tokens: 100, system, tools: TOOLS, messages };
  return answerByRule(request as unknown as MessagesRequest).content;
}

it.each([
  ["Forget that I like tea.", "I like tea"],
  ["Please forget about my city", "my city"],
  ["Stop suggesting that.", "Stop suggesting that"],
])("has %j forgotten", (message, what) => {
  expect(next(message)).toEqual([expect.objectContaining({ name: "forget_memory", input: { what } })]);
});

it("says what was forgotten, and that nothing was", () => {
  const told = (text: string) => next("Forget that I like tea.", { tool: "forget_memory", text });
  expect(told('Forgotten: "I like tea". Say so in a few words.')).toEqual([
    expect.objectContaining({ text: 'Forgotten: "I like tea".' }),
  ]);
  expect(told("Nothing that is remembered has these words.")).toEqual([
    expect.objectContaining({ text: "I remember nothing in these words." }),
  ]);
});

it("claims to remember only what is stored", () => {
  const told = (text: string, isError: boolean) =>
    next("Remember that my name is Zoë", { tool: "update_core_memory", text, isError });
  expect(told("Remembered.", false)).toEqual([expect.objectContaining({ text: "I will remember that." })]);
  expect(told("Not stored yet: the person will be asked to confirm it.", true)).toEqual([
    expect.objectContaining({ text: "I will ask you about that." }),
  ]);
  expect(told("Not stored: no room.", true)).toEqual([
    expect.objectContaining({ text: expect.stringContaining("not kept") }),
  ]);
});

it("acknowledges what was confirmed", () => {
  const system = "# What the person has just confirmed\n<confirmed>[]</confirmed>";
  expect(next("Yes.", undefined, system)).toEqual([
    expect.objectContaining({ text: "I will remember that." }),
  ]);
});
