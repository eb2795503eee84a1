import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  OUTPUT_BYTES_MAX,
  readInput,
  runTool,
  ToolRegistry,
  toolSpec,
  toolSpecs,
} from "../../../src/features/tools/registry.ts";
import { type Tool, type ToolOutput, TurnSuspended } from "../../../src/features/tools/types.ts";
import { WORKSPACE_TOOLS } from "../../../src/features/workspace/tools.ts";
import { AppError } from "../../../src/lib/errors.ts";
import { recordingContext } from "../../support/tool-context.ts";

function toolNamed(name: string, run: () => Promise<ToolOutput>, readOnly = true): Tool {
  return {
    name,
    description: "For tests.",
    input: z.strictObject({ title: z.string(), count: z.int().optional() }),
    readOnly,
    idempotent: true,
    destructive: false,
    label: "Testing",
    run,
  };
}

const answering = (text: string) => toolNamed("answer", async () => ({ text }));
const throwing = (error: unknown, readOnly = true) =>
  toolNamed("fail", () => Promise.reject(error), readOnly);
const INPUT = { title: "a" };

describe("the registry", () => {
  const [first, second] = [
    toolNamed("first", async () => ({ text: "" })),
    toolNamed("second", async () => ({ text: "" })),
  ];

  test("knows tools by name", () => {
    const registry = new ToolRegistry([first, second]);
    expect(registry.get("second")).toBe(second);
    expect(registry.find("third")).toBeNull();
    expect(() => registry.get("third")).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  test("offers the tools it has, in the order they are asked for", () => {
    const offered = new ToolRegistry([first, second]).offered(["second", "third", "first"]);
    expect([...offered.keys()]).toEqual(["second", "first"]);
  });

  test("refuses two tools of one name", () => {
    expect(() => new ToolRegistry([first, first])).toThrow(
      expect.objectContaining({ code: "misconfigured" }),
    );
  });

  test("takes all device tools", () => {
    expect(new ToolRegistry(WORKSPACE_TOOLS).offered(["create_note", "delete_task"]).size).toBe(2);
  });
});

describe("a tool's specification", () => {
  test.each(WORKSPACE_TOOLS.map((tool) => [tool.name, tool] as const))(
    "of %s is an object schema, made once",
    (_name, tool) => {
      const spec = toolSpec(tool);
      expect(spec).toMatchObject({
        name: tool.name,
        inputSchema: { type: "object", additionalProperties: false },
      });
      expect(spec.inputSchema).not.toHaveProperty("$schema");
      expect(toolSpec({ ...tool }).inputSchema).toBe(spec.inputSchema);
    },
  );

  test("is in one list for the same tools, which is then written down once", () => {
    const tools = WORKSPACE_TOOLS.slice(0, 3);
    const list = toolSpecs(tools);
    expect(toolSpecs(tools.map((tool) => ({ ...tool })))).toBe(list);
    const changed = toolSpecs(tools.map((tool) => ({ ...tool, description: "Another." })));
    expect(changed).not.toBe(list);
    expect(changed.map(({ description }) => description)).toEqual(["Another.", "Another.", "Another."]);
  });

  test("shows what is required, not what the tool makes of it", () => {
    const create = WORKSPACE_TOOLS.find((tool) => tool.name === "create_task")!;
    expect(toolSpec(create).inputSchema).toMatchObject({
      required: ["title"],
      properties: {
        dueDate: { type: ["number", "string"] },
        status: { type: "string", enum: ["todo", "in_progress", "done"] },
      },
    });
  });
});

describe("running a tool", () => {
  test("names each wrong field and never runs the tool", async () => {
    const output = await runTool(
      throwing(new Error("ran")),
      { count: "many", extra: 1 },
      recordingContext([]).ctx,
    );
    expect(output.isError).toBe(true);
    expect(output.text).toContain("title: is required.");
    expect(output.text).toContain("count: ");
    expect(output.text).toContain("extra");
    expect(output.text).not.toContain("ran");
  });

  test("takes nothing but an object for input", () => {
    for (const raw of [null, undefined, "text", 1, [INPUT]]) {
      expect(readInput(answering(""), raw)).toMatchObject({ ok: false, output: { isError: true } });
    }
  });

  test("turns a known failure into its sentence and code", async () => {
    const reported: AppError[] = [];
    const error = new AppError("rate_limited", { detail: "Wait a minute" });
    const output = await runTool(throwing(error), INPUT, recordingContext([]).ctx, (failure) =>
      reported.push(failure),
    );
    expect(output).toEqual({ text: "fail failed (rate_limited): Wait a minute.", isError: true });
    expect(reported).toEqual([]);
  });

  test("keeps the words of an unknown failure from the model, and reports it", async () => {
    const reported: AppError[] = [];
    const cause = new TypeError("password is hunter2");
    const output = await runTool(throwing(cause), INPUT, recordingContext([]).ctx, (failure) =>
      reported.push(failure),
    );
    expect(output).toEqual({
      text: "fail failed (internal): Something went wrong on our side.",
      isError: true,
    });
    expect(reported.map((failure) => failure.cause)).toEqual([cause]);
  });

  test("says that a change may have happened when a tool that changes rows fails midway", async () => {
    const output = await runTool(throwing(new Error("x"), false), INPUT, recordingContext([]).ctx);
    expect(output.text).toContain("may have happened");
  });

  test("lets a suspension through untouched", async () => {
    const suspended = new TurnSuspended();
    await expect(runTool(throwing(suspended), INPUT, recordingContext([]).ctx)).rejects.toBe(suspended);
  });

  test("lets an abort through, before and during the run", async () => {
    const reason = new Error("cancelled");
    const controller = new AbortController();
    const ctx = recordingContext([], { signal: controller.signal }).ctx;
    const aborting = toolNamed("slow", () => {
      controller.abort(reason);
      return Promise.reject(new Error("the fetch was aborted"));
    });
    await expect(runTool(aborting, INPUT, ctx)).rejects.toBe(reason);
    await expect(runTool(answering("late"), INPUT, ctx)).rejects.toBe(reason);
  });

  test("keeps short answers as they are and cuts long ones at a character", async () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 200 }),
      fc
        .tuple(
          fc.string({ unit: "grapheme", minLength: 1, maxLength: 5 }),
          fc.integer({ min: 1000, max: 20_000 }),
        )
        .map(([part, times]) => part.repeat(times)),
    );
    await fc.assert(
      fc.asyncProperty(text, async (answer) => {
        const output = await runTool(answering(answer), INPUT, recordingContext([]).ctx);
        const bytes = new TextEncoder().encode(answer).length;
        expect(new TextEncoder().encode(output.text).length).toBeLessThanOrEqual(OUTPUT_BYTES_MAX);
        if (bytes <= OUTPUT_BYTES_MAX) {
          expect(output.text).toBe(answer);
          return;
        }
        const [kept = ""] = output.text.split("\n(Cut here");
        expect(kept.length).toBeGreaterThan(0);
        expect(answer.startsWith(kept)).toBe(true);
        expect(output.text.isWellFormed()).toBe(true);
      }),
    );
  });
});
