import * as z from "zod";
import { LinkedPictures } from "../../lib/pictures.ts";
import { runInSandbox, SandboxResult, type SandboxRunner } from "../../platform/sandbox.ts";
import type { Tool, ToolOutput } from "./types.ts";

const CODE_CHARS_MAX = 20_000;
const INPUT_CHARS_MAX = 100_000;

export const RunCodeInput = z.strictObject({
  code: z
    .string()
    .min(1)
    .max(CODE_CHARS_MAX)
    .describe(
      "JavaScript: the body of an asynchronous function of `input`. What it returns, as JSON, is the result.",
    ),
  input: z
    .unknown()
    .refine((input) => JSON.stringify(input ?? null).length <= INPUT_CHARS_MAX, {
      message: `is longer than ${INPUT_CHARS_MAX} characters as JSON`,
    })
    .optional()
    .describe("Any JSON that the code is to work on."),
});
export type RunCodeInput = z.infer<typeof RunCodeInput>;

/** Of a computation: exact where a model's own would be a guess. */
export function runCodeTool(sandbox: SandboxRunner): Tool {
  return {
    name: "run_code",
    description:
      "Runs JavaScript in a sandbox, for what must be computed exactly: sums, dates, sorting, statistics, text. There is no " +
      "network, no file, no timer and no module, and nothing stays for the next run. `return` the result; `console.log` is " +
      "shown too.",
    input: RunCodeInput,
    label: "Computing",
    readOnly: true,
    idempotent: true,
    destructive: false,
    async run(raw, { keep, used, signal }) {
      const { code, input = null } = RunCodeInput.parse(raw);
      const job = { code, input: JSON.stringify(input) };
      const result = SandboxResult.parse(await keep(() => runInSandbox(sandbox, job, signal)));
      used("code_runs");
      return outputOf(result);
    },
  };
}

function outputOf(result: SandboxResult): ToolOutput {
  if (result.kind === "error") return { text: asData(result.message), isError: true };
  const { value, isCut, printed } = result;
  const parts = [
    value === ""
      ? "The code returned nothing."
      : `Result${isCut ? ", cut because it is too long" : ""}: ${asData(value)}`,
    ...(printed === "" ? [] : [`Printed:\n${asData(printed)}`]),
  ];
  return { text: parts.join("\n") };
}

/** What code gives may come from anybody's text: it closes no tag and shows no picture. */
function asData(text: string): string {
  return new LinkedPictures().push(text.replaceAll("<", "\\u003c"));
}
