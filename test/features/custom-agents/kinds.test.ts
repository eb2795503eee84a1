import { expect, test } from "vitest";
import { KINDS, kindsAmiss } from "../../../src/features/custom-agents/kinds.ts";
import { agentTools } from "../../../src/features/custom-agents/references.ts";
import { AgentDefinition, AgentKind, CreateAgent } from "../../../src/features/custom-agents/schema.ts";
import type { Config } from "../../../src/platform/env.ts";

const models = { supervisor: "a", worker: "b", small: "c" };
const config = { model: { models }, embedder: { kind: "hashing" } } as unknown as Config;

test("every kind of the schema is there and well", () => {
  expect(Object.keys(KINDS).toSorted()).toEqual(AgentKind.options.toSorted());
  expect(kindsAmiss(config)).toBeUndefined();
});

test("a kind that cannot run says so under its name", () => {
  const lacking = { ...config, model: { models: { ...models, small: "" } } } as unknown as Config;
  expect(kindsAmiss(lacking)).toMatch(/^router: /);
});

function problemsOf(body: Record<string, unknown>): string[] {
  const definition = AgentDefinition.parse(CreateAgent.parse({ name: "A", ...body }));
  return KINDS[definition.kind].check(definition).map(({ path }) => path);
}

const id = "019a9f3e-7c1d-7b60-a1c4-2f6f0d9b8e55";
const schema = { type: "object" };

test("a kind asks for what it works with, and refuses what it would never use", () => {
  expect(problemsOf({ kind: "chat" })).toEqual([]);
  expect(problemsOf({ kind: "rag" })).toEqual(["body.collections"]);
  expect(problemsOf({ kind: "rag", collections: [id] })).toEqual([]);
  expect(problemsOf({ kind: "extractor" })).toEqual(["body.schema"]);
  expect(problemsOf({ kind: "extractor", schema })).toEqual([]);
  expect(problemsOf({ kind: "router" })).toEqual(["body.agents"]);
  expect(problemsOf({ kind: "router", agents: [id] })).toEqual([]);
  expect(problemsOf({ kind: "router", agents: [id], tools: ["list_tasks"], schema })).toEqual([
    "body.tools",
    "body.schema",
  ]);
});

test("the document has an example of each kind, which could be made as it stands", () => {
  const examples = (CreateAgent.meta()?.["examples"] ?? []) as unknown[];
  const definitions = examples.map((example) => AgentDefinition.parse(CreateAgent.parse(example)));
  expect(definitions.map(({ kind }) => kind).toSorted()).toEqual(AgentKind.options.toSorted());
  for (const definition of definitions) {
    expect(KINDS[definition.kind].check(definition)).toEqual([]);
    expect(definition.tools.filter((name) => !agentTools(config).includes(name))).toEqual([]);
  }
});
