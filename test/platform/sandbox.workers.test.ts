import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { readEnv } from "../../src/platform/env.ts";
import { runInSandbox } from "../../src/platform/sandbox.ts";

function run(code: string, input: unknown = null) {
  const { sandbox } = readEnv(env).config;
  if (!sandbox) throw new Error("no sandbox is bound");
  return runInSandbox(sandbox, { code, input: JSON.stringify(input) }, new AbortController().signal);
}

test("the script that is bound runs code and gives its value", async () => {
  const answer = await run(
    "console.log('adding', input.length); return input.reduce((a, b) => a + b, 0);",
    [1, 2, 4],
  );
  expect(answer).toEqual({ kind: "value", value: "7", isCut: false, printed: "adding 3" });
});

test("code that never ends is stopped, and the next one runs", async () => {
  expect(await run("for (;;) {}")).toMatchObject({ kind: "error", message: /too long/ });
  expect(await run("return 1")).toMatchObject({ kind: "value", value: "1" });
});
