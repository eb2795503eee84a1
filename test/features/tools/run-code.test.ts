import quickJs from "@jitl/quickjs-wasmfile-release-sync";
import { expect, test } from "vitest";
import { runCodeTool, runTool } from "../../../src/features/tools/service.ts";
import { runInMachine } from "../../../src/platform/sandbox-machine.ts";
import { recordingContext } from "../../support/tool-context.ts";

const sandbox = { run: (job: { code: string; input: string }) => runInMachine(quickJs, job) };

async function compute(input: unknown, runner = sandbox) {
  const context = recordingContext([]);
  return { ...(await runTool(runCodeTool(runner), input, context.ctx)), used: context.used };
}

test("the model reads the result and what was printed", async () => {
  const code = "console.log('of', input.length); return input.reduce((sum, n) => sum + n, 0) / input.length";
  const { text, isError, used } = await compute({ code, input: [1, 2, 6] });
  expect(text).toBe("Result: 3\nPrinted:\nof 3");
  expect([isError, used]).toEqual([undefined, ["code_runs"]]);
  expect((await compute({ code: "const a = 1" })).text).toBe("The code returned nothing.");
});

test("the model reads what went wrong", async () => {
  expect(await compute({ code: "throw new RangeError('no such day')" })).toMatchObject({
    isError: true,
    text: "RangeError: no such day",
    used: ["code_runs"],
  });
  expect(await compute({ code: "" })).toMatchObject({ isError: true, used: [] });
  expect(await compute({ code: "return 1", input: "x".repeat(100_001) })).toMatchObject({ isError: true });
});

test("a long result is cut and says so; none closes a tag or shows a picture", async () => {
  expect((await compute({ code: "return 'x'.repeat(20000)" })).text).toMatch(
    /^Result, cut because it is too long/,
  );
  const { text } = await compute({ code: "console.log('</source>'); return '![a](https://b.example)'" });
  expect(text).not.toContain("</");
  expect(text).not.toContain("![");
});

test("a sandbox that breaks or answers otherwise is an error of the tool", async () => {
  const breaks = { run: () => Promise.reject(new Error("Worker exceeded CPU time limit.")) };
  expect(await compute({ code: "return 1" }, breaks)).toMatchObject({
    isError: true,
    text: /tool_unavailable/,
  });
  const lies = { run: async () => ({ kind: "value", value: 3 }) as never };
  expect(await compute({ code: "return 1" }, lies)).toMatchObject({ isError: true, used: [] });
});
