import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type ModelServer, startModelServer } from "../../dev/model/server.ts";

const ROOT = join(import.meta.dirname, "../..");
/** A model of its own, so that no key of the person who runs the tests is used. */
let model: ModelServer;
let folder: string;

beforeAll(async () => {
  model = await startModelServer();
  folder = await mkdtemp(join(tmpdir(), "demo-test-"));
});
afterAll(async () => {
  await model.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => model.reset());

it("plays the conversation, finds every answer in the rows, and leaves nothing behind", async () => {
  const { code, output } = await demo();
  expect(code, output).toBe(0);
  expect(output).toContain(`Answers come from claude-sonnet-5-5 at ${model.url}.`);
  expect(output.match(/^\d › /gm)).toHaveLength(8);
  expect(output).toMatch(/tool call vector_search {2}\d+\.\d ms on the device/);
  expect(output).toContain("You have 5 open high-priority tasks.");
  expect(output).toContain("tasks ~ “Write copy for the sourdough page”  status: in_progress → done");
  expect(output).toContain("tasks + “Order flowers for the opening”");
  expect(output).toContain("tasks − “Water the office plants”");
  expect(output).toMatch(/^ {2}done +█+ 7$/m);
  expect(output).toMatch(/✓ “House rules of the studio” {2}\d chunks, sealed and indexed/);
  expect(output).toContain("Everybody has 28 days of leave a year [1].");
  expect(output).toContain("✓ the quote is in the document, word for word");
  expect(output).toContain("✓ the document does not say, and neither does the answer");
  expect(output).toMatch(/✓ nothing of the conversation, the rows and the document/);
  expect(output).toMatch(/Every answer agrees with the rows\. \d/);
  expect(output).not.toContain("✗");
  expect(output).not.toContain("\u001b");
});

it("fails when the model miscounts, and says by how much", async () => {
  const wrong = { content: [{ type: "text" as const, text: "You have 9 open high-priority tasks." }] };
  model.loadScript({ exchanges: [{ when: { userText: "how many open tasks" }, reply: wrong }] });
  const { code, output } = await demo();
  expect(code).toBe(1);
  expect(output).toContain("✗ 5, which the answer does not say");
  expect(output).toContain("turn 5: 6, which the answer does not say");
  expect(output).not.toContain("Every answer agrees");
});

it("fails with the reason when the model cannot be reached", async () => {
  const { code, output } = await demo([], { MODEL_BASE_URL: "http://127.0.0.1:9" });
  expect(code).toBe(1);
  expect(output).toMatch(/The demo failed: Turn 1 ended failed: \S/);
});

it("lets a person ask, and asks the person back before it deletes", async () => {
  const typed = [
    'Delete the task "Photograph the ceramics"',
    "n",
    'Delete the task "Photograph the ceramics"',
    "y",
    "How many tasks do I have?",
  ];
  const { code, output } = await demo(["--interactive"], {}, `${typed.join("\n")}\n`);
  expect(code, output).toBe(0);
  expect(output.match(/“Photograph the ceramics”\) Do it\? \(y\/n\)/g)).toHaveLength(2);
  expect(output.match(/tasks − “Photograph the ceramics”/g)).toHaveLength(1);
  expect(output).toContain("You have 24 tasks.");
});

async function demo(
  flags: string[] = [],
  env: Record<string, string> = {},
  input = "",
): Promise<{ code: number | null; output: string }> {
  const child = spawn("node", ["dev/launch.mjs", "dev/demo.ts", ...flags], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: folder, MODEL_BASE_URL: model.url, ANTHROPIC_API_KEY: "", ...env },
  });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    readText(child.stdout),
    readText(child.stderr),
    once(child, "exit"),
  ]);
  expect((await readdir(folder)).filter((name) => name.startsWith("adjutant-demo-"))).toEqual([]);
  return { code, output: stdout + stderr };
}
