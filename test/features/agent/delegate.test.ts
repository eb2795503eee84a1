import { describe, expect, test } from "vitest";
import {
  delegationMessage,
  handOverTool,
  scopeCall,
  scopeDomain,
  TaskInput,
  TodosInput,
  taskTool,
  taskToolWith,
  todosTool,
} from "../../../src/features/agent/delegate.ts";
import { Scope } from "../../../src/features/hub/protocol.ts";
import { toolSpec } from "../../../src/features/tools/registry.ts";

describe("a scope", () => {
  test.each([
    ["task", "tasks", "tasks"],
    ["project", "projects", "projects"],
    ["client", "projects", "clients"],
    ["note", "notes", "notes"],
    ["timeline", "timelines", "timelines"],
  ] as const)("%s is answered by %s and read from %s", (type, domain, table) => {
    expect(scopeDomain({ type, id: "x1" })).toBe(domain);
    expect(scopeCall({ type, id: "x1" })).toEqual({ action: "get", table, data: { id: "x1" } });
  });

  test("without an id has a domain but no row, and none at all has neither", () => {
    for (const type of Scope.shape.type.options) {
      expect(scopeDomain({ type })).not.toBeNull();
      expect(scopeCall({ type })).toBeNull();
    }
    expect(scopeDomain(undefined)).toBeNull();
  });
});

test("a delegation names one of the four specialists and says what to do", () => {
  expect(TaskInput.parse({ agent: "notes", instruction: " Find it ", context: null })).toEqual({
    agent: "notes",
    instruction: "Find it",
  });
  for (const input of [
    { agent: "home", instruction: "x" },
    { agent: "notes", instruction: " " },
    { agent: "notes" },
  ]) {
    expect(TaskInput.safeParse(input).success).toBe(false);
  }
});

test("a specialist is told the instruction and the context, if there is one", () => {
  expect(delegationMessage({ agent: "notes", instruction: "Find it" })).toBe("Find it");
  expect(delegationMessage({ agent: "notes", instruction: "Write it", context: "Roses" })).toBe(
    "Write it\n\nContext:\nRoses",
  );
});

test("a plan takes the usual word for a finished step", () => {
  expect(TodosInput.parse({ todos: [{ text: "Look", status: "completed" }] })).toEqual({
    todos: [{ text: "Look", status: "done" }],
  });
});

test("the tools are described to the model with their required parameters", () => {
  expect([taskTool, todosTool, handOverTool].map((tool) => toolSpec(tool))).toMatchObject([
    { name: "task", inputSchema: { required: ["agent", "instruction"] } },
    { name: "write_todos", inputSchema: { required: ["todos"] } },
    { name: "hand_over", inputSchema: { required: ["instruction"] } },
  ]);
});

describe("agents to ask besides the domains", () => {
  const works = { program: async () => "" } as never;
  const agent = (name: string, purpose: string) => ({ name, purpose, label: name, works });

  test("are named in the tool, each with its purpose", () => {
    const tool = taskToolWith([agent("travel", "Plans journeys."), agent("cook", "Knows recipes.")]);
    expect(tool.description).toContain("- travel: Plans journeys.\n- cook: Knows recipes.");
    expect(tool.input.safeParse({ agent: "cook", instruction: "Bread" }).success).toBe(true);
    expect(tool.input.safeParse({ agent: "tasks", instruction: "Bread" }).success).toBe(true);
    expect(tool.input.safeParse({ agent: "bake", instruction: "Bread" }).success).toBe(false);
  });

  test("of the same names have one input, whatever they are for, and of others another", () => {
    const { input } = taskToolWith([agent("a", "One."), agent("b", "Two.")]);
    expect(taskToolWith([agent("a", "Three."), agent("b", "Four.")]).input).toBe(input);
    expect(taskToolWith([agent("a,b", "One.")]).input).not.toBe(input);
  });
});
