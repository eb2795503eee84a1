import { env } from "cloudflare:workers";
import { expect, inject, test, vi } from "vitest";
import { z } from "zod";
import { ExecuteAnswer } from "../../../src/features/chat/schema.ts";
import { CreateAgent } from "../../../src/features/custom-agents/schema.ts";
import { createAgent } from "../../../src/features/custom-agents/service.ts";
import { newId } from "../../../src/lib/ids.ts";
import { callFor } from "../../support/api.ts";
import { newAgent } from "../../support/custom-agents.ts";
import { says, startErrand, tool, uses } from "../../support/errand.ts";
import { evictHub } from "../../support/hub.ts";
import { modelRequests } from "../../support/model.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

function execute(user: TestUser, agent: { id: string }, input: string): Promise<ExecuteAnswer> {
  return callFor(ExecuteAnswer, "POST", `/agents/${agent.id}/execute`, { as: user, body: { input } });
}

/** What was searched for with this word in it. */
async function searches(word: string): Promise<string[]> {
  const asked = await (await fetch(`${inject("searchUrl")}/_asked`)).json();
  return z
    .array(z.object({ query: z.string() }))
    .parse(asked)
    .map(({ query }) => query)
    .filter((query) => query.includes(word));
}

test("an agent searches the web, reads what was found as data, and the search is counted", async () => {
  const { user, word } = await startErrand((key) => [
    { when: { toolResult: "birds.example" }, reply: says("About 1.5 kg (https://birds.example/herons).") },
    { reply: uses(tool("web_search", { query: `herons ${key}` })) },
  ]);
  const agent = await newAgent(user, { tools: ["web_search"] });
  const answer = await execute(user, agent, `How heavy is a heron? ${word}`);
  expect(answer.output).toContain("1.5 kg");
  expect(answer.usage).toMatchObject({ tool_calls: 1, web_searches: 1 });
  expect(answer.usage).not.toHaveProperty("code_runs");
  expect(await searches(word)).toHaveLength(1);
  const [first] = await modelRequests(word);
  expect(first?.request?.tools?.map(({ name }) => name)).toEqual(["web_search"]);
});

test("a run that is taken up after an eviction does not search again", async () => {
  const chunks = ["About ", "1.5 ", "kg, ", "it ", "says."];
  const { user, word } = await startErrand((key) => [
    { when: { toolResult: "Result: 42" }, reply: { content: [{ type: "text", chunks }], deltaDelayMs: 300 } },
    { when: { toolResult: "birds.example" }, reply: uses(tool("run_code", { code: "return 6 * 7" })) },
    { reply: uses(tool("web_search", { query: `herons ${key}` })) },
  ]);
  const agent = await newAgent(user, { tools: ["web_search", "run_code"] });
  const running = execute(user, agent, `How heavy is a heron? ${word}`);
  // What the search found is committed with the response after it.
  await vi.waitUntil(async () => (await modelRequests(word)).length >= 3, { timeout: 20_000 });
  await evictHub(user);
  const answer = await running;
  expect(answer).toMatchObject({ output: chunks.join(""), usage: { web_searches: 1, code_runs: 1 } });
  expect(await searches(word)).toHaveLength(1);
});

test("an agent computes in the sandbox, with what was found in it or against it", async () => {
  const { user, word } = await startErrand([
    { when: { toolResult: "ran too long" }, reply: says("I could not.") },
    { when: { toolResult: "Result: 10.5" }, reply: uses(tool("run_code", { code: "for (;;) {}" })) },
    { reply: uses(tool("run_code", { code: "return input.kg * 7", input: { kg: 1.5 } })) },
  ]);
  const agent = await newAgent(user, { tools: ["run_code"] });
  const answer = await execute(user, agent, `Seven herons ${word}`);
  expect(answer).toMatchObject({ output: "I could not.", usage: { tool_calls: 2, code_runs: 2 } });
});

test("searches and code count among the tool calls that an agent may make", async () => {
  const { user, word } = await startErrand((key) => [
    { when: { toolResult: "no more tool calls" }, reply: says("That is all I have.") },
    {
      reply: uses(
        tool("web_search", { query: `herons ${key}` }),
        tool("run_code", { code: "return 1" }),
        tool("web_search", { query: `otters ${key}` }),
      ),
    },
  ]);
  const agent = await newAgent(user, {
    tools: ["web_search", "run_code"],
    resource_limits: { max_tool_calls: 2 },
  });
  const answer = await execute(user, agent, word);
  expect(answer).toMatchObject({ output: "That is all I have.", usage: { web_searches: 1, code_runs: 1 } });
  expect(await searches(word)).toHaveLength(1);
});

test("what nobody has set up cannot be given to an agent, and who asks for it is told so", async () => {
  const user = await newUser(env);
  const ctx = userCtx(env, user);
  const bare = { ...ctx, config: { ...ctx.config, webSearch: null, sandbox: null } };
  const wanted = CreateAgent.parse({ name: "Finder", tools: ["web_search", "run_code", "web_surf"] });
  await expect(createAgent(bare, wanted, newId())).rejects.toMatchObject({
    code: "validation_failed",
    errors: [
      { path: "body.tools.0", message: expect.stringMatching(/^is not set up here: .*WEB_SEARCH/) },
      { path: "body.tools.1", message: expect.stringMatching(/^is not set up here: .*SANDBOX/) },
      { path: "body.tools.2", message: expect.stringMatching(/^is no tool; there are: .*search_knowledge$/) },
    ],
  });
});
