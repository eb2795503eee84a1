import { describe, expect, test } from "vitest";
import { z } from "zod";
import { describeApproval, needsApproval } from "../../../src/features/tools/policy.ts";
import type { Tool } from "../../../src/features/tools/types.ts";
import { createTask } from "../../../src/features/workspace/tools/tasks.ts";

const READ = { readOnly: true, destructive: false };
const CHANGE = { readOnly: false, destructive: false };
const DESTROY = { readOnly: false, destructive: true };

describe("a person is asked", () => {
  test.each([
    ["never about reading", READ, 99, false, false],
    ["not about a first change", CHANGE, 1, false, false],
    ["not about the tenth change", CHANGE, 10, false, false],
    ["about the eleventh change", CHANGE, 11, false, true],
    ["about any destruction", DESTROY, 1, false, true],
    ["about nothing when the client answers for them", DESTROY, 99, true, false],
  ])("%s", (_name, tool, mutationOrdinal, autoApprove, asked) => {
    expect(needsApproval(tool, { mutationOrdinal, autoApprove })).toBe(asked);
  });
});

describe("what a person agrees to", () => {
  test("is the device action as the tool would send it", () => {
    const input = { title: "Call", dueDate: "2026-11-21T09:00" };
    expect(describeApproval(createTask, input, { timezone: "Europe/Berlin" })).toEqual({
      summary: "Create the task “Call”.",
      action: "insert",
      table: "tasks",
      data: {
        title: "Call",
        status: "todo",
        priority: "medium",
        dueDate: Date.parse("2026-11-21T08:00:00Z"),
        isAiSuggested: 0,
        isApproved: 0,
      },
    });
  });

  test("is never an input that the tool would refuse", () => {
    expect(() => describeApproval(createTask, {}, { timezone: "UTC" })).toThrow(
      expect.objectContaining({ code: "validation_failed" }),
    );
  });

  test("names the tool when it belongs to someone else's server", () => {
    const foreign: Tool = {
      name: "files__remove",
      description: "",
      input: z.looseObject({}),
      readOnly: false,
      idempotent: false,
      destructive: true,
      label: "Removing a file",
      run: async () => ({ text: "" }),
    };
    expect(describeApproval(foreign, { path: "a" }, { timezone: "UTC" })).toEqual({
      summary: "Use files__remove.",
      action: "mcp_call",
      table: "files__remove",
      data: { arguments: { path: "a" } },
    });
  });
});
