/** What a person says to and of their own agents, for tests that look for it in the clear. */
import { expect } from "vitest";
import { newId } from "../../src/lib/ids.ts";
import { call } from "./api.ts";
import { newAgent } from "./custom-agents.ts";
import { type ModelReply, scriptModel } from "./model.ts";
import type { TestUser } from "./users.ts";

/** The canary of a name, in a text or bare. */
export interface Canaries {
  text(name: string): string;
  word(name: string): string;
}

/** Agents that were made, run, changed, refused and deleted. */
export async function agentsWith(user: TestUser, { text, word }: Canaries): Promise<void> {
  const words = {
    name: text("agent name"),
    description: text("agent description"),
    system_prompt: text("agent prompt"),
    capabilities: [word("agent capability")],
  };
  const { id } = await newAgent(user, { ...words, delegable: true });
  const schema = { type: "object", properties: { [word("agent schema")]: { type: "string" } } };
  const extractor = await newAgent(user, { ...words, kind: "extractor", schema });
  const run = async (agent: string, ...replies: ModelReply[]) => {
    const key = newId();
    await scriptModel(key, replies);
    const body = { input: `${key} ${text("agent input")}` };
    return (await call("POST", `/api/v1/agents/${agent}/execute`, { as: user, body })).text();
  };
  expect(await run(id, { content: [{ type: "text", text: text("answer") }] })).toContain(word("answer"));
  const rows = [{ [word("agent schema")]: text("agent row") }];
  expect(
    await run(extractor.id, { content: [{ type: "tool_use", name: "submit_rows", input: { rows } }] }),
  ).toContain(word("agent row"));
  const worker = await newAgent(user, { ...words, tools: ["run_code", "web_search"] });
  const code = `console.log(${JSON.stringify(text("agent code"))}); return ${JSON.stringify(text("agent result"))};`;
  const used = [
    { type: "tool_use" as const, name: "run_code", input: { code, input: [text("agent code input")] } },
    { type: "tool_use" as const, name: "web_search", input: { query: `herons ${word("agent search")}` } },
  ];
  expect(
    await run(worker.id, { content: used }, { content: [{ type: "text", text: text("answer") }] }),
  ).toContain('"code_runs":1');
  const change = { system_prompt: text("changed agent prompt") };
  expect((await call("PATCH", `/api/v1/agents/${id}`, { as: user, body: change })).status).toBe(200);
  const refused = { ...words, tools: [word("agent prompt")] };
  expect((await call("POST", "/api/v1/agents", { as: user, body: refused })).status).toBe(422);
  expect((await call("DELETE", `/api/v1/agents/${extractor.id}`, { as: user })).status).toBe(204);
}
