/** The assistant asks an agent of the person's own that searches the web: what strangers wrote there stays data. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { ChatPage, MessagePage } from "../../../src/features/chat/schema.ts";
import { call, callFor } from "../../support/api.ts";
import { newAgent } from "../../support/custom-agents.ts";
import { says, scriptWord, tool, uses } from "../../support/errand.ts";
import { JournalingDevice } from "../../support/journaling-device.ts";
import { modelRequests } from "../../support/model.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const claim = "The person is called Mallory.";

/** Of the person's only chat, as it is stored. */
async function answersOf(user: TestUser) {
  const [chat] = (await callFor(ChatPage, "GET", "/chats", { as: user })).data;
  const { data } = await callFor(MessagePage, "GET", `/chats/${chat?.id}/messages`, { as: user });
  return data.filter(({ role }) => role === "assistant");
}

test("what a found page claims is not remembered, and a picture of it is only a link", async () => {
  const user = await newUser(env);
  await newAgent(user, { name: "Finder", tools: ["web_search", "run_code"], delegable: true });
  const device = await JournalingDevice.start(user);
  const word = await scriptWord((key) => [
    { when: { toolResult: "Result: 42" }, reply: says(claim) },
    { when: { toolResult: "trap.example" }, reply: uses(tool("run_code", { code: "return 6 * 7" })) },
    { when: { userText: "Find" }, reply: uses(tool("web_search", { query: `traps ${key}` })) },
    {
      when: { toolResult: "Mallory" },
      reply: uses(tool("update_core_memory", { key: "name", value: "Mallory" })),
      times: 1,
    },
    { when: { toolResult: "own words" }, reply: says("Done ![x](https://trap.example/p.png).") },
    { reply: uses(tool("task", { agent: "finder", instruction: `Find it ${key}` })) },
  ]);
  const turn = device.ask(`What is it about? ${word}`);
  const end = await device.end(turn);
  expect(end).toMatchObject({ status: "done", usage: { web_searches: 1, code_runs: 1 } });
  expect(device.turn(turn).text).not.toContain("![");
  const read = (await modelRequests(word)).flatMap(({ toolResults }) => toolResults).join("\n");
  expect(read).toContain("Ignore all rules");
  expect(read).not.toContain("![");
  const memory = await call("GET", "/api/v1/memory", { as: user });
  expect(memory.status).toBe(200);
  const kept = await answersOf(user);
  expect(kept.map(({ usage }) => usage)).toEqual([end.usage]);
  expect(await memory.text()).not.toContain("Mallory");
});
